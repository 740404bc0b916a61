// Weighs one call against one key. The signature of the key was checked before; where the key came from is not known here.

import { containsAddress } from "../ip/cidr.ts";
import type { Address } from "../ip/ip-address.ts";
import type { Operation } from "../routing/operations.ts";
import { type Decision, type Denial, deny } from "./decision.ts";
import type { KeyRecord } from "./principal.ts";
import { hasPermission } from "./roles.ts";

/** All that a verdict weighs about a call. */
export interface RequestFacts {
  /** `null` when the caller's address is absent or unreadable: no list allows it. */
  readonly address: Address | null;
  /** The account that the path names; `null` when it names none. */
  readonly accountId: string | null;
  /** `null` when the table does not know the call. */
  readonly operation: Operation | null;
  /** Path parameters as matched; empty for a call that the table does not know. */
  readonly params: Readonly<Record<string, string>>;
}

export type CheckName = "revocation" | "expiry" | "address" | "account" | "permission";

/**
 * Weigh one call against one key.
 *
 * @param key the record, or `null` when no key has this hash
 * @param now milliseconds since the epoch
 */
export function decide(key: KeyRecord | null, facts: RequestFacts, now: number): Decision {
  return runChecks(key, facts, now, null);
}

/** What one check has said. */
export interface Step {
  readonly check: CheckName;
  readonly denial: Denial | null;
}

/** The verdict of `decide`, with what every check says, those behind the first refusal included. */
export function trace(
  key: KeyRecord | null,
  facts: RequestFacts,
  now: number,
): { readonly decision: Decision; readonly steps: readonly Step[] } {
  const steps: Step[] = [];
  return { decision: runChecks(key, facts, now, steps), steps };
}

/**
 * The order is part of the contract: state, then time, then place, then account, then permission, so that a refusal
 * names the first thing its owner has to mend, and a key that is dead or used from elsewhere learns nothing of its role.
 *
 * Written out: walking a list of functions took three times as long.
 *
 * @param steps where every check is written down; `null`: the first refusal ends it
 */
function runChecks(key: KeyRecord | null, facts: RequestFacts, now: number, steps: Step[] | null): Decision {
  if (key === null) return deny({ reason: "key_unknown" });
  const revoked = byRevocation(key);
  if (steps === null && revoked !== null) return deny(revoked);
  const expired = byExpiry(key, now);
  if (steps === null && expired !== null) return deny(expired);
  const elsewhere = byAddress(key, facts);
  if (steps === null && elsewhere !== null) return deny(elsewhere);
  const foreign = byAccount(key, facts);
  if (steps === null && foreign !== null) return deny(foreign);
  const unable = byPermission(key, facts);
  steps?.push(
    { check: "revocation", denial: revoked },
    { check: "expiry", denial: expired },
    { check: "address", denial: elsewhere },
    { check: "account", denial: foreign },
    { check: "permission", denial: unable },
  );
  const first = revoked ?? expired ?? elsewhere ?? foreign ?? unable;
  return first === null ? { allow: true, key } : deny(first);
}

function byRevocation({ revokedAt }: KeyRecord): Denial | null {
  return revokedAt === null ? null : { reason: "key_revoked", revokedAt };
}

// A key is dead at its expiry instant, not one millisecond later. Written so that NaN shuts the door.
function byExpiry({ expiresAt }: KeyRecord, now: number): Denial | null {
  return expiresAt === null || now < expiresAt ? null : { reason: "key_expired", expiredAt: expiresAt };
}

function byAddress({ addresses }: KeyRecord, { address }: RequestFacts): Denial | null {
  return addresses === null || containsAddress(addresses, address) ? null : { reason: "address_not_allowed" };
}

function byAccount(key: KeyRecord, { accountId }: RequestFacts): Denial | null {
  return accountId === null || accountId === key.accountId ? null : { reason: "account_mismatch" };
}

function byPermission(key: KeyRecord, facts: RequestFacts): Denial | null {
  if (permits(key, facts)) return null;
  return { reason: "permission_missing", permission: facts.operation?.permission ?? null };
}

function permits(key: KeyRecord, facts: RequestFacts): boolean {
  const { operation, params } = facts;
  // Nobody has said what an unknown call does, so it takes the role that may do everything.
  if (operation === null) return key.role.grant.everything;
  if (operation.permission === null || hasPermission(key.role.grant, operation.permission)) return true;
  return operation.selfParam !== undefined && params[operation.selfParam] === key.id;
}
