// The operations that list, show and delete endpoints. Those that direct events have a file of their own.
import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { EndpointDetails } from "../../store/endpoints/port.ts";
import { actorOf, type PathParams, recordChange, uuidParam } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf, matchesIfMatch, preconditionFailed } from "../preconditions.ts";
import { limitOf, readQuery } from "../query.ts";
import { json, noContent, notFound, pageResponse, validationError } from "../responses.ts";
import { EndpointListQuery } from "./schema.ts";
import { toEndpoint } from "./view.ts";

/** Lists the endpoints of the account. */
export async function listEndpoints(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const query = readQuery(request.query, EndpointListQuery);
  if ("errors" in query) return validationError(request, query.errors);
  const page = await ports.endpoints.list({
    accountId: request.principal.accountId,
    limit: limitOf(query.value),
    continuationToken: query.value.continuation_token ?? null,
  });
  return pageResponse(request, page, query.known, (endpoint) => toEndpoint(endpoint, request.principal, request.now));
}

/** Shows an endpoint. */
export async function getEndpoint(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const endpoint = await findEndpointByPath(ports, request, params);
  if (endpoint === null) return notFound(request, "Endpoint");
  return json({ data: toEndpoint(endpoint, request.principal, request.now) }, etagOf(endpoint));
}

/** Deletes an endpoint. What it has not been sent yet, it is never sent. */
export async function deleteEndpoint(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const endpoint = await findEndpointByPath(ports, request, params);
  if (endpoint === null) return notFound(request, "Endpoint");
  if (!matchesIfMatch(request, etagOf(endpoint))) return preconditionFailed(request);
  const result = await ports.endpoints.delete(endpoint, actorOf(request, { endpoint }), request.now);
  if (result === "not_found") return notFound(request, "Endpoint");
  recordChange(ports, request, endpoint.id, "deleted");
  return noContent();
}

/** The endpoint that the path names; `null`: the account has no such endpoint. */
export async function findEndpointByPath(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<EndpointDetails | null> {
  const id = uuidParam(params, "endpointId");
  return id === null ? null : ports.endpoints.get(request.principal.accountId, id);
}
