// The audit log: listed, exported from end to end, and beside it how often which key was refused why.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { AuditRecord } from "../../store/audit/port.ts";
import { INVALID_CONTINUATION_TOKEN } from "../api-keys/handlers.ts";
import type { AdminPorts } from "../ports.ts";
import { limitOf, readQuery } from "../query.ts";
import { listResponse, validationError } from "../responses.ts";
import { toIsoString } from "../roles/view.ts";
import { type AuditEventData, AuditExportQuery, AuditQuery, type RefusalData, RefusalQuery } from "./schema.ts";

const EXPORTED_AT_ONCE = 500;

export async function listAuditEvents(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  if (wantsLines(request.raw.headers)) return exportAuditEvents(ports, request);
  const query = readQuery(request.query, AuditQuery);
  if ("faults" in query) return validationError(request, query.faults);
  const page = await ports.audit.list({
    ...filtersOf(request, query.value),
    limit: limitOf(query.value),
    continuationToken: query.value.continuation_token ?? null,
  });
  if ("error" in page) return validationError(request, [INVALID_CONTINUATION_TOKEN]);
  return listResponse(request, page.items.map(toAuditEvent), page.continuationToken, query.known);
}

/** NDJSON, page after page as the reader takes them; one that is cut short ends in an error, not in a whole file. */
export async function exportAuditEvents(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const query = readQuery(request.query, AuditExportQuery);
  if ("faults" in query) return validationError(request, query.faults);
  const filters = { ...filtersOf(request, query.value), order: query.value.order ?? ("asc" as const) };
  const encoder = new TextEncoder();
  let token: string | null = null;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const page = await ports.audit.list({ ...filters, limit: EXPORTED_AT_ONCE, continuationToken: token });
      if ("error" in page) throw new Error("the export cannot find its place");
      const lines = page.items.map((event) => `${JSON.stringify(toAuditEvent(event))}\n`).join("");
      if (lines !== "") controller.enqueue(encoder.encode(lines));
      token = page.continuationToken;
      if (token === null) controller.close();
    },
  });
  return new Response(body, {
    headers: { "content-type": "application/x-ndjson", "cache-control": "no-store" },
  });
}

function wantsLines(headers: Headers): boolean {
  return /^application\/x-ndjson\b/i.test(headers.get("accept") ?? "");
}

function filtersOf(request: AuthorizedRequest, query: Omit<AuditQuery, "limit" | "continuation_token">) {
  return {
    accountId: request.principal.accountId,
    search: query.search ?? null,
    eventTypes: query.event_type ?? [],
    resourceTypes: query.resource_type ?? [],
    from: query.start_timestamp === undefined ? null : Date.parse(query.start_timestamp),
    to: query.end_timestamp === undefined ? null : Date.parse(query.end_timestamp),
    order: query.order ?? ("desc" as const),
  };
}

const VERBS: Readonly<Record<string, string>> = {
  CREATE: "Create",
  EDIT: "Edit",
  DELETE: "Delete",
  REVOKE: "Revoke",
  EXPIRE: "Expire",
};
const THINGS: Readonly<Record<string, string>> = {
  API_KEY: "API Key",
  ALLOW_LIST: "Allow List",
  ROLE: "Role",
  OPERATOR: "Operator",
};

function toAuditEvent(event: AuditRecord): AuditEventData {
  const { actor, detail } = event;
  const person = actor.type === "OPERATOR";
  return {
    audit_event_id: event.id,
    account_id: event.accountId,
    account_name: event.accountName,
    project_id: typeof detail.project_id === "string" ? detail.project_id : null,
    project_name: null,
    cluster_id: null,
    cluster_name: null,
    user_id: person ? actor.id : null,
    user_email: person ? actor.name : null,
    impersonating_user_email: null,
    task_id: null,
    entity_name: event.resourceName,
    message: event.message,
    is_successful: true,
    resource_type: event.resourceType,
    event_type: event.eventType,
    created_on: toIsoString(event.createdAt),
    event_name: `${VERBS[event.eventType] ?? event.eventType} ${THINGS[event.resourceType] ?? event.resourceType}`,
    entity_id: event.resourceId,
    actor: { type: actor.type, id: actor.id, name: actor.name },
    address: actor.address,
    request_id: actor.requestId,
    detail: { ...detail },
    sequence: event.seq,
    hash: event.hash,
  };
}

export async function listRefusals(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const query = readQuery(request.query, RefusalQuery);
  if ("faults" in query) return validationError(request, query.faults);
  const { api_key_id, start_timestamp, end_timestamp, continuation_token } = query.value;
  const page = await ports.denials.counts({
    accountId: request.principal.accountId,
    keyId: api_key_id ?? null,
    from: start_timestamp === undefined ? null : Date.parse(start_timestamp),
    to: end_timestamp === undefined ? null : Date.parse(end_timestamp),
    limit: limitOf(query.value),
    continuationToken: continuation_token ?? null,
  });
  if ("error" in page) return validationError(request, [INVALID_CONTINUATION_TOKEN]);
  const data = page.items.map(
    (each): RefusalData => ({
      hour: toIsoString(each.hourFrom),
      api_key_id: each.keyId,
      api_key_name: each.keyName,
      reason: each.reason,
      count: each.count,
      last_on: toIsoString(each.lastAt),
    }),
  );
  return listResponse(request, data, page.continuationToken, query.known);
}
