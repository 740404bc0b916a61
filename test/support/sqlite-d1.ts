// A D1 database on SQLite in memory, with all migrations, for tests that make thousands of databases. D1 in workerd is
// SQLite too; the tests in test/store run the same repositories there.
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

export interface SqliteD1 {
  readonly db: D1Database;
  /** The database behind it, for what an attacker does. */
  readonly sqlite: DatabaseSync;
}

const MIGRATIONS = readdirSync("migrations").map((name) => readFileSync(`migrations/${name}`, "utf8"));

type Value = string | number | null;

export function sqliteD1(): SqliteD1 {
  const sqlite = new DatabaseSync(":memory:");
  for (const sql of MIGRATIONS) sqlite.exec(sql);
  return { db: wrap(sqlite), sqlite };
}

function wrap(sqlite: DatabaseSync): D1Database {
  const run = (sql: string, values: readonly Value[]) => {
    // SQLite numbers `?1`; node:sqlite binds them by position as well.
    const results = sqlite.prepare(sql).all(...values) as Record<string, unknown>[];
    return { results, success: true, meta: {} };
  };
  const statement = (sql: string, values: readonly Value[]) => ({
    bind: (...bound: Value[]) => statement(sql, bound),
    all: async () => run(sql, values),
    run: async () => run(sql, values),
    first: async (column?: string) => {
      const row = run(sql, values).results[0] ?? null;
      return row === null || column === undefined ? row : row[column];
    },
    now: () => run(sql, values),
  });
  const batch = async (statements: readonly ReturnType<typeof statement>[]) => {
    // A savepoint, so that a test can undo everything from outside.
    sqlite.exec("SAVEPOINT batch");
    try {
      const results = statements.map((each) => each.now());
      sqlite.exec("RELEASE batch");
      return results;
    } catch (error) {
      sqlite.exec("ROLLBACK TO batch; RELEASE batch");
      throw error;
    }
  };
  const db = { prepare: (sql: string) => statement(sql, []), batch, withSession: () => db };
  return db as unknown as D1Database;
}
