// What a stored role grants.
import { builtInRole, compileGrant, type Grant } from "../../core/access/roles.ts";
import type { RoleDetails } from "../../store/roles/port.ts";

/**
 * The grant of a role.
 *
 * @throws Error if the role has no permissions of its own and is not built in: the row is corrupt
 */
export function grantOf(role: RoleDetails): Grant {
  const grant = role.permissions === null ? builtInRole(role.id)?.grant : compileGrant(role.permissions);
  if (grant === undefined) throw new Error(`role ${role.id} is neither custom nor built in`);
  return grant;
}
