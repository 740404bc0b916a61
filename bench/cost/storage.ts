// D1 and KV that count what Cloudflare would bill. Every statement is really run, on SQLite with the real migrations; the rows
// that D1 bills for it are rows.ts's. Both answer at once.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { RECORD_USE } from "../../src/store/api-keys/usage.ts";
import { COUNT_DENIALS } from "../../src/store/denials/recorder.ts";
import { ROOT } from "../setup/work.ts";
import { type Effect, ROWS } from "./rows.ts";

/** What has been used of storage since the count began. */
export interface Used {
  kvReads: number;
  kvWrites: number;
  rowsRead: number;
  rowsWritten: number;
  /** Of the rows written, those that say when a key was last used. */
  uses: number;
}

export const NOTHING: Readonly<Used> = { kvReads: 0, kvWrites: 0, rowsRead: 0, rowsWritten: 0, uses: 0 };

export interface Storage {
  readonly db: D1Database;
  readonly kv: KVNamespace;
  /** For what is put there before the count begins. */
  readonly raw: DatabaseSync;
  readonly copies: Map<string, { readonly text: string; readonly endsAt: number }>;
  readonly used: Used;
  /** Begins the count anew. */
  reset(): void;
}

/** An empty system of record and an empty KV. */
export function createStorage(now: () => number): Storage {
  const raw = new DatabaseSync(":memory:");
  const migrations = join(ROOT, "migrations");
  for (const file of readdirSync(migrations).sort()) raw.exec(readFileSync(join(migrations, file), "utf8"));
  const copies: Storage["copies"] = new Map();
  const used: Used = { ...NOTHING };
  return {
    db: createD1(raw, used),
    kv: createKv(copies, used, now),
    raw,
    copies,
    used,
    reset: () => void Object.assign(used, NOTHING),
  };
}

function createD1(raw: DatabaseSync, used: Used): D1Database {
  const prepared = new Map<string, StatementSync>();

  function statementOf(sql: string): StatementSync {
    const known = prepared.get(sql) ?? raw.prepare(sql);
    prepared.set(sql, known);
    return known;
  }

  // SQLite's count of changes does not tell an added row from one that was there.
  const countsOf = (sql: string) =>
    sql === COUNT_DENIALS ? Number(statementOf("SELECT count(*) AS n FROM refusal_counts").get()?.n) : null;

  function bill(sql: string, effect: Effect): void {
    const rows = ROWS.get(sql)?.(effect);
    if (rows === undefined) throw new Error(`nobody knows what D1 bills for ${sql}`);
    used.rowsRead += rows.read;
    used.rowsWritten += rows.written;
    if (sql === RECORD_USE) used.uses += rows.written;
  }

  function run(sql: string, values: readonly SQLInputValue[]) {
    const before = countsOf(sql);
    const isRead = /^\s*SELECT/.test(sql);
    const results = isRead ? statementOf(sql).all(...values) : [];
    const changed = isRead ? 0 : Number(statementOf(sql).run(...values).changes);
    bill(sql, { returned: results.length, changed, added: before === null ? changed : (countsOf(sql) ?? 0) - before });
    return { results, meta: { changes: changed } };
  }

  const statement = (sql: string, values: readonly SQLInputValue[] = []) => ({
    bind: (...given: SQLInputValue[]) => statement(sql, given),
    execute: () => run(sql, values),
    run: async () => run(sql, values),
    all: async () => run(sql, values),
    first: async () => run(sql, values).results[0] ?? null,
  });
  const database = {
    prepare: (sql: string) => statement(sql),
    withSession: () => database,
    batch: async (statements: readonly ReturnType<typeof statement>[]) => statements.map((each) => each.execute()),
  };
  return database as unknown as D1Database;
}

function createKv(copies: Storage["copies"], used: Used, now: () => number): KVNamespace {
  const kv = {
    async get(name: string) {
      used.kvReads += 1;
      const copy = copies.get(name);
      return copy === undefined || copy.endsAt <= now() ? null : JSON.parse(copy.text);
    },
    async put(name: string, text: string, { expirationTtl }: { readonly expirationTtl: number }) {
      used.kvWrites += 1;
      copies.set(name, { text, endsAt: now() + expirationTtl * 1_000 });
    },
  };
  return kv as unknown as KVNamespace;
}
