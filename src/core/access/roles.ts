// Roles: the permissions that imply others, the three built-in roles, and grants compiled for the path of every request.
import { foldName } from "../names.ts";
import { isRead, PERMISSIONS_BY_RESOURCE, type Permission, PLACEMENT } from "./permissions.ts";

/** The permissions of a role, compiled: a request takes one lookup in a set. */
export interface Grant {
  /**
   * True only of the built-in Admin role: it covers unknown operations, and those that are added to the table later, so
   * that neither needs a migration.
   */
  readonly everything: boolean;
  /** Effective permissions: the role's own and those that they imply. */
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

/** Every permission, in the order of the catalog. */
export const ALL_PERMISSIONS: readonly Permission[] = PERMISSIONS_BY_RESOURCE.flat();

const KNOWN: ReadonlySet<string> = new Set(ALL_PERMISSIONS);

const READS: ReadonlySet<Permission> = new Set(ALL_PERMISSIONS.filter(isRead));

export const ADMIN: BuiltInRole = {
  id: "36ec6789-6dbf-4d12-91b4-243587d6882b",
  name: "account_admin",
  displayName: "Admin",
  description: "Full access to all operations, including API keys, users and roles",
  grant: { everything: true, permissions: new Set(ALL_PERMISSIONS) },
};

export const DEVELOPER: BuiltInRole = {
  id: "cb6edae1-f2c7-4540-a870-521754e8a000",
  name: "account_dev",
  displayName: "Developer",
  description: "Works with the API - no API keys, users, roles or audit log",
  grant: grantOf("developer"),
};

export const VIEWER: BuiltInRole = {
  id: "95b23b27-b36b-4c2e-b7b6-4a94ed7676e4",
  name: "account_viewer",
  displayName: "Viewer",
  description: "View access - no changes",
  grant: grantOf("viewer"),
};

export const BUILT_IN_ROLES: readonly BuiltInRole[] = [ADMIN, DEVELOPER, VIEWER];

function grantOf(role: "viewer" | "developer"): Grant {
  return compileGrant(ALL_PERMISSIONS.filter((permission) => PLACEMENT[permission].includes(role)));
}

/** The built-in role with this id, or `null` for any other id. */
export function builtInRole(id: string): BuiltInRole | null {
  return BUILT_IN_ROLES.find((role) => role.id === id) ?? null;
}

/**
 * Whether a custom role may not have a name, because it is read as one of the names of a built-in role: folded, and with every
 * run of blanks and punctuation alike.
 */
export function isReservedRoleName(name: string): boolean {
  const words = wordsOf(name);
  return BUILT_IN_ROLES.some((role) => words === wordsOf(role.name) || words === wordsOf(role.displayName));
}

function wordsOf(name: string): string {
  return foldName(name)
    .replace(/[^\p{L}\p{M}\p{Nd}]+/gu, " ")
    .trim();
}

/**
 * Compiles the permissions of a custom role. Never grants `everything`, whatever is listed.
 *
 * @param permissions the role's own permissions; implied ones are added
 */
export function compileGrant(permissions: Iterable<Permission>): Grant {
  return { everything: false, permissions: effectivePermissions(permissions) };
}

/**
 * A role's own permissions and those that they imply, in the order of the catalog.
 *
 * The only implication: any permission on a resource implies READ of it, where READ exists.
 */
export function effectivePermissions(permissions: Iterable<Permission>): ReadonlySet<Permission> {
  const own = new Set(permissions);
  const effective = new Set<Permission>();
  for (const names of PERMISSIONS_BY_RESOURCE) {
    const isGranted = names.some((name) => own.has(name));
    for (const name of names) {
      if (own.has(name) || (isGranted && READS.has(name))) effective.add(name);
    }
  }
  return effective;
}

/** Whether a grant covers one permission. */
export function hasPermission(grant: Grant, permission: Permission): boolean {
  return grant.everything || grant.permissions.has(permission);
}

/** Whether `outer` covers all of `inner`, so that a holder of `outer` can grant `inner` without privilege escalation. */
export function isSupersetOf(outer: Grant, inner: Grant): boolean {
  if (outer.everything) return true;
  // Every single permission is still less than everything.
  if (inner.everything) return false;
  return inner.permissions.isSubsetOf(outer.permissions);
}

/** Whether a grant can both create and revoke keys; every account must keep a key or an operator that can. */
export function managesKeys(grant: Grant): boolean {
  return hasPermission(grant, "API_KEY:CREATE") && hasPermission(grant, "API_KEY:REVOKE");
}

/** The permission of two untrusted names, or `null` when the catalog has none. Exact and case-sensitive. */
export function readPermission(resourceType: string, operationGroup: string): Permission | null {
  const name = `${resourceType}:${operationGroup}`;
  return KNOWN.has(name) ? (name as Permission) : null;
}
