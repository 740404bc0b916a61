// `npm run secrets -- status | rotate key-ring | rotate identity`: replaces the secrets of a Worker without denying a request,
// or at once after a leak. Every step is kept in the secrets file before it is set, so that a run that was interrupted continues
// where it stopped.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { newIdentityKeys, newKeyRing } from "../src/console/first-start/new-secrets.ts";
import { ringOf } from "./account.ts";
import { type Command, runCommand, say, UsageError } from "./command.ts";
import { keep } from "./private-files.ts";
import type { Target } from "./target.ts";
import { ROOT } from "./wrangler.ts";

const USAGE = `npm run secrets -- status                                      shows the secrets by their ids, and the keys that depend on them
npm run secrets -- rotate key-ring                             adds a secret for new keys, then shows who depends on the
                                                               old one; run again, removes it once nobody does
npm run secrets -- rotate identity                             replaces the key that signs identities
npm run secrets -- rotate key-ring --leaked --ends NUMBER      replaces a leaked secret at once; NUMBER active keys end
npm run secrets -- rotate identity --leaked                    replaces a leaked key at once

--wait SECONDS  how long a step may take to reach every isolate: 60 for a deployment, 0 for npm start, which reads its secrets
                when it starts
`;

/** How long upstreams cache the published keys (src/gateway/public/well-known.ts), and how long an identity is valid. */
const JWKS_CACHE_SECONDS = 300;
const IDENTITY_SECONDS = 60;

type Ring = Readonly<Record<string, string>>;
interface IdentityKey {
  readonly kid: string;
}

/** How far a rotation is, beside the secrets file. There is no such file when none is under way. */
interface Progress {
  /** The id of the secret that comes. */
  readonly ring?: string | undefined;
  /** The id of the identity key that comes. */
  readonly identity?: string | undefined;
  /** The file has secrets that were not set yet. */
  readonly unset?: boolean | undefined;
}

const progressFile = ({ secretsFile }: Target) => `${ROOT}${secretsFile}.rotation`;

function progressOf(target: Target): Progress {
  const path = progressFile(target);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Progress) : {};
}

function setProgress(target: Target, change: Progress): void {
  const text = JSON.stringify({ ...progressOf(target), ...change });
  if (text === "{}") rmSync(progressFile(target), { force: true });
  else keep(progressFile(target), text);
}

/** The active keys by the secret that has signed them; `?`: it is not known. */
async function dependents(target: Target): Promise<ReadonlyMap<string, number>> {
  const rows = await target.query(`SELECT ifnull(signing_key_id, '?') AS id, count(*) AS keys FROM api_keys
    WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ${Date.now()}) GROUP BY signing_key_id`);
  return new Map(rows.map(({ id, keys }) => [String(id), Number(keys)]));
}

const MAX_SHOWN = 20;

/** The keys that depend on one of some secrets, or of which it is not known, as lines. */
async function linesOfDependents(target: Target, ids: readonly string[]): Promise<readonly string[]> {
  const listed = ids.map((id) => `'${id}'`).join(", ");
  const rows = await target.query(`SELECT k.id, k.name, a.name AS account, k.last_used_at, k.signing_key_id
    FROM api_keys k JOIN accounts a ON a.id = k.account_id
    WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ${Date.now()})
      AND (k.signing_key_id IN (${listed}) OR k.signing_key_id IS NULL)
    ORDER BY k.last_used_at DESC, k.id LIMIT ${MAX_SHOWN + 1}`);
  const lines = rows.slice(0, MAX_SHOWN).map(({ id, name, account, last_used_at: at, signing_key_id: secret }) => {
    const used = at === null ? "not used yet" : `last used ${new Date(Number(at)).toISOString()}`;
    return `  ${id}  ${String(secret ?? "?").padEnd(10)} ${account}: ${name}, ${used}`;
  });
  return rows.length > MAX_SHOWN ? [...lines, "  ... and more"] : lines;
}

function ringMembers(target: Target): Ring {
  return JSON.parse(String(target.secrets().KEY_RING)) as Ring;
}

function identityKeys(target: Target): readonly IdentityKey[] {
  const text = target.secrets().IDENTITY_KEYS;
  if (text === undefined) throw new Error(`IDENTITY_KEYS is neither in ${target.secretsFile} nor in the environment.`);
  return (JSON.parse(text) as { keys: IdentityKey[] }).keys;
}

async function status({ target }: Command): Promise<void> {
  await ringOf(target);
  const ids = Object.keys(ringMembers(target));
  const counts = await dependents(target);
  say("KEY_RING, the newest secret last:");
  for (const id of ids)
    say(`  ${id}  ${counts.get(id) ?? 0} active keys${id === ids.at(-1) ? ", signs new keys" : ""}`);
  for (const [id, count] of counts) {
    if (id === "?") say(`  ${count} active keys have not been read since migration 0005: their secret is not known`);
    else if (!ids.includes(id)) say(`  ${id} is not in the ring: its ${count} keys are denied`);
  }
  const keys = identityKeys(target);
  say("IDENTITY_KEYS, the newest key last:");
  for (const { kid } of keys) say(`  ${kid}${kid === keys.at(-1)?.kid ? "  signs identities" : "  is published"}`);
  if (existsSync(progressFile(target))) say("A rotation was interrupted: run it again, and it continues.");
}

/** Sets secrets, and waits until every isolate has them. */
async function put({ target, dryRun, values }: Command, what: string, secrets: Record<string, string>, more = 0) {
  if (dryRun) return say(`Would ${what}.`);
  setProgress(target, { unset: true });
  await target.putSecrets(secrets);
  setProgress(target, { unset: undefined });
  say(`${what[0]?.toUpperCase()}${what.slice(1)}: done, and kept in ${target.secretsFile}.`);
  const seconds = values.wait === undefined ? (target.remote ? 60 + more : 0) : Number(values.wait);
  for (let left = seconds; left > 0; left -= 30) {
    say(`  waiting ${left} s, until every isolate has it`);
    await delay(Math.min(left, 30) * 1000);
  }
}

/** Sets once more what an interrupted run has kept, and perhaps not set. */
async function finishPut(command: Command): Promise<void> {
  if (!progressOf(command.target).unset) return;
  const { KEY_RING, IDENTITY_KEYS } = command.target.secrets();
  const secrets = Object.entries({ KEY_RING, IDENTITY_KEYS }).filter(([, value]) => value !== undefined);
  await put(command, "set what an interrupted run has kept", Object.fromEntries(secrets) as Record<string, string>);
}

function newMember(ring: Ring): readonly [id: string, secret: string] {
  const [[month = "", secret = ""] = []] = Object.entries(JSON.parse(newKeyRing(new Date())) as Ring);
  let id = month;
  for (let n = 2; id in ring; n += 1) id = `${month}-${n}`;
  return [id, secret];
}

async function rotateRing(command: Command): Promise<void> {
  const { target, values } = command;
  await ringOf(target);
  const ring = ringMembers(target);
  if (values.leaked) return replaceRing(command, ring);
  const coming = progressOf(target).ring;
  const ids = Object.keys(ring);
  if (coming === undefined && ids.length > 1) return removeOld(command, ring);
  const [id, secret] = coming !== undefined && coming in ring ? [coming, String(ring[coming])] : newMember(ring);
  const { [id]: _new, ...old } = ring;
  // First where it only verifies: an isolate that does not have it yet would deny the keys that another one has signed.
  if (!command.dryRun) setProgress(target, { ring: id });
  await put(command, `add secret ${id}, to verify keys`, { KEY_RING: JSON.stringify({ [id]: secret, ...old }) });
  const after = { ...old, [id]: secret };
  await put(command, `sign new keys with secret ${id}`, { KEY_RING: JSON.stringify(after) });
  if (command.dryRun) return;
  setProgress(target, { ring: undefined });
  await removeOld(command, after);
}

/** Removes the secrets before the newest one, unless a key depends on them. */
async function removeOld(command: Command, ring: Ring): Promise<void> {
  const ids = Object.keys(ring);
  const old = ids.slice(0, -1);
  const newest = String(ids.at(-1));
  const lines = await linesOfDependents(command.target, old);
  if (lines.length > 0) {
    say(`These active keys depend on ${old.join(", ")}:\n${lines.join("\n")}`);
    say("Replace each of them by a new key and revoke it; then run this again, to remove what they depend on.");
    return;
  }
  await put(command, `remove ${old.join(", ")}, on which no active key depends`, {
    KEY_RING: JSON.stringify({ [newest]: ring[newest] }),
  });
}

async function replaceRing(command: Command, ring: Ring): Promise<void> {
  const counts = await dependents(command.target);
  const ends = [...counts].reduce((sum, [id, count]) => sum + (id in ring || id === "?" ? count : 0), 0);
  if (Number(command.values.ends) !== ends) {
    throw new Error(
      `A new KEY_RING ends ${ends} active keys. If that is what you want: --ends ${ends}. Nothing was done.`,
    );
  }
  const [id, secret] = newMember(ring);
  await put(command, `replace KEY_RING by secret ${id}, which ends ${ends} keys`, {
    KEY_RING: JSON.stringify({ [id]: secret }),
  });
  if (command.dryRun) return;
  setProgress(command.target, { ring: undefined });
  say("No key authenticates now: npm run admin-key makes an Admin key.");
}

async function rotateIdentity(command: Command): Promise<void> {
  const { target, values, dryRun } = command;
  const keys = identityKeys(target);
  const coming = keys.find(({ kid }) => kid === progressOf(target).identity);
  const set = (...members: readonly IdentityKey[]) => ({ IDENTITY_KEYS: JSON.stringify({ keys: members }) });
  if (values.leaked) {
    const key = await newIdentityKey();
    await put(command, `replace IDENTITY_KEYS by key ${key.kid}`, set(key));
    if (!dryRun) setProgress(target, { identity: undefined });
    return say(`Upstreams deny identities until they read the keys again, for at most ${JWKS_CACHE_SECONDS} s.`);
  }
  const key = coming ?? (await newIdentityKey());
  const { kid } = key;
  const old = keys.filter((each) => each.kid !== kid);
  if (!dryRun) setProgress(target, { identity: kid });
  // A rotation that was interrupted after the new key began to sign does not begin anew.
  if (coming === undefined || keys.at(-1)?.kid !== kid) {
    await put(command, `publish key ${kid}`, set(key, ...old), JWKS_CACHE_SECONDS);
  }
  await put(command, `sign identities with key ${kid}`, set(...old, key), IDENTITY_SECONDS);
  await put(command, `remove ${old.map((each) => each.kid).join(", ") || "no key"}`, set(key));
  if (!dryRun) setProgress(target, { identity: undefined });
}

async function newIdentityKey(): Promise<IdentityKey> {
  return (JSON.parse(await newIdentityKeys()) as { readonly keys: readonly [IdentityKey] }).keys[0];
}

async function run(command: Command): Promise<void> {
  const [verb, which, ...more] = command.words;
  if (command.values.wait !== undefined && !/^\d+$/.test(String(command.values.wait))) {
    throw new UsageError("--wait takes a number of seconds");
  }
  if (verb === "status" && which === undefined) return status(command);
  if (verb !== "rotate" || more.length > 0) throw new UsageError("status, rotate key-ring, or rotate identity");
  if (which !== "key-ring" && which !== "identity") throw new UsageError("rotate key-ring, or rotate identity");
  await finishPut(command);
  if (which === "key-ring") await rotateRing(command);
  else await rotateIdentity(command);
  if (command.dryRun) say("Nothing was done.");
  else if (!command.target.remote) say("npm start reads its secrets when it starts: start it again.");
}

await runCommand({ usage: USAGE, options: ["wait", "ends"], flags: ["leaked"], run });
