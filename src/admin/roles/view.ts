// A role as the wire has it, and as what it may do.

import type { Permission } from "../../core/access/permissions.ts";
import { keyStatus } from "../../core/access/principal.ts";
import { builtInRole, compileGrant, type Grant } from "../../core/access/roles.ts";
import type { KeyReference } from "../../store/common.ts";
import type { RoleDetails } from "../../store/roles/port.ts";
import { toPermissions } from "../permissions/view.ts";
import type { KeyReferenceData, RoleData } from "../schema.ts";

/** What a role may do. */
export function grantOf(role: RoleDetails): Grant {
  const grant = role.permissions === null ? builtInRole(role.id)?.grant : compileGrant(role.permissions);
  if (grant === undefined) throw new Error(`role ${role.id} is neither custom nor built in`);
  return grant;
}

/** Inside a key and in a list without `include_permissions` a role has no permissions: clients ask when they need them. */
export function toBareRole(role: RoleDetails, accountId: string, keys: readonly KeyReferenceData[] | null): RoleData {
  return {
    spec: {
      // Scripts know built-in roles by these names.
      name: builtInRole(role.id)?.name ?? role.displayName,
      description: role.description,
      permissions: [],
    },
    info: {
      id: role.id,
      metadata: { created_on: toIsoString(role.createdAt), updated_on: toIsoString(role.updatedAt) },
      is_active: true,
      is_user_defined: role.userDefined,
      account_id: accountId,
      effective_permissions: [],
      // Users are the upstream's: Gatehouse knows keys alone.
      users: keys === null ? null : [],
      api_keys: keys === null ? null : [...keys],
      display_name: role.displayName,
    },
  };
}

export function toRole(role: RoleDetails, accountId: string, keys: readonly KeyReferenceData[]): RoleData {
  const bare = toBareRole(role, accountId, keys);
  const effective = grantOf(role).permissions;
  const own: Iterable<Permission> = role.permissions ?? effective;
  return {
    spec: { ...bare.spec, permissions: toPermissions(own) },
    info: { ...bare.info, effective_permissions: toPermissions(effective) },
  };
}

export function toKeyReference(key: KeyReference, now: number): KeyReferenceData {
  return { id: key.id, name: key.name, issuer: key.issuer, status: keyStatus(key, now) };
}

export function toIsoString(ms: number): string {
  return new Date(ms).toISOString();
}
