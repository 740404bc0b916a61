// The operations on what an endpoint is sent: its deliveries, those to be made again, and a test.
import type { AuthorizedRequest } from "../../authorized-request.ts";
import { readBody } from "../body.ts";
import type { PathParams } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { limitOf, readQuery } from "../query.ts";
import { conflict, json, notFound, pageResponse, validationError } from "../responses.ts";
import { findEndpointByPath } from "./handlers.ts";
import { EndpointListQuery, RedeliverBody } from "./schema.ts";
import { toDelivery } from "./view.ts";

/** Lists the deliveries of an endpoint, the newest event first. */
export async function listDeliveries(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const query = readQuery(request.query, EndpointListQuery);
  if ("errors" in query) return validationError(request, query.errors);
  const endpoint = await findEndpointByPath(ports, request, params);
  if (endpoint === null) return notFound(request, "Endpoint");
  const page = await ports.deliveries.list({
    ...{ accountId: request.principal.accountId, endpointId: endpoint.id, limit: limitOf(query.value) },
    continuationToken: query.value.continuation_token ?? null,
  });
  return pageResponse(request, page, query.known, toDelivery);
}

/** Sends events again, by their ids or since a time: those that the endpoint's filter lets pass. */
export async function redeliverEvents(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const body = readBody(request, RedeliverBody);
  if (body instanceof Response) return body;
  const endpoint = await findEndpointByPath(ports, request, params);
  if (endpoint === null) return notFound(request, "Endpoint");
  if (endpoint.disabled !== null) return conflict(request, "endpoint_disabled", "The endpoint is disabled.");
  const { event_ids, since } = body.value;
  const which = event_ids === undefined ? { since: Date.parse(since ?? "") } : { eventIds: event_ids };
  const count = await ports.deliveries.redeliver(endpoint, which, request.now);
  // Sent at once, as events are behind a change.
  request.background(ports.afterChange({ accountId: request.principal.accountId, keyIds: [] }));
  request.log.set({ resource_id: endpoint.id, outcome: "redelivered", count });
  return json({ data: { count } });
}

/** Sends a test event now, to an endpoint that may be disabled, and says what became of it. */
export async function testEndpoint(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const endpoint = await findEndpointByPath(ports, request, params);
  if (endpoint === null) return notFound(request, "Endpoint");
  const { ok, status, error } = await ports.sendTest(endpoint, request.now);
  request.log.set({ resource_id: endpoint.id, outcome: "tested" });
  return json({ data: { delivered: ok, status, error } });
}
