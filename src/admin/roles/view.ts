// A role as the wire has it.

import { builtInRole } from "../../core/access/roles.ts";
import type { RoleDetails } from "../../store/roles/port.ts";
import { toResourcePermissions } from "../permissions/view.ts";
import { etagOf } from "../preconditions.ts";
import type { KeyReferenceData } from "../schema.ts";
import { toIsoString } from "../time.ts";
import { grantOf } from "./grant.ts";
import type { RoleData } from "./schema.ts";

/**
 * A role without its permissions, as inside a key and in a list without `include_permissions`.
 *
 * @param keys the keys that have the role; `null` inside a key
 */
export function toBareRole(role: RoleDetails, accountId: string, keys: readonly KeyReferenceData[] | null): RoleData {
  return {
    spec: {
      // Scripts find built-in roles by these names.
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
      // Users belong to the upstream; Gatehouse only has API keys.
      users: keys === null ? null : [],
      api_keys: keys === null ? null : [...keys],
      display_name: role.displayName,
      etag: etagOf(role),
    },
  };
}

/** A role with its own and its effective permissions. */
export function toRole(role: RoleDetails, accountId: string, keys: readonly KeyReferenceData[]): RoleData {
  const bare = toBareRole(role, accountId, keys);
  const effective = grantOf(role).permissions;
  return {
    spec: { ...bare.spec, permissions: toResourcePermissions(role.permissions ?? effective) },
    info: { ...bare.info, effective_permissions: toResourcePermissions(effective) },
  };
}
