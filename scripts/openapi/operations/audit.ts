// The documentation of the operations on the audit log and on the counts of denied requests.
import { AuditExportQuery, AuditQuery } from "../../../src/admin/audit/schema.ts";
import { RefusalQuery } from "../../../src/admin/denials/schema.ts";
import { BOUNDED, lines, list, one, tagged } from "../operation-doc.ts";

export const AUDIT_OPERATIONS = tagged("Audit", {
  listAuditEvents: {
    summary: "List audit events",
    description: `Newest first. With \`Accept: application/x-ndjson\` the response is the export. ${BOUNDED}`,
    query: AuditQuery,
    response: list("AuditEventData", "A page of events."),
  },
  exportAuditEvents: {
    summary: "Export audit events",
    description: "Streams all events, oldest first, as one JSON object per line.",
    query: AuditExportQuery,
    response: lines("AuditEventData", "The events."),
  },
  getAuditHead: {
    summary: "Get the signed end of the audit log",
    description: "Keep it elsewhere: a log that has gone back behind it was tampered with.",
    response: one("AuditHeadData", "The end."),
    errors: [404],
  },
  listRefusals: {
    summary: "List how often keys were denied",
    description: `By hour, key and reason, newest first. Counts are written once a minute. ${BOUNDED}`,
    query: RefusalQuery,
    response: list("RefusalData", "A page of counts."),
  },
});
