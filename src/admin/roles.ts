// Roles: listed, shown, made, changed and deleted. Built-in ones are only shown.
import { excessOfHolders, excessOfRole } from "../core/authority.ts";
import type { Fault } from "../core/envelope.ts";
import type { Permission } from "../core/permissions.ts";
import { compileGrant, readPermission } from "../core/roles.ts";
import type { RoleDetails, RoleSpec as StoredSpec } from "../store/ports.ts";
import {
  answer,
  answerError,
  answerExcess,
  answerInvalid,
  answerList,
  answerNotFound,
  answerNothing,
  named,
} from "./answers.ts";
import { STRANGE_TOKEN } from "./api-keys.ts";
import { readBody } from "./body.ts";
import type { AdminCall, AdminPorts } from "./call.ts";
import { ForceQuery, RoleListQuery, RoleSpec } from "./contract.ts";
import { actorOf, changed, idIn, type Params } from "./handler.ts";
import { limitOf, readQuery } from "./query.ts";
import { grantOf, viewBareRole, viewReference, viewRole } from "./role-view.ts";

export async function listRbacRoles(ports: AdminPorts, call: AdminCall): Promise<Response> {
  const query = readQuery(call.query, RoleListQuery);
  if ("faults" in query) return answerInvalid(call, query.faults);
  const { accountId } = call.principal;
  const page = await ports.roles.list({
    accountId,
    types: query.value.role_types ?? "ALL",
    displayName: query.value.display_name ?? null,
    limit: limitOf(query.value),
    continuationToken: query.value.continuation_token ?? null,
  });
  if ("fault" in page) return answerInvalid(call, [STRANGE_TOKEN]);
  const ids = page.items.map((role) => role.id);
  const keys = await ports.roles.keysOf(accountId, ids);
  const view = query.value.include_permissions === true ? viewRole : viewBareRole;
  const data = page.items.map((role) => {
    const references = keys.get(role.id) ?? [];
    return view(
      role,
      accountId,
      references.map((key) => viewReference(key, call.now)),
    );
  });
  return answerList(call, data, page.continuationToken, query.known);
}

export async function getRole(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const role = await find(ports, call, params);
  return role ? answerRole(ports, call, role) : answerNotFound(call, "Role");
}

async function find(ports: AdminPorts, call: AdminCall, params: Params): Promise<RoleDetails | null> {
  const id = idIn(params, "roleId");
  return id === null ? null : ports.roles.get(call.principal.accountId, id);
}

async function answerRole(ports: AdminPorts, call: AdminCall, role: RoleDetails): Promise<Response> {
  const { accountId } = call.principal;
  const keys = (await ports.roles.keysOf(accountId, [role.id])).get(role.id) ?? [];
  const references = keys.map((key) => viewReference(key, call.now));
  return answer({ data: viewRole(role, accountId, references) });
}

export async function createRole(ports: AdminPorts, call: AdminCall): Promise<Response> {
  const spec = await readSpec(call, []);
  if (spec instanceof Response) return spec;
  const excess = excessOfRole(call.principal, null, compileGrant(spec.permissions));
  if (excess.length > 0) return answerExcess(call, excess);
  const { accountId } = call.principal;
  const role = await ports.roles.create(accountId, crypto.randomUUID(), spec, actorOf(call), call.now);
  if (role === "name_taken") return answerError(call, 409, "name_taken", NAME_TAKEN);
  changed(ports, call, role.id, "created");
  return answer({ data: viewRole(role, accountId, []) });
}

export async function updateRole(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const query = readQuery(call.query, ForceQuery);
  const spec = await readSpec(call, "faults" in query ? query.faults : []);
  if (spec instanceof Response) return spec;
  const before = await find(ports, call, params);
  if (before === null) return answerNotFound(call, "Role");
  if (!before.userDefined) return answerError(call, 409, "built_in_role", BUILT_IN);
  const excess = excessOfRole(call.principal, grantOf(before), compileGrant(spec.permissions));
  if (excess.length > 0) return answerExcess(call, excess);
  const force = "value" in query && query.value.force === true;
  const { accountId } = call.principal;
  const holders = await restrictingHolders(ports, call, before.id);
  const given = excessOfHolders(call.principal, grantOf(before), compileGrant(spec.permissions), holders ?? []);
  if (given.length > 0) return answerExcess(call, given);
  const known = holders?.map((holder) => holder.id);
  const role = await ports.roles.update(accountId, before.id, spec, force, actorOf(call), call.now, known);
  if (role === "holders_changed") return answerError(call, 409, "holders_changed", HOLDERS_CHANGED);
  if (role === "not_found") return answerNotFound(call, "Role");
  if (role === "name_taken") return answerError(call, 409, "name_taken", NAME_TAKEN);
  if (role === "last_manager") return answerError(call, 409, "last_manager", LAST_MANAGER);
  changed(ports, call, role.id, "changed");
  return answerRole(ports, call, role);
}

/** Who has the role, when that matters: `null` for whoever may call from anywhere and never expires. */
async function restrictingHolders({ roles }: AdminPorts, { principal, now }: AdminCall, roleId: string) {
  if (principal.expiresAt === null && principal.addresses === null) return null;
  return roles.holdersOf(principal.accountId, roleId, now);
}

const HOLDERS_CHANGED = "The role was given to somebody else meanwhile: ask again.";

export async function deleteRole(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const role = await find(ports, call, params);
  if (role === null) return answerNotFound(call, "Role");
  if (!role.userDefined) return answerError(call, 409, "built_in_role", BUILT_IN);
  const excess = excessOfRole(call.principal, grantOf(role), compileGrant([]));
  if (excess.length > 0) return answerExcess(call, excess);
  const result = await ports.roles.delete(call.principal.accountId, role.id, actorOf(call), call.now);
  if (result === "not_found") return answerNotFound(call, "Role");
  if (result !== "deleted") {
    const detail = `The role is in use by active API keys, if only on trial, or by operators, which have to be revoked or changed first: ${named(result.inUseBy)}`;
    return answerError(call, 409, "role_in_use", detail);
  }
  changed(ports, call, role.id, "deleted");
  return answerNothing();
}

const NAME_TAKEN = "There is a role with this name already; names are compared without regard to case.";
const BUILT_IN = "Built-in roles cannot be changed or deleted.";
const LAST_MANAGER =
  "Without these permissions no active API key of the account could manage API keys. Add force=true to change it all the same.";

async function readSpec(call: AdminCall, faults: readonly Fault[]): Promise<StoredSpec | Response> {
  const body = await readBody(call, RoleSpec, { faults });
  if (body instanceof Response) return body;
  const { name, description, permissions } = body.value;
  return { displayName: name, description: description ?? "", permissions: readPermissions(permissions) };
}

/** The permissions, each of them once; the schema has refused what the catalogue does not have. */
function readPermissions(wanted: RoleSpec["permissions"]): readonly Permission[] {
  const all = wanted.flatMap(({ resource_type, operation_groups }) =>
    operation_groups.map((group) => readPermission(resource_type, group.operation_group)),
  );
  return [...new Set(all.filter((permission) => permission !== null))];
}
