// The signed state of the log of all accounts, for /.well-known/gatehouse/audit-head: one digest over the ends of all
// accounts. KV has it with those ends, and an R2 bucket, where one is bound, keeps every one.
import { dayOf, readSigned, type SigningKey, sign } from "../../core/audit/checkpoint.ts";
import { sha256 } from "../../core/audit/hash-chain.ts";
import type { KeptHeads } from "./kept-heads.ts";
import type { AuditPublisher } from "./port.ts";

/** The name in KV. */
export const STATEMENT = "audit/statement";
/** How long an isolate serves what it has read. */
const CACHE_TTL_SECONDS = 60;

export const NEWEST_EVENT = "SELECT ifnull(max(seq), 0) AS seq FROM audit_events";
export const ENDS = `SELECT a.id, c.number, c.jws FROM accounts a JOIN audit_account_checkpoints c ON c.account_id = a.id
  AND c.day = (SELECT max(day) FROM audit_account_checkpoints WHERE account_id = a.id) ORDER BY a.id`;

/** The newest checkpoint of an account. */
interface End {
  readonly id: string;
  readonly number: number;
  readonly jws: string;
}

/** What is published, with what its digest is over. */
export interface Published {
  /** The newest event when it was signed. */
  readonly seq: number;
  /** The JWS of the digest. */
  readonly statement: string;
  /** The signed ends of all accounts. */
  readonly heads: readonly string[];
}

/** The digest over the ends of all accounts. */
export const digestOf = (heads: readonly string[]): string => sha256(["gatehouse audit heads", ...heads]);

/**
 * @param kept the ends of the accounts that KV keeps
 * @param keys the identity keys, oldest first; the last one signs
 * @param bucket keeps every statement under its time; `null`: none is bound
 */
export function createAuditPublisher(
  db: D1Database,
  kv: KVNamespace,
  kept: KeptHeads,
  keys: readonly SigningKey[],
  bucket: R2Bucket | null,
): AuditPublisher {
  const signer = keys.at(-1);
  if (signer === undefined) throw new Error("there is no key to sign with");
  // What this isolate has published or seen last: an idle minute reads no KV.
  let seen = "";
  return {
    async publish(now) {
      const newest = await db.prepare(NEWEST_EVENT).first<{ seq: number }>();
      const seq = newest?.seq ?? 0;
      const state = `${seq} ${dayOf(now)}`;
      if (seen === state) return 0;
      const before = await kv.get<Published>(STATEMENT, "json");
      const said = before && (await readSigned("statement", before.statement, [signer]));
      if (before?.seq === seq && said && dayOf(said.at) === dayOf(now)) {
        seen = state;
        return 0;
      }
      const { results } = await db.prepare(ENDS).all<End>();
      if (before !== null) await requireForward(before, results, keys);
      const heads = results.map(({ jws }) => jws);
      const statement = await sign(signer, "statement", { digest: digestOf(heads), at: now });
      const text = JSON.stringify({ seq, statement, heads } satisfies Published);
      await keepAgain(kept, before, results);
      // The bucket first: what KV has is not written again, and so neither is what the bucket lacks.
      await bucket?.put(`${new Date(now).toISOString()}.json`, text);
      await kv.put(STATEMENT, text);
      seen = state;
      return 1;
    },
  };
}

/** Ends in one run, each of which may cost two operations of KV. */
const MAX_KEPT = 300;

/** Keeps the ends that are new since the last statement: the run that has signed one may have failed to keep it. */
async function keepAgain(kept: KeptHeads, before: Published | null, ends: readonly End[]): Promise<void> {
  const known = new Set(before?.heads);
  const changed = ends.filter(({ jws }) => !known.has(jws)).slice(0, MAX_KEPT);
  for (const { id, number, jws } of changed) await kept.keep(id, number, jws);
}

/** @throws Error when an account's log has gone back since it was published */
async function requireForward({ heads }: Published, ends: readonly End[], keys: readonly SigningKey[]): Promise<void> {
  const numbers = new Map(ends.map(({ id, number }) => [id, number]));
  for (const jws of heads) {
    const said = await readSigned("checkpoint", jws, keys);
    if (said !== null && (numbers.get(said.account) ?? 0) < said.number) {
      throw new Error(`the audit log of account ${said.account} ended at event ${said.number} when it was published`);
    }
  }
}

/** Reads the JWS of the last published state; `null`: there is none yet. */
export async function readStatement(kv: KVNamespace): Promise<string | null> {
  const published = await kv.get<Published>(STATEMENT, { type: "json", cacheTtl: CACHE_TTL_SECONDS });
  return published?.statement ?? null;
}
