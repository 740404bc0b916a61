// API keys: listed, shown and revoked. How one is made has a file of its own.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfRevocation } from "../../core/access/privilege-escalation.ts";
import { readBody } from "../body.ts";
import { actorOf, type PathParams, recordChange, uuidParam } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { limitOf, readQuery } from "../query.ts";
import { escalationDenied, json, listResponse, notFound, operationError, validationError } from "../responses.ts";
import { grantOf } from "../roles/view.ts";
import { ApiKeyListQuery, ForceQuery, RevokeBody } from "../schema.ts";
import { toApiKey } from "./view.ts";

export async function listApiKeys(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const query = readQuery(request.query, ApiKeyListQuery);
  if ("faults" in query) return validationError(request, query.faults);
  const { api_key_name, status, order, continuation_token } = query.value;
  const page = await ports.keys.list(
    {
      accountId: request.principal.accountId,
      name: api_key_name ?? null,
      statuses: status ?? [],
      order: order ?? "desc",
      limit: limitOf(query.value),
      continuationToken: continuation_token ?? null,
    },
    request.now,
  );
  if ("error" in page) return validationError(request, [INVALID_CONTINUATION_TOKEN]);
  const data = page.items.map((key) => toApiKey(key, request.now));
  return listResponse(request, data, page.continuationToken, query.known);
}

export const INVALID_CONTINUATION_TOKEN = {
  field: "continuation_token",
  message: "This token is not one that this list, with these filters, has given.",
};

export async function getApiKey(ports: AdminPorts, request: AuthorizedRequest, params: PathParams): Promise<Response> {
  const id = uuidParam(params, "apiKeyId");
  const key = id && (await ports.keys.get(request.principal.accountId, id));
  return key ? json({ data: toApiKey(key, request.now) }) : notFound(request, "API key");
}

/** A second revocation is answered like the first: what was asked for is so. */
export async function revokeApiKey(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const query = readQuery(request.query, ForceQuery);
  const errors = "faults" in query ? query.faults : [];
  const body = await readBody(request, RevokeBody, { mayBeEmpty: true, faults: errors });
  if (body instanceof Response) return body;
  const force = body.value.force === true || ("value" in query && query.value.force === true);
  const id = uuidParam(params, "apiKeyId");
  if (id === null) return notFound(request, "API key");
  const key = await ports.keys.get(request.principal.accountId, id);
  const excess = key === null ? [] : escalationsOfRevocation(request.principal, id, grantOf(key.role));
  if (excess.length > 0) return escalationDenied(request, excess);
  const result = await ports.keys.revoke(request.principal.accountId, id, force, actorOf(request), request.now);
  switch (result.outcome) {
    case "not_found":
      return notFound(request, "API key");
    case "last_manager":
      return operationError(request, 409, "last_manager", LAST_MANAGER);
    case "revoked":
    case "already_revoked":
      recordChange(ports, request, id, result.outcome);
      return json({ data: toApiKey(result.key, request.now), effective: revocationBounds(ports) });
  }
}

const LAST_MANAGER =
  "Without this API key nobody in the account could manage API keys. Add force=true to revoke it all the same.";

/** How soon the revocation is felt, which is a promise. */
export function revocationBounds({ bounds }: AdminPorts) {
  return {
    mutations: bounds.mutations,
    reads_within_s: bounds.readsWithinSeconds,
    degraded_reads_within_s: bounds.degradedReadsWithinSeconds,
  };
}
