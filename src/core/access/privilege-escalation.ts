// Prevents privilege escalation: a principal cannot grant more access than it has. Every function names all excesses at
// once, as field errors, so that a client can fix them in one go.
import type { FieldError } from "../error-body.ts";
import { coversRanges } from "../ip/cidr.ts";
import type { Restrictions } from "./restrictions.ts";
import { type Grant, hasPermission, isSupersetOf } from "./roles.ts";

/** The access of the principal that makes a change. */
export interface Grantor extends Restrictions {
  readonly role: { readonly grant: Grant };
}

/** The access that a key or an operator would have. */
export interface RequestedAccess extends Restrictions {
  readonly grant: Grant;
}

/** A holder of a role, as far as a change of the role changes its access. */
export interface RoleHolder extends Restrictions {
  readonly name: string;
}

/** The access that an operator would have: from any address, because operators have no IP allow lists. */
export type RequestedOperator = Pick<RequestedAccess, "grant" | "expiresAt">;

/** Whether a restriction that is requested is wider than the grantor's own. */
type Comparisons = {
  readonly [R in keyof Restrictions]: (own: Restrictions[R], requested: Restrictions[R]) => boolean;
};

const IS_WIDER: Comparisons = {
  expiresAt: (own, requested) => own !== null && (requested === null || requested > own),
  addresses: (own, requested) => own !== null && (requested === null || !coversRanges(own, requested)),
};

/** How a restriction that is too wide is reported. */
type Reports = Readonly<Record<keyof Restrictions, (grantor: Grantor, requested: Restrictions) => FieldError>>;

const KEY_REPORTS: Reports = {
  expiresAt: ({ expiresAt }) => ({
    field: "expire_after_hours",
    message: `The new key would expire after you do, at ${new Date(Number(expiresAt)).toISOString()}.`,
  }),
  addresses: (_, { addresses }) => ({
    field: "allow_list_info",
    message:
      addresses === null
        ? "You are restricted by IP allow lists, so the key must have IP allow lists too."
        : "The IP allow lists contain addresses that you are not allowed from.",
  }),
};

const CHANGE_REPORTS: Reports = {
  ...KEY_REPORTS,
  expiresAt: () => ({ field: "api_key_id", message: "The key expires after you do." }),
};

const OPERATOR_REPORTS: Reports = {
  ...KEY_REPORTS,
  addresses: () => ({
    field: "body",
    message: "You are restricted by IP allow lists, and an operator would not be.",
  }),
};

const LACKS_AUDIT: FieldError = {
  field: "body",
  message: "An endpoint is sent audit events, and you lack AUDIT_EVENT:READ.",
};

const ENDPOINT_REPORTS: Reports = {
  expiresAt: () => ({ field: "body", message: "You expire, and an endpoint would not." }),
  addresses: () => ({ field: "body", message: "You are restricted by IP allow lists, and an endpoint would not be." }),
};

/** The excesses of a new key over the principal that makes it; fields are those of the request. */
export function escalationsOfKey(grantor: Grantor, requested: RequestedAccess): readonly FieldError[] {
  return escalationsOfAccess(grantor, requested, KEY_REPORTS);
}

/**
 * The excesses of a role over the principal that makes or changes it. A role that has more than the principal cannot be
 * reduced either: that would take access from keys that are above it.
 *
 * @param before what the role grants now; `null` for a new one
 */
export function escalationsOfRole(grantor: Grantor, before: Grant | null, after: Grant): readonly FieldError[] {
  const errors: FieldError[] = [];
  const missingBefore = before && missingPermissions(grantor, before);
  if (missingBefore) errors.push({ field: "role_id", message: roleExceeds(missingBefore) });
  const missingAfter = missingPermissions(grantor, after);
  if (missingAfter) {
    errors.push({
      field: "permissions",
      message: `The role would include permissions that you lack: ${missingAfter}.`,
    });
  }
  return errors;
}

/**
 * The holders of a role who would exceed the principal that widens it: they expire later, or are allowed from other
 * addresses. Narrowing a role gives its holders nothing.
 */
export function escalationsOfHolders(
  grantor: Grantor,
  before: Grant,
  after: Grant,
  holders: readonly RoleHolder[],
): readonly FieldError[] {
  if (isSupersetOf(before, after)) return [];
  return holders
    .filter((holder) => widerRestrictions(grantor, holder).length > 0)
    .slice(0, MAX_LISTED)
    .map(({ name }) => ({
      field: "permissions",
      message: `${name} holds this role, and expires after you do or is allowed from addresses that you are not.`,
    }));
}

/**
 * The excesses of a key over the principal that revokes it. Revocation grants nothing, so only permissions count; and a
 * key may always revoke itself.
 */
export function escalationsOfRevocation(
  grantor: Grantor & { readonly id: string },
  keyId: string,
  grant: Grant,
): readonly FieldError[] {
  if (grantor.id === keyId) return [];
  const missing = missingPermissions(grantor, grant);
  return missing === null ? [] : [{ field: "role_id", message: keyExceeds(missing) }];
}

/**
 * The excesses of a changed key over the principal that changes it, before or after. Fields are those of a dry run.
 *
 * @param before what the key's role grants now
 * @param after the whole access of the key as it would be
 */
export function escalationsOfChange(grantor: Grantor, before: Grant, after: RequestedAccess): readonly FieldError[] {
  const missing = missingPermissions(grantor, before);
  if (missing !== null) return [{ field: "api_key_id", message: keyExceeds(missing) }];
  return escalationsOfAccess(grantor, after, CHANGE_REPORTS);
}

/**
 * The excesses of an operator over the principal that adds or changes it.
 *
 * @param before what the operator's role grants now; `null` for a new one
 */
export function escalationsOfOperator(
  grantor: Grantor,
  before: Grant | null,
  after: RequestedOperator,
): readonly FieldError[] {
  const missing = before && missingPermissions(grantor, before);
  const errors = missing ? [{ field: "role_id", message: roleExceeds(missing) }] : [];
  return [...errors, ...escalationsOfAccess(grantor, { ...after, addresses: null }, OPERATOR_REPORTS)];
}

/**
 * The excesses of an endpoint over the principal that makes it or directs it elsewhere: it is sent all events of the account,
 * wherever it is and for as long as it exists.
 */
export function escalationsOfEndpoint(grantor: Grantor): readonly FieldError[] {
  const unrestricted = { expiresAt: null, addresses: null };
  const errors = widerRestrictions(grantor, unrestricted).map((name) => ENDPOINT_REPORTS[name](grantor, unrestricted));
  return hasPermission(grantor.role.grant, "AUDIT_EVENT:READ") ? errors : [LACKS_AUDIT, ...errors];
}

function escalationsOfAccess(grantor: Grantor, requested: RequestedAccess, reports: Reports): readonly FieldError[] {
  const missing = missingPermissions(grantor, requested.grant);
  const errors = missing === null ? [] : [{ field: "role_id", message: roleExceeds(missing) }];
  return [...errors, ...widerRestrictions(grantor, requested).map((name) => reports[name](grantor, requested))];
}

function widerRestrictions(own: Restrictions, requested: Restrictions): readonly (keyof Restrictions)[] {
  return (Object.keys(IS_WIDER) as (keyof Restrictions)[]).filter((name) => isWider(name, own, requested));
}

function isWider<R extends keyof Restrictions>(name: R, own: Restrictions, requested: Restrictions): boolean {
  return IS_WIDER[name](own[name], requested[name]);
}

const MAX_LISTED = 8;

function missingPermissions({ role }: Grantor, wanted: Grant): string | null {
  if (isSupersetOf(role.grant, wanted)) return null;
  const missing = [...wanted.permissions].filter((permission) => !hasPermission(role.grant, permission));
  if (wanted.everything || missing.length === 0) return "all operations, including unknown ones";
  const rest = missing.length - MAX_LISTED;
  return missing.slice(0, MAX_LISTED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

function roleExceeds(missing: string): string {
  return `The role includes permissions that you lack: ${missing}.`;
}

function keyExceeds(missing: string): string {
  return `The key has permissions that you lack: ${missing}.`;
}
