// The operations that list and export the audit log.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { AuditFilter } from "../../store/audit/port.ts";
import type { AdminPorts } from "../ports.ts";
import { limitOf, readQuery } from "../query.ts";
import { json, notFound, pageResponse, validationError } from "../responses.ts";
import { toTimeBound } from "../time.ts";
import { AuditExportQuery, AuditQuery } from "./schema.ts";
import { toAuditEvent, toAuditHead } from "./view.ts";

/** Lists audit events, or exports them when the client accepts NDJSON. */
export async function listAuditEvents(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  if (acceptsNdjson(request.raw.headers)) return exportAuditEvents(ports, request);
  const query = readQuery(request.query, AuditQuery);
  if ("errors" in query) return validationError(request, query.errors);
  const page = await ports.auditLog.list({
    ...toFilters(request, query.value, "desc"),
    limit: limitOf(query.value),
    continuationToken: query.value.continuation_token ?? null,
  });
  return pageResponse(request, page, query.known, toAuditEvent);
}

/** Streams all audit events as NDJSON. A page is read when the client is ready for it; a failure aborts the response. */
export async function exportAuditEvents(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const query = readQuery(request.query, AuditExportQuery);
  if ("errors" in query) return validationError(request, query.errors);
  return new Response(streamEvents(ports, toFilters(request, query.value, "asc")), {
    headers: { "content-type": "application/x-ndjson", "cache-control": "no-store" },
  });
}

/** Shows the signed end of the account's log, for a client that keeps it to compare the log with later. */
export async function getAuditHead({ auditLog }: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const head = await auditLog.head(request.principal.accountId);
  return head === null ? notFound(request, "Audit log head") : json({ data: toAuditHead(head) });
}

type Filters = Omit<AuditFilter, "limit" | "continuationToken">;

const EXPORT_PAGE_SIZE = 500;

function streamEvents({ auditLog }: AdminPorts, filters: Filters): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let continuationToken: string | null = null;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      let lines = "";
      // A stream that has received nothing does not pull again.
      do {
        const page = await auditLog.list({ ...filters, limit: EXPORT_PAGE_SIZE, continuationToken });
        if ("error" in page) {
          if (page.error === "busy") continue;
          throw new Error("the audit log rejected its own continuation token");
        }
        lines = page.items.map((event) => `${JSON.stringify(toAuditEvent(event))}\n`).join("");
        continuationToken = page.continuationToken;
        if (continuationToken === null) break;
      } while (lines === "");
      if (lines !== "") controller.enqueue(encoder.encode(lines));
      if (continuationToken === null) controller.close();
    },
  });
}

function acceptsNdjson(headers: Headers): boolean {
  return /^application\/x-ndjson\b/i.test(headers.get("accept") ?? "");
}

function toFilters(
  request: AuthorizedRequest,
  query: Omit<AuditQuery, "limit" | "continuation_token">,
  defaultOrder: "asc" | "desc",
): Filters {
  return {
    accountId: request.principal.accountId,
    search: query.search ?? null,
    eventTypes: query.event_type ?? [],
    resourceTypes: query.resource_type ?? [],
    actorId: query.actor_id ?? null,
    requestId: query.request_id ?? null,
    address: query.address ?? null,
    from: toTimeBound(query.start_timestamp),
    to: toTimeBound(query.end_timestamp),
    order: query.order ?? defaultOrder,
  };
}
