// Reads a database and KV for `npm run audit:verify`: the local ones, those of the deployment, or a copy.
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { HEAD_PREFIX } from "../../src/store/audit/kept-heads.ts";
import { STATEMENT } from "../../src/store/audit/publisher.ts";
import type { ReadRows } from "../../src/store/audit/tables-sql.ts";
import type { Target } from "../target.ts";

export interface InKv {
  /** The signed ends of the accounts. */
  readonly heads: readonly string[];
  /** The JSON of what was published; `null`: nothing yet. */
  readonly published: string | null;
}

/** What KV keeps of the log. */
export async function readKv({ kv }: Target): Promise<InKv> {
  const kept = await kv.list(HEAD_PREFIX);
  const heads = kept.map(({ metadata }) => String((metadata as { readonly jws?: string } | undefined)?.jws));
  const isPublished = (await kv.list(STATEMENT)).length > 0;
  return { heads, published: isPublished ? await kv.get(STATEMENT) : null };
}

/** A copy: an SQLite database, or a dump of SQL statements. */
export const readCopy = (file: string): ReadRows => readDatabase(openCopy(file));

/** Opens a copy, of which nothing is changed. */
export function openCopy(file: string): DatabaseSync {
  const isDatabase = readFileSync(file).subarray(0, 15).toString("latin1") === "SQLite format 3";
  const db = isDatabase ? new DatabaseSync(file, { readOnly: true }) : new DatabaseSync(":memory:");
  // A dump lists tables in any order, and a tampered row may break a constraint.
  if (!isDatabase) db.exec(`PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ${readFileSync(file)}`);
  return db;
}

/** An open database. A number that is too large for Gatehouse is read as text: no row stops a verification. */
export function readDatabase(db: DatabaseSync): ReadRows {
  return async (sql) => {
    const statement = db.prepare(sql);
    statement.setReadBigInts(true);
    return statement
      .all()
      .map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])));
  };
}

function plain(value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}
