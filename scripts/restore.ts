// `npm run restore -- FILE`: brings D1 back to a backup. What was revoked, disabled or removed since stays so; caches drop what they
// have, and the audit log continues from the backup's end.
import type { DatabaseSync } from "node:sqlite";
import { compareTables } from "../src/core/audit/replay/compare.ts";
import { keyFingerprint } from "../src/core/audit/replay/fingerprint.ts";
import type { Row, TableName, Tables } from "../src/core/audit/replay/tables.ts";
import type { KeyRing } from "../src/core/token/api-key-token.ts";
import { keyEvent } from "../src/store/api-keys/statements.ts";
import { approvalEvent } from "../src/store/approvals/repository.ts";
import { type AuditEvent, insertEvent } from "../src/store/audit/audit-event.ts";
import { HEAD_PREFIX } from "../src/store/audit/kept-heads.ts";
import { STATEMENT } from "../src/store/audit/publisher.ts";
import { readTables } from "../src/store/audit/tables-sql.ts";
import { endpointEvent } from "../src/store/endpoints/statements.ts";
import { TRUE } from "../src/store/lib/conditions.ts";
import { operatorEvent } from "../src/store/operators/statements.ts";
import { ringOf } from "./account.ts";
import { openCopy, readDatabase } from "./audit/read.ts";
import { backUp, fromRoot, verifyCopy } from "./backup.ts";
import { type Command, runCommand, say, UsageError } from "./command.ts";
import { toSql } from "./secrets.ts";
import type { Target } from "./target.ts";

const USAGE = `npm run restore -- FILE [--yes] [--lost end-keys|nothing] [--unverified]

Shows what a restore of FILE would undo, and with --yes does it, in one transaction, after a backup of what is there. Keys that
were revoked or disabled since the backup stay so, and operators and endpoints that were removed since stay removed.

--lost        what to do when changes since the backup are lost, so that nobody knows which keys they revoked: end-keys revokes
              every key of those accounts; nothing says that you know that there were no such changes
--unverified  also a backup whose audit log does not explain it
`;

/** Tables that stay as they are: what caches compare, what was denied, told and counted. */
const STAY = ["key_changes", "refusal_counts", "refused_calls", "canary_alarms", "metric_counts", "d1_migrations"];
/** Of these, rows are only added: public keys, and where keys were used from. */
const ADD = ["audit_signing_keys", "key_networks"];
/** Far enough that no position is used twice: no isolate and no KV copy takes a state of before for a current one. */
const POSITIONS_LEFT_OUT = 1_000_000_000;

interface Plan {
  /** What has ended since the backup, and is ended again. */
  readonly ended: readonly Ended[];
  /** What the restore undoes, as lines. */
  readonly undone: readonly string[];
}

interface Ended {
  readonly end: End;
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
}

/** An end that a restore never takes back. */
interface End {
  readonly table: "api_keys" | "operators" | "endpoints" | "approvals";
  /** The time of the end; NULL: it has not ended. */
  readonly column: "revoked_at" | "disabled_at" | "deleted_at" | "used_at";
  /** What else changes with it, in SQL, where `$now` is the time of the restore. */
  readonly also: string;
  readonly says: string;
  /** Whether it is also what `--lost end-keys` does. */
  readonly ofLost: boolean;
  /** What every restore ends; left out: nothing. */
  readonly always?: (row: Row) => boolean;
  readonly event: (row: Omit<Ended, "end">) => AuditEvent;
}

const CHANGED = ", updated_at = $now, version = version + 1";
const FELT = `${CHANGED}, kv_pending = version + 1`;
const ENDS: readonly End[] = [
  {
    ...{ table: "api_keys", column: "revoked_at", says: "stays revoked", ofLost: true },
    also: `, revoked_by_type = 'SYSTEM', revoked_by_id = NULL, revoked_by_name = 'restore'${FELT}`,
    event: ({ id, accountId, name }) =>
      keyEvent("REVOKE", { accountId, keyId: id, name }, `API key ${name} stays revoked after a restore`, {}),
  },
  {
    ...{ table: "api_keys", column: "disabled_at", says: "stays disabled", ofLost: false, also: FELT },
    event: ({ id, accountId, name }) => {
      const message = `API key ${name} stays disabled after a restore`;
      return keyEvent("EDIT", { accountId, keyId: id, name }, message, { change: "disabled" });
    },
  },
  {
    ...{ table: "operators", column: "deleted_at", says: "stays removed", ofLost: true, also: CHANGED },
    event: (operator) =>
      operatorEvent("DELETE", operator, `Operator ${operator.name} stays removed after a restore`, {}),
  },
  {
    ...{
      table: "endpoints",
      column: "deleted_at",
      says: "stays deleted",
      ofLost: true,
      also: `${CHANGED}, sealed = ''`,
    },
    event: (endpoint) =>
      endpointEvent("DELETE", endpoint, `Endpoint ${endpoint.name} stays deleted after a restore`, {}),
  },
  {
    // What was approved before may have been done since, which the restore undoes: nobody does it again unseen.
    ...{ table: "approvals", column: "used_at", says: "ends", ofLost: false, also: "" },
    always: ({ expires_at, decision }) => Number(expires_at) > Date.now() && decision !== "rejected",
    event: ({ id, accountId, name }) => {
      const message = `The approval of ${name} ended with a restore`;
      return approvalEvent("EXPIRE", { accountId, id, operationId: name }, message, { approval: { id } });
    },
  },
];

function planOf(backup: Tables, current: Tables, lostAccounts: ReadonlySet<string>): Plan {
  const ended = new Map<string, Ended>();
  for (const end of ENDS) {
    const { table, column, ofLost } = end;
    for (const [id, row] of backup[table]) {
      const accountId = String(row.account_id);
      const isEnded = (current[table].get(id)?.[column] ?? null) !== null;
      const hasEnded = isEnded || end.always?.(row) === true || (ofLost && lostAccounts.has(accountId));
      // A key that is revoked need not be disabled.
      if (row[column] === null && hasEnded && !ended.has(id)) {
        ended.set(id, { end, id, accountId, name: String(row.name ?? row.operation_id) });
      }
    }
  }
  return { ended: [...ended.values()], undone: undoneBy(backup, current, ended) };
}

/** What goes back to the backup's state, without the rows that are `kept` as they are. */
function undoneBy(backup: Tables, current: Tables, kept: ReadonlyMap<string, unknown>): readonly string[] {
  // Events, which the comparison is made for, have fingerprints in the place of hashes.
  const keys = [...backup.api_keys].map(
    ([id, row]) => [id, { ...row, hash: keyFingerprint(String(row.hash)) }] as const,
  );
  const nameOf = (table: TableName, id: string) => {
    const row = current[table].get(id) ?? backup[table].get(id);
    return row?.name ?? row?.display_name ?? "";
  };
  return compareTables({ ...backup, api_keys: new Map(keys) }, current).flatMap(({ message }) => {
    const [, table, id, what] = /^(\w+) (\S+): (.*)\.$/.exec(message) ?? [];
    if (table === undefined || id === undefined || what === undefined || kept.has(id)) return [];
    const undone = what
      .replace("no event explains this row", "was created since, and is removed")
      .replace("no event explains the value of", "goes back to its earlier")
      .replace("the row is missing", "comes back");
    return `${table} ${id} ${nameOf(table as TableName, id)}: ${undone}`;
  });
}

/** The accounts with events that are neither in the backup nor in D1, though something of them was signed. */
async function lostAccounts(target: Target, backup: DatabaseSync, isEmpty: boolean): Promise<ReadonlySet<string>> {
  const accounts = backup
    .prepare("SELECT id FROM accounts")
    .all()
    .map(({ id }) => String(id));
  // A database that has nothing says nothing of what has happened since.
  if (isEmpty) return new Set(accounts);
  const ends = new Map<string, number>();
  for (const { account_id: id, number } of await target.query(LAST_EVENTS)) ends.set(String(id), Number(number));
  const lost = new Set<string>();
  for (const id of accounts) {
    if ((await target.kv.list(HEAD_PREFIX + id)).length === 0) continue;
    const { number } = JSON.parse(await target.kv.get(HEAD_PREFIX + id)) as { readonly number: number };
    if (number > (ends.get(id) ?? 0)) lost.add(id);
  }
  return lost;
}

const LAST_EVENTS = "SELECT account_id, max(number) AS number FROM audit_events GROUP BY account_id";

/** The statements of the whole restore. */
async function statementsOf(target: Target, backup: DatabaseSync, plan: Plan, ring: KeyRing): Promise<string[]> {
  const now = Date.now();
  const lines = ["PRAGMA defer_foreign_keys = TRUE"];
  const tables = (await target.query(TABLES)).map(({ name }) => String(name));
  for (const table of tables) {
    if (STAY.includes(table)) continue;
    const isKept = ADD.includes(table);
    if (!isKept) lines.push(`DELETE FROM ${table}`);
    const columns = (await target.query(`SELECT name FROM pragma_table_info('${table}')`)).map(({ name }) =>
      String(name),
    );
    lines.push(...insertsOf(backup, table, columns, isKept));
  }
  // The next event follows the backup's last one.
  lines.push("UPDATE sqlite_sequence SET seq = (SELECT max(seq) FROM audit_events) WHERE name = 'audit_events'");
  lines.push(`INSERT INTO key_changes (seq, key_id, version, at)
    SELECT max(seq) + ${POSITIONS_LEFT_OUT}, NULL, 0, ${now} FROM key_changes`);
  const actor = { type: "SYSTEM", id: null, name: "restore", address: null, requestId: null } as const;
  for (const { end, ...row } of plan.ended) {
    lines.push(
      `UPDATE ${end.table} SET ${end.column} = ${now}${end.also.replaceAll("$now", String(now))} WHERE id = '${row.id}'`,
    );
    lines.push(toSql(insertEvent(ring, crypto.randomUUID(), { event: end.event(row), actor, now }, TRUE)));
  }
  return lines;
}

const TABLES =
  "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%'";

/** One INSERT for every row of a table of the backup; columns that came later have their defaults. */
function insertsOf(backup: DatabaseSync, table: string, columns: readonly string[], add: boolean): readonly string[] {
  const there = backup
    .prepare(`SELECT name FROM pragma_table_info('${table}')`)
    .all()
    .map(({ name }) => String(name));
  const names = columns.filter((column) => there.includes(column));
  if (names.length === 0) return [];
  const values = names.map((name) => `quote(${name})`).join(" || ', ' || ");
  const rows = backup.prepare(`SELECT ${values} AS line FROM ${table}`).all();
  const verb = add ? "INSERT OR IGNORE" : "INSERT";
  return rows.map(({ line }) => `${verb} INTO ${table} (${names.join(", ")}) VALUES (${line})`);
}

async function run(command: Command): Promise<void> {
  const { target, words, values, dryRun } = command;
  const [file, ...more] = words;
  if (file === undefined || more.length > 0) throw new UsageError("one file");
  if (![undefined, "end-keys", "nothing"].includes(values.lost as string | undefined)) {
    throw new UsageError("--lost end-keys, or --lost nothing");
  }
  const { findings, events } = await verifyCopy(target, file);
  if (findings.length > 0 && !values.unverified) {
    const listed = findings.map(({ message }) => `  ${message}`).join("\n");
    throw new Error(
      `${file} has ${findings.length} findings; --unverified takes it all the same:\n${listed}\nNothing was done.`,
    );
  }
  const backup = openCopy(fromRoot(file));
  const read = readDatabase(backup);
  const current = await readTables(target.query);
  const isEmpty = current.accounts.size === 0;
  const ring = await ringOf(target, isEmpty ? read : target.query);
  const lost = await lostAccounts(target, backup, isEmpty);
  if (lost.size > 0 && values.lost === undefined) {
    throw new Error(`Changes since the backup are lost for ${[...lost].join(", ")}: keys that they revoked would come back. --lost\
 end-keys ends every key of these accounts; --lost nothing says that no key was revoked. Nothing was done.`);
  }
  const plan = planOf(await readTables(read), current, values.lost === "end-keys" ? lost : new Set());
  say(`${file}: ${events} audit events.`);
  for (const line of plan.undone) say(`  ${line}`);
  for (const { end, id, name } of plan.ended) say(`  ${end.table} ${id} ${name}: ${end.says}`);
  if (dryRun || !values.yes) return say("Nothing was done. --yes does it.");
  const statements = await statementsOf(target, backup, plan, ring);
  if (!isEmpty) say(`What was there is in ${await backUp(target, "before-restore")}.`);
  await target.execute(statements);
  // The log continues from the backup's end: later ends, signed before the restore, would stop it.
  for (const { name } of await target.kv.list("audit/")) {
    if (name.startsWith(HEAD_PREFIX) || name === STATEMENT) await target.kv.delete(name);
  }
  say("Restored. Every isolate drops its cache within ten seconds.");
  if (plan.ended.some(({ end }) => end.column === "revoked_at"))
    say("npm run admin-key makes an Admin key for an account that has none.");
}

if (import.meta.main) await runCommand({ usage: USAGE, options: ["lost"], flags: ["yes", "unverified"], run });
