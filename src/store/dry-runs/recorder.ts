// What trials would have refused: gathered in the isolate, written behind an answer at most once per key and minute. A fault
// here costs counts, never an answer.
import { addTally, emptyTally, OTHERS, type Tally, tallyRequest } from "../../core/access/dry-run.ts";
import type { Background } from "../common.ts";
import { isRecent } from "../lib/timeouts.ts";
import type { DryRunRecorder, DryRunRequest } from "./port.ts";

const WRITE_EVERY_MS = 60_000;
/** Of more keys than this, the one written longest ago is written once more and forgotten. */
const MAX_KEYS = 1_000;
/** Kinds of refusals that D1 keeps of one trial, or a few more; the rest is counted together, by reason. */
const MAX_KEPT = 500;

// One statement each, however many keys; of a trial that has ended meanwhile nothing is written.
export const COUNT_EVALUATED = `UPDATE api_key_trials SET evaluated = evaluated + (seen.value ->> 'evaluated')
  FROM json_each(?1) AS seen WHERE api_key_trials.key_id = seen.value ->> 'keyId'
    AND api_key_trials.id = seen.value ->> 'trialId'`;
export const COUNT_DENIED = `WITH seen AS (
    SELECT t.id, value ->> 'reason' AS reason, value ->> 'network' AS network, value ->> 'operation' AS operation,
      value ->> 'count' AS count, value ->> 'firstAt' AS first_at, value ->> 'lastAt' AS last_at,
      (SELECT count(*) FROM trial_refusals AS f WHERE f.trial_id = t.id) >= ${MAX_KEPT} AS full
    FROM json_each(?1) CROSS JOIN api_key_trials AS t ON t.key_id = value ->> 'keyId' AND t.id = value ->> 'trialId')
  INSERT INTO trial_refusals (trial_id, reason, network, operation, count, first_at, last_at)
  SELECT id, reason, iif(full, '${OTHERS}', network), iif(full, '${OTHERS}', operation), count, first_at, last_at
  FROM seen WHERE true ON CONFLICT (trial_id, reason, network, operation) DO UPDATE SET count = count + excluded.count,
    first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)`;

interface Pending {
  readonly keyId: string;
  readonly trialId: string;
  tally: Tally;
  /** When this isolate last wrote it; -Infinity: never. */
  writtenAt: number;
}

/**
 * The recorder of one isolate, on a D1 database.
 *
 * @param onFault told when a write has failed, whose counts are kept for the next one, and of trials that cannot be read
 */
export function createDryRunRecorder(db: D1Database, onError: (what: string, error: unknown) => void): DryRunRecorder {
  // In the order of their last write.
  const pending = new Map<string, Pending>();
  const toldAt = new Map<string, number>();

  async function write(due: readonly Pending[], now: number): Promise<void> {
    // Taken before the write starts, so that what is noted meanwhile waits for the next one, and nothing counts twice.
    const taken = due.map((each) => ({ each, tally: each.tally }));
    for (const each of due) {
      each.tally = emptyTally();
      each.writtenAt = now;
      if (pending.delete(each.keyId)) pending.set(each.keyId, each);
    }
    const named = taken.map(({ each: { keyId, trialId }, tally }) => ({ keyId, trialId, tally }));
    const counts = named.map(({ keyId, trialId, tally }) => ({ keyId, trialId, evaluated: tally.evaluated }));
    const denials = named.flatMap(({ keyId, trialId, tally }) =>
      [...tally.denials.values()].map((denial) => ({ keyId, trialId, ...denial })),
    );
    const statements = [db.prepare(COUNT_EVALUATED).bind(JSON.stringify(counts))];
    if (denials.length > 0) statements.push(db.prepare(COUNT_DENIED).bind(JSON.stringify(denials)));
    try {
      await db.batch(statements);
    } catch (error) {
      for (const { each, tally } of taken) addTally(each.tally, tally);
      onError("trials_write", error);
    }
  }

  /** Everything whose minute is over; keys with nothing left to write are forgotten. */
  function dueAt(now: number): readonly Pending[] {
    const due = [...pending.values()].filter((each) => !isRecent(now, each.writtenAt, WRITE_EVERY_MS));
    for (const each of due) if (each.tally.evaluated === 0) pending.delete(each.keyId);
    return due.filter((each) => each.tally.evaluated > 0);
  }

  function begin({ keyId, dryRunId: trialId, at }: DryRunRequest, background: Background): Pending {
    // Of another trial of the key nothing is kept: it has ended.
    const [oldest] = pending.size >= MAX_KEYS && !pending.has(keyId) ? pending.values() : [];
    if (oldest !== undefined) {
      pending.delete(oldest.keyId);
      if (oldest.tally.evaluated > 0) background(write([oldest], at));
    }
    const begun = { keyId, trialId, tally: emptyTally(), writtenAt: Number.NEGATIVE_INFINITY };
    pending.set(keyId, begun);
    return begun;
  }

  return {
    record(call, background) {
      const known = pending.get(call.keyId);
      const own = known?.trialId === call.dryRunId ? known : begin(call, background);
      tallyRequest(own.tally, call.denial, call.at);
      if (!isRecent(call.at, own.writtenAt, WRITE_EVERY_MS)) background(write(dueAt(call.at), call.at));
    },
    recordUnreadable(keyId, at) {
      if (isRecent(at, toldAt.get(keyId) ?? Number.NEGATIVE_INFINITY, WRITE_EVERY_MS)) return;
      if (toldAt.size >= MAX_KEYS) toldAt.clear();
      toldAt.set(keyId, at);
      onError("trial_unreadable", new Error(`the trial of key ${keyId} cannot be read, and is ignored`));
    },
    async flush(now) {
      const unwritten = [...pending.values()].filter((each) => each.tally.evaluated > 0);
      if (unwritten.length > 0) await write(unwritten, now);
    },
  };
}
