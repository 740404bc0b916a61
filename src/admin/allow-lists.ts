// IP allow lists: made, listed, shown and deleted. They are never changed, so a key's addresses are what they were.

import { parseAddress } from "../core/address.ts";
import type { Fault } from "../core/envelope.ts";
import { allows, compileRules, isEverything, parseRule } from "../core/ip-rules.ts";
import type { AllowListDetails } from "../store/ports.ts";
import { answer, answerError, answerInvalid, answerList, answerNotFound, answerNothing, named } from "./answers.ts";
import { STRANGE_TOKEN } from "./api-keys.ts";
import { readBody } from "./body.ts";
import type { AdminCall, AdminPorts } from "./call.ts";
import { type AllowListData, AllowListQuery, AllowListSpec } from "./contract.ts";
import { actorOf, changed, idIn, type Params } from "./handler.ts";
import { limitOf, readQuery } from "./query.ts";
import { viewReference } from "./role-view.ts";

export async function listNetworkAllowLists(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const query = readQuery(call.query, AllowListQuery);
  if ("faults" in query) return answerInvalid(call, query.faults);
  const projectId = idIn(params, "projectId");
  if (projectId === null) return answerNotFound(call, "Project");
  const page = await ports.allowLists.list({
    accountId: call.principal.accountId,
    projectId,
    name: query.value.name ?? null,
    apiKeyIds: query.value.api_key_ids ?? [],
    order: query.value.order ?? "asc",
    limit: limitOf(query.value),
    continuationToken: query.value.continuation_token ?? null,
  });
  if ("fault" in page) return answerInvalid(call, [STRANGE_TOKEN]);
  const data = page.items.map((list) => viewList(list, call.now));
  return answerList(call, data, page.continuationToken, query.known);
}

export async function createNetworkAllowList(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const projectId = idIn(params, "projectId");
  if (projectId === null) return answerNotFound(call, "Project");
  const body = await readBody(call, AllowListSpec);
  if (body instanceof Response) return body;
  const rules = canonical(body.value.allow_list);
  const id = crypto.randomUUID();
  const { name, description } = body.value;
  const list = await ports.allowLists.create(
    {
      ...{ id, accountId: call.principal.accountId, projectId },
      ...{ name, description: description ?? "", rules },
    },
    actorOf(call),
    call.now,
  );
  if (list === "name_taken") {
    return answerError(call, 409, "name_taken", "There is an IP allow list with this name already.");
  }
  changed(ports, call, id, "created");
  return answer({ data: viewList(list, call.now), warnings: warningsOf(rules, call.address) });
}

/** The canonical rules, each of them once and in the given order. */
function canonical(texts: readonly string[]): readonly string[] {
  const read = texts.map(parseRule);
  return [...new Set(read.flatMap((each) => ("rule" in each ? [each.rule] : [])))];
}

/** What is allowed and probably not meant. */
function warningsOf(rules: readonly string[], address: string | null): readonly Fault[] {
  const field = "allow_list";
  const warnings = rules.filter(isEverything).map((rule) => {
    const family = rule.includes(":") ? "IPv6" : "IPv4";
    return { field, message: `${rule} lets in every ${family} address: do not use it in production.` };
  });
  const own = address === null ? null : parseAddress(address);
  if (own === null || allows(compileRules(rules), own)) return warnings;
  return [...warnings, { field, message: `Your own address, ${address}, is not in this list.` }];
}

export async function getNetworkAllowList(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const [projectId, id] = [idIn(params, "projectId"), idIn(params, "allowListId")];
  const list = projectId && id && (await ports.allowLists.get(call.principal.accountId, projectId, id));
  return list ? answer({ data: viewList(list, call.now) }) : answerNotFound(call, "IP allow list");
}

export async function deleteNetworkAllowList(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const [projectId, id] = [idIn(params, "projectId"), idIn(params, "allowListId")];
  if (projectId === null || id === null) return answerNotFound(call, "IP allow list");
  const { accountId } = call.principal;
  const result = await ports.allowLists.delete(accountId, projectId, id, actorOf(call), call.now);
  if (result === "not_found") return answerNotFound(call, "IP allow list");
  if (result !== "deleted") {
    const detail = `The IP allow list is in use by active API keys, if only on trial, which have to be revoked or changed first: ${named(result.inUseBy)}`;
    return answerError(call, 409, "allow_list_in_use", detail);
  }
  changed(ports, call, id, "deleted");
  return answerNothing();
}

function viewList(list: AllowListDetails, now: number): AllowListData {
  return {
    spec: { name: list.name, description: list.description, allow_list: [...list.rules] },
    info: {
      id: list.id,
      project_id: list.projectId,
      // Which clusters use a list is the upstream's to know.
      cluster_ids: [],
      cluster_list: [],
      peering_id: null,
      api_key_list: list.keys.map((key) => viewReference(key, now)),
    },
  };
}
