// A row of `roles` and the details that operators see. Refuses what it does not understand: a corrupt row is a fault.
import type { Permission } from "../core/permissions.ts";
import { builtInRole, readPermission } from "../core/roles.ts";
import type { RoleDetails } from "./ports.ts";

/** What a query selects of the role that it calls `r`. */
export const ROLE_COLUMNS = `r.id AS role_id, r.display_name AS role_name, r.description AS role_description,
  r.permissions AS role_permissions, r.created_at AS role_created_at, r.updated_at AS role_updated_at`;

export interface RoleRow {
  readonly role_id: string;
  readonly role_name: string;
  readonly role_description: string;
  readonly role_permissions: string | null;
  readonly role_created_at: number;
  readonly role_updated_at: number;
}

/**
 * The role of a row.
 *
 * @throws Error for a built-in role that the code does not know, or permissions that the catalogue does not have
 */
export function roleOfRow(row: RoleRow): RoleDetails {
  const builtIn = builtInRole(row.role_id);
  if ((row.role_permissions === null) !== (builtIn !== null)) throw new Error(`role ${row.role_id} cannot be read`);
  return {
    id: row.role_id,
    displayName: builtIn?.displayName ?? row.role_name,
    description: builtIn?.description ?? row.role_description,
    permissions: row.role_permissions === null ? null : permissionsOf(row.role_id, row.role_permissions),
    userDefined: builtIn === null,
    createdAt: row.role_created_at,
    updatedAt: row.role_updated_at,
  };
}

function permissionsOf(id: string, json: string): readonly Permission[] {
  const names: unknown = JSON.parse(json);
  if (!Array.isArray(names)) throw new Error(`role ${id} cannot be read: its permissions are not a list`);
  return names.map((name: unknown) => {
    const [resource = "", group = "", ...rest] = String(name).split(":");
    const permission = rest.length === 0 ? readPermission(resource, group) : null;
    if (permission === null) throw new Error(`role ${id} cannot be read: it has an unknown permission`);
    return permission;
  });
}
