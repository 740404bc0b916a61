// The record that a call is judged by, and the states of a key. Knows nothing of where it is kept.
import type { CompiledRules } from "../ip/cidr.ts";
import type { Grant } from "./roles.ts";

/** SHA-256 of a whole key, 64 lower-case hexadecimal digits. Only `hashToken` makes one, so no secret can pass for it. */
export type KeyHash = string & { readonly __brand: "KeyHash" };

/** Everything that a verdict weighs about a key, and nothing else: no secret, no description, no counters. */
export interface KeyRecord {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  /** Goes up by one with every change of what the key may do, or is tried with. */
  readonly version: number;
  readonly role: KeyRole;
  /** Who may call: `null` is any address; a compiled set that is empty is nobody. */
  readonly addresses: CompiledRules | null;
  /** Milliseconds since the epoch; `null` is "never". */
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** What the key is tried with beside all this; never has a say in the verdict. */
  readonly dryRun: DryRun | null;
}

/** A role, addresses or both that a key is tried with: weighed beside the live ones, and only reported. */
export interface DryRun {
  readonly id: string;
  /** The key as it would be if the trial were promoted; `null`: the trial cannot be read, so nothing is weighed. */
  readonly candidate: KeyRecord | null;
}

/** The role of a key with its permissions compiled; one object may serve many keys. */
export interface KeyRole {
  readonly id: string;
  readonly name: string;
  readonly grant: Grant;
}

/** The states that Aeon's clients know, and no other: an unknown one would fail their whole answer. */
export const KEY_STATUSES = ["ACTIVE", "EXPIRED", "REVOKED"] as const;
export type KeyStatus = (typeof KEY_STATUSES)[number];

/**
 * The state of a key at an instant. A revoked key stays REVOKED when its expiry passes.
 *
 * @param key its two instants, in milliseconds since the epoch
 * @param now milliseconds since the epoch
 */
export function keyStatus(key: Pick<KeyRecord, "expiresAt" | "revokedAt">, now: number): KeyStatus {
  if (key.revokedAt !== null) return "REVOKED";
  // A key is dead at its expiry instant, not one millisecond later.
  if (key.expiresAt !== null && now >= key.expiresAt) return "EXPIRED";
  return "ACTIVE";
}

/** An operator as a principal. Found by an identity instead of a hash; otherwise judged as a key is. */
export interface OperatorRecord extends KeyRecord {
  readonly kind: "operator";
}

/** Whether a principal is a person, not a key. */
export function isOperator(principal: KeyRecord): principal is OperatorRecord {
  return "kind" in principal;
}
