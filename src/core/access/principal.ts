// Principals: the API keys and operators that requests are authorized for, and the states of a key.
import type { Restrictions } from "./restrictions.ts";
import type { Grant } from "./roles.ts";

/** SHA-256 of a whole key, 64 lower-case hexadecimal digits. Only `hashToken` makes one, so a secret cannot pass for it. */
export type KeyHash = string & { readonly __brand: "KeyHash" };

/** Everything that a decision reads of a key or an operator: no secret, no description, no counters. */
export interface Principal extends Restrictions {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  /** Goes up by one with every change of the principal's access, and of a key's dry run. */
  readonly version: number;
  readonly role: KeyRole;
  /** Milliseconds since the epoch; `null`: not revoked. */
  readonly revokedAt: number | null;
  /** Milliseconds since the epoch; `null`: not disabled. */
  readonly disabledAt: number | null;
  /** A canary key never opens, and its use is an alarm. It is disabled from its creation on. */
  readonly canary: boolean;
}

/** An API key. */
export interface KeyRecord extends Principal {
  /** The change of access that is tried on this key; never read by its own decision. */
  readonly dryRun: DryRun | null;
}

/** An operator: a person, found by an identity instead of a hash, and authorized as a key is. */
export interface OperatorRecord extends Principal {
  readonly kind: "operator";
  /** All accounts that the person may choose, this one among them. */
  readonly accounts: readonly AccountRef[];
  /** Whose groups are mapped to the role, without an entry of their own; the version is that of the role. `null`: an entry. */
  readonly mapped: OperatorIdentity | null;
}

/** Who a person is, as an issuer states it. */
export interface OperatorIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** Lower case; `null` without a verified one. */
  readonly email: string | null;
}

/** An account as a person chooses it. */
export interface AccountRef {
  readonly id: string;
  readonly name: string;
}

/** A role, IP allow lists or both that are evaluated beside a key's own, and only reported. */
export interface DryRun {
  readonly id: string;
  /** The key as it would be after promotion; `null`: the stored dry run cannot be read, so nothing is evaluated. */
  readonly candidate: Principal | null;
}

/** The role of a principal with its permissions compiled; one object may serve many principals. */
export interface KeyRole {
  readonly id: string;
  readonly name: string;
  readonly grant: Grant;
}

/** The states that existing clients know. They fail on a whole response with any other. */
export const KEY_STATUSES = ["ACTIVE", "EXPIRED", "REVOKED"] as const;
export type KeyStatus = (typeof KEY_STATUSES)[number];

/**
 * Why a key that is neither revoked nor expired does not authenticate: it is in BLOCKED_KEY_IDS, the secret that has signed
 * it was removed from KEY_RING, it is disabled, or it is a canary key.
 */
export const UNUSABLE_REASONS = ["blocked", "signing_key_removed", "disabled", "canary"] as const;
export type UnusableReason = (typeof UNUSABLE_REASONS)[number];

/**
 * The state of a key at a time. A revoked key stays REVOKED when its expiry passes, and so does one that the configuration
 * ends or that is disabled: no other state tells existing clients that it does not authenticate.
 *
 * @param key when it expires and when it was revoked, in milliseconds since the epoch
 * @param now milliseconds since the epoch
 */
export function keyStatus(
  key: Pick<KeyRecord, "expiresAt" | "revokedAt"> & { readonly unusableReason?: UnusableReason | null },
  now: number,
): KeyStatus {
  if (key.revokedAt !== null || (key.unusableReason ?? null) !== null) return "REVOKED";
  // A key expires at `expiresAt`, not one millisecond later.
  if (key.expiresAt !== null && now >= key.expiresAt) return "EXPIRED";
  return "ACTIVE";
}

/** Whether a principal is an operator, not a key. */
export function isOperator(principal: Principal): principal is OperatorRecord {
  return "kind" in principal;
}

/** Whether a principal is an API key, not an operator. */
export function isApiKey(principal: Principal): principal is KeyRecord {
  return !isOperator(principal);
}
