// Replacing a custom role. The principal must have the permissions of the old and of the new role, and widening the role
// must not give a holder more access than the principal has.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfHolders, escalationsOfRole, type RoleHolder } from "../../core/access/privilege-escalation.ts";
import { isUnrestricted } from "../../core/access/restrictions.ts";
import { isMapped } from "../../core/access/role-mapping.ts";
import { compileGrant, isSupersetOf, managesKeys } from "../../core/access/roles.ts";
import type { RoleHolderDetails } from "../../store/roles/port.ts";
import { type PathParams, recordChange } from "../handler.ts";
import { permittedActor } from "../policy/permit.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf, matchesIfMatch, preconditionFailed } from "../preconditions.ts";
import { readForce } from "../query.ts";
import { conflict, escalationDenied, notFound } from "../responses.ts";
import { ROLE_IS_BUILT_IN, ROLE_NAME_TAKEN, readRoleDefinition } from "./definition.ts";
import { grantOf } from "./grant.ts";
import { findRoleByPath, roleResponse } from "./handlers.ts";

/** Replaces name, description and permissions of a custom role. */
export async function updateRole(ports: AdminPorts, request: AuthorizedRequest, params: PathParams): Promise<Response> {
  const { force, errors } = readForce(request.query);
  const definition = readRoleDefinition(request, errors);
  if (definition instanceof Response) return definition;
  const role = await findRoleByPath(ports, request, params);
  if (role === null) return notFound(request, "Role");
  if (!role.userDefined) return conflict(request, "built_in_role", ROLE_IS_BUILT_IN);
  const { principal, now } = request;
  const [before, after] = [grantOf(role), compileGrant(definition.permissions)];
  const roleEscalations = escalationsOfRole(principal, before, after);
  if (roleEscalations.length > 0) return escalationDenied(request, roleEscalations);
  const holders = await relevantHolders(ports, request, role.id);
  const byGroups = isMapped(ports.roleMap, { accountId: principal.accountId, roleId: role.id }) ? [BY_GROUPS] : [];
  const holderEscalations = escalationsOfHolders(principal, before, after, [...(holders ?? []), ...byGroups]);
  if (holderEscalations.length > 0) return escalationDenied(request, holderEscalations);
  if (!matchesIfMatch(request, etagOf(role))) return preconditionFailed(request);
  const widens = managesKeys(after) && !isSupersetOf(before, after) ? { grant: after, ofKey: true } : {};
  const actor = await permittedActor(ports, request, { ...widens, force }, { role });
  if (actor instanceof Response) return actor;
  const update = { accountId: principal.accountId, id: role.id, definition, force, knownHolders: holders ?? undefined };
  const updated = await ports.roles.update(update, actor, now);
  if (updated === "not_found") return notFound(request, "Role");
  if (typeof updated === "string") return conflict(request, updated, CONFLICTS[updated]);
  recordChange(ports, request, updated.id, "changed");
  return roleResponse(ports, request, updated);
}

const CONFLICTS = {
  name_taken: ROLE_NAME_TAKEN,
  holders_changed: "Another key or operator was given this role in the meantime. Retry.",
  last_manager:
    "Without these permissions, no active API key of the account could manage API keys. Pass force=true to proceed anyway.",
} as const;

/** People who have the role by their groups: from any address, for as long as the issuer says so. */
const BY_GROUPS: RoleHolder = { name: "A group of OIDC_ROLE_MAP", expiresAt: null, addresses: null };

/** The holders to compare with the principal; `null`: the principal has no restriction that a holder could exceed. */
async function relevantHolders(
  { roles }: AdminPorts,
  { principal, now }: AuthorizedRequest,
  roleId: string,
): Promise<readonly RoleHolderDetails[] | null> {
  if (isUnrestricted(principal)) return null;
  return roles.holdersOf(principal.accountId, roleId, now);
}
