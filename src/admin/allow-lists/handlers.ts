// The operations on IP allow lists. Replacing one has a file of its own.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { FieldError } from "../../core/error-body.ts";
import { breadthWarnings } from "../../core/ip/breadth.ts";
import { type CanonicalCidr, compileRules, containsAddress } from "../../core/ip/cidr.ts";
import { parseAddress } from "../../core/ip/ip-address.ts";
import type { AllowListDetails } from "../../store/allow-lists/port.ts";
import { readBody } from "../body.ts";
import { actorOf, type PathParams, recordChange, uuidParam } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf, matchesIfMatch, preconditionFailed } from "../preconditions.ts";
import { limitOf, readQuery } from "../query.ts";
import {
  conflict,
  json,
  listNames,
  noContent,
  notFound,
  pageResponse,
  quotaExceeded,
  validationError,
} from "../responses.ts";
import { AllowListQuery, AllowListSpec } from "./schema.ts";
import { toAllowList } from "./view.ts";

/** Lists the IP allow lists of a project. */
export async function listNetworkAllowLists(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const query = readQuery(request.query, AllowListQuery);
  if ("errors" in query) return validationError(request, query.errors);
  const projectId = uuidParam(params, "projectId");
  if (projectId === null) return notFound(request, "Project");
  const page = await ports.allowLists.list({
    accountId: request.principal.accountId,
    projectId,
    name: query.value.name ?? null,
    apiKeyIds: query.value.api_key_ids ?? [],
    order: query.value.order ?? "asc",
    orderBy: query.value.order_by ?? "created_on",
    limit: limitOf(query.value),
    continuationToken: query.value.continuation_token ?? null,
  });
  const isEmpty = "items" in page && page.items.length === 0;
  if (isEmpty && !(await projectExists(ports, request, projectId))) return notFound(request, "Project");
  return pageResponse(request, page, query.known, (list) => toAllowList(list, request.now));
}

/** Creates an IP allow list. The response has warnings for rules that are probably a mistake. */
export async function createNetworkAllowList(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const projectId = uuidParam(params, "projectId");
  if (projectId === null) return notFound(request, "Project");
  const body = readBody(request, AllowListSpec);
  if (body instanceof Response) return body;
  const { name, description, allow_list } = body.value;
  if (!(await projectExists(ports, request, projectId))) return notFound(request, "Project");
  const rules = [...new Set(allow_list)];
  const created = await ports.allowLists.create(
    {
      id: crypto.randomUUID(),
      accountId: request.principal.accountId,
      projectId,
      name,
      description: description ?? "",
      rules,
    },
    actorOf(request),
    request.now,
  );
  if (created === "quota_exceeded") return quotaExceeded(request, "IP allow lists");
  if (created === "name_taken") return conflict(request, "name_taken", NAME_TAKEN);
  recordChange(ports, request, created.id, "created");
  return json(
    { data: toAllowList(created, request.now), warnings: warningsOf(rules, request.address) },
    etagOf(created),
  );
}

/** Whether a project is the account's. The upstream has the projects: it is asked until the project has an allow list. */
async function projectExists(ports: AdminPorts, request: AuthorizedRequest, projectId: string): Promise<boolean> {
  if (await ports.allowLists.hasAny(request.principal.accountId, projectId)) return true;
  const projects = await ports.projectsOf(request);
  return projects === null || projects.has(projectId);
}

export const NAME_TAKEN = "There is an IP allow list with this name already. Case does not distinguish names.";

/** Warns of rules that allow next to everything, and of a list that does not allow the client's own address. */
export function warningsOf(rules: readonly CanonicalCidr[], clientAddress: string | null): readonly FieldError[] {
  const field = "allow_list";
  const compiled = compileRules(rules);
  const warnings = breadthWarnings(compiled, field);
  const address = clientAddress === null ? null : parseAddress(clientAddress);
  if (address === null || containsAddress(compiled, address)) return warnings;
  return [...warnings, { field, message: `Your own address, ${clientAddress}, is not in this list.` }];
}

/** Shows an IP allow list. */
export async function getNetworkAllowList(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const [projectId, id] = [uuidParam(params, "projectId"), uuidParam(params, "allowListId")];
  const list = projectId && id && (await ports.allowLists.get(request.principal.accountId, projectId, id));
  return list ? json({ data: toAllowList(list, request.now) }, etagOf(list)) : notFound(request, "IP allow list");
}

/** Deletes an IP allow list that no active key is bound to. */
export async function deleteNetworkAllowList(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const [projectId, id] = [uuidParam(params, "projectId"), uuidParam(params, "allowListId")];
  if (projectId === null || id === null) return notFound(request, "IP allow list");
  const { accountId } = request.principal;
  let basis: readonly AllowListDetails[] = [];
  if (request.raw.headers.has("if-match")) {
    const list = await ports.allowLists.get(accountId, projectId, id);
    if (list === null) return notFound(request, "IP allow list");
    if (!matchesIfMatch(request, etagOf(list))) return preconditionFailed(request);
    basis = [list];
  }
  const actor = actorOf(request, {}, basis);
  const result = await ports.allowLists.delete(accountId, projectId, id, actor, request.now);
  if (result === "not_found") return notFound(request, "IP allow list");
  if (result !== "deleted")
    return conflict(request, "allow_list_in_use", `${ALLOW_LIST_IN_USE} ${listNames(result.inUseBy)}`);
  recordChange(ports, request, id, "deleted");
  return noContent();
}

const ALLOW_LIST_IN_USE =
  "The IP allow list is in use by active API keys or by their dry runs. Revoke or change these first:";
