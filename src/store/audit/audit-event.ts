// The audit event of a change, and the statement that writes it.
import type { Actor } from "../common.ts";
import type { Condition } from "../lib/conditions.ts";

/** The audit event of a change. Its id, its actor and its time come from the change. */
export interface AuditEvent {
  readonly accountId: string;
  readonly eventType: string;
  readonly resourceType: "API_KEY" | "ALLOW_LIST" | "ROLE" | "OPERATOR";
  readonly resourceId: string;
  readonly resourceName: string;
  readonly message: string;
  /** Details for programs; never a secret, never a hash. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** An SQL expression: the state before the change as JSON, read in the transaction. Added to the detail as `before`. */
  readonly before?: Condition;
}

/**
 * The INSERT of an event.
 *
 * @param permitted whether the event is written
 * @returns a statement that returns one row when the event was written
 */
export function insertEvent(
  db: D1Database,
  id: string,
  { event, actor, now }: { readonly event: AuditEvent; readonly actor: Actor; readonly now: number },
  permitted: Condition,
): D1PreparedStatement {
  const { before } = event;
  const detail = before === undefined ? "?" : `json_set(?, '$.before', json((${before.sql})))`;
  return db
    .prepare(`INSERT INTO audit_events (id, account_id, event_type, resource_type, resource_id, resource_name,
      actor_type, actor_id, actor_name, address, request_id, message, detail, created_at)
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ${detail}, ? WHERE ${permitted.sql} RETURNING id`)
    .bind(
      ...[id, event.accountId, event.eventType, event.resourceType, event.resourceId, event.resourceName],
      ...[actor.type, actor.id, actor.name, actor.address, actor.requestId, event.message],
      ...[JSON.stringify(event.detail), ...(before?.values ?? []), now],
      ...permitted.values,
    );
}

/** The actor has not been revoked or deleted between the authorization of the request and its change. */
export function actorIsActive({ id }: Actor): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND revoked_at IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM operators WHERE id = ? AND deleted_at IS NOT NULL)`,
    values: [id, id],
  };
}
