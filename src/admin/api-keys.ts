// API keys: listed, shown and revoked. How one is made has a file of its own.
import { excessOfRevocation } from "../core/authority.ts";
import { answer, answerError, answerExcess, answerInvalid, answerList, answerNotFound } from "./answers.ts";
import { viewKey } from "./api-key-view.ts";
import { readBody } from "./body.ts";
import type { AdminCall, AdminPorts } from "./call.ts";
import { ApiKeyListQuery, ForceQuery, RevokeBody } from "./contract.ts";
import { actorOf, changed, idIn, type Params } from "./handler.ts";
import { limitOf, readQuery } from "./query.ts";
import { grantOf } from "./role-view.ts";

export async function listApiKeys(ports: AdminPorts, call: AdminCall): Promise<Response> {
  const query = readQuery(call.query, ApiKeyListQuery);
  if ("faults" in query) return answerInvalid(call, query.faults);
  const { api_key_name, status, order, continuation_token } = query.value;
  const page = await ports.keys.list(
    {
      accountId: call.principal.accountId,
      name: api_key_name ?? null,
      statuses: status ?? [],
      order: order ?? "desc",
      limit: limitOf(query.value),
      continuationToken: continuation_token ?? null,
    },
    call.now,
  );
  if ("fault" in page) return answerInvalid(call, [STRANGE_TOKEN]);
  const data = page.items.map((key) => viewKey(key, call.now));
  return answerList(call, data, page.continuationToken, query.known);
}

export const STRANGE_TOKEN = {
  field: "continuation_token",
  message: "This token is not one that this list, with these filters, has given.",
};

export async function getApiKey(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const id = idIn(params, "apiKeyId");
  const key = id && (await ports.keys.get(call.principal.accountId, id));
  return key ? answer({ data: viewKey(key, call.now) }) : answerNotFound(call, "API key");
}

/** A second revocation is answered like the first: what was asked for is so. */
export async function revokeApiKey(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const query = readQuery(call.query, ForceQuery);
  const faults = "faults" in query ? query.faults : [];
  const body = await readBody(call, RevokeBody, { mayBeEmpty: true, faults });
  if (body instanceof Response) return body;
  const force = body.value.force === true || ("value" in query && query.value.force === true);
  const id = idIn(params, "apiKeyId");
  if (id === null) return answerNotFound(call, "API key");
  const key = await ports.keys.get(call.principal.accountId, id);
  const excess = key === null ? [] : excessOfRevocation(call.principal, id, grantOf(key.role));
  if (excess.length > 0) return answerExcess(call, excess);
  const result = await ports.keys.revoke(call.principal.accountId, id, force, actorOf(call), call.now);
  switch (result.outcome) {
    case "not_found":
      return answerNotFound(call, "API key");
    case "last_manager":
      return answerError(call, 409, "last_manager", LAST_MANAGER);
    case "revoked":
    case "already_revoked":
      changed(ports, call, id, result.outcome);
      return answer({ data: viewKey(result.key, call.now), effective: receipt(ports) });
  }
}

const LAST_MANAGER =
  "Without this API key nobody in the account could manage API keys. Add force=true to revoke it all the same.";

/** How soon the revocation is felt, which is a promise. */
export function receipt({ bounds }: AdminPorts) {
  return {
    mutations: bounds.mutations,
    reads_within_s: bounds.readsWithinSeconds,
    degraded_reads_within_s: bounds.degradedReadsWithinSeconds,
  };
}
