// What is known of refused calls, read back for operators, and forgotten in time.

import type { PageOrError } from "../common.ts";
import { decodeToken, encodeToken, takePage } from "../lib/pagination.ts";
import type { DenialCount, DenialFilter, DenialRepository, DeniedRequest } from "./port.ts";

const HOUR_MS = 3_600_000;
/** Counts are kept for a quarter of a year. */
const COUNTS_LIVE_MS = 92 * 24 * HOUR_MS;

export const FIND_DENIED_REQUEST =
  "SELECT facts, at FROM refused_calls WHERE request_id = ?1 AND account_id IN (?2, '')";

export const DELETE_OLD_REQUESTS = "DELETE FROM refused_calls WHERE at <= ?1";
export const DELETE_OLD_COUNTS = "DELETE FROM refusal_counts WHERE hour < ?1";

/** @param keepForMs how long single calls can be asked about */
export function createDenialRepository(db: D1Database, keepForMs: number): DenialRepository {
  return {
    async find(accountId, requestId, now) {
      const row = await db
        .prepare(FIND_DENIED_REQUEST)
        .bind(requestId, accountId)
        .first<{ facts: string; at: number }>();
      return row === null || row.at + keepForMs <= now ? null : (JSON.parse(row.facts) as DeniedRequest);
    },
    counts: (query) => countsOf(db, query),
    async prune(now) {
      const [calls, counts] = await db.batch([
        db.prepare(DELETE_OLD_REQUESTS).bind(now - keepForMs),
        db.prepare(DELETE_OLD_COUNTS).bind(Math.floor((now - COUNTS_LIVE_MS) / HOUR_MS)),
      ]);
      return (calls?.meta.changes ?? 0) + (counts?.meta.changes ?? 0);
    },
  };
}

const PLACE = ["number", "string", "string"] as const;

export function denialCountsSql(paged: boolean, ofKey: boolean): string {
  return `SELECT c.hour, c.key_id, c.reason, c.count, c.last_at, k.name AS key_name
    FROM refusal_counts c LEFT JOIN api_keys k ON k.id = c.key_id
    WHERE c.account_id = ? AND c.hour >= ? AND c.hour <= ? ${ofKey ? "AND c.key_id = ?" : ""}
      ${paged ? "AND (c.hour, c.key_id, c.reason) < (?, ?, ?)" : ""}
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

async function countsOf(db: D1Database, query: DenialFilter): Promise<PageOrError<DenialCount>> {
  const mark = ["refusals", query.accountId, query.keyId, query.from, query.to];
  const place = query.continuationToken === null ? [] : decodeToken(query.continuationToken, mark, PLACE);
  if (place === null) return { fault: "continuation_token" };
  const from = Math.floor((query.from ?? 0) / HOUR_MS);
  const to = Math.floor((query.to ?? Number.MAX_SAFE_INTEGER) / HOUR_MS);
  const key = query.keyId === null ? [] : [query.keyId];
  const { results } = await db
    .prepare(denialCountsSql(place.length > 0, key.length > 0))
    .bind(query.accountId, from, to, ...key, ...place, query.limit + 1)
    .all<CountRow>();
  const { items, last } = takePage(results, query.limit);
  return {
    items: items.map((row) => ({
      hourFrom: row.hour * HOUR_MS,
      keyId: row.key_id,
      keyName: row.key_name,
      reason: row.reason,
      count: row.count,
      lastAt: row.last_at,
    })),
    continuationToken: last && encodeToken(mark, [last.hour, last.key_id, last.reason]),
  };
}
