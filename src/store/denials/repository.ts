// Denied requests and their counts in D1: read by operators, deleted after their retention.
import type { PageOrError } from "../common.ts";
import { listPage } from "../lib/pagination.ts";
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

function denialCountsSql(hasCursor: boolean, hasKey: boolean): string {
  return `SELECT c.hour, c.key_id, c.reason, c.count, c.last_at, k.name AS key_name
    FROM refusal_counts c LEFT JOIN api_keys k ON k.id = c.key_id
    WHERE c.account_id = ? AND c.hour >= ? AND c.hour <= ? ${hasKey ? "AND c.key_id = ?" : ""}
      ${hasCursor ? "AND (c.hour, c.key_id, c.reason) < (?, ?, ?)" : ""}
    ORDER BY c.hour DESC, c.key_id DESC, c.reason DESC LIMIT ?`;
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
  const hours = [Math.floor((from ?? 0) / HOUR_MS), Math.floor((to ?? Number.MAX_SAFE_INTEGER) / HOUR_MS)];
  return listPage(db, {
    scope: ["refusals", accountId, keyId, from, to],
    shape: SHAPE,
    page: query,
    statement: (cursor, limit) => ({
      sql: denialCountsSql(cursor !== null, keyId !== null),
      values: [accountId, ...hours, ...(keyId === null ? [] : [keyId]), ...(cursor ?? []), limit],
    }),
    cursorOf: (last: CountRow) => [last.hour, last.key_id, last.reason] as const,
    itemsOf: (rows) => rows.map(countOfRow),
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
