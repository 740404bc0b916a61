// Creating and changing endpoints. Who directs events somewhere must be able to read them all, for ever and from anywhere.
import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfEndpoint } from "../../core/access/privilege-escalation.ts";
import { readEndpointUrl } from "../../core/events/endpoint-url.ts";
import { readBody } from "../body.ts";
import { actorOf, type PathParams, recordChange } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf, matchesIfMatch, preconditionFailed } from "../preconditions.ts";
import { escalationDenied, json, notFound, quotaExceeded, validationError } from "../responses.ts";
import { findEndpointByPath } from "./handlers.ts";
import { EndpointChange, EndpointSpec, SecretRotation } from "./schema.ts";
import { toEndpoint } from "./view.ts";

const DEFAULT_OVERLAP_HOURS = 24;
const HOUR_MS = 3_600_000;

/** Creates an endpoint. The response has its secret, which is never shown again. */
export async function createEndpoint(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const body = readBody(request, EndpointSpec);
  if (body instanceof Response) return body;
  const read = readEndpointUrl(body.value.url, ports.allowLoopbackEndpoints);
  if ("error" in read) return validationError(request, [{ field: "url", message: read.error }]);
  const escalations = escalationsOfEndpoint(request.principal);
  if (escalations.length > 0) return escalationDenied(request, escalations);
  const { name, format, event_types } = body.value;
  const spec = { name, url: read.url.href, format: format ?? "standard", eventTypes: [...new Set(event_types)] };
  const endpoint = { ...spec, id: crypto.randomUUID(), accountId: request.principal.accountId };
  const created = await ports.endpoints.create(endpoint, actorOf(request), request.now);
  if (created === "quota_exceeded") return quotaExceeded(request, "endpoints");
  recordChange(ports, request, created.id, "created");
  const data = toEndpoint(created, request.principal, request.now);
  return json({ data, secret: created.secret }, etagOf(created));
}

/** Changes an endpoint, disables or enables it. What the body leaves out stays as it is. */
export async function updateEndpoint(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const body = readBody(request, EndpointChange);
  if (body instanceof Response) return body;
  const { name, url, format, event_types, enabled } = body.value;
  const read = url === undefined ? null : readEndpointUrl(url, ports.allowLoopbackEndpoints);
  if (read !== null && "error" in read) return validationError(request, [{ field: "url", message: read.error }]);
  const endpoint = await findEndpointByPath(ports, request, params);
  if (endpoint === null) return notFound(request, "Endpoint");
  const directs = url !== undefined || format !== undefined || event_types !== undefined || enabled === true;
  const escalations = directs ? escalationsOfEndpoint(request.principal) : [];
  if (escalations.length > 0) return escalationDenied(request, escalations);
  if (!matchesIfMatch(request, etagOf(endpoint))) return preconditionFailed(request);
  const after = {
    name: name ?? endpoint.name,
    url: read?.url.href ?? endpoint.url,
    format: format ?? endpoint.format,
    eventTypes: event_types === undefined ? endpoint.eventTypes : [...new Set(event_types)],
    enabled: enabled ?? endpoint.disabled === null,
  };
  const updated = await ports.endpoints.update(endpoint, after, actorOf(request, { endpoint }), request.now);
  if (updated === "not_found") return notFound(request, "Endpoint");
  recordChange(ports, request, updated.id, "changed");
  return json({ data: toEndpoint(updated, request.principal, request.now) }, etagOf(updated));
}

/** Replaces the secret of an endpoint. The response has the new one; the one before signs too until the overlap ends. */
export async function rotateEndpointSecret(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const body = readBody(request, SecretRotation, { mayBeEmpty: true });
  if (body instanceof Response) return body;
  const endpoint = await findEndpointByPath(ports, request, params);
  if (endpoint === null) return notFound(request, "Endpoint");
  const escalations = escalationsOfEndpoint(request.principal);
  if (escalations.length > 0) return escalationDenied(request, escalations);
  if (!matchesIfMatch(request, etagOf(endpoint))) return preconditionFailed(request);
  const overlapMs = (body.value.overlap_hours ?? DEFAULT_OVERLAP_HOURS) * HOUR_MS;
  const rotated = await ports.endpoints.rotate(endpoint, overlapMs, actorOf(request, { endpoint }), request.now);
  if (rotated === "not_found") return notFound(request, "Endpoint");
  recordChange(ports, request, rotated.id, "changed");
  const data = toEndpoint(rotated, request.principal, request.now);
  return json({ data, secret: rotated.secret }, etagOf(rotated));
}
