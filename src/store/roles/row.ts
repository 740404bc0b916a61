// A row of `roles` as operators see it. A row that cannot be read throws: it is never shown in part.
import { builtInRole } from "../../core/access/roles.ts";
import { readPermissions } from "../key-cache/record-codec.ts";
import type { RoleDetails } from "./port.ts";

/** The columns that a query selects of a role `r`. */
export const ROLE_COLUMNS = `r.id AS role_id, r.display_name AS role_name, r.description AS role_description,
  r.permissions AS role_permissions, r.created_at AS role_created_at, r.updated_at AS role_updated_at,
  r.version AS role_version`;

export interface RoleRow {
  readonly role_id: string;
  readonly role_name: string;
  readonly role_description: string;
  readonly role_permissions: string | null;
  readonly role_created_at: number;
  readonly role_updated_at: number;
  readonly role_version: number;
}

/**
 * The role of a row.
 *
 * @throws Error for a built-in role that the code does not know, or permissions that are not in the catalog
 */
export function roleOfRow(row: RoleRow): RoleDetails {
  const builtIn = builtInRole(row.role_id);
  if ((row.role_permissions === null) !== (builtIn !== null)) throw new Error(`role ${row.role_id} cannot be read`);
  return {
    id: row.role_id,
    displayName: builtIn?.displayName ?? row.role_name,
    description: builtIn?.description ?? row.role_description,
    permissions: row.role_permissions === null ? null : readPermissions(row.role_permissions),
    userDefined: builtIn === null,
    createdAt: row.role_created_at,
    updatedAt: row.role_updated_at,
    version: row.role_version,
  };
}
