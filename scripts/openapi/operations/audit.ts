// The documentation of the operations on the audit log and on the counts of denied requests.
import { AuditExportQuery, AuditQuery } from "../../../src/admin/audit/schema.ts";
import { RefusalQuery } from "../../../src/admin/denials/schema.ts";
import type { OperationDocs } from "../operation-doc.ts";

export const AUDIT_OPERATIONS = {
  listAuditEvents: {
    tag: "Audit",
    summary: "List audit events",
    description: "Newest first. With `Accept: application/x-ndjson` the response is the export.",
    query: AuditQuery,
    response: { schema: "AuditEventData", as: "list", description: "A page of events." },
    errors: [400],
  },
  exportAuditEvents: {
    tag: "Audit",
    summary: "Export audit events",
    description: "Streams all events, oldest first, as one JSON object per line.",
    query: AuditExportQuery,
    response: { schema: "AuditEventData", as: "lines", description: "The events." },
    errors: [400],
  },
  listRefusals: {
    tag: "Audit",
    summary: "List how often keys were denied",
    description: "By hour, key and reason, newest first. Counts are written once a minute.",
    query: RefusalQuery,
    response: { schema: "RefusalData", as: "list", description: "A page of counts." },
    errors: [400],
  },
} satisfies OperationDocs;
