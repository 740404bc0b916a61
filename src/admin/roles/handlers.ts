// Roles: listed, shown, made, changed and deleted. Built-in ones are only shown.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { Permission } from "../../core/access/permissions.ts";
import { escalationsOfHolders, escalationsOfRole } from "../../core/access/privilege-escalation.ts";
import { isUnrestricted } from "../../core/access/restrictions.ts";
import { compileGrant, readPermission } from "../../core/access/roles.ts";
import type { FieldError } from "../../core/error-body.ts";
import type { RoleDetails, RoleDefinition as StoredSpec } from "../../store/roles/port.ts";
import { INVALID_CONTINUATION_TOKEN } from "../api-keys/handlers.ts";
import { readBody } from "../body.ts";
import { actorOf, type PathParams, recordChange, uuidParam } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { limitOf, readQuery } from "../query.ts";
import {
  escalationDenied,
  json,
  listNames,
  listResponse,
  noContent,
  notFound,
  operationError,
  validationError,
} from "../responses.ts";
import { ForceQuery, RoleListQuery, RoleSpec } from "../schema.ts";
import { grantOf, toBareRole, toKeyReference, toRole } from "./view.ts";

export async function listRbacRoles(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const query = readQuery(request.query, RoleListQuery);
  if ("faults" in query) return validationError(request, query.faults);
  const { accountId } = request.principal;
  const page = await ports.roles.list({
    accountId,
    types: query.value.role_types ?? "ALL",
    displayName: query.value.display_name ?? null,
    limit: limitOf(query.value),
    continuationToken: query.value.continuation_token ?? null,
  });
  if ("fault" in page) return validationError(request, [INVALID_CONTINUATION_TOKEN]);
  const ids = page.items.map((role) => role.id);
  const keys = await ports.roles.keysOf(accountId, ids);
  const view = query.value.include_permissions === true ? toRole : toBareRole;
  const data = page.items.map((role) => {
    const references = keys.get(role.id) ?? [];
    return view(
      role,
      accountId,
      references.map((key) => toKeyReference(key, request.now)),
    );
  });
  return listResponse(request, data, page.continuationToken, query.known);
}

export async function getRole(ports: AdminPorts, request: AuthorizedRequest, params: PathParams): Promise<Response> {
  const role = await find(ports, request, params);
  return role ? answerRole(ports, request, role) : notFound(request, "Role");
}

async function find(ports: AdminPorts, request: AuthorizedRequest, params: PathParams): Promise<RoleDetails | null> {
  const id = uuidParam(params, "roleId");
  return id === null ? null : ports.roles.get(request.principal.accountId, id);
}

async function answerRole(ports: AdminPorts, request: AuthorizedRequest, role: RoleDetails): Promise<Response> {
  const { accountId } = request.principal;
  const keys = (await ports.roles.keysOf(accountId, [role.id])).get(role.id) ?? [];
  const references = keys.map((key) => toKeyReference(key, request.now));
  return json({ data: toRole(role, accountId, references) });
}

export async function createRole(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const spec = await readSpec(request, []);
  if (spec instanceof Response) return spec;
  const excess = escalationsOfRole(request.principal, null, compileGrant(spec.permissions));
  if (excess.length > 0) return escalationDenied(request, excess);
  const { accountId } = request.principal;
  const role = await ports.roles.create(accountId, crypto.randomUUID(), spec, actorOf(request), request.now);
  if (role === "name_taken") return operationError(request, 409, "name_taken", NAME_TAKEN);
  recordChange(ports, request, role.id, "created");
  return json({ data: toRole(role, accountId, []) });
}

export async function updateRole(ports: AdminPorts, request: AuthorizedRequest, params: PathParams): Promise<Response> {
  const query = readQuery(request.query, ForceQuery);
  const spec = await readSpec(request, "faults" in query ? query.faults : []);
  if (spec instanceof Response) return spec;
  const before = await find(ports, request, params);
  if (before === null) return notFound(request, "Role");
  if (!before.userDefined) return operationError(request, 409, "built_in_role", BUILT_IN);
  const excess = escalationsOfRole(request.principal, grantOf(before), compileGrant(spec.permissions));
  if (excess.length > 0) return escalationDenied(request, excess);
  const force = "value" in query && query.value.force === true;
  const { accountId } = request.principal;
  const holders = await restrictingHolders(ports, request, before.id);
  const given = escalationsOfHolders(request.principal, grantOf(before), compileGrant(spec.permissions), holders ?? []);
  if (given.length > 0) return escalationDenied(request, given);
  const known = holders?.map((holder) => holder.id);
  const role = await ports.roles.update(accountId, before.id, spec, force, actorOf(request), request.now, known);
  if (role === "holders_changed") return operationError(request, 409, "holders_changed", HOLDERS_CHANGED);
  if (role === "not_found") return notFound(request, "Role");
  if (role === "name_taken") return operationError(request, 409, "name_taken", NAME_TAKEN);
  if (role === "last_manager") return operationError(request, 409, "last_manager", LAST_MANAGER);
  recordChange(ports, request, role.id, "changed");
  return answerRole(ports, request, role);
}

/** Who has the role, when that matters: `null` for whoever may call from anywhere and never expires. */
async function restrictingHolders({ roles }: AdminPorts, { principal, now }: AuthorizedRequest, roleId: string) {
  if (isUnrestricted(principal)) return null;
  return roles.holdersOf(principal.accountId, roleId, now);
}

const HOLDERS_CHANGED = "The role was given to somebody else meanwhile: ask again.";

export async function deleteRole(ports: AdminPorts, request: AuthorizedRequest, params: PathParams): Promise<Response> {
  const role = await find(ports, request, params);
  if (role === null) return notFound(request, "Role");
  if (!role.userDefined) return operationError(request, 409, "built_in_role", BUILT_IN);
  const excess = escalationsOfRole(request.principal, grantOf(role), compileGrant([]));
  if (excess.length > 0) return escalationDenied(request, excess);
  const result = await ports.roles.delete(request.principal.accountId, role.id, actorOf(request), request.now);
  if (result === "not_found") return notFound(request, "Role");
  if (result !== "deleted") {
    const detail = `The role is in use by active API keys, if only on trial, or by operators, which have to be revoked or changed first: ${listNames(result.inUseBy)}`;
    return operationError(request, 409, "role_in_use", detail);
  }
  recordChange(ports, request, role.id, "deleted");
  return noContent();
}

const NAME_TAKEN = "There is a role with this name already; names are compared without regard to case.";
const BUILT_IN = "Built-in roles cannot be changed or deleted.";
const LAST_MANAGER =
  "Without these permissions no active API key of the account could manage API keys. Add force=true to change it all the same.";

async function readSpec(request: AuthorizedRequest, errors: readonly FieldError[]): Promise<StoredSpec | Response> {
  const body = await readBody(request, RoleSpec, { faults: errors });
  if (body instanceof Response) return body;
  const { name, description, permissions } = body.value;
  return { displayName: name, description: description ?? "", permissions: parsePermissions(permissions) };
}

/** The permissions, each of them once; the schema has refused what the catalogue does not have. */
function parsePermissions(wanted: RoleSpec["permissions"]): readonly Permission[] {
  const all = wanted.flatMap(({ resource_type, operation_groups }) =>
    operation_groups.map((group) => readPermission(resource_type, group.operation_group)),
  );
  return [...new Set(all.filter((permission) => permission !== null))];
}
