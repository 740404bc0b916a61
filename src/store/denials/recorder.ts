// Denied requests: counted by reason and key, and single ones kept for a while so that a denial can be explained. Gathered
// in the isolate and written in batches, since a denied client must not be able to cause a write with each request.
import { type Batcher, createBatcher } from "../lib/batcher.ts";
import { type KeptRequests, keepRequest } from "./kept-requests.ts";
import type { DenialRecorder } from "./port.ts";

const COUNTS_INTERVAL_MS = 60_000;
/** Shorter than for counts: explanations are requested soon after a denial. */
const REQUESTS_INTERVAL_MS = 5_000;
/** Combinations of reason, key and hour counted until the next write; further ones are counted without their key. */
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

interface Count {
  readonly accountId: string;
  readonly hour: number;
  readonly keyId: string;
  readonly reason: string;
  count: number;
  lastAt: number;
}

type Counts = Map<string, Count>;

// All denials of the isolate are one batch, so that writes do not grow with the number of keys.
const ALL = "all";

/**
 * The denial recorder of one isolate.
 *
 * A denial without a key (no credential, or an invalid one) never causes a write: it is written with the next denial of a
 * key, or by `flush`. So a flood of forged keys writes nothing.
 *
 * @param retentionMs how long single requests are kept; 0: not at all
 * @param onError reports a failed write; its counts are kept for the next one, its single requests are lost
 */
export function createDenialRecorder(
  db: D1Database,
  retentionMs: number,
  onError: (what: string, error: unknown) => void,
): DenialRecorder {
  const report = (error: unknown) => onError("refusals_write", error);
  const counts = createCountBatcher(db, report);
  const requests = createRequestBatcher(db, report);

  return {
    record({ keyId, accountId, reason, at }, details, inFlood, background) {
      // Without a key the account is the one of the path, which any client can choose.
      const owner = keyId === null ? { accountId: "", keyId: "" } : { accountId: accountId ?? "", keyId };
      const hour = Math.floor(at / HOUR_MS);
      addCount(counts.pending(ALL, at, background), { ...owner, hour, reason, count: 1, lastAt: at });
      if (retentionMs > 0) keepRequest(requests.pending(ALL, at, background), owner, details, inFlood);
      if (keyId === null) return;
      requests.writeIfDue(ALL, at, background);
      counts.writeIfDue(ALL, at, background);
    },
    flush: async (now) => void (await Promise.all([requests.flush(now), counts.flush(now)])),
  };
}

function createCountBatcher(db: D1Database, onError: (error: unknown) => void): Batcher<Counts> {
  return createBatcher<Counts>({
    intervalMs: COUNTS_INTERVAL_MS,
    maxKeys: 1,
    empty: () => new Map(),
    isEmpty: ({ size }) => size === 0,
    write(batch) {
      const rows = batch.flatMap(({ value }) => [...value.values()]);
      return db.prepare(COUNT_DENIALS).bind(JSON.stringify(rows)).run();
    },
    putBack(counts, failed) {
      for (const count of failed.values()) addCount(counts, count);
    },
    onError,
  });
}

function createRequestBatcher(db: D1Database, onError: (error: unknown) => void): Batcher<KeptRequests> {
  return createBatcher<KeptRequests>({
    intervalMs: REQUESTS_INTERVAL_MS,
    maxKeys: 1,
    empty: () => new Map(),
    isEmpty: ({ size }) => size === 0,
    write(batch) {
      const rows = batch.flatMap(({ value }) => [...value.values()].flatMap(({ requests }) => requests));
      return db.prepare(KEEP_REQUESTS).bind(JSON.stringify(rows)).run();
    },
    putBack: () => undefined,
    onError,
  });
}

function addCount(counts: Counts, { accountId, hour, keyId, reason, count, lastAt }: Count): void {
  const id = `${hour} ${reason} ${keyId} ${accountId}`;
  const known = counts.get(id);
  if (known !== undefined) {
    known.count += count;
    known.lastAt = Math.max(known.lastAt, lastAt);
  } else if (counts.size < MAX_COUNTS || (accountId === "" && keyId === "")) {
    counts.set(id, { accountId, hour, keyId, reason, count, lastAt });
  } else addCount(counts, { accountId: "", hour, keyId: "", reason, count, lastAt });
}
