// Reads the audit log for operators, page by page.
import type { PageOrError } from "../common.ts";
import { and, type Condition, equal, or } from "../lib/conditions.ts";
import { type Cursor, listPage } from "../lib/pagination.ts";
import { LAST_CHECKPOINT } from "./account-head.ts";
import type { AuditFilter, AuditHead, AuditReader, AuditRecord } from "./port.ts";

export function createAuditReader(db: D1Database): AuditReader {
  return {
    list: (query) => listEvents(db, query),
    head: (accountId) => db.prepare(LAST_CHECKPOINT).bind(accountId).first<AuditHead>(),
  };
}

const EVENT_COLUMNS = `e.seq, e.number, e.id, e.account_id, a.name AS account_name, e.event_type, e.resource_type,
  e.resource_id, e.resource_name, e.actor_type, e.actor_id, e.actor_name, e.address, e.request_id, e.message, e.detail,
  e.created_at, e.hash`;

/** Time and sequence number of the last row. */
const SHAPE = ["number", "number"] as const;

function listEvents(db: D1Database, query: AuditFilter): Promise<PageOrError<AuditRecord>> {
  const { limit: _limit, continuationToken: _token, ...filters } = query;
  return listPage(db, {
    scope: ["audit", JSON.stringify(filters)],
    shape: SHAPE,
    page: query,
    statement: (cursor, limit, end) => auditListStatement(query, cursor, limit, end),
    cursorOf,
    window: isIndexed(query)
      ? null
      : { statement: (cursor, offset) => auditWindowStatement(query, cursor, offset), cursorOf },
    itemsOf: (rows: readonly EventRow[]) => rows.map(recordOfRow),
  });
}

type EventCursor = Cursor<typeof SHAPE>;

const cursorOf = (last: Pick<EventRow, "created_at" | "seq">): EventCursor => [last.created_at, last.seq];

type Indexed = "requestId" | "actorId" | "address" | "resourceTypes";

/** The filters that have an index, which also has the order; the most selective one first. */
const INDEXES: Readonly<Record<Indexed, { readonly index: string; readonly column: string }>> = {
  requestId: { index: "audit_events_of_request", column: "e.request_id" },
  actorId: { index: "audit_events_of_actor", column: "e.actor_id" },
  address: { index: "audit_events_of_address", column: "e.address" },
  resourceTypes: { index: "audit_events_of_resource", column: "e.resource_type" },
};

/** The filters of a query that have an index, with their values. One index is used: that of the first. */
function indexable(query: AuditFilter): readonly (readonly [Indexed, string])[] {
  return (Object.keys(INDEXES) as Indexed[]).flatMap((name) => {
    const values = [query[name] ?? []].flat();
    return values.length === 1 ? [[name, values[0] as string] as const] : [];
  });
}

/** Whether the index has all filters. */
function isIndexed(query: AuditFilter): boolean {
  const { eventTypes, resourceTypes, search } = query;
  return eventTypes.length === 0 && resourceTypes.length <= 1 && search === null && indexable(query).length <= 1;
}

/** The events of an account: by age, or by age within what an index has. */
function eventsSql(query: AuditFilter): string {
  const [first] = indexable(query);
  return `audit_events e INDEXED BY ${first === undefined ? "audit_events_by_age" : INDEXES[first[0]].index}`;
}

/**
 * What that index has: the account, one filter, and the part of it that is read. A cursor is within the time that is
 * listed, and takes the place of one of its ends, of which SQLite uses one only.
 */
function indexedFilters(query: AuditFilter, after: EventCursor | null, end: EventCursor | null): Condition {
  const filters: Condition[] = [{ sql: "e.account_id = ?", values: [query.accountId] }];
  const [first] = indexable(query);
  if (first !== undefined) filters.push(...equal({ [INDEXES[first[0]].column]: first[1] }));
  const [newer, older] = query.order === "desc" ? [after, end] : [end, after];
  const [before, from] = query.order === "desc" ? ["<", ">="] : ["<=", ">"];
  if (newer !== null) filters.push({ sql: `(e.created_at, e.seq) ${before} (?, ?)`, values: newer });
  else if (query.to !== null) filters.push({ sql: "e.created_at <= ?", values: [query.to] });
  if (older !== null) filters.push({ sql: `(e.created_at, e.seq) ${from} (?, ?)`, values: older });
  else if (query.from !== null) filters.push({ sql: "e.created_at >= ?", values: [query.from] });
  return and(...filters);
}

function auditWindowStatement(query: AuditFilter, cursor: EventCursor | null, offset: number): Condition {
  const { sql, values } = indexedFilters(query, cursor, null);
  return {
    sql: `SELECT e.created_at, e.seq FROM ${eventsSql(query)} WHERE ${sql}
      ORDER BY e.created_at ${query.order}, e.seq ${query.order} LIMIT 1 OFFSET ?`,
    values: [...values, offset],
  };
}

function auditListStatement(
  query: AuditFilter,
  cursor: EventCursor | null,
  limit: number,
  end: EventCursor | null,
): Condition {
  const filters = [indexedFilters(query, cursor, end)];
  for (const [name, value] of indexable(query).slice(1)) filters.push(...equal({ [INDEXES[name].column]: value }));
  if (query.eventTypes.length > 0) filters.push(oneOf("e.event_type", query.eventTypes));
  if (query.resourceTypes.length > 1) filters.push(oneOf("e.resource_type", query.resourceTypes));
  if (query.search !== null) {
    const text = "lower(e.resource_name || ' ' || e.resource_id || ' ' || e.actor_name || ' ' || e.message)";
    // lower() knows ASCII letters only: text of others is found as it was given, in small letters and in capitals.
    const texts = [query.search, query.search.toLowerCase(), query.search.toUpperCase()];
    filters.push(or(...texts.map((each) => ({ sql: `instr(${text}, lower(?)) > 0`, values: [each] }))));
  }
  const { sql, values } = and(...filters);
  return {
    sql: `SELECT ${EVENT_COLUMNS} FROM ${eventsSql(query)} JOIN accounts a ON a.id = e.account_id WHERE ${sql}
      ORDER BY e.created_at ${query.order}, e.seq ${query.order} LIMIT ?`,
    values: [...values, limit],
  };
}

function oneOf(column: string, values: readonly string[]): Condition {
  return { sql: `${column} IN (SELECT value FROM json_each(?))`, values: [JSON.stringify(values)] };
}

interface EventRow {
  readonly seq: number;
  readonly number: number | null;
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
    number: row.number,
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
