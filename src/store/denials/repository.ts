// Denied requests and their counts in D1: read by operators, deleted after their retention.
import type { PageOrError } from "../common.ts";
import { and, type Condition } from "../lib/conditions.ts";
import { type Cursor, listPage } from "../lib/pagination.ts";
import type { DenialCount, DenialFilter, DenialRepository, DeniedRequest } from "./port.ts";

const HOUR_MS = 3_600_000;
/** A quarter of a year. */
const COUNT_RETENTION_MS = 92 * 24 * HOUR_MS;

export const FIND_DENIED_REQUEST =
  "SELECT facts, at FROM refused_calls WHERE request_id = ?1 AND account_id IN (?2, '')";

export const DELETE_OLD_REQUESTS = "DELETE FROM refused_calls WHERE at <= ?1";
export const DELETE_OLD_COUNTS = "DELETE FROM refusal_counts WHERE hour < ?1";

/** @param retentionMs how long single requests are kept */
export function createDenialRepository(db: D1Database, retentionMs: number): DenialRepository {
  return {
    async find(accountId, requestId, now) {
      const row = await db
        .prepare(FIND_DENIED_REQUEST)
        .bind(requestId, accountId)
        .first<{ facts: string; at: number }>();
      // Pruning runs once a minute: a request past its retention is not returned before it is deleted.
      return row === null || row.at + retentionMs <= now ? null : (JSON.parse(row.facts) as DeniedRequest);
    },
    counts: (query) => listCounts(db, query),
    async prune(now) {
      const [requests, counts] = await db.batch([
        db.prepare(DELETE_OLD_REQUESTS).bind(now - retentionMs),
        db.prepare(DELETE_OLD_COUNTS).bind(Math.floor((now - COUNT_RETENTION_MS) / HOUR_MS)),
      ]);
      return (requests?.meta.changes ?? 0) + (counts?.meta.changes ?? 0);
    },
  };
}

/** Hour, key and reason of the last row. */
const SHAPE = ["number", "string", "string"] as const;

type CountCursor = Cursor<typeof SHAPE>;

const cursorOf = (last: Pick<CountRow, "hour" | "key_id" | "reason">): CountCursor => [
  last.hour,
  last.key_id,
  last.reason,
];

/**
 * What the primary key has: the account, and the part of its hours that is read. A cursor is within the hours that are listed,
 * and takes the place of one of their ends, of which SQLite uses one only.
 */
function indexedFilters(query: DenialFilter, after: CountCursor | null, end: CountCursor | null): Condition {
  const filters: Condition[] = [{ sql: "c.account_id = ?", values: [query.accountId] }];
  if (after !== null) filters.push({ sql: "(c.hour, c.key_id, c.reason) < (?, ?, ?)", values: after });
  else if (query.to !== null) filters.push({ sql: "c.hour <= ?", values: [Math.floor(query.to / HOUR_MS)] });
  if (end !== null) filters.push({ sql: "(c.hour, c.key_id, c.reason) >= (?, ?, ?)", values: end });
  else if (query.from !== null) filters.push({ sql: "c.hour >= ?", values: [Math.floor(query.from / HOUR_MS)] });
  return and(...filters);
}

const ORDER = "ORDER BY c.hour DESC, c.key_id DESC, c.reason DESC";

function windowStatement(query: DenialFilter, cursor: CountCursor | null, offset: number): Condition {
  const { sql, values } = indexedFilters(query, cursor, null);
  return {
    sql: `SELECT c.hour, c.key_id, c.reason FROM refusal_counts c WHERE ${sql} ${ORDER} LIMIT 1 OFFSET ?`,
    values: [...values, offset],
  };
}

function countsStatement(
  query: DenialFilter,
  cursor: CountCursor | null,
  limit: number,
  end: CountCursor | null,
): Condition {
  const filters = [indexedFilters(query, cursor, end)];
  if (query.keyId !== null) filters.push({ sql: "c.key_id = ?", values: [query.keyId] });
  const { sql, values } = and(...filters);
  return {
    sql: `SELECT c.hour, c.key_id, c.reason, c.count, c.last_at, k.name AS key_name
      FROM refusal_counts c LEFT JOIN api_keys k ON k.id = c.key_id WHERE ${sql} ${ORDER} LIMIT ?`,
    values: [...values, limit],
  };
}

interface CountRow {
  readonly hour: number;
  readonly key_id: string;
  readonly key_name: string | null;
  readonly reason: string;
  readonly count: number;
  readonly last_at: number;
}

function listCounts(db: D1Database, query: DenialFilter): Promise<PageOrError<DenialCount>> {
  const { accountId, keyId, from, to } = query;
  return listPage(db, {
    scope: ["refusals", accountId, keyId, from, to],
    shape: SHAPE,
    page: query,
    statement: (cursor, limit, end) => countsStatement(query, cursor, limit, end),
    cursorOf,
    window: keyId === null ? null : { statement: (cursor, offset) => windowStatement(query, cursor, offset), cursorOf },
    itemsOf: (rows: readonly CountRow[]) => rows.map(countOfRow),
  });
}

function countOfRow(row: CountRow): DenialCount {
  return {
    hourFrom: row.hour * HOUR_MS,
    keyId: row.key_id,
    keyName: row.key_name,
    reason: row.reason,
    count: row.count,
    lastAt: row.last_at,
  };
}
