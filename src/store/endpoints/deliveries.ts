// The deliveries of an endpoint as operators see them, made again by request, and deleted when they are old.
import type { PageOrError } from "../common.ts";
import type { Condition } from "../lib/conditions.ts";
import { type Cursor, listPage } from "../lib/pagination.ts";
import { passesSql } from "./outbox.ts";
import type { DeliveryDetails, DeliveryQuery, DeliveryRepository, Redelivery } from "./port.ts";

/** Deliveries that are over are shown for so long. */
const RETENTION_MS = 30 * 86_400_000;
/** Events of one request. */
export const MAX_REDELIVERED = 1_000;

export const PRUNE_DELIVERIES = `DELETE FROM deliveries WHERE (endpoint_id, number) IN
  (SELECT endpoint_id, number FROM deliveries WHERE next_at IS NULL AND last_at < ?1 LIMIT 1000)`;

export function createDeliveryRepository(db: D1Database): DeliveryRepository {
  return {
    list: (query) => listDeliveries(db, query),
    redeliver: (endpoint, which, now) => redeliver(db, endpoint, which, now),
    async prune(now) {
      const { meta } = await db
        .prepare(PRUNE_DELIVERIES)
        .bind(now - RETENTION_MS)
        .run();
      return meta.changes;
    },
  };
}

interface DeliveryRow {
  readonly number: number;
  readonly event_id: string;
  readonly resource_id: string;
  readonly type: string;
  readonly next_at: number | null;
  readonly tries: number;
  readonly delivered_at: number | null;
  readonly last_at: number | null;
  readonly last_status: number | null;
  readonly last_error: string | null;
}

const SHAPE = ["number"] as const;

function listDeliveries(db: D1Database, query: DeliveryQuery): Promise<PageOrError<DeliveryDetails>> {
  const { accountId, endpointId } = query;
  return listPage(db, {
    scope: ["deliveries", endpointId],
    shape: SHAPE,
    page: query,
    statement: (cursor: Cursor<typeof SHAPE> | null, limit): Condition => ({
      sql: `SELECT d.*, lower(e.resource_type || '.' || e.event_type) AS type FROM deliveries d
        CROSS JOIN audit_events e ON e.account_id = ? AND e.number = d.number
        WHERE d.endpoint_id = ? ${cursor === null ? "" : "AND d.number < ?"} ORDER BY d.number DESC LIMIT ?`,
      values: [accountId, endpointId, ...(cursor ?? []), limit],
    }),
    cursorOf: (last: DeliveryRow) => [last.number] as const,
    window: null,
    itemsOf: (rows) => rows.map(deliveryOfRow),
  });
}

function deliveryOfRow(row: DeliveryRow): DeliveryDetails {
  return {
    number: row.number,
    eventId: row.event_id,
    type: row.type,
    resourceId: row.resource_id,
    state: row.next_at !== null ? "PENDING" : row.delivered_at !== null ? "DELIVERED" : "FAILED",
    tries: row.tries,
    nextAt: row.next_at,
    lastAt: row.last_at,
    lastStatus: row.last_status,
    lastError: row.last_error,
  };
}

async function redeliver(
  db: D1Database,
  { id, accountId }: { readonly id: string; readonly accountId: string },
  which: Redelivery,
  now: number,
): Promise<number> {
  const events =
    "eventIds" in which
      ? { sql: "e.id IN (SELECT value FROM json_each(?))", value: JSON.stringify(which.eventIds) }
      : { sql: "e.created_at >= ?", value: which.since };
  // Only events that the endpoint has been sent, or that its filter has let pass since.
  const { meta } = await db
    .prepare(
      `INSERT INTO deliveries (endpoint_id, number, event_id, resource_id, next_at)
        SELECT w.id, e.number, e.id, e.resource_id, ? FROM endpoints w CROSS JOIN audit_events e
          ON e.account_id = w.account_id AND ${events.sql} AND e.number < w.next_number
        WHERE w.id = ? AND w.account_id = ? AND ${passesSql("w.event_types")} ORDER BY e.number LIMIT ${MAX_REDELIVERED}
        ON CONFLICT DO UPDATE SET next_at = excluded.next_at, tries = 0`,
    )
    .bind(now, events.value, id, accountId)
    .run();
  return meta.changes;
}
