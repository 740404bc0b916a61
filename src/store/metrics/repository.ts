// The counts of all isolates in D1: read for the metrics, and merged by scheduled maintenance, so that there are few rows.
import type { Totals } from "../../core/metrics/definitions.ts";
import type { MetricsReader } from "./port.ts";
import { ACTIVE_MS, MERGED_KEPT_MS } from "./recorder.ts";

/** A row that was not written for so long is merged; its isolate may still write again. */
const MERGE_AFTER_MS = 600_000;
/** Rows that are merged in one run; the next run takes the rest. */
const BATCH_SIZE = 200;
/** More of a backlog is not counted. */
const MAX_COUNTED = 10_000;

// The condition on the id makes SQLite search the index instead of reading merged rows.
export const READ_COUNTS = `
  SELECT isolate, written_at AS writtenAt, totals, unwritten_uses AS unwrittenUses, feed_age_ms AS feedAgeMs
    FROM metric_counts WHERE merged_at IS NULL AND isolate >= ''`;

const IS_ENABLED = "w.deleted_at IS NULL AND w.disabled_at IS NULL AND w.hold_until >= 0";

/** What waits in D1, in one row. */
export const READ_BACKLOGS = `
  WITH open AS (SELECT created_at FROM audit_events WHERE hash IS NULL AND number IS NOT NULL AND account_id >= ''
    LIMIT ${MAX_COUNTED})
  SELECT (SELECT count(*) FROM open) AS unsealed, (SELECT min(created_at) FROM open) AS unsealedSince,
    (SELECT count(*) FROM (SELECT 1 FROM endpoints w CROSS JOIN deliveries d ON d.endpoint_id = w.id
      AND d.next_at IS NOT NULL WHERE ${IS_ENABLED}
      LIMIT ${MAX_COUNTED})) AS deliveries,
    (SELECT sum(1 + ifnull((SELECT max(number) FROM audit_events WHERE account_id = w.account_id), 0) - w.next_number)
      FROM endpoints w WHERE ${IS_ENABLED}) AS notCompared,
    (SELECT min(failing_since) FROM endpoints w WHERE ${IS_ENABLED}) AS failingSince,
    (SELECT count(*) FROM (SELECT 1 FROM api_keys WHERE kv_pending >= 0 LIMIT ${MAX_COUNTED})) AS kvPending`;

export const FIND_STALE = `SELECT isolate FROM metric_counts WHERE merged_at IS NULL AND isolate > '' AND written_at < ?1
  LIMIT ${BATCH_SIZE}`;

// Both in one transaction, each on the rows that are still apart: whatever fails, they count once.
export const MERGE = `
  INSERT INTO metric_counts (isolate, seq, written_at, totals, unwritten_uses)
  SELECT '', 0, ?2, json_group_object(key, total), 0 FROM (SELECT counted.key, sum(counted.value) AS total
    FROM metric_counts, json_each(totals) counted
    WHERE (isolate = '' OR isolate IN (SELECT value FROM json_each(?1))) AND merged_at IS NULL GROUP BY counted.key)
  WHERE true ON CONFLICT (isolate) DO UPDATE SET totals = excluded.totals, written_at = excluded.written_at`;
export const MARK_MERGED = `UPDATE metric_counts SET merged_at = ?2
  WHERE isolate IN (SELECT value FROM json_each(?1)) AND merged_at IS NULL`;

export const PRUNE_MERGED = "DELETE FROM metric_counts WHERE merged_at < ?1";

interface CountsRow {
  readonly isolate: string;
  readonly writtenAt: number;
  readonly totals: string;
  readonly unwrittenUses: number;
  readonly feedAgeMs: number | null;
}

interface Backlogs {
  readonly unsealed: number;
  readonly unsealedSince: number | null;
  readonly deliveries: number;
  readonly notCompared: number | null;
  readonly failingSince: number | null;
  readonly kvPending: number;
}

/** The reader of one database. Both statements are one transaction on the primary: no merge comes between. */
export function createMetricsReader(db: D1Database): MetricsReader {
  return {
    async read(now) {
      const session = db.withSession("first-primary");
      const results = await session.batch([session.prepare(READ_COUNTS), session.prepare(READ_BACKLOGS)]);
      const [rows, [waiting]] = results.map((each) => each.results) as unknown as [CountsRow[], [Backlogs]];
      const active = rows.filter(({ isolate, writtenAt }) => isolate !== "" && writtenAt > now - ACTIVE_MS);
      const ageOf = (since: number | null) => (since === null ? 0 : Math.max(0, now - since));
      return {
        totals: totalsOf(rows),
        gauges: {
          isolates_active: active.length,
          uses_unwritten: active.reduce((sum, { unwrittenUses }) => sum + unwrittenUses, 0),
          feed_age: Math.max(0, ...active.map(({ feedAgeMs }) => feedAgeMs ?? 0)),
          audit_unsealed: waiting.unsealed,
          audit_lag: ageOf(waiting.unsealedSince),
          webhook_backlog: waiting.deliveries + Math.max(0, waiting.notCompared ?? 0),
          webhook_failing: ageOf(waiting.failingSince),
          kv_pending: waiting.kvPending,
        },
      };
    },
  };
}

function totalsOf(rows: readonly CountsRow[]): Totals {
  const sums: Record<string, number> = {};
  for (const { totals } of rows) {
    for (const [key, value] of Object.entries(JSON.parse(totals) as Totals)) sums[key] = (sums[key] ?? 0) + value;
  }
  return sums;
}

/** Merges the rows of isolates that write no more, and deletes what was merged a day ago; returns how many were merged. */
export async function mergeCounts(db: D1Database, now: number): Promise<number> {
  await db
    .prepare(PRUNE_MERGED)
    .bind(now - MERGED_KEPT_MS)
    .run();
  const stale = await db
    .prepare(FIND_STALE)
    .bind(now - MERGE_AFTER_MS)
    .all<{ isolate: string }>();
  if (stale.results.length === 0) return 0;
  const ids = JSON.stringify(stale.results.map(({ isolate }) => isolate));
  const [, marked] = await db.batch([db.prepare(MERGE).bind(ids, now), db.prepare(MARK_MERGED).bind(ids, now)]);
  return marked?.meta.changes ?? 0;
}
