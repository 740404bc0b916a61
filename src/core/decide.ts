// Weighs one call against one key. The signature of the key was checked before; where the key came from is not known here.
import { type Address, allows } from "./ip-rules.ts";
import type { KeyRecord } from "./key.ts";
import type { Operation } from "./operations.ts";
import { holds } from "./roles.ts";
import { deny, type Verdict } from "./verdict.ts";

/** All that a verdict weighs about a call. */
export interface CallFacts {
  /** `null` when the caller's address is absent or unreadable: no list allows it. */
  readonly address: Address | null;
  /** The account that the path names; `null` when it names none. */
  readonly accountId: string | null;
  /** `null` when the table does not know the call. */
  readonly operation: Operation | null;
  /** Path parameters as matched; empty for a call that the table does not know. */
  readonly params: Readonly<Record<string, string>>;
}

/**
 * Weigh one call against one key.
 *
 * The order is part of the contract: state, then time, then place, then account, then permission, so that a refusal
 * names the first thing its owner has to mend, and a key that is dead or used from elsewhere learns nothing of its role.
 *
 * @param key the record, or `null` when no key has this hash
 * @param now milliseconds since the epoch
 */
export function decide(key: KeyRecord | null, facts: CallFacts, now: number): Verdict {
  if (key === null) return deny({ reason: "key_unknown" });
  if (key.revokedAt !== null) return deny({ reason: "key_revoked", revokedAt: key.revokedAt });
  // A key is dead at its expiry instant, not one millisecond later. Negated, so that NaN would shut the door.
  if (key.expiresAt !== null && !(now < key.expiresAt))
    return deny({ reason: "key_expired", expiredAt: key.expiresAt });
  if (key.addresses !== null && !allows(key.addresses, facts.address)) return deny({ reason: "address_not_allowed" });
  if (facts.accountId !== null && facts.accountId !== key.accountId) return deny({ reason: "account_mismatch" });
  return permits(key, facts) ? { allow: true, key } : deny(missing(facts));
}

function permits(key: KeyRecord, facts: CallFacts): boolean {
  const { operation, params } = facts;
  // Nobody has said what an unknown call does, so it takes the role that may do everything.
  if (operation === null) return key.role.grant.everything;
  if (operation.permission === null || holds(key.role.grant, operation.permission)) return true;
  return operation.holder !== undefined && params[operation.holder] === key.id;
}

function missing(facts: CallFacts) {
  return { reason: "permission_missing", permission: facts.operation?.permission ?? null } as const;
}
