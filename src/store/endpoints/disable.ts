// Disables an endpoint that does not answer any more. The audit event tells the account, and its other endpoints.
import { makeChange, statement } from "../audit/audited-change.ts";
import { SYSTEM } from "../common.ts";
import type { DisabledReason, EndpointDetails } from "./port.ts";
import { endpointAsJson, endpointEvent, endpointExists, specOf } from "./statements.ts";

const MESSAGES = {
  gone: "it has answered 410 Gone",
  failing: "nothing could be delivered for five days",
} as const;

/** Disables an endpoint, once. */
export async function disableEndpoint(
  db: D1Database,
  endpoint: EndpointDetails,
  reason: Exclude<DisabledReason, "by_request">,
  now: number,
): Promise<void> {
  const message = `Endpoint ${endpoint.name} was disabled: ${MESSAGES[reason]}`;
  await makeChange(db, {
    event: {
      ...endpointEvent("EDIT", endpoint, message, { ...specOf(endpoint, false), reason }),
      before: endpointAsJson(endpoint.id),
    },
    actor: { ...SYSTEM, authorizedOn: [{ table: "endpoints", id: endpoint.id, version: endpoint.version }] },
    now,
    conditions: { not_found: endpointExists(endpoint.id) },
    statements: [
      statement(
        `UPDATE endpoints SET disabled_at = ?, disabled_reason = ?, updated_at = ?, version = version + 1
          WHERE id = ? AND $permitted`,
        ...[now, reason, now, endpoint.id],
      ),
    ],
  });
}
