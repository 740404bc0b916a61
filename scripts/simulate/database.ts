// The database of a run: SQLite with all migrations as the primary, a replica that is behind, and a way back to an earlier time.
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { World } from "./world.ts";

/** A statement with its values. */
export interface Bound {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

export interface Result {
  readonly results: Record<string, unknown>[];
  readonly meta: { readonly changes: number };
}

export interface Database {
  /** Runs statements in one transaction on the primary. @throws Error of SQLite: nothing has changed then */
  transact(statements: readonly Bound[]): Result[];
  /** Runs statements that only read on the replica. */
  readReplica(statements: readonly Bound[]): Result[];
  /** From here on `rollBack` leads to the present state, until `forgetPoint`. */
  markPoint(): void;
  forgetPoint(): void;
  /** Brings everything back to the marked state, then runs what a restore adds, at once. */
  rollBack(then: readonly Bound[]): void;
  /** Runs after every transaction that may have changed something. */
  onCommit: () => void;
}

const REPLICA_LAG_MS = 20_000;

export function createDatabase(world: World): Database {
  const [primary, replica] = [openSqlite(), openSqlite()];

  /** On the replica the same, some time later and in the same order. */
  function replicate(apply: (sqlite: Sqlite) => void): void {
    apply(primary);
    world.after(REPLICA_LAG_MS, () => apply(replica));
  }

  const database: Database = {
    onCommit: () => undefined,
    transact(statements) {
      const results = primary.transact(statements);
      const writes = statements.filter(({ sql }) => !isRead(sql));
      if (writes.length === 0) return results;
      world.after(REPLICA_LAG_MS, () => replica.transact(writes));
      database.onCommit();
      return results;
    },
    readReplica: (statements) => replica.transact(statements),
    markPoint: () => replicate(({ exec }) => exec("SAVEPOINT point")),
    forgetPoint: () => replicate(({ exec }) => exec("RELEASE point")),
    rollBack(then) {
      replicate(({ exec, transact }) => {
        exec("ROLLBACK TO point; RELEASE point");
        transact(then);
      });
      database.onCommit();
    },
  };
  return database;
}

export const isRead = (sql: string): boolean => /^\s*(SELECT|WITH)\b/i.test(sql);

type Sqlite = ReturnType<typeof openSqlite>;

const MIGRATIONS = readdirSync("migrations").map((name) => readFileSync(`migrations/${name}`, "utf8"));

function openSqlite() {
  const sqlite = new DatabaseSync(":memory:");
  for (const sql of MIGRATIONS) sqlite.exec(sql);
  const prepared = new Map<string, StatementSync>();

  function run({ sql, values }: Bound): Result {
    const statement = prepared.get(sql) ?? sqlite.prepare(sql);
    prepared.set(sql, statement);
    // A statement that returns rows says so; `run` counts changes.
    if (isRead(sql) || /\bRETURNING\b/.test(sql)) {
      return { results: statement.all(...values) as Record<string, unknown>[], meta: { changes: 0 } };
    }
    return { results: [], meta: { changes: Number(statement.run(...values).changes) } };
  }

  return {
    exec: (sql: string) => sqlite.exec(sql),
    transact(statements: readonly Bound[]): Result[] {
      if (statements.every(({ sql }) => isRead(sql))) return statements.map(run);
      sqlite.exec("SAVEPOINT batch");
      try {
        const results = statements.map(run);
        sqlite.exec("RELEASE batch");
        return results;
      } catch (error) {
        sqlite.exec("ROLLBACK TO batch; RELEASE batch");
        throw error;
      }
    },
  };
}
