// How much of its own power a key may give away: never more than it has. Names every excess at once, so that whoever asked
// can mend all of it. Knows nothing of requests or of where roles and lists are kept.
import type { FieldError } from "../error-body.ts";
import { compileRules, coversRanges } from "../ip/cidr.ts";
import type { KeyRecord } from "./principal.ts";
import { type Grant, hasPermission, isSupersetOf } from "./roles.ts";

/** What a key's power consists of. */
export type Grantor = Pick<KeyRecord, "expiresAt" | "addresses"> & { readonly role: { readonly grant: Grant } };

/** The power that a new key would have. */
export interface RequestedAccess {
  readonly grant: Grant;
  readonly expiresAt: number | null;
  /** The rules of all its lists together; `null`: it has no lists, and any address may use it. */
  readonly rules: readonly string[] | null;
}

/**
 * Where a new key would have more than the key that makes it; empty when it may be made. Fields are those of the request.
 *
 * @throws Error if a rule is not canonical
 */
export function escalationsOfKey(grantor: Grantor, wanted: RequestedAccess): readonly FieldError[] {
  const errors: FieldError[] = [];
  const role = missingPermissions(grantor.role.grant, wanted.grant);
  if (role !== null) errors.push({ field: "role_id", message: `The role has what this key has not: ${role}.` });
  if (grantor.expiresAt !== null && outlives(grantor, wanted)) {
    const end = new Date(grantor.expiresAt).toISOString();
    errors.push({
      field: "expire_after_hours",
      message: `The new key would outlive this key, which expires at ${end}.`,
    });
  }
  const addresses = addressEscalation(grantor, wanted);
  if (addresses !== null) errors.push({ field: "allow_list_info", message: addresses });
  return errors;
}

/**
 * Where a role has, or would have, more than the key that makes or changes it. To weaken a stronger role is an excess
 * as well: a key has no say over keys that are above it.
 *
 * @param before what the role may do now; `null` for a new one
 */
export function escalationsOfRole(grantor: Grantor, before: Grant | null, after: Grant): readonly FieldError[] {
  const errors: FieldError[] = [];
  const had = before && missingPermissions(grantor.role.grant, before);
  if (had) errors.push({ field: "role_id", message: `The role has what this key has not: ${had}.` });
  const wants = missingPermissions(grantor.role.grant, after);
  if (wants) errors.push({ field: "permissions", message: `The role would have what this key has not: ${wants}.` });
  return errors;
}

/** Somebody who has a role, as far as a change of it gives them power. `rules` as of a new key. */
export interface RoleHolder extends Omit<RequestedAccess, "grant"> {
  readonly name: string;
}

/**
 * Where widening a role would give somebody who has it more than whoever widens it: they outlive them, or may call from
 * where they may not. Narrowing a role gives nobody anything.
 */
export function escalationsOfHolders(
  grantor: Grantor,
  before: Grant,
  after: Grant,
  holders: readonly RoleHolder[],
): readonly FieldError[] {
  if (isSupersetOf(before, after)) return [];
  return holders
    .filter((holder) => outlives(grantor, holder) || addressEscalation(grantor, holder) !== null)
    .slice(0, MAX_LISTED_PERMISSIONS)
    .map(({ name }) => ({
      field: "permissions",
      message: `${name} has this role, and expires later or may be used from more addresses than whoever asks.`,
    }));
}

/** Where a key can do what whoever would revoke it cannot. To take away is no gain, so expiry and addresses do not count. */
export function escalationsOfRevocation(
  grantor: Grantor & { readonly id: string },
  keyId: string,
  grant: Grant,
): readonly FieldError[] {
  if (grantor.id === keyId) return [];
  const had = missingPermissions(grantor.role.grant, grant);
  return had === null ? [] : [{ field: "role_id", message: `The key has what whoever asks has not: ${had}.` }];
}

/**
 * Where changing a key takes what whoever asks has not: to touch one with a permission that they lack, or to leave one with
 * more than they have. Names the fields of a trial.
 *
 * @param before what the key may do now
 * @param after the whole key as it would be
 */
export function escalationsOfChange(grantor: Grantor, before: Grant, after: RequestedAccess): readonly FieldError[] {
  const had = missingPermissions(grantor.role.grant, before);
  if (had !== null) return [{ field: "api_key_id", message: `The key has what whoever asks has not: ${had}.` }];
  return escalationsOfKey(grantor, after).map((error) =>
    error.field === "expire_after_hours" ? { field: "api_key_id", message: OUTLIVES } : error,
  );
}

const OUTLIVES = "The key outlives whoever asks.";

function outlives(grantor: Grantor, { expiresAt }: { readonly expiresAt: number | null }): boolean {
  return grantor.expiresAt !== null && (expiresAt === null || expiresAt > grantor.expiresAt);
}

/** The power that an operator would have: from any address, since people have no lists. */
export interface RequestedOperator {
  readonly grant: Grant;
  readonly expiresAt: number | null;
}

/**
 * Where an operator has, or would have, more than whoever adds or changes them.
 *
 * @param before what the operator may do now; `null` for a new one
 */
export function escalationsOfOperator(
  grantor: Grantor,
  before: Grant | null,
  after: RequestedOperator,
): readonly FieldError[] {
  const had = before === null ? [] : escalationsOfRole(grantor, before, { everything: false, permissions: new Set() });
  const wants = escalationsOfKey(grantor, { ...after, rules: null }).map((error) =>
    error.field === "allow_list_info" ? { field: "body", message: BOUND } : error,
  );
  return [...had, ...wants];
}

const BOUND = "Whoever asks is bound to IP allow lists, which an operator would not be.";

const MAX_LISTED_PERMISSIONS = 8;

function missingPermissions(outer: Grant, inner: Grant): string | null {
  if (isSupersetOf(outer, inner)) return null;
  const missing = [...inner.permissions].filter((permission) => !hasPermission(outer, permission));
  if (inner.everything) missing.length = 0;
  if (missing.length === 0) return "every operation, known or not";
  const rest = missing.length - MAX_LISTED_PERMISSIONS;
  return missing.slice(0, MAX_LISTED_PERMISSIONS).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

function addressEscalation(grantor: Grantor, wanted: Pick<RequestedAccess, "rules">): string | null {
  if (grantor.addresses === null) return null;
  if (wanted.rules === null)
    return "This key is bound to IP allow lists, so the new key must be bound to some as well.";
  if (coversRanges(grantor.addresses, compileRules(wanted.rules))) return null;
  return "The IP allow lists let in addresses from which this key itself may not be used.";
}
