// The operations on API keys. Creating a key has a file of its own.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { AccountPolicy } from "../../core/access/account-policy.ts";
import { escalationsOfRevocation } from "../../core/access/privilege-escalation.ts";
import type { ApiKeyDetails, ApiKeyFilter } from "../../store/api-keys/port.ts";
import { readBody } from "../body.ts";
import { type PathParams, recordChange, uuidParam } from "../handler.ts";
import { permittedActor } from "../policy/permit.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf, matchesIfMatch, preconditionFailed } from "../preconditions.ts";
import { limitOf, readForce, readQuery } from "../query.ts";
import { conflict, json, notFound, pageResponse, revocationDenied, validationError } from "../responses.ts";
import { grantOf } from "../roles/grant.ts";
import { ApiKeyListQuery, RevokeBody } from "./schema.ts";
import { toApiKey, toEffective } from "./view.ts";

/** Lists the API keys of the account. */
export async function listApiKeys(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const query = readQuery(request.query, ApiKeyListQuery);
  if ("errors" in query) return validationError(request, query.errors);
  const { api_key_name, status, role_id, created_by_id, signing_key_id, disabled, canary, order, continuation_token } =
    query.value;
  const { accountId } = request.principal;
  const { policy } = await ports.policies.get(accountId);
  const page = await ports.apiKeys.list(
    {
      accountId,
      name: api_key_name ?? null,
      statuses: status ?? [],
      roleId: role_id ?? null,
      createdById: created_by_id ?? null,
      signingKeyId: signing_key_id ?? null,
      disabled: disabled ?? null,
      noncompliantWith: query.value.noncompliant === true ? policy : null,
      archive: archiveOf(policy, query.value.archived === true, request.now),
      canary: canary ?? null,
      // Clients revoke the first key of a name: while a key is replaced that is the old one.
      order: order ?? (api_key_name === undefined ? "desc" : "asc"),
      limit: limitOf(query.value),
      continuationToken: continuation_token ?? null,
    },
    request.now,
  );
  return pageResponse(request, page, query.known, (key) => toApiKey(key, request.now));
}

/** Which keys a list leaves out; those alone for `archived`. A policy without an archive has none, so that this lists nothing. */
function archiveOf({ archiveAfterDays: days }: AccountPolicy, archived: boolean, now: number): ApiKeyFilter["archive"] {
  if (days === null) return archived ? { endedBefore: 0, archived } : null;
  return { endedBefore: now - days * 86_400_000, archived };
}

/** Shows an API key. */
export async function getApiKey(ports: AdminPorts, request: AuthorizedRequest, params: PathParams): Promise<Response> {
  const key = await findApiKeyByPath(ports, request, params);
  if (key === null) return notFound(request, "API key");
  return json({ data: toApiKey(key, request.now) }, etagOf(key));
}

/** Revokes an API key. Idempotent: a second revocation gets the same response. */
export async function revokeApiKey(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const ending = await readEnding(ports, request, params);
  if (ending instanceof Response) return ending;
  const { key, force } = ending;
  if (!matchesIfMatch(request, etagOf(key))) return preconditionFailed(request);
  const { accountId } = request.principal;
  const actor = await permittedActor(ports, request, { force }, { apiKey: key });
  if (actor instanceof Response) return actor;
  const result = await ports.apiKeys.revoke(accountId, key.id, force, actor, request.now);
  switch (result.outcome) {
    case "not_found":
      return notFound(request, "API key");
    case "last_manager":
      return conflict(request, "last_manager", LAST_MANAGER);
    case "revoked":
    case "already_revoked": {
      recordChange(ports, request, key.id, result.outcome);
      const effective = toEffective(ports.revocationBounds);
      return json({ data: toApiKey(result.key, request.now), effective }, etagOf(result.key));
    }
  }
}

/** The key that a request revokes or disables, and whether it may be the last one that manages keys; or the response to a denial. */
export async function readEnding(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<{ readonly key: ApiKeyDetails; readonly force: boolean } | Response> {
  const query = readForce(request.query);
  const body = readBody(request, RevokeBody, { mayBeEmpty: true, otherErrors: query.errors });
  if (body instanceof Response) return body;
  const key = await findApiKeyByPath(ports, request, params);
  if (key === null) return notFound(request, "API key");
  const escalations = escalationsOfRevocation(request.principal, key.id, grantOf(key.role));
  if (escalations.length > 0) return revocationDenied(request, escalations);
  return { key, force: body.value.force === true || query.force };
}

export const LAST_MANAGER =
  "Without this API key, nobody in the account could manage API keys. Pass force=true to proceed anyway.";

/** The API key that the path names; `null`: the account has no such key. */
export async function findApiKeyByPath(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<ApiKeyDetails | null> {
  const id = uuidParam(params, "apiKeyId");
  return id === null ? null : ports.apiKeys.get(request.principal.accountId, id);
}
