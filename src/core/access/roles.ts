// What a role may do: the rules over the permission catalogue, the three built-in roles, and grants compiled for the hot
// path. Refuses to know where custom roles are kept and what a role looks like on the wire.
import { PERMISSIONS_BY_RESOURCE, type Permission } from "./permissions.ts";

/** The power of a role, compiled: one set look-up answers a call. */
export interface Grant {
  /**
   * True of the built-in Admin role alone: it covers operations that the table does not know, and those that join it
   * later, so that neither needs a migration.
   */
  readonly everything: boolean;
  /** Effective permissions: the role's own and the implied ones. */
  readonly permissions: ReadonlySet<Permission>;
}

/** A role that is part of the product: the same in every account, never edited, never deleted. */
export interface BuiltInRole {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly grant: Grant;
}

/** Every permission, in the order of the catalogue. */
export const ALL_PERMISSIONS: readonly Permission[] = PERMISSIONS_BY_RESOURCE.flat();

const KNOWN: ReadonlySet<string> = new Set(ALL_PERMISSIONS);

const READS: ReadonlySet<Permission> = new Set(ALL_PERMISSIONS.filter((permission) => permission.endsWith(":READ")));

/** All that the documentation takes from a Developer: users, login methods, keys, billing, account activity, roles. */
const NOT_FOR_DEVELOPERS: ReadonlySet<Permission> = new Set<Permission>([
  "ACCOUNT:UPDATE",
  "ACCOUNT_USER:CREATE",
  "ACCOUNT_USER:UPDATE",
  "ACCOUNT_USER:DELETE",
  "ACCOUNT_LOGIN_TYPE:UPDATE",
  "API_KEY:CREATE",
  "API_KEY:REVOKE",
  "BILLING:UPDATE",
  "AUDIT_EVENT:READ",
  "ACCESS_HISTORY:READ",
  "ROLE:CREATE",
  "ROLE:UPDATE",
  "ROLE:DELETE",
]);

export const ADMIN: BuiltInRole = {
  id: "36ec6789-6dbf-4d12-91b4-243587d6882b",
  name: "account_admin",
  displayName: "Admin",
  description: "Full access to all operations, including billing and user management",
  grant: { everything: true, permissions: new Set(ALL_PERMISSIONS) },
};

export const DEVELOPER: BuiltInRole = {
  id: "cb6edae1-f2c7-4540-a870-521754e8a000",
  name: "account_dev",
  displayName: "Developer",
  description: "Full access on cluster/backup - no billing or user management rights",
  grant: compileGrant(ALL_PERMISSIONS.filter((permission) => !NOT_FOR_DEVELOPERS.has(permission))),
};

export const VIEWER: BuiltInRole = {
  id: "95b23b27-b36b-4c2e-b7b6-4a94ed7676e4",
  name: "account_viewer",
  displayName: "Viewer",
  description: "View access to everything - no changes",
  grant: compileGrant(READS),
};

export const BUILT_IN_ROLES: readonly BuiltInRole[] = [ADMIN, DEVELOPER, VIEWER];

/** The built-in role with this id, or `null` for any other id. */
export function builtInRole(id: string): BuiltInRole | null {
  return BUILT_IN_ROLES.find((role) => role.id === id) ?? null;
}

/**
 * Compile the own permissions of a custom role. Never yields `everything`, whatever is listed.
 *
 * @param permissions the role's own permissions; implied ones are added
 */
export function compileGrant(permissions: Iterable<Permission>): Grant {
  return { everything: false, permissions: effectivePermissions(permissions) };
}

/**
 * Own permissions plus implied ones, in the order of the catalogue.
 *
 * The one rule: whoever may do anything to a resource may READ it, where READ exists. Nothing is implied across
 * resources, and READ implies nothing.
 */
export function effectivePermissions(permissions: Iterable<Permission>): ReadonlySet<Permission> {
  const own = new Set(permissions);
  const effective = new Set<Permission>();
  for (const names of PERMISSIONS_BY_RESOURCE) {
    const touched = names.some((name) => own.has(name));
    for (const name of names) {
      if (own.has(name) || (touched && READS.has(name))) effective.add(name);
    }
  }
  return effective;
}

/** Whether a grant covers one permission. */
export function hasPermission(grant: Grant, permission: Permission): boolean {
  return grant.everything || grant.permissions.has(permission);
}

/** Whether `outer` can do all that `inner` can, so that a holder of `outer` may hand out `inner` without escalation. */
export function isSupersetOf(outer: Grant, inner: Grant): boolean {
  if (outer.everything) return true;
  // All permissions listed one by one are still less than everything.
  if (inner.everything) return false;
  return inner.permissions.isSubsetOf(outer.permissions);
}

/** Whether a grant can both make and revoke keys; an account must never be left without a key that can. */
export function managesKeys(grant: Grant): boolean {
  return hasPermission(grant, "API_KEY:CREATE") && hasPermission(grant, "API_KEY:REVOKE");
}

/** The permission that two untrusted names make, or `null` when the catalogue has none such. Exact and case-sensitive. */
export function readPermission(resourceType: string, operationGroup: string): Permission | null {
  const name = `${resourceType}:${operationGroup}`;
  return KNOWN.has(name) ? (name as Permission) : null;
}
