// Who did what. The event of a change is the first statement of its transaction and carries the change's conditions;
// every other statement asks for the event. So nothing changes without its event, and no event lies.
import type { Actor } from "../common.ts";

export type SqlValue = string | number | null;

/** A piece of SQL with the values of its anonymous placeholders. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

export interface AuditEvent {
  readonly id: string;
  readonly accountId: string;
  readonly eventType: string;
  readonly resourceType: "API_KEY" | "ALLOW_LIST" | "ROLE" | "OPERATOR";
  readonly resourceId: string;
  readonly resourceName: string;
  readonly message: string;
  /** More facts, for machines; never a secret, never a hash. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** An SQL expression: what stood there before, as JSON, read in the transaction that changes it. Joins the detail. */
  readonly before?: Condition;
}

/** Asks, in a later statement of the same batch, whether the event was written. Its one value is the event's id. */
export const EVENT_EXISTS = "EXISTS (SELECT 1 FROM audit_events WHERE id = ?)";

/** All of these conditions at once. */
export function and(...conditions: readonly Condition[]): Condition {
  return {
    sql: conditions.map((condition) => `(${condition.sql})`).join(" AND "),
    values: conditions.flatMap((condition) => condition.values),
  };
}

// A key that was revoked, or an operator who was removed, between authorisation and change makes no change any more.
const ACTOR_IS_ACTIVE = `NOT EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND revoked_at IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM operators WHERE id = ? AND deleted_at IS NOT NULL)`;

const insert = (detail: string) => `INSERT INTO audit_events (id, account_id, event_type, resource_type, resource_id,
  resource_name, actor_type, actor_id, actor_name, address, request_id, message, detail, created_at)
  SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ${detail}, ? WHERE ${ACTOR_IS_ACTIVE}`;

/**
 * The INSERT of an event, and with it the permit for the rest of the batch.
 *
 * @param condition what must be true at that instant for the change to be made
 */
export function auditStatement(
  db: D1Database,
  event: AuditEvent,
  actor: Actor,
  now: number,
  condition: Condition,
): D1PreparedStatement {
  const detail = event.before === undefined ? "?" : `json_set(?, '$.before', json((${event.before.sql})))`;
  return db
    .prepare(`${insert(detail)} AND ${condition.sql} RETURNING id`)
    .bind(
      event.id,
      event.accountId,
      event.eventType,
      event.resourceType,
      event.resourceId,
      event.resourceName,
      actor.type,
      actor.id,
      actor.name,
      actor.address,
      actor.requestId,
      event.message,
      JSON.stringify(event.detail),
      ...(event.before?.values ?? []),
      now,
      actor.id,
      actor.id,
      ...condition.values,
    );
}

/** Whether the batch that began with `auditStatement` made its change. */
export function wasApplied(results: readonly D1Result[]): boolean {
  return results[0]?.results.length === 1;
}

/**
 * Called when a change was not permitted, before its conditions are blamed for it.
 *
 * @throws Error when it was the actor that had gone: asked again, it will be told so at the door
 */
export async function throwIfActorRevoked(db: D1Database, actor: Actor): Promise<void> {
  const row = await db
    .prepare(`SELECT ${ACTOR_IS_ACTIVE} AS stands`)
    .bind(actor.id, actor.id)
    .first<{ stands: number }>();
  if (row?.stands !== 1) throw new Error("whoever asked for a change was revoked meanwhile");
}
