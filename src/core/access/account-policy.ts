// The policy of an account: what its keys may be, and what happens to them over time. It applies to changes from
// then on; keys that exist are listed, not ended.
import type { FieldError } from "../error-body.ts";
import { type Grant, managesKeys } from "./roles.ts";

/** What is done with a key that is reported as leaked. */
export const LEAK_ACTIONS = ["revoke", "disable", "tell"] as const;
export type LeakAction = (typeof LEAK_ACTIONS)[number];

/** `null`: no limit. */
export interface AccountPolicy {
  /** The longest life of a new key. */
  readonly maxLifetimeHours: number | null;
  /** The longest overlap of a rotation. */
  readonly maxOverlapHours: number | null;
  /** Only those with the Admin role create keys that never expire. */
  readonly neverExpiringByAdminsOnly: boolean;
  /** Only people create keys that manage keys. */
  readonly adminKeysByOperatorsOnly: boolean;
  /** `force`, and keys, operators and roles that manage keys, need the approval of a second person. */
  readonly secondPerson: boolean;
  /** Keys that nobody has used for so long are disabled. */
  readonly disableAfterIdleDays: number | null;
  /** Keys that ended so long ago are left out of lists. */
  readonly archiveAfterDays: number | null;
  readonly leakAction: LeakAction;
}

/** The policy of an account that has none. */
export const NO_POLICY: AccountPolicy = {
  ...{ maxLifetimeHours: null, maxOverlapHours: null, disableAfterIdleDays: null, archiveAfterDays: null },
  ...{ neverExpiringByAdminsOnly: false, adminKeysByOperatorsOnly: false, secondPerson: false },
  leakAction: "revoke",
};

/** The member names of the API and of the stored form. */
const WIRE_NAMES = {
  maxLifetimeHours: "max_lifetime_hours",
  maxOverlapHours: "max_overlap_hours",
  neverExpiringByAdminsOnly: "never_expiring_by_admins_only",
  adminKeysByOperatorsOnly: "admin_keys_by_operators_only",
  secondPerson: "second_person",
  disableAfterIdleDays: "disable_after_idle_days",
  archiveAfterDays: "archive_after_days",
  leakAction: "leak_action",
} as const satisfies Readonly<Record<keyof AccountPolicy, string>>;

type WireNames = typeof WIRE_NAMES;
export type WirePolicy = { [K in keyof AccountPolicy as WireNames[K]]: AccountPolicy[K] };

const MEMBERS = Object.keys(WIRE_NAMES) as (keyof AccountPolicy)[];

/** A policy with the member names of the API, always in the same order. */
export function toWirePolicy(policy: AccountPolicy): WirePolicy {
  return Object.fromEntries(MEMBERS.map((member) => [WIRE_NAMES[member], policy[member]])) as WirePolicy;
}

/** A policy of the API's or of the stored form; what is left out is as in `NO_POLICY`. */
export function fromWirePolicy(wire: { readonly [K in keyof WirePolicy]?: WirePolicy[K] | undefined }): AccountPolicy {
  return Object.fromEntries(
    MEMBERS.map((member) => [member, wire[WIRE_NAMES[member]] ?? NO_POLICY[member]]),
  ) as unknown as AccountPolicy;
}

/** The life of a successor in hours: that of its predecessor, within the policy. 0: it never expires. */
export function lifetimeWithin({ maxLifetimeHours: max }: AccountPolicy, hours: number): number {
  return max !== null && (hours === 0 || hours > max) ? max : hours;
}

/** Who makes or changes a key. */
export interface KeyMaker {
  readonly grant: Grant;
  readonly isOperator: boolean;
}

/** A key as it would be; times are milliseconds since the epoch. */
export interface KeyTerms {
  readonly grant: Grant;
  /** `null`: never; left out: it stays as it is. */
  readonly expiresAt?: number | null;
}

const HOUR_MS = 3_600_000;

/**
 * What the policy does not allow of a key. Fields are those of the request that makes it.
 *
 * @param now milliseconds since the epoch, from which the life of the key counts
 */
export function violationsOfKey(
  policy: AccountPolicy,
  maker: KeyMaker,
  { grant, expiresAt }: KeyTerms,
  now: number,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const message = expiresAt === undefined ? null : expiryViolation(policy, maker, expiresAt, now);
  if (message !== null) errors.push({ field: "expire_after_hours", message });
  if (policy.adminKeysByOperatorsOnly && managesKeys(grant) && !maker.isOperator) {
    const message = "By the account's policy, only people create keys that manage API keys.";
    errors.push({ field: "role_id", message });
  }
  return errors;
}

function expiryViolation(policy: AccountPolicy, maker: KeyMaker, expiresAt: number | null, now: number): string | null {
  const { maxLifetimeHours: hours } = policy;
  if (hours !== null && (expiresAt === null || expiresAt > now + hours * HOUR_MS)) {
    return `The account's policy allows keys of at most ${hours} hours.`;
  }
  if (!policy.neverExpiringByAdminsOnly || expiresAt !== null || maker.grant.everything) return null;
  return "By the account's policy, only Admins create keys that never expire.";
}

/** A change as far as a second person is asked for it. */
export interface JudgedChange {
  /** A key or an operator that would manage keys, or a role that would. */
  readonly managesKeys: boolean;
  readonly force: boolean;
  /** A change of the policy itself. */
  readonly changesPolicy?: boolean;
}

/** Why a change needs the approval of a second person, in sentences; empty: it does not. */
export function reasonsForApproval(policy: AccountPolicy, change: JudgedChange): readonly string[] {
  if (!policy.secondPerson) return [];
  const reasons: string[] = [];
  if (change.force) reasons.push("It passes force=true.");
  if (change.managesKeys) reasons.push("It gives somebody the permissions to manage API keys.");
  if (change.changesPolicy === true) reasons.push("It changes the policy of the account.");
  return reasons;
}
