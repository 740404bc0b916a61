// The operations on roles. Built-in roles can be read but not changed. Replacing a role has a file of its own.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfRole } from "../../core/access/privilege-escalation.ts";
import { compileGrant } from "../../core/access/roles.ts";
import type { KeyReference } from "../../store/common.ts";
import type { RoleDetails } from "../../store/roles/port.ts";
import { toKeyReference } from "../api-keys/view.ts";
import { actorOf, type PathParams, recordChange, uuidParam } from "../handler.ts";
import { permittedActor } from "../policy/permit.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf, matchesIfMatch, preconditionFailed } from "../preconditions.ts";
import { limitOf, readQuery } from "../query.ts";
import {
  conflict,
  escalationDenied,
  invalidContinuationToken,
  json,
  listNames,
  listResponse,
  noContent,
  notFound,
  quotaExceeded,
  revocationDenied,
  validationError,
} from "../responses.ts";
import { ROLE_IS_BUILT_IN, ROLE_NAME_TAKEN, readRoleDefinition } from "./definition.ts";
import { grantOf } from "./grant.ts";
import { RoleListQuery } from "./schema.ts";
import { toBareRole, toRole } from "./view.ts";

/** Lists the built-in roles and those of the account, each with the keys that have it. */
export async function listRbacRoles(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const query = readQuery(request.query, RoleListQuery);
  if ("errors" in query) return validationError(request, query.errors);
  const { accountId } = request.principal;
  const page = await ports.roles.list({
    accountId,
    types: query.value.role_types ?? "ALL",
    displayName: query.value.display_name ?? null,
    limit: limitOf(query.value),
    continuationToken: query.value.continuation_token ?? null,
  });
  if ("error" in page) return invalidContinuationToken(request);
  const ids = page.items.map((role) => role.id);
  const keys = await ports.roles.keysOf(accountId, ids);
  const view = query.value.include_permissions === true ? toRole : toBareRole;
  const data = page.items.map((role) => view(role, accountId, toReferences(keys.get(role.id), request.now)));
  return listResponse(request, data, page.continuationToken, query.known);
}

/** Shows a role with its permissions and the keys that have it. */
export async function getRole(ports: AdminPorts, request: AuthorizedRequest, params: PathParams): Promise<Response> {
  const role = await findRoleByPath(ports, request, params);
  return role === null ? notFound(request, "Role") : roleResponse(ports, request, role);
}

/** Creates a custom role, within the permissions of the principal. */
export async function createRole(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const definition = readRoleDefinition(request);
  if (definition instanceof Response) return definition;
  const grant = compileGrant(definition.permissions);
  const escalations = escalationsOfRole(request.principal, null, grant);
  if (escalations.length > 0) return escalationDenied(request, escalations);
  const actor = await permittedActor(ports, request, { grant });
  if (actor instanceof Response) return actor;
  const { accountId } = request.principal;
  const role = await ports.roles.create(accountId, crypto.randomUUID(), definition, actor, request.now);
  if (role === "quota_exceeded") return quotaExceeded(request, "custom roles");
  if (role === "name_taken") return conflict(request, "name_taken", ROLE_NAME_TAKEN);
  recordChange(ports, request, role.id, "created");
  return json({ data: toRole(role, accountId, []) }, etagOf(role));
}

/** Deletes a custom role that no active key and no operator has. */
export async function deleteRole(ports: AdminPorts, request: AuthorizedRequest, params: PathParams): Promise<Response> {
  const role = await findRoleByPath(ports, request, params);
  if (role === null) return notFound(request, "Role");
  if (!role.userDefined) return conflict(request, "built_in_role", ROLE_IS_BUILT_IN);
  const escalations = escalationsOfRole(request.principal, grantOf(role), compileGrant([]));
  if (escalations.length > 0) return revocationDenied(request, escalations);
  if (!matchesIfMatch(request, etagOf(role))) return preconditionFailed(request);
  const actor = actorOf(request, { role });
  const result = await ports.roles.delete(request.principal.accountId, role.id, actor, request.now);
  if (result === "not_found") return notFound(request, "Role");
  if (result !== "deleted") return conflict(request, "role_in_use", `${ROLE_IN_USE} ${listNames(result.inUseBy)}`);
  recordChange(ports, request, role.id, "deleted");
  return noContent();
}

const ROLE_IN_USE =
  "The role is in use by active API keys, by their dry runs, or by active operators. Revoke or change these first:";

/** The role that the path names; `null`: the account has no such role. */
export async function findRoleByPath(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<RoleDetails | null> {
  const id = uuidParam(params, "roleId");
  return id === null ? null : ports.roles.get(request.principal.accountId, id);
}

/** 200 with a role and the keys that have it. */
export async function roleResponse(
  ports: AdminPorts,
  request: AuthorizedRequest,
  role: RoleDetails,
): Promise<Response> {
  const { accountId } = request.principal;
  const keys = await ports.roles.keysOf(accountId, [role.id]);
  return json({ data: toRole(role, accountId, toReferences(keys.get(role.id), request.now)) }, etagOf(role));
}

function toReferences(keys: readonly KeyReference[] | undefined, now: number) {
  return (keys ?? []).map((key) => toKeyReference(key, now));
}
