// What somebody who can write to D1 may do to it: delete, edit, insert, reorder and seal again, at random.
import type { DatabaseSync } from "node:sqlite";
import { newIdentityKeys } from "../../scripts/secrets.ts";
import { dayOf, type SigningKey, sign } from "../../src/core/audit/checkpoint.ts";
import {
  accountStart,
  CHAIN_START,
  chainHash,
  HASHED_COLUMNS,
  type StoredEvent,
} from "../../src/core/audit/hash-chain.ts";
import { TABLES } from "../../src/core/audit/replay/tables.ts";
import type { Random } from "./random.ts";

type Row = Record<string, string | number | null>;

/** The columns of each table that a tampering may change: all but those that grant nothing. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  audit_events: [...HASHED_COLUMNS, "hash"],
  audit_account_checkpoints: ["account_id", "day", "number", "kid", "jws"],
  audit_signing_keys: ["kid", "jws"],
  api_key_allow_lists: ["key_id", "allow_list_id"],
  ...Object.fromEntries(Object.entries(TABLES).map(([name, { key, columns }]) => [name, [key, ...columns]])),
};
const NAMES = Object.keys(COLUMNS);

/** Everything that a tampering may change, as text. */
export function contents(sqlite: DatabaseSync): string {
  return NAMES.map((table) =>
    JSON.stringify(sqlite.prepare(`SELECT ${columnsOf(table)} FROM ${table} ORDER BY 1, 2`).all()),
  ).join("\n");
}

const columnsOf = (table: string) => (COLUMNS[table] ?? []).join(", ");

/** Tampers once. @param old signed checkpoints that somebody has kept. @returns what was done, in words */
export async function tamper(sqlite: DatabaseSync, random: Random, old: readonly Row[]): Promise<string> {
  const table = random.pick(random.below(2) === 0 ? AUDIT : NAMES);
  const kind = random.pick(["delete", "edit", "edit", "insert", "swap", "seal", "reset", "replay"] as const);
  if (kind === "seal") return sealAgain(sqlite, random);
  if (kind === "reset") return reset(sqlite, random);
  if (kind === "replay") return replay(sqlite, random.pick(old));
  const rows = sqlite.prepare(`SELECT * FROM ${table}`).all() as Row[];
  if (rows.length === 0) return "nothing";
  const [row, other] = [random.pick(rows), random.pick(rows)];
  if (kind === "delete") remove(sqlite, table, row);
  if (kind === "edit") edit(sqlite, table, row, random);
  if (kind === "insert") insert(sqlite, table, row, random);
  if (kind === "swap") swap(sqlite, table, row, other);
  return `${kind} in ${table}`;
}

const AUDIT = ["audit_events", "audit_account_checkpoints", "audit_signing_keys"];

function put(sqlite: DatabaseSync, table: string, row: Row): void {
  const names = Object.keys(row);
  const places = names.map(() => "?").join(", ");
  sqlite.prepare(`INSERT OR REPLACE INTO ${table} (${names.join(", ")}) VALUES (${places})`).run(...Object.values(row));
}

function remove(sqlite: DatabaseSync, table: string, row: Row): void {
  const names = Object.keys(row);
  const where = names.map((name) => `${name} IS ?`).join(" AND ");
  sqlite.prepare(`DELETE FROM ${table} WHERE ${where}`).run(...Object.values(row));
}

function changed(value: string | number | null, random: Random): string | number | null {
  if (typeof value === "number") return value + random.pick([-1, 1, 86_400_000]);
  if (value === null) return random.pick([1, 0]);
  if (value.startsWith("[")) return value === "[]" ? '["x"]' : "[]";
  if (value.startsWith("{"))
    return JSON.stringify({ ...JSON.parse(value), role_id: "36ec6789-6dbf-4d12-91b4-243587d6882b" });
  const at = random.below(value.length + 1);
  return `${value.slice(0, at)}${random.pick(["0", "e", "€"])}${value.slice(at + random.below(2))}`;
}

function edit(sqlite: DatabaseSync, table: string, row: Row, random: Random): void {
  const column = random.pick(COLUMNS[table] ?? []);
  remove(sqlite, table, row);
  put(sqlite, table, { ...row, [column]: changed(row[column] ?? null, random) });
}

function insert(sqlite: DatabaseSync, table: string, row: Row, random: Random): void {
  const copy: Row = { ...row };
  if ("id" in copy && table !== "api_key_trials") copy.id = crypto.randomUUID();
  if (table === "api_keys") copy.hash = crypto.randomUUID().replaceAll("-", "").repeat(2);
  if (table === "api_key_trials") copy.key_id = crypto.randomUUID();
  if (table === "api_key_allow_lists")
    copy.key_id = keyWithoutList(sqlite, String(row.allow_list_id)) ?? String(row.key_id);
  if (table === "audit_signing_keys") copy.kid = `${copy.kid}0`;
  if (table === "audit_account_checkpoints") copy.day = dayOf(Date.parse(String(row.day)) + 86_400_000);
  if (table === "audit_events") appendEvent(sqlite, copy, random);
  if (table === "operators") copy.email = `${copy.id}@example.com`;
  if (table === "roles") copy.display_name = `${copy.display_name} ${random.below(1_000)}`;
  if (table === "allow_lists") copy.name = `${copy.name} ${random.below(1_000)}`;
  put(sqlite, table, copy);
}

function keyWithoutList(sqlite: DatabaseSync, listId: string): string | undefined {
  const sql =
    "SELECT id FROM api_keys WHERE id NOT IN (SELECT key_id FROM api_key_allow_lists WHERE allow_list_id = ?)";
  return sqlite.prepare(sql).get(listId)?.id as string | undefined;
}

/** At the end of the account's log, as a change does it; sometimes as if it were sealed. */
function appendEvent(sqlite: DatabaseSync, event: Row, random: Random): void {
  const { seq, number } = sqlite
    .prepare(
      "SELECT (SELECT max(seq) FROM audit_events) AS seq, max(number) AS number FROM audit_events WHERE account_id = ?",
    )
    .get(event.account_id as string) as { seq: number; number: number };
  Object.assign(event, { seq: seq + 1, number: number + 1 });
  if (random.below(2) === 0) Object.assign(event, { hash: null, authentic: null, message: "nothing happened" });
}

/** The values of two rows change places; what names them stays. */
function swap(sqlite: DatabaseSync, table: string, one: Row, other: Row): void {
  const names =
    table === "audit_events" ? ["seq", "number", "account_id", "id"] : ["id", "key_id", "kid", "day", "account_id"];
  const own = (row: Row) => Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)));
  remove(sqlite, table, one);
  remove(sqlite, table, other);
  put(sqlite, table, { ...other, ...own(one) });
  put(sqlite, table, { ...one, ...own(other) });
}

let forger: SigningKey | null = null;

/** Computes the chain of an account anew and signs its end, with a key that is not the gateway's under the gateway's `kid`. */
async function sealAgain(sqlite: DatabaseSync, random: Random): Promise<string> {
  forger ??= (JSON.parse(await newIdentityKeys()) as { keys: [SigningKey] }).keys[0];
  const checkpoints = sqlite.prepare("SELECT * FROM audit_account_checkpoints").all() as Row[];
  if (checkpoints.length === 0) return "nothing";
  const checkpoint = random.pick(checkpoints);
  const account = String(checkpoint.account_id);
  const events = sqlite
    .prepare("SELECT * FROM audit_events WHERE account_id = ? AND number IS NOT NULL ORDER BY number")
    .all(account) as unknown as StoredEvent[];
  let hash = accountStart(account, CHAIN_START);
  for (const event of events) {
    hash = chainHash(hash, { ...event, authentic: 1 });
    sqlite.prepare("UPDATE audit_events SET hash = ?, authentic = 1 WHERE seq = ?").run(hash, event.seq);
  }
  const said = {
    account,
    number: events.at(-1)?.number ?? 0,
    hash,
    at: Date.parse(String(checkpoint.day)),
    previous: null,
  };
  const jws = await sign({ ...forger, kid: String(checkpoint.kid) }, "checkpoint", { ...said, retired: [] });
  if (random.below(2) === 0) put(sqlite, "audit_account_checkpoints", { ...checkpoint, number: said.number, jws });
  return "seal again";
}

/** Removes hashes and checkpoints, so that the Worker would seal what is there. */
function reset(sqlite: DatabaseSync, random: Random): string {
  const accounts = sqlite.prepare("SELECT DISTINCT account_id AS id FROM audit_account_checkpoints").all() as Row[];
  if (accounts.length === 0) return "nothing";
  const { id } = random.pick(accounts) as { id: string };
  sqlite.prepare("UPDATE audit_events SET hash = NULL, authentic = NULL WHERE account_id = ?").run(id);
  if (random.below(3) > 0) sqlite.prepare("DELETE FROM audit_account_checkpoints WHERE account_id = ?").run(id);
  return "reset";
}

/** Puts back a checkpoint of an earlier time, and cuts the log off there. */
function replay(sqlite: DatabaseSync, old: Row | undefined): string {
  if (old === undefined) return "nothing";
  sqlite
    .prepare("DELETE FROM audit_account_checkpoints WHERE account_id = ? AND day >= ?")
    .run(old.account_id ?? null, old.day ?? null);
  put(sqlite, "audit_account_checkpoints", old);
  sqlite
    .prepare("DELETE FROM audit_events WHERE account_id = ? AND number > ?")
    .run(old.account_id ?? null, old.number ?? null);
  return "replay";
}
