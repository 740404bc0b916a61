// `npm run account -- add NAME`, `npm run account -- list`, `npm run admin-key`: accounts, and Admin keys for those who are
// locked out. They write to D1 with what wrangler may do, and need KEY_RING.
import { checkKeyMac, checkMac, type SentEvent } from "../src/core/audit/event-mac.ts";
import type { KeyRing } from "../src/core/token/api-key-token.ts";
import type { NewAccount } from "../src/store/accounts/port.ts";
import { resetStatements } from "../src/store/accounts/statements.ts";
import { KEY_PREFIX, type KeptKey } from "../src/store/audit/kept-heads.ts";
import type { ReadRows } from "../src/store/audit/tables-sql.ts";
import { type Command, placeForKey, runCommand, say, UsageError } from "./command.ts";
import { keepKey, readKept } from "./private-files.ts";
import { firstKey, parseKeyRing, toSql } from "./secrets.ts";
import type { Target } from "./target.ts";

const USAGE = `npm run account -- add NAME [--key-file FILE]      adds an account with its first Admin key
npm run account -- list                            shows the accounts
npm run account -- reset-policy ACCOUNT            replaces the policy of an account with none, when nobody can approve a change of it
npm run admin-key -- [ACCOUNT] [--key-file FILE]   makes an Admin key for an account that has lost its own

ACCOUNT is a name or an id; it may be left out when there is one account. The key is shown once, on a terminal, or written to
FILE (mode 0600). The key of npm start's own account is kept in .dev/admin-key.
`;

interface Account {
  readonly id: string;
  readonly name: string;
}

/** The accounts, oldest first. */
export async function readAccounts(target: Target): Promise<readonly Account[]> {
  const rows = await target.query("SELECT id, name FROM accounts ORDER BY created_at, id");
  return rows.map(({ id, name }) => ({ id: String(id), name: String(name) }));
}

const EVENTS = `SELECT id, account_id, event_type, resource_type, resource_id, resource_name, actor_type, actor_id, actor_name,
  address, request_id, message, detail, created_at, mac FROM audit_events WHERE mac IS NOT NULL ORDER BY seq DESC LIMIT 20`;

/**
 * The ring of the target.
 *
 * @param read the database that its Worker has changed: D1, or a copy
 * @throws Error when there is none, or when it is another one than that which the Worker has: its keys would not be accepted
 */
export async function ringOf(target: Target, read: ReadRows = target.query): Promise<KeyRing> {
  const text = target.secrets().KEY_RING;
  if (text === undefined) throw new Error(`KEY_RING is neither in ${target.secretsFile} nor in the environment.`);
  const ring = parseKeyRing(text);
  const events = (await read(EVENTS)) as unknown as readonly (SentEvent & { mac: string })[];
  if (events.some((event) => checkMac(ring, event) === "good")) return ring;
  // After a ring was replaced, no event is its own. But maintenance writes these anew with the ring that it has.
  const keys = await keptKeys(target);
  if (keys.some((key) => checkKeyMac(ring, key, key.mac)) || events.length + keys.length === 0) return ring;
  throw new Error(
    "This KEY_RING is not the one that the Worker had in the last minute: it has authenticated none of its data.",
  );
}

async function keptKeys({ kv }: Target): Promise<readonly KeptKey[]> {
  const names = await kv.list(KEY_PREFIX);
  return Promise.all(names.map(async ({ name }) => JSON.parse(await kv.get(name)) as KeptKey));
}

/** Writes an Admin key of an account, new or not. */
async function makeKey(
  { target, dryRun, values }: Command,
  { id, name }: Account,
  keyName: NewAccount["keyName"],
): Promise<void> {
  const what = keyName === "recovery" ? "an Admin key" : "an account with an Admin key";
  const where = target.remote ? "the deployment" : "the local state";
  if (dryRun) return say(`Would add ${what} to ${where}: account ${name} (${id}). Nothing was done.`);
  const own = !target.remote && (readKept("admin-key")?.acc ?? id) === id && values["key-file"] === undefined;
  const place = own ? (token: string) => keepOwn(token) : placeForKey(values["key-file"]);
  const { statements, token } = await firstKey(String(target.secrets().KEY_RING), name, id, Date.now(), keyName);
  await target.execute(statements);
  say(`Added ${what} to ${where}: account ${name} (${id}).`);
  place(token);
}

function keepOwn(token: string): void {
  keepKey("admin-key", token);
  say(`The key is in .dev/admin-key (mode 0600).${process.stdout.isTTY ? ` It is\n${token}` : ""}`);
}

/** Adds an account with its first Admin key. @throws Error when an account has this name */
export async function addAccount(command: Command, name: string): Promise<void> {
  const { target } = command;
  await ringOf(target);
  const same = (await readAccounts(target)).find((account) => account.name === name);
  if (same !== undefined) {
    throw new Error(
      `Account ${name} exists (${same.id}). For another Admin key of it: npm run admin-key -- ${same.id}`,
    );
  }
  await makeKey(command, { id: crypto.randomUUID(), name }, "bootstrap");
}

async function addAdminKey(command: Command): Promise<void> {
  const { target, words } = command;
  const [wanted, ...more] = words;
  if (more.length > 0) throw new UsageError("one account at a time");
  await ringOf(target);
  await makeKey(command, await findAccount(target, wanted), "recovery");
}

/** The account of this name or id. @throws Error when there is none, or several */
async function findAccount(target: Target, wanted: string | undefined): Promise<Account> {
  const accounts = await readAccounts(target);
  const found = accounts.filter(({ id, name }) => wanted === undefined || wanted === id || wanted === name);
  const [account] = found;
  const listed = accounts.map(({ id, name }) => `${id}  ${name}`).join("\n");
  if (account === undefined) throw new Error(`No such account.${listed && ` There are\n${listed}`}`);
  if (found.length > 1) throw new Error(`Which account? There are\n${listed}`);
  return account;
}

async function resetPolicy({ target, dryRun }: Command, name: string): Promise<void> {
  const ring = await ringOf(target);
  const account = await findAccount(target, name);
  if (dryRun) return say(`Would reset the policy of account ${account.name} (${account.id}). Nothing was done.`);
  const actor = { type: "SYSTEM", id: null, name: "recovery", address: null, requestId: null } as const;
  await target.execute(resetStatements(account, ring, actor, Date.now()).map(toSql));
  say(`Account ${account.name} (${account.id}) has no policy any more.`);
}

async function run(command: Command): Promise<void> {
  const [verb, name, ...more] = command.words;
  if (command.values["admin-key"]) return addAdminKey(command);
  if (verb === "list" && name === undefined) {
    const accounts = await readAccounts(command.target);
    return say(accounts.map(({ id, name: called }) => `${id}  ${called}`).join("\n") || "There is no account.");
  }
  if (verb === "reset-policy" && name !== undefined && more.length === 0) return resetPolicy(command, name);
  if (verb !== "add" || name === undefined || more.length > 0)
    throw new UsageError("add NAME, list, or reset-policy ACCOUNT");
  await addAccount(command, name);
}

if (import.meta.main) await runCommand({ usage: USAGE, options: ["key-file"], flags: ["admin-key"], run });
