// Reads the audit log for operators, page by page.
import type { PageOrError } from "../common.ts";
import type { Condition } from "../lib/conditions.ts";
import { type Cursor, listPage } from "../lib/pagination.ts";
import type { AuditFilter, AuditReader, AuditRecord } from "./port.ts";

export function createAuditReader(db: D1Database): AuditReader {
  return { list: (query) => listEvents(db, query) };
}

const SELECT_EVENTS = `SELECT e.seq, e.id, e.account_id, a.name AS account_name, e.event_type, e.resource_type,
  e.resource_id, e.resource_name, e.actor_type, e.actor_id, e.actor_name, e.address, e.request_id, e.message, e.detail,
  e.created_at, e.hash FROM audit_events e JOIN accounts a ON a.id = e.account_id`;

/** Time and sequence number of the last row. */
const SHAPE = ["number", "number"] as const;

function listEvents(db: D1Database, query: AuditFilter): Promise<PageOrError<AuditRecord>> {
  const { limit: _limit, continuationToken: _token, ...filters } = query;
  return listPage(db, {
    scope: ["audit", JSON.stringify(filters)],
    shape: SHAPE,
    page: query,
    statement: (cursor, limit) => auditListStatement(query, cursor, limit),
    cursorOf: (last: EventRow) => [last.created_at, last.seq] as const,
    itemsOf: (rows) => rows.map(recordOfRow),
  });
}

function auditListStatement(query: AuditFilter, cursor: Cursor<typeof SHAPE> | null, limit: number): Condition {
  const [direction, beyond] = query.order === "desc" ? ["DESC", "<"] : ["ASC", ">"];
  const filters: Condition[] = [{ sql: "e.account_id = ?", values: [query.accountId] }];
  if (query.from !== null) filters.push({ sql: "e.created_at >= ?", values: [query.from] });
  if (query.to !== null) filters.push({ sql: "e.created_at <= ?", values: [query.to] });
  if (query.eventTypes.length > 0) filters.push(oneOf("e.event_type", query.eventTypes));
  if (query.resourceTypes.length > 0) filters.push(oneOf("e.resource_type", query.resourceTypes));
  if (query.search !== null) {
    const text = "lower(e.resource_name || ' ' || e.resource_id || ' ' || e.actor_name || ' ' || e.message)";
    filters.push({ sql: `instr(${text}, lower(?)) > 0`, values: [query.search] });
  }
  if (cursor !== null) filters.push({ sql: `(e.created_at, e.seq) ${beyond} (?, ?)`, values: cursor });
  return {
    sql: `${SELECT_EVENTS} WHERE ${filters.map(({ sql }) => sql).join(" AND ")}
      ORDER BY e.created_at ${direction}, e.seq ${direction} LIMIT ?`,
    values: [...filters.flatMap(({ values }) => values), limit],
  };
}

function oneOf(column: string, values: readonly string[]): Condition {
  return { sql: `${column} IN (SELECT value FROM json_each(?))`, values: [JSON.stringify(values)] };
}

interface EventRow {
  readonly seq: number;
  readonly id: string;
  readonly account_id: string;
  readonly account_name: string;
  readonly event_type: string;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly resource_name: string;
  readonly actor_type: "API_KEY" | "OPERATOR" | "SYSTEM";
  readonly actor_id: string | null;
  readonly actor_name: string;
  readonly address: string | null;
  readonly request_id: string | null;
  readonly message: string;
  readonly detail: string;
  readonly created_at: number;
  readonly hash: string | null;
}

function recordOfRow(row: EventRow): AuditRecord {
  return {
    seq: row.seq,
    id: row.id,
    accountId: row.account_id,
    accountName: row.account_name,
    eventType: row.event_type,
    resourceType: row.resource_type,
    resourceId: row.resource_id,
    resourceName: row.resource_name,
    actor: {
      type: row.actor_type,
      id: row.actor_id,
      name: row.actor_name,
      address: row.address,
      requestId: row.request_id,
    },
    message: row.message,
    detail: JSON.parse(row.detail) as Record<string, unknown>,
    createdAt: row.created_at,
    hash: row.hash,
  };
}
