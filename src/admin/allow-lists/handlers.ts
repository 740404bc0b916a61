// The operations on IP allow lists. A list is never changed, so the addresses of a key stay as they were when it was bound.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { FieldError } from "../../core/error-body.ts";
import { type CanonicalCidr, compileRules, containsAddress, isEverything } from "../../core/ip/cidr.ts";
import { parseAddress } from "../../core/ip/ip-address.ts";
import { readBody } from "../body.ts";
import { actorOf, type PathParams, recordChange, uuidParam } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { limitOf, readQuery } from "../query.ts";
import { conflict, json, listNames, noContent, notFound, pageResponse, validationError } from "../responses.ts";
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
    limit: limitOf(query.value),
    continuationToken: query.value.continuation_token ?? null,
  });
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
  const body = await readBody(request, AllowListSpec);
  if (body instanceof Response) return body;
  const { name, description, allow_list } = body.value;
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
  if (created === "name_taken") return conflict(request, "name_taken", NAME_TAKEN);
  recordChange(ports, request, created.id, "created");
  return json({ data: toAllowList(created, request.now), warnings: warningsOf(rules, request.address) });
}

const NAME_TAKEN = "There is an IP allow list with this name already.";

/** Warns of rules that allow every address, and of a list that does not allow the client's own address. */
function warningsOf(rules: readonly CanonicalCidr[], clientAddress: string | null): readonly FieldError[] {
  const field = "allow_list";
  const warnings = rules.filter(isEverything).map((rule) => {
    const family = rule.includes(":") ? "IPv6" : "IPv4";
    return { field, message: `${rule} allows every ${family} address. Do not use it in production.` };
  });
  const address = clientAddress === null ? null : parseAddress(clientAddress);
  if (address === null || containsAddress(compileRules(rules), address)) return warnings;
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
  return list ? json({ data: toAllowList(list, request.now) }) : notFound(request, "IP allow list");
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
  const result = await ports.allowLists.delete(accountId, projectId, id, actorOf(request), request.now);
  if (result === "not_found") return notFound(request, "IP allow list");
  if (result !== "deleted")
    return conflict(request, "allow_list_in_use", `${ALLOW_LIST_IN_USE} ${listNames(result.inUseBy)}`);
  recordChange(ports, request, id, "deleted");
  return noContent();
}

const ALLOW_LIST_IN_USE =
  "The IP allow list is in use by active API keys or by their dry runs. Revoke or change these first:";
