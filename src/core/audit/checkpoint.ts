// What the identity keys sign of the audit log: the end of an account's chain, keys that are retired, and the state of the
// whole log. Each is a compact JWS.
import type { JWK } from "jose";

/** "The log of the account is `hash` up to event `number`", stated at a time in milliseconds since the epoch. */
export interface Checkpoint {
  readonly account: string;
  readonly number: number;
  readonly hash: string;
  readonly at: number;
  /** The day of the account's checkpoint before this day's; `null`: this is the first day. */
  readonly previous: string | null;
  /** The ids of all keys that were retired by then. */
  readonly retired: readonly string[];
}

/** The end of the chain of all accounts, before migration 0006. */
export interface EarlierCheckpoint {
  readonly seq: number;
  readonly hash: string;
  readonly at: number;
}

/** A key that signs no more; what it has signed later than an hour after `until` is not accepted. */
export interface RetiredKey {
  readonly kid: string;
  readonly x: string;
  readonly until: number;
}

/** The state of the log of all accounts. */
export interface Statement {
  /** SHA-256 over the ends of the logs of all accounts. */
  readonly digest: string;
  readonly at: number;
}

/** A private or public Ed25519 key. */
export type SigningKey = JWK & { readonly kid: string };

/** A key that may have signed a checkpoint. `until`: see `RetiredKey`. */
export type VerifyingKey = SigningKey & { readonly until?: number };

/** The day of a time, in UTC; empty for a number that is no time, which only somebody else can have written. */
export function dayOf(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().slice(0, 10);
}

// Other `typ`s than that of identity tokens, which the same keys sign: none can be used as another.
const TYPES = {
  checkpoint: "gatehouse-audit-account+jws",
  earlier: "gatehouse-audit+jws",
  retired: "gatehouse-audit-key+jws",
  statement: "gatehouse-audit-head+jws",
} as const;
type Kind = keyof typeof TYPES;

/** What each kind of statement says. */
export interface Signed {
  readonly checkpoint: Checkpoint;
  readonly earlier: EarlierCheckpoint;
  readonly retired: RetiredKey;
  readonly statement: Statement;
}

/** Signs a statement, as a compact JWS. */
export async function sign<K extends Kind>(key: SigningKey, kind: K, said: Signed[K]): Promise<string> {
  const { CompactSign } = await import("jose/jws/compact/sign");
  const { importJWK } = await import("jose/key/import");
  return new CompactSign(new TextEncoder().encode(JSON.stringify(said)))
    .setProtectedHeader({ alg: "EdDSA", typ: TYPES[kind], kid: key.kid })
    .sign(await importJWK(key, "EdDSA"));
}

/** An Ed25519 signature leaves four bits of its last character unused. Only zeros are accepted, so that no other text means the same. */
const ONE_ENCODING = /[AQgw]$/;

/** How long isolates with the older keys may run after a newer key has signed. */
const DEPLOYMENT_MS = 3_600_000;

/**
 * Verifies and reads a statement.
 *
 * @param keys the public or private keys that may have signed it
 * @returns what is said, with the id of the key that signed it; `null` if none of the keys did, or it is of another kind
 */
export async function readSigned<K extends Kind>(
  kind: K,
  jws: string,
  keys: readonly VerifyingKey[],
): Promise<(Signed[K] & { readonly signedBy: string }) | null> {
  try {
    const { compactVerify } = await import("jose/jws/compact/verify");
    const { importJWK } = await import("jose/key/import");
    const key = keys.find(({ kid }) => kid === kidOf(jws));
    if (key === undefined || !ONE_ENCODING.test(jws)) return null;
    const { kty, crv, x } = key;
    const publicKey = await importJWK({ kty, crv, x } as JWK, "EdDSA");
    const { payload, protectedHeader } = await compactVerify(jws, publicKey, { algorithms: ["EdDSA"] });
    const said = JSON.parse(new TextDecoder().decode(payload)) as Members;
    const isLate = key.until !== undefined && Number(said.at ?? said.until) > key.until + DEPLOYMENT_MS;
    if (protectedHeader.typ !== TYPES[kind] || !IS_WHOLE[kind](said) || isLate) return null;
    return { ...(said as unknown as Signed[K]), signedBy: key.kid };
  } catch {
    return null;
  }
}

type Members = Readonly<Record<string, unknown>>;

const isHash = (value: unknown) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const isText = (value: unknown) => typeof value === "string";

const IS_WHOLE: Readonly<Record<Kind, (said: Members) => boolean>> = {
  checkpoint: ({ account, number, hash, at, previous, retired }) =>
    isText(account) &&
    Number.isSafeInteger(number) &&
    isHash(hash) &&
    Number.isSafeInteger(at) &&
    (previous === null || isText(previous)) &&
    Array.isArray(retired),
  earlier: ({ seq, hash, at }) => Number.isSafeInteger(seq) && isHash(hash) && Number.isSafeInteger(at),
  retired: ({ kid, x, until }) => isText(kid) && isText(x) && Number.isSafeInteger(until),
  statement: ({ digest, at }) => isHash(digest) && Number.isSafeInteger(at),
};

/** The `kid` in the header of a JWS, which nothing has verified yet; `null` when there is none. */
export function kidOf(jws: string): string | null {
  try {
    const header = atob(String(jws.split(".", 1)[0]).replaceAll("-", "+").replaceAll("_", "/"));
    const { kid } = JSON.parse(header) as { kid: unknown };
    return typeof kid === "string" ? kid : null;
  } catch {
    return null;
  }
}
