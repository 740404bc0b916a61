// Writes what an isolate has counted: its totals since its start, into a row of its own. A write that is repeated, comes late or
// has lost its answer therefore counts once. What was not written when the isolate is stopped is lost.
import type { Counters } from "../../core/metrics/counters.ts";
import type { Totals } from "../../core/metrics/definitions.ts";
import { type Clock, isRecent } from "../lib/timeouts.ts";
import type { MetricsRecorder } from "./port.ts";

/** An isolate that writes is in the gauges for so long. */
export const ACTIVE_MS = 180_000;
/** For so long a merged row is kept, so that its isolate does not count twice what was merged. */
export const MERGED_KEPT_MS = 86_400_000;

const INTERVAL_MS = 60_000;
/** A write waits for the requests that come together with the one that it is due with. */
const GATHER_MS = 5_000;

/** The row of an isolate, unless a later write was before this one, or the row was merged with those of others. */
export const WRITE_COUNTS = `
  INSERT INTO metric_counts (isolate, seq, written_at, totals, unwritten_uses, feed_age_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
  ON CONFLICT (isolate) DO UPDATE SET seq = excluded.seq, written_at = excluded.written_at, totals = excluded.totals,
    unwritten_uses = excluded.unwritten_uses, feed_age_ms = excluded.feed_age_ms
  WHERE merged_at IS NULL AND seq < excluded.seq RETURNING seq`;

/** What was merged of an isolate. */
export const READ_MERGED = "SELECT totals FROM metric_counts WHERE isolate = ?1 AND merged_at IS NOT NULL";

/** What an isolate says of itself beside its counts. */
export interface IsolateState {
  readonly unwrittenUses: number;
  /** In milliseconds since the epoch; -Infinity: never. */
  readonly feedReadAt: number;
}

/** The row that an isolate writes at present. */
interface Row {
  readonly id: string;
  /** What earlier rows of this isolate have. */
  readonly before: Totals;
  seq: number;
  /** The totals of the last write, as far as it is known to be tried. */
  sent: Totals;
  sentAt: number;
}

/** @param onError reports a failed write; the next one has its counts */
export function createMetricsRecorder(
  db: D1Database,
  counters: Counters,
  clock: Clock,
  state: () => IsolateState,
  onError: (what: string, error: unknown) => void,
): MetricsRecorder {
  let startedAt = Number.NEGATIVE_INFINITY;
  let row: Row | null = null;
  let keyRequestAt = Number.NEGATIVE_INFINITY;

  /** The row to write. One that may have been merged and deleted is not written again: it would count twice. */
  function currentRow(now: number): Row {
    if (row === null) counters.isolates.add("");
    if (row === null || !isRecent(now, row.sentAt, MERGED_KEPT_MS / 2)) {
      row = newRow(row === null ? {} : sumOf(row.before, row.sent), now);
    }
    return row;
  }

  async function write(now: number): Promise<void> {
    const own = currentRow(now);
    own.seq += 1;
    own.sent = less(counters.totals(), own.before);
    own.sentAt = now;
    const { unwrittenUses, feedReadAt } = state();
    // An isolate without requests of keys does not read the feed, and need not.
    const isInUse = isRecent(now, keyRequestAt, ACTIVE_MS) && Number.isFinite(feedReadAt);
    const feedAge = isInUse ? Math.max(0, keyRequestAt - feedReadAt) : null;
    const values = [own.id, own.seq, now, JSON.stringify(own.sent), unwrittenUses, feedAge];
    const written = await db
      .prepare(WRITE_COUNTS)
      .bind(...values)
      .first();
    if (written !== null) return;
    const merged = await db.withSession("first-primary").prepare(READ_MERGED).bind(own.id).first<{ totals: string }>();
    // Otherwise a later write of this isolate was before this one.
    if (merged === null || row !== own) return;
    row = newRow(sumOf(own.before, JSON.parse(merged.totals)), now);
    await write(now);
  }

  const recorder: MetricsRecorder = {
    counters,
    noteKeyRequest(now) {
      keyRequestAt = now;
    },
    writeIfDue(now, background) {
      if (isRecent(now, startedAt, INTERVAL_MS)) return;
      startedAt = now;
      const gathered = new Promise<void>((resume) => clock.after(GATHER_MS, resume));
      background(gathered.then(() => recorder.write(clock.now())));
    },
    write: (now) => write(now).catch((error) => onError("metrics_write", error)),
  };
  return recorder;
}

function newRow(before: Totals, now: number): Row {
  return { id: crypto.randomUUID(), before, seq: 0, sent: {}, sentAt: now };
}

const sumOf = (a: Totals, b: Totals): Totals => combined(a, b, 1);
const less = (a: Totals, b: Totals): Totals => combined(a, b, -1);

function combined(a: Totals, b: Totals, sign: number): Totals {
  const result: Record<string, number> = { ...a };
  for (const [key, value] of Object.entries(b)) result[key] = (result[key] ?? 0) + sign * value;
  return result;
}
