// Hashes new audit events into the chain of their account and signs its end. D1 cannot hash, so an event is sealed after the
// response to its change, or at the latest by scheduled maintenance; until then its code shows who wrote it.
import { dayOf, type SigningKey, sign } from "../../core/audit/checkpoint.ts";
import { checkMac } from "../../core/audit/event-mac.ts";
import { chainHash, type StoredEvent } from "../../core/audit/hash-chain.ts";
import type { KeyRing } from "../../core/token/api-key-token.ts";
import { withinWindow } from "../lib/timeouts.ts";
import { readAccountEnd, type SealedEvent, saveAccountEnd } from "./account-head.ts";
import type { AuditSealer, Sealed } from "./port.ts";
import { type SealerPorts, type TrustedEnd, trustedEnd } from "./trusted-end.ts";

/** Accounts in one scheduled run, which may run a thousand queries; the next run takes the rest. */
const ACCOUNTS = 50;

export const OPEN_ACCOUNTS = `SELECT DISTINCT account_id AS id FROM audit_events
  WHERE hash IS NULL AND number IS NOT NULL AND account_id > ?1 ORDER BY account_id LIMIT ${ACCOUNTS}`;

export const OTHER_SIGNER = `SELECT a.id FROM accounts a WHERE a.id > ?1 AND (SELECT c.kid <> ?2 FROM audit_account_checkpoints c
  WHERE c.account_id = a.id ORDER BY c.day DESC LIMIT 1) ORDER BY a.id LIMIT ${ACCOUNTS}`;

/** Workers KV accepts one write of a name in a second: https://developers.cloudflare.com/kv/platform/limits/ */
const KEEP_INTERVAL_MS = 1_000;

/** An isolate with an earlier KEY_RING leaves the events of a newer secret to others for so long. */
const DEPLOYMENT_MS = 600_000;

/**
 * The sealer of one database.
 *
 * Concurrent runs are safe: events are numbered in the order of their commits, so all runs compute the same hashes, and the
 * checkpoint with the higher number stays.
 *
 * @throws Error when there is no key
 */
export function createAuditSealer(ports: SealerPorts): AuditSealer {
  const { db, heads, keys } = ports;
  const signer = keys.at(-1);
  if (signer === undefined) throw new Error("there is no key to sign checkpoints with");
  const keptAt = new Map<string, number>();
  let keysAreKept = false;
  let allSignedByNewest = false;

  async function accountsToSeal(): Promise<ReadonlySet<string>> {
    const ids = await someAccounts(db, OPEN_ACCOUNTS);
    if (allSignedByNewest) return ids;
    const earlier = await someAccounts(db, OTHER_SIGNER, signer?.kid);
    allSignedByNewest = earlier.size === 0;
    return ids.union(earlier);
  }

  async function keepKeys(): Promise<void> {
    if (!keysAreKept) await heads.keepKeys(keys);
    keysAreKept = true;
  }

  async function sealAccount(accountId: string, now: number): Promise<Sealed | null> {
    try {
      await keepKeys();
      // An end that is left out here is kept by the minute's publication, which compares all of them.
      const mayKeep = !withinWindow(now, keptAt.get(accountId) ?? Number.NEGATIVE_INFINITY, KEEP_INTERVAL_MS);
      if (mayKeep) keptAt.set(accountId, now);
      return await seal(ports, signer as SigningKey, accountId, now, mayKeep);
    } catch (error) {
      return { accountId, end: null, count: 0, findings: [], error };
    }
  }

  return {
    sealAccount,
    async sealAll(now) {
      const sealed: Sealed[] = [];
      // Also without an event: it shows which KEY_RING the Worker has. Its failure is that of the first account.
      await keepKeys().catch(() => null);
      for (const id of await accountsToSeal()) {
        const one = await sealAccount(id, now);
        if (one !== null) sealed.push(one);
      }
      return sealed;
    },
  };
}

/** Accounts from a random one on: many that cannot be sealed keep no other one waiting. */
async function someAccounts(db: D1Database, sql: string, ...values: readonly unknown[]): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const after of [crypto.randomUUID(), ""]) {
    const { results } = await db
      .prepare(sql)
      .bind(after, ...values)
      .all<{ id: string }>();
    for (const { id } of results) ids.add(id);
    if (results.length === ACCOUNTS) break;
  }
  return ids;
}

async function seal(
  ports: SealerPorts,
  signer: SigningKey,
  accountId: string,
  now: number,
  mayKeep: boolean,
): Promise<Sealed | null> {
  const { db, heads, ring } = ports;
  const found = await readAccountEnd(db, accountId);
  const last = await trustedEnd(ports, signer, accountId, found, now);
  const findings = found.unsealed === null ? [] : [`Event ${found.unsealed} is not the one that was sealed.`];
  const sealed = chained(found.events, last, ring, now, findings);
  const [number, hash] = sealed.at(-1) ?? [last.number, last.hash];
  const isNew = sealed.length > 0 || (last.signedBy !== null && last.signedBy !== signer.kid);
  if (!isNew) return findings.length === 0 ? null : { accountId, end: null, count: 0, findings, error: null };
  const day = dayOf(now);
  const previous = last.day === day ? last.previous : last.day;
  const retired = [...found.retired, ...last.retire].map(({ kid }) => kid).sort();
  const jws = await sign(signer, "checkpoint", { account: accountId, number, hash, at: now, previous, retired });
  const isSaved = await saveAccountEnd(db, accountId, { day, number, kid: signer.kid, jws }, sealed, last.retire);
  if (!isSaved) return null;
  const outcome = { accountId, end: { number, hash }, count: sealed.length, findings, error: null };
  if (!mayKeep) return outcome;
  // Its failure loses nothing: the next end is kept, and a minute's publication compares all of them.
  const error = await heads.keep(accountId, number, jws).then(
    () => null,
    (cause: unknown) => cause,
  );
  return { ...outcome, error };
}

/** The hashes of new events. What is wrong with them is added to `findings`, and they are sealed as what they are. */
function chained(
  events: readonly StoredEvent[],
  last: TrustedEnd,
  ring: KeyRing,
  now: number,
  findings: string[],
): readonly SealedEvent[] {
  const sealed: SealedEvent[] = [];
  let { number, hash } = last;
  for (const event of events) {
    const code = checkMac(ring, event);
    if (code === "unknown_key" && Math.abs(now - event.created_at) < DEPLOYMENT_MS) break;
    // Numbers have no gaps: the events were deleted before they were sealed.
    if (event.number !== number + 1) findings.push(`The events before ${event.number} are missing.`);
    if (code !== "good") findings.push(`Event ${event.number} was not written by Gatehouse.`);
    const authentic = code === "good" ? 1 : 0;
    number = Number(event.number);
    hash = chainHash(hash, { ...event, authentic });
    sealed.push([number, hash, authentic]);
  }
  return sealed;
}
