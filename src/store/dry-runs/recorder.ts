// Counts the requests that dry runs would have denied: gathered in the isolate, written after the response at most once
// per dry run and minute. An internal error here loses counts, never a response.
import { addTally, emptyTally, OTHERS, type Tally, tallyRequest } from "../../core/access/dry-run.ts";
import { type Batched, createBatcher } from "../lib/batcher.ts";
import { isRecent } from "../lib/timeouts.ts";
import type { DryRunRecorder } from "./port.ts";

const WRITE_INTERVAL_MS = 60_000;
const MAX_KEYS = 1_000;
/** Rows of denials that D1 keeps for one dry run, or a few more; further ones are counted together, by reason. */
const MAX_STORED_DENIALS = 500;

// One statement each, however many keys. A dry run that has ended meanwhile matches no row.
export const COUNT_EVALUATED = `UPDATE api_key_trials SET evaluated = evaluated + (seen.value ->> 'evaluated')
  FROM json_each(?1) AS seen WHERE api_key_trials.key_id = seen.value ->> 'keyId'
    AND api_key_trials.id = seen.value ->> 'dryRunId'`;
export const COUNT_DENIED = `WITH seen AS (
    SELECT t.id, value ->> 'reason' AS reason, value ->> 'network' AS network, value ->> 'operation' AS operation,
      value ->> 'count' AS count, value ->> 'firstAt' AS first_at, value ->> 'lastAt' AS last_at,
      (SELECT count(*) FROM trial_refusals AS f WHERE f.trial_id = t.id) >= ${MAX_STORED_DENIALS} AS full
    FROM json_each(?1) CROSS JOIN api_key_trials AS t ON t.key_id = value ->> 'keyId' AND t.id = value ->> 'dryRunId')
  INSERT INTO trial_refusals (trial_id, reason, network, operation, count, first_at, last_at)
  SELECT id, reason, iif(full, '${OTHERS}', network), iif(full, '${OTHERS}', operation), count, first_at, last_at
  FROM seen WHERE true ON CONFLICT (trial_id, reason, network, operation) DO UPDATE SET count = count + excluded.count,
    first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)`;

/**
 * The dry-run recorder of one isolate.
 *
 * @param onError reports a failed write, whose counts are kept for the next one, and a dry run that cannot be read
 */
export function createDryRunRecorder(db: D1Database, onError: (what: string, error: unknown) => void): DryRunRecorder {
  const batcher = createBatcher<Tally>({
    intervalMs: WRITE_INTERVAL_MS,
    maxKeys: MAX_KEYS,
    empty: emptyTally,
    isEmpty: ({ evaluated }) => evaluated === 0,
    write: (batch) => db.batch(statementsOf(db, batch)),
    putBack: addTally,
    onError: (error) => onError("trials_write", error),
  });

  return {
    record({ keyId, dryRunId, denial, at }, background) {
      const key = batchKey(keyId, dryRunId);
      tallyRequest(batcher.pending(key, at, background), denial, at);
      batcher.writeIfDue(key, at, background);
    },
    recordUnreadable: createUnreadableReporter(onError),
    flush: (now) => batcher.flush(now),
  };
}

// Both ids, so that the counts of one dry run are never added to the next one of the same key.
function batchKey(keyId: string, dryRunId: string): string {
  return `${keyId} ${dryRunId}`;
}

function statementsOf(db: D1Database, batch: readonly Batched<Tally>[]): D1PreparedStatement[] {
  const tallies = batch.map(({ key, value }) => {
    const [keyId, dryRunId] = key.split(" ");
    return { ids: { keyId, dryRunId }, tally: value };
  });
  const evaluated = tallies.map(({ ids, tally }) => ({ ...ids, evaluated: tally.evaluated }));
  const denials = tallies.flatMap(({ ids, tally }) =>
    [...tally.denials.values()].map((denial) => ({ ...ids, ...denial })),
  );
  const statements = [db.prepare(COUNT_EVALUATED).bind(JSON.stringify(evaluated))];
  if (denials.length > 0) statements.push(db.prepare(COUNT_DENIED).bind(JSON.stringify(denials)));
  return statements;
}

function createUnreadableReporter(onError: (what: string, error: unknown) => void) {
  const reportedAt = new Map<string, number>();
  return (keyId: string, at: number): void => {
    if (isRecent(at, reportedAt.get(keyId) ?? Number.NEGATIVE_INFINITY, WRITE_INTERVAL_MS)) return;
    if (reportedAt.size >= MAX_KEYS) reportedAt.clear();
    reportedAt.set(keyId, at);
    onError("trial_unreadable", new Error(`the dry run of key ${keyId} cannot be read and is ignored`));
  };
}
