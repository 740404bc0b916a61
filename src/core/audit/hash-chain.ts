// The chain that audit events hang on, and the signed checkpoints that hold its end: what is hashed, what is signed, how
// both are checked. Knows nothing of where they are kept.
import type { JWK } from "jose";
import { sha256Hex } from "../token/sha256.ts";

/** The members of an event that its hash stands for, in this order: everything that its row has. */
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

/** What comes before the first event. */
export const CHAIN_START = "0".repeat(64);

/** The hash of an event. JSON writes every member unmistakably, so no two different rows have the same text. */
export function chainHash(before: string, event: StoredEvent): string {
  return sha256Hex(JSON.stringify([before, ...HASHED_COLUMNS.map((column) => event[column])]));
}

/** "Up to event `seq` the chain is `hash`", said at an instant, in milliseconds since the epoch. */
export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
  readonly at: number;
}

/** The day of an instant, in UTC. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

// Another `typ` than the identity tokens that the same keys sign: neither can stand in for the other.
const TYPE = "gatehouse-audit+jws";

export type SigningKey = JWK & { readonly kid: string };

export async function signCheckpoint(key: SigningKey, { seq, hash, at }: Checkpoint): Promise<string> {
  const { CompactSign } = await import("jose/jws/compact/sign");
  const { importJWK } = await import("jose/key/import");
  return new CompactSign(new TextEncoder().encode(JSON.stringify({ seq, hash, at })))
    .setProtectedHeader({ alg: "EdDSA", typ: TYPE, kid: key.kid })
    .sign(await importJWK(key, "EdDSA"));
}

/**
 * Read a checkpoint back.
 *
 * @param keys the public or private keys that may have signed it
 * @returns the checkpoint with the key that signed it; or `null` when none of these keys did, or it is not a checkpoint
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
