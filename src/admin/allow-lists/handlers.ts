// IP allow lists: made, listed, shown and deleted. They are never changed, so a key's addresses are what they were.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { FieldError } from "../../core/error-body.ts";
import { type CanonicalCidr, compileRules, containsAddress, isEverything } from "../../core/ip/cidr.ts";
import { parseAddress } from "../../core/ip/ip-address.ts";
import { parseCidr } from "../../core/ip/operator-cidr.ts";
import type { AllowListDetails } from "../../store/allow-lists/port.ts";
import { INVALID_CONTINUATION_TOKEN } from "../api-keys/handlers.ts";
import { readBody } from "../body.ts";
import { actorOf, type PathParams, recordChange, uuidParam } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { limitOf, readQuery } from "../query.ts";
import { json, listNames, listResponse, noContent, notFound, operationError, validationError } from "../responses.ts";
import { toKeyReference } from "../roles/view.ts";
import { type AllowListData, AllowListQuery, AllowListSpec } from "../schema.ts";

export async function listNetworkAllowLists(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const query = readQuery(request.query, AllowListQuery);
  if ("faults" in query) return validationError(request, query.faults);
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
  if ("fault" in page) return validationError(request, [INVALID_CONTINUATION_TOKEN]);
  const data = page.items.map((list) => toAllowList(list, request.now));
  return listResponse(request, data, page.continuationToken, query.known);
}

export async function createNetworkAllowList(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const projectId = uuidParam(params, "projectId");
  if (projectId === null) return notFound(request, "Project");
  const body = await readBody(request, AllowListSpec);
  if (body instanceof Response) return body;
  const rules = canonical(body.value.allow_list);
  const id = crypto.randomUUID();
  const { name, description } = body.value;
  const list = await ports.allowLists.create(
    {
      ...{ id, accountId: request.principal.accountId, projectId },
      ...{ name, description: description ?? "", rules },
    },
    actorOf(request),
    request.now,
  );
  if (list === "name_taken") {
    return operationError(request, 409, "name_taken", "There is an IP allow list with this name already.");
  }
  recordChange(ports, request, id, "created");
  return json({ data: toAllowList(list, request.now), warnings: warningsOf(rules, request.address) });
}

/** The canonical rules, each of them once and in the given order. */
function canonical(texts: readonly string[]): readonly CanonicalCidr[] {
  const read = texts.map(parseCidr);
  return [...new Set(read.flatMap((each) => ("cidr" in each ? [each.cidr] : [])))];
}

/** What is allowed and probably not meant. */
function warningsOf(rules: readonly CanonicalCidr[], address: string | null): readonly FieldError[] {
  const field = "allow_list";
  const warnings = rules.filter(isEverything).map((rule) => {
    const family = rule.includes(":") ? "IPv6" : "IPv4";
    return { field, message: `${rule} lets in every ${family} address: do not use it in production.` };
  });
  const own = address === null ? null : parseAddress(address);
  if (own === null || containsAddress(compileRules(rules), own)) return warnings;
  return [...warnings, { field, message: `Your own address, ${address}, is not in this list.` }];
}

export async function getNetworkAllowList(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const [projectId, id] = [uuidParam(params, "projectId"), uuidParam(params, "allowListId")];
  const list = projectId && id && (await ports.allowLists.get(request.principal.accountId, projectId, id));
  return list ? json({ data: toAllowList(list, request.now) }) : notFound(request, "IP allow list");
}

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
  if (result !== "deleted") {
    const detail = `The IP allow list is in use by active API keys, if only on trial, which have to be revoked or changed first: ${listNames(result.inUseBy)}`;
    return operationError(request, 409, "allow_list_in_use", detail);
  }
  recordChange(ports, request, id, "deleted");
  return noContent();
}

function toAllowList(list: AllowListDetails, now: number): AllowListData {
  return {
    spec: { name: list.name, description: list.description, allow_list: [...list.rules] },
    info: {
      id: list.id,
      project_id: list.projectId,
      // Which clusters use a list is the upstream's to know.
      cluster_ids: [],
      cluster_list: [],
      peering_id: null,
      api_key_list: list.keys.map((key) => toKeyReference(key, now)),
    },
  };
}
