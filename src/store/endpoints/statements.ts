// What the changes of an endpoint have in common: their conditions and their audit events.
import type { AuditEvent } from "../audit/audit-event.ts";
import type { Condition } from "../lib/conditions.ts";
import type { EndpointDetails, EndpointSpec } from "./port.ts";

/** What everybody may see of a URL. */
export const originOf = (url: string): string => new URL(url).origin;

/** What an event says of an endpoint: all but its secrets. */
export function specOf({ name, url, format, eventTypes }: EndpointSpec, enabled: boolean) {
  return { after: { name, origin: originOf(url), format, event_types: eventTypes, enabled } };
}

/** The endpoint is not deleted. */
export const endpointExists = (id: string): Condition => ({
  sql: "EXISTS (SELECT 1 FROM endpoints WHERE id = ? AND deleted_at IS NULL)",
  values: [id],
});

/** What a change replaces, as JSON. */
export function endpointAsJson(id: string): Condition {
  return {
    sql: `SELECT json_object('name', name, 'origin', origin, 'format', format, 'event_types', json(event_types),
      'enabled', json(iif(disabled_at IS NULL, 'true', 'false'))) FROM endpoints WHERE id = ?`,
    values: [id],
  };
}

/** The audit event of a change of an endpoint; `detail` is for programs. */
export function endpointEvent(
  eventType: "CREATE" | "EDIT" | "DELETE",
  { accountId, id, name }: Pick<EndpointDetails, "accountId" | "id" | "name">,
  message: string,
  detail: Readonly<Record<string, unknown>>,
): AuditEvent {
  return { accountId, eventType, resourceType: "ENDPOINT", resourceId: id, resourceName: name, message, detail };
}
