// D1 and KV that count what Cloudflare would bill. Every statement runs on SQLite with the real migrations; rows.ts has the
// rows that D1 bills for it. Both answer at once.
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { newKeyRing, parseKeyRing } from "../../scripts/secrets.ts";
import { RECORD_USES } from "../../src/store/api-keys/usage.ts";
import { COUNT_DENIALS } from "../../src/store/denials/recorder.ts";
import { migratedDatabase } from "../setup/keys.ts";
import { type Effect, ROWS } from "./rows.ts";

/** Authenticates the copies and the events. */
export const RING = parseKeyRing(newKeyRing(new Date(0)));

const NOTHING = { kvReads: 0, kvWrites: 0, rowsRead: 0, rowsWritten: 0, lastUses: 0 };

/** Usage since the count began; `lastUses` are the written rows that record when a key was last used. */
export type Usage = Record<keyof typeof NOTHING, number>;

export interface CountingStorage {
  readonly db: D1Database;
  readonly kv: KVNamespace;
  /** Not counted: for the rows and copies that are there before the count begins. */
  readonly database: DatabaseSync;
  readonly copies: Map<string, { readonly text: string; readonly expiresAt: number }>;
  readonly used: Usage;
  /** Begins the count anew. */
  reset(): void;
}

/** An empty system of record and an empty KV. */
export function createStorage(now: () => number): CountingStorage {
  const database = migratedDatabase(":memory:");
  const copies: CountingStorage["copies"] = new Map();
  const used = { ...NOTHING };
  const reset = () => void Object.assign(used, NOTHING);
  return { db: createD1(database, used), kv: createKv(copies, used, now), database, copies, used, reset };
}

function createD1(database: DatabaseSync, used: Usage): D1Database {
  const prepared = new Map<string, StatementSync>();

  function statementOf(sql: string): StatementSync {
    const statement = prepared.get(sql) ?? database.prepare(sql);
    prepared.set(sql, statement);
    return statement;
  }

  // SQLite's count of changes does not distinguish an added row from an updated one.
  const countsOf = (sql: string) =>
    sql === COUNT_DENIALS ? Number(statementOf("SELECT count(*) AS n FROM refusal_counts").get()?.n) : null;

  function bill(sql: string, effect: Effect): void {
    const rows = ROWS.get(sql)?.(effect);
    if (rows === undefined) throw new Error(`rows.ts does not say what D1 bills for ${sql}`);
    used.rowsRead += rows.read;
    used.rowsWritten += rows.written;
    if (sql === RECORD_USES) used.lastUses += rows.written;
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
  const db = {
    prepare: (sql: string) => statement(sql),
    withSession: () => db,
    batch: async (statements: readonly ReturnType<typeof statement>[]) => statements.map((each) => each.execute()),
  };
  return db as unknown as D1Database;
}

function createKv(copies: CountingStorage["copies"], used: Usage, now: () => number): KVNamespace {
  const kv = {
    async get(name: string, options: string | { readonly type: string }) {
      used.kvReads += 1;
      const copy = copies.get(name);
      if (copy === undefined || copy.expiresAt <= now()) return null;
      const type = typeof options === "string" ? options : options.type;
      return type === "json" ? JSON.parse(copy.text) : copy.text;
    },
    async put(name: string, text: string, options?: { readonly expirationTtl?: number }) {
      used.kvWrites += 1;
      const expirationTtl = options?.expirationTtl ?? Number.POSITIVE_INFINITY;
      copies.set(name, { text, expiresAt: now() + expirationTtl * 1_000 });
    },
  };
  return kv as unknown as KVNamespace;
}
