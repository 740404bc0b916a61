// Refused calls: counted by reason and key, and the single ones kept for a while so that somebody can ask why. Gathered in
// the isolate and written behind an answer, never once per call: whoever is refused must not be able to make D1 work.
import type { DenialRecorder, DeniedRequest } from "./port.ts";

const WRITE_EVERY_MS = 60_000;
/** A call that a key of ours was refused is looked for soon; as often as this its like may be written. */
const TELL_EVERY_MS = 5_000;
/** Kept until the next write; of more, the newest. */
const MAX_REQUESTS = 20;
/** Different reasons, keys and hours counted until the next write; more are counted without their key. */
const MAX_COUNTS = 1_000;
const HOUR_MS = 3_600_000;

// One statement each, however many rows. "WHERE true": without it SQLite reads ON as part of a join.
export const COUNT_DENIALS = `INSERT INTO refusal_counts (account_id, hour, key_id, reason, count, last_at)
  SELECT value ->> 'accountId', value ->> 'hour', value ->> 'keyId', value ->> 'reason', value ->> 'count',
    value ->> 'lastAt' FROM json_each(?1) WHERE true ON CONFLICT (account_id, hour, key_id, reason)
  DO UPDATE SET count = count + excluded.count, last_at = max(last_at, excluded.last_at)`;
export const KEEP_REQUESTS = `INSERT INTO refused_calls (request_id, account_id, key_id, at, facts)
  SELECT value ->> 'requestId', ifnull(value ->> 'accountId', ''), value ->> 'keyId', value ->> 'at', value
  FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING`;

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
export function createDenialRecorder(
  db: D1Database,
  keepForMs: number,
  onError: (what: string, error: unknown) => void,
): DenialRecorder {
  let counts = new Map<string, Counted>();
  let calls: DeniedRequest[] = [];
  let countsWrittenAt = Number.NEGATIVE_INFINITY;
  let callsWrittenAt = Number.NEGATIVE_INFINITY;

  function count(accountId: string, keyId: string, reason: string, at: number, times = 1): void {
    const hour = Math.floor(at / HOUR_MS);
    const name = `${hour} ${reason} ${keyId} ${accountId}`;
    const known = counts.get(name);
    if (known !== undefined) {
      known.count += times;
      known.lastAt = Math.max(known.lastAt, at);
    } else if (counts.size < MAX_COUNTS || (accountId === "" && keyId === "")) {
      counts.set(name, { accountId, hour, keyId, reason, count: times, lastAt: at });
    } else count("", "", reason, at, times);
  }

  async function writeCounts(now: number): Promise<void> {
    // Taken before the write starts, so that what is noted meanwhile waits for the next one, and nothing counts twice.
    const taken = [...counts.values()];
    counts = new Map();
    countsWrittenAt = now;
    if (taken.length === 0) return;
    try {
      await db.prepare(COUNT_DENIALS).bind(JSON.stringify(taken)).run();
    } catch (error) {
      for (const each of taken) count(each.accountId, each.keyId, each.reason, each.lastAt, each.count);
      onError("refusals_write", error);
    }
  }

  async function writeCalls(now: number): Promise<void> {
    const taken = calls;
    calls = [];
    callsWrittenAt = now;
    if (taken.length === 0) return;
    try {
      await db.prepare(KEEP_REQUESTS).bind(JSON.stringify(taken)).run();
    } catch (error) {
      onError("refusals_write", error);
    }
  }

  return {
    record({ keyId, accountId, reason, at }, call, background) {
      // Only a key's own account is counted: a path can name any.
      count(keyId === null ? "" : (accountId ?? ""), keyId ?? "", reason, at);
      if (call !== null && keepForMs > 0) {
        calls.push(call);
        if (calls.length > MAX_REQUESTS) calls.shift();
      }
      if (keyId === null) return;
      if (calls.length > 0 && at - callsWrittenAt >= TELL_EVERY_MS) background(writeCalls(at));
      if (at - countsWrittenAt >= WRITE_EVERY_MS) background(writeCounts(at));
    },
    flush: async (now) => void (await Promise.all([writeCalls(now), writeCounts(now)])),
  };
}
