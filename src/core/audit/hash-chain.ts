// The hash chain over audit events, and the signed checkpoints of its end: what is hashed, what is signed, and how both
// are verified.
import { createHash } from "node:crypto";
import type { JWK } from "jose";

/** The columns that the hash of an event covers, in this order: all of its row. */
export const HASHED_COLUMNS = [
  "seq",
  "id",
  "account_id",
  "event_type",
  "resource_type",
  "resource_id",
  "resource_name",
  "actor_type",
  "actor_id",
  "actor_name",
  "address",
  "request_id",
  "message",
  "detail",
  "created_at",
] as const;

/** A row of `audit_events` as it is stored. */
export type StoredEvent = Readonly<Record<(typeof HASHED_COLUMNS)[number], string | number | null>> & {
  readonly seq: number;
  readonly hash: string | null;
};

/** The hash before the first event. */
export const CHAIN_START = "0".repeat(64);

/** The hash of an event. JSON delimits every column, so two different rows never have the same text. */
export function chainHash(before: string, event: StoredEvent): string {
  const text = JSON.stringify([before, ...HASHED_COLUMNS.map((column) => event[column])]);
  return createHash("sha256").update(text).digest("hex");
}

/** "Up to event `seq` the chain is `hash`", stated at a time in milliseconds since the epoch. */
export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
  readonly at: number;
}

/** The day of a time, in UTC. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

// Another `typ` than that of identity tokens, which the same keys sign: neither can be used as the other.
const TYPE = "gatehouse-audit+jws";

/** A private or public Ed25519 key. */
export type SigningKey = JWK & { readonly kid: string };

/** Signs a checkpoint, as a compact JWS. */
export async function signCheckpoint(key: SigningKey, { seq, hash, at }: Checkpoint): Promise<string> {
  const { CompactSign } = await import("jose/jws/compact/sign");
  const { importJWK } = await import("jose/key/import");
  return new CompactSign(new TextEncoder().encode(JSON.stringify({ seq, hash, at })))
    .setProtectedHeader({ alg: "EdDSA", typ: TYPE, kid: key.kid })
    .sign(await importJWK(key, "EdDSA"));
}

/**
 * Verifies and reads a checkpoint.
 *
 * @param keys the public or private keys that may have signed it
 * @returns the checkpoint with the id of the key that signed it; `null` if none of the keys did, or it is no checkpoint
 */
export async function readCheckpoint(
  jws: string,
  keys: readonly SigningKey[],
): Promise<(Checkpoint & { readonly kid: string }) | null> {
  try {
    const { compactVerify } = await import("jose/jws/compact/verify");
    const { importJWK } = await import("jose/key/import");
    const { payload, protectedHeader } = await compactVerify(
      jws,
      ({ kid }) => importJWK(publicKeyOf(keys.find((key) => key.kid === kid)), "EdDSA"),
      { algorithms: ["EdDSA"] },
    );
    const { seq, hash, at } = JSON.parse(new TextDecoder().decode(payload)) as Checkpoint;
    const whole = Number.isSafeInteger(seq) && Number.isSafeInteger(at) && /^[0-9a-f]{64}$/.test(hash);
    return whole && protectedHeader.typ === TYPE ? { seq, hash, at, kid: String(protectedHeader.kid) } : null;
  } catch {
    return null;
  }
}

function publicKeyOf(key: SigningKey | undefined): JWK {
  if (key === undefined) throw new Error("no such key");
  const { kty, crv, x } = key;
  return { kty, crv, x } as JWK;
}
