// Authorizes one request for one principal: a pure function of the record, the request's facts and the time. The
// credential was verified before.

import { containsAddress } from "../ip/cidr.ts";
import type { Address } from "../ip/ip-address.ts";
import type { Operation } from "../routing/operations.ts";
import { type Decision, type Denial, denied } from "./decision.ts";
import type { Principal } from "./principal.ts";
import type { RestrictionCheck } from "./restrictions.ts";
import { hasPermission } from "./roles.ts";

/** Everything that a decision reads of a request. */
export interface RequestFacts {
  /** `null` when the client's address is missing or unreadable: no list contains it. */
  readonly address: Address | null;
  /** The account that the path names; `null` when it names none. */
  readonly accountId: string | null;
  /** `null` when the operation table has no such operation. */
  readonly operation: Operation | null;
  /** Path parameters as matched; empty when the table has no such operation. */
  readonly params: Readonly<Record<string, string>>;
}

export type CheckName = "revocation" | RestrictionCheck | "account" | "permission";

/** Returns why the principal is denied, or `null`. */
type Check = (principal: Principal, facts: RequestFacts, now: number) => Denial | null;

/**
 * The checks in the order of the contract: revocation (or disabled), expiry, address, account, permission. So a denial names the first
 * thing that the key's owner has to correct, and the client of a key that is revoked, disabled, expired or used from an address outside
 * its allow lists learns nothing of its role.
 */
const CHECKS: Readonly<Record<CheckName, Check>> = {
  revocation: checkRevocation,
  expiry: checkExpiry,
  address: checkAddress,
  account: checkAccount,
  permission: checkPermission,
};

/**
 * Authorize one request for one principal.
 *
 * @param principal the record, or `null` when no key has this hash
 * @param now milliseconds since the epoch
 * @returns the decision, with the reason of the first check that denies
 */
export function decide<P extends Principal>(principal: P | null, facts: RequestFacts, now: number): Decision<P> {
  if (principal === null) return denied({ reason: "key_unknown" });
  // The order of CHECKS written out: a loop over them is slower, and this is on the path of every request.
  const revocation = checkRevocation(principal);
  if (revocation !== null) return denied(revocation);
  const expiry = checkExpiry(principal, facts, now);
  if (expiry !== null) return denied(expiry);
  const address = checkAddress(principal, facts);
  if (address !== null) return denied(address);
  const account = checkAccount(principal, facts);
  if (account !== null) return denied(account);
  const permission = checkPermission(principal, facts);
  if (permission !== null) return denied(permission);
  return allowAfter(principal, { revocation, expiry, address, account, permission });
}

/** Takes the result of every check, all of them `null`: a check that `decide` leaves out does not compile. */
function allowAfter<P extends Principal>(principal: P, _: Readonly<Record<CheckName, null>>): Decision<P> {
  return { allow: true, principal: principal };
}

/** The result of one check. */
export interface Step {
  readonly check: CheckName;
  readonly denial: Denial | null;
}

/** The decision of `decide`, with the result of every check, also of those after the first denial. */
export function trace<P extends Principal>(
  principal: P | null,
  facts: RequestFacts,
  now: number,
): { readonly decision: Decision<P>; readonly steps: readonly Step[] } {
  const steps =
    principal === null ? [] : CHECK_NAMES.map((check) => ({ check, denial: CHECKS[check](principal, facts, now) }));
  return { decision: decide(principal, facts, now), steps };
}

const CHECK_NAMES = Object.keys(CHECKS) as readonly CheckName[];

function checkRevocation({ revokedAt, disabledAt, canary }: Principal): Denial | null {
  if (revokedAt !== null) return { reason: "key_revoked", revokedAt };
  if (disabledAt === null) return null;
  // Every canary key is disabled: the records of all other keys are not asked for it.
  return canary ? { reason: "key_canary" } : { reason: "key_disabled", disabledAt };
}

function checkExpiry({ expiresAt }: Principal, _: RequestFacts, now: number): Denial | null {
  // A key expires at `expiresAt`, not one millisecond later. Written so that NaN denies.
  return expiresAt === null || now < expiresAt ? null : { reason: "key_expired", expiredAt: expiresAt };
}

function checkAddress(principal: Principal, facts: RequestFacts): Denial | null {
  const { addresses } = principal;
  if (addresses === null || containsAddress(addresses, facts.address)) return null;
  return isAlwaysAllowed(principal, facts) ? null : { reason: "address_not_allowed" };
}

function checkAccount(principal: Principal, { accountId }: RequestFacts): Denial | null {
  return accountId === null || accountId === principal.accountId ? null : { reason: "account_mismatch" };
}

function checkPermission(principal: Principal, facts: RequestFacts): Denial | null {
  if (isPermitted(principal, facts)) return null;
  return { reason: "permission_missing", permission: facts.operation?.permission ?? null };
}

function isPermitted(principal: Principal, { operation, params }: RequestFacts): boolean {
  const { grant } = principal.role;
  // The effect of an unknown operation is unknown, so it requires the role that may do everything.
  if (operation === null) return grant.everything;
  if (operation.permission === null || hasPermission(grant, operation.permission)) return true;
  return isOnItself(principal, operation, params);
}

/** Whether a key revokes itself: the finder of a leaked key can end it from any address, and while others use up its rate limit. */
export function isAlwaysAllowed(
  principal: Principal,
  { operation, params }: Pick<RequestFacts, "operation" | "params">,
): boolean {
  return operation?.selfAlways === true && isOnItself(principal, operation, params);
}

function isOnItself({ id }: Principal, { selfParam }: Operation, params: RequestFacts["params"]): boolean {
  return selfParam !== undefined && params[selfParam]?.toLowerCase() === id;
}
