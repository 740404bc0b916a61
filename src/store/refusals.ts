// Refused calls: counted by reason and key, and the single ones kept for a while so that somebody can ask why. Gathered in
// the isolate and written behind an answer, never once per call: whoever is refused must not be able to make D1 work.
import type { Background, RefusalRecorder, RefusedCall } from "./ports.ts";

const WRITE_EVERY_MS = 60_000;
/** A call that a key of ours was refused is looked for soon; as often as this its like may be written. */
const TELL_EVERY_MS = 2_000;
/** Kept until the next write; of more, the newest. */
const MOST_CALLS = 50;
/** Different reasons, keys and hours counted until the next write; more are counted without their key. */
const MOST_COUNTS = 1_000;
const HOUR_MS = 3_600_000;

export const COUNT_REFUSALS = `INSERT INTO refusal_counts (account_id, hour, key_id, reason, count, last_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (account_id, hour, key_id, reason)
  DO UPDATE SET count = count + excluded.count, last_at = max(last_at, excluded.last_at)`;
export const KEEP_CALL = `INSERT INTO refused_calls (request_id, account_id, key_id, at, facts)
  VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING`;

interface Counted {
  readonly accountId: string;
  readonly hour: number;
  readonly keyId: string;
  readonly reason: string;
  count: number;
  lastAt: number;
}

/**
 * The recorder of one isolate, on a D1 database.
 *
 * A refusal of nobody's (no key, a made-up one) never causes a write: it goes along with the next one of a key, or when
 * somebody asks for explanations here. So a flood of forged keys costs no storage.
 *
 * @param keepForMs how long single calls can be asked about; 0: not at all
 * @param onFault told when a write has failed; its counts are kept for the next one
 */
export function createRefusalRecorder(
  db: D1Database,
  keepForMs: number,
  onFault: (what: string, error: unknown) => void,
): RefusalRecorder {
  let counts = new Map<string, Counted>();
  let calls: RefusedCall[] = [];
  let countsWrittenAt = Number.NEGATIVE_INFINITY;
  let callsWrittenAt = Number.NEGATIVE_INFINITY;

  function count(accountId: string, keyId: string, reason: string, at: number, times = 1): void {
    const hour = Math.floor(at / HOUR_MS);
    const name = JSON.stringify([accountId, hour, keyId, reason]);
    const known = counts.get(name);
    if (known !== undefined) {
      known.count += times;
      known.lastAt = Math.max(known.lastAt, at);
    } else if (counts.size < MOST_COUNTS || (accountId === "" && keyId === "")) {
      counts.set(name, { accountId, hour, keyId, reason, count: times, lastAt: at });
    } else count("", "", reason, at, times);
  }

  async function write(now: number): Promise<void> {
    const [taken, kept] = [[...counts.values()], calls];
    // Taken before the write starts, so that what is noted meanwhile waits for the next one, and nothing counts twice.
    counts = new Map();
    calls = [];
    countsWrittenAt = now;
    callsWrittenAt = now;
    if (taken.length === 0 && kept.length === 0) return;
    const [counting, keeping] = [db.prepare(COUNT_REFUSALS), db.prepare(KEEP_CALL)];
    try {
      await db.batch([
        ...taken.map((each) =>
          counting.bind(each.accountId, each.hour, each.keyId, each.reason, each.count, each.lastAt),
        ),
        ...kept.map((call) =>
          keeping.bind(call.requestId, call.accountId ?? "", call.keyId, call.at, JSON.stringify(call)),
        ),
      ]);
    } catch (error) {
      for (const each of taken) count(each.accountId, each.keyId, each.reason, each.lastAt, each.count);
      onFault("refusals_write", error);
    }
  }

  return {
    note(call: RefusedCall, background: Background) {
      // Only a key's own account is counted: a path can name any.
      count(call.keyId === null ? "" : (call.accountId ?? ""), call.keyId ?? "", call.reason, call.at);
      if (keepForMs > 0) {
        calls.push(call);
        if (calls.length > MOST_CALLS) calls.shift();
      }
      if (call.keyId === null) return;
      const due = keepForMs > 0 && call.at - callsWrittenAt >= TELL_EVERY_MS;
      if (due || call.at - countsWrittenAt >= WRITE_EVERY_MS) background(write(call.at));
    },
    flush: (now) => write(now),
  };
}
