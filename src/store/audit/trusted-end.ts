// Where the chain of an account continues: its signed end in D1, compared with the one that KV keeps. What nobody can have
// signed is not continued, since the next signature would cover it.
import {
  type Checkpoint,
  dayOf,
  kidOf,
  readSigned,
  type SigningKey,
  sign,
  type VerifyingKey,
} from "../../core/audit/checkpoint.ts";
import { accountStart, CHAIN_START } from "../../core/audit/hash-chain.ts";
import { type RetiredKeyRow, withRetiredKeys } from "../../core/audit/retired-keys.ts";
import type { KeyRing } from "../../core/token/api-key-token.ts";
import type { AccountEnd, CheckpointRow } from "./account-head.ts";
import type { KeptHeads } from "./kept-heads.ts";

/** What the sealer works with. */
export interface SealerPorts {
  readonly db: D1Database;
  readonly heads: KeptHeads;
  /** Authenticates events. */
  readonly ring: KeyRing;
  /** The identity keys, oldest first; the last one signs. */
  readonly keys: readonly SigningKey[];
}

export interface TrustedEnd {
  readonly number: number;
  readonly hash: string;
  /** `null`: the account has no checkpoint yet. */
  readonly day: string | null;
  readonly previous: string | null;
  readonly signedBy: string | null;
  /** The key that signed it, when another one signs now and has not retired it yet. */
  readonly retire: readonly RetiredKeyRow[];
}

/**
 * The end to continue from.
 *
 * @throws Error with the reason why the chain is not continued
 */
export async function trustedEnd(
  ports: SealerPorts,
  signer: SigningKey,
  accountId: string,
  end: AccountEnd,
  now: number,
): Promise<TrustedEnd> {
  const { heads } = ports;
  const { keys } = await withRetiredKeys(ports.keys, end.retired);
  if (end.last === null) return start(ports, keys, accountId, end);
  const { said, key } = await readLast(ports, keys, accountId, end.last);
  const isUnknown = !keys.includes(key);
  const reading = heads.read(accountId, [...keys, key]);
  // Without KV a checkpoint of a known key is good enough; one of a key that only KV knows is not.
  const kept = await (isUnknown ? reading : reading.catch(() => null));
  if (isUnknown && kept === null) throw new Error(`KV keeps no end that the unknown key ${key.kid} has signed`);
  if (kept !== null) await compare(ports.db, accountId, said, kept);
  const { number, hash, previous, signedBy } = said;
  const isRetired = signedBy === signer.kid || end.retired.some(({ kid }) => kid === signedBy);
  const row = { kid: signedBy, x: String(key.x), until: now };
  const retire = isRetired ? [] : [{ kid: signedBy, jws: await sign(signer, "retired", row) }];
  return { number, hash, day: end.last.day, previous, signedBy, retire };
}

async function readLast({ heads }: SealerPorts, keys: readonly VerifyingKey[], accountId: string, last: CheckpointRow) {
  const key = await keyOf(heads, keys, last.jws);
  const said = key && (await readSigned("checkpoint", last.jws, [key]));
  if (!key || !said || said.account !== accountId || said.number !== last.number || dayOf(said.at) !== last.day) {
    throw new Error(`the audit checkpoint of ${last.day} was not signed by this gateway`);
  }
  return { said, key };
}

/** The key that says that it has signed: one of these, or one that this gateway had when KV was told. */
async function keyOf(heads: KeptHeads, keys: readonly VerifyingKey[], jws: string) {
  const kid = kidOf(jws);
  if (kid === null) return null;
  return keys.find((key) => key.kid === kid) ?? (await heads.key(kid));
}

const HASH = "SELECT hash FROM audit_events WHERE account_id = ? AND number = ?";

async function compare(db: D1Database, accountId: string, said: Checkpoint, kept: Checkpoint): Promise<void> {
  if (kept.number > said.number) {
    throw new Error(`the audit log ends at event ${said.number}, and KV keeps a signature of event ${kept.number}`);
  }
  if (dayOf(kept.at) > dayOf(said.at)) {
    throw new Error(`the last checkpoint is of ${dayOf(said.at)}, and KV keeps a signature of ${dayOf(kept.at)}`);
  }
  const isEnd = kept.number === said.number;
  const hash = isEnd ? said.hash : await db.prepare(HASH).bind(accountId, kept.number).first("hash");
  if (hash !== kept.hash) throw new Error(`event ${kept.number} differs from the one whose signature KV keeps`);
}

/** The start of an account's chain: only when nothing shows that there was one. */
async function start(
  { db, heads }: SealerPorts,
  keys: readonly VerifyingKey[],
  accountId: string,
  { events }: AccountEnd,
): Promise<TrustedEnd> {
  if (events.some(({ hash }) => hash !== null)) throw new Error("events are sealed, and their checkpoint is missing");
  if (await heads.exists(accountId)) throw new Error("KV keeps an end of the audit log, and D1 has no checkpoint");
  const earlier = await earlierEnd(db, heads, keys);
  const hash = accountStart(accountId, earlier);
  return { number: 0, hash, day: null, previous: null, signedBy: null, retire: [] };
}

const LAST_EARLIER = "SELECT day, seq, jws FROM audit_checkpoints ORDER BY seq DESC, day DESC LIMIT 1";

/** The last hash of the chain of all accounts, which ended with migration 0006. */
async function earlierEnd(db: D1Database, heads: KeptHeads, keys: readonly VerifyingKey[]) {
  const row = await db.prepare(LAST_EARLIER).first<{ day: string; seq: number; jws: string }>();
  if (row === null) return CHAIN_START;
  const key = await keyOf(heads, keys, row.jws);
  const said = key && (await readSigned("earlier", row.jws, [key]));
  if (said?.seq !== row.seq) throw new Error(`the audit checkpoint of ${row.day} was not signed by this gateway`);
  return said.hash;
}
