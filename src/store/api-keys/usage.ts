// When an API key was last used, from which address, and how often. Counted in the isolate and written after the
// response, once in an interval for each key and for many keys at once. An internal error here loses a count, never a response.
import { type Batched, createBatcher } from "../lib/batcher.ts";
import type { Clock } from "../lib/timeouts.ts";
import type { Networks } from "./networks.ts";
import type { UsageRecorder } from "./port.ts";

/** A key with so many unwritten uses is written once a minute, so that an isolate that is stopped loses no more of them. */
const MUCH = { intervalMs: 60_000, has: ({ count }: Use) => count >= 100 };
/** How long a use may wait for those of other keys, while an isolate has others to write. */
const GATHER_MS = 250;

/** Keys in one statement. */
const BATCH_SIZE = 100;
/** Keys that one request writes at most; the next write takes the rest. */
const MAX_SWEPT = 500;

/**
 * The uses of some keys, each listed once. Moves the time forward only, and the address with it: isolates write in any order.
 */
export const RECORD_USES = `
  UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), use.value ->> 'at'),
    usage_count = usage_count + (use.value ->> 'count'),
    last_used_address = iif(use.value ->> 'at' >= coalesce(last_used_at, 0), use.value ->> 'address', last_used_address),
    usage_write = ?2
  FROM json_each(?1) AS use WHERE api_keys.id = use.value ->> 'id'`;

/** Whether a write was committed, as far as no other write has counted uses of all its keys since. */
const FIND_WRITE = "SELECT 1 FROM api_keys WHERE id IN (SELECT value FROM json_each(?1)) AND usage_write = ?2 LIMIT 1";

interface Use {
  count: number;
  /** Milliseconds since the epoch; -Infinity without a use. */
  lastUsedAt: number;
  /** The address of that use; `null`: not known. */
  address: string | null;
}

export interface UsageSettings {
  /** As many as the key cache holds: of fewer, every request of a key in turn would be its first and cost a write. */
  readonly maxKeys: number;
  readonly clock: Clock;
  /** LAST_USE_INTERVAL_SECONDS: how often a key in use is written. */
  readonly intervalMs: number;
}

/**
 * The usage recorder of one isolate.
 *
 * @param onError reports a failed write; its counts are kept for the next one
 */
export function createUsageRecorder(
  db: D1Database,
  { maxKeys, clock, intervalMs }: UsageSettings,
  networks: Networks,
  onError: (what: string, error: unknown) => void,
): UsageRecorder {
  let unwritten = 0;

  async function write(batch: readonly Batched<Use>[]): Promise<void> {
    const id = crypto.randomUUID().slice(0, 13);
    const toRow = ({ key, value: { lastUsedAt: at, count, address } }: Batched<Use>) => ({
      id: key,
      at,
      count,
      address,
    });
    try {
      await db
        .prepare(RECORD_USES)
        .bind(JSON.stringify(batch.map(toRow)), id)
        .run();
    } catch (error) {
      const keys = JSON.stringify(batch.map(({ key }) => key));
      const row = await db.withSession("first-primary").prepare(FIND_WRITE).bind(keys, id).first();
      if (row === null) throw error;
    }
    for (const { value } of batch) unwritten -= value.count;
  }

  const batcher = createBatcher<Use>({
    intervalMs,
    much: MUCH,
    maxKeys,
    // A batch at a time: a scan over ever new keys then seldom writes more than its own key.
    evictionSize: BATCH_SIZE,
    gather: { forMs: GATHER_MS, maxKeys: MAX_SWEPT, clock },
    batchSize: BATCH_SIZE,
    empty: () => ({ count: 0, lastUsedAt: Number.NEGATIVE_INFINITY, address: null }),
    isEmpty: ({ count }) => count === 0,
    write,
    putBack(use, failed) {
      use.count += failed.count;
      if (failed.lastUsedAt > use.lastUsedAt) moveTo(use, failed.lastUsedAt, failed.address);
    },
    onError: (error) => onError("usage_write", error),
  });

  return {
    record(keyId, now, client, request, background) {
      const use = batcher.pending(keyId, now, background);
      use.count += 1;
      unwritten += 1;
      const address = client === null ? null : client.text;
      if (client !== null && address !== use.address) {
        networks.see(keyId, client.address, request, now, background);
      }
      if (now >= use.lastUsedAt) moveTo(use, now, address);
      batcher.writeIfDue(keyId, now, background);
    },
    unwritten: () => unwritten,
  };
}

function moveTo(use: Use, lastUsedAt: number, address: string | null): void {
  use.lastUsedAt = lastUsedAt;
  use.address = address;
}
