// When an API key was last used, from which address, and how often. Counted in the isolate and written after the
// response, at most once per key and minute. An internal error here loses a count, never a response.
import { type Batched, createBatcher } from "../lib/batcher.ts";
import type { Networks } from "./networks.ts";
import type { UsageRecorder } from "./port.ts";

const WRITE_INTERVAL_MS = 60_000;
const SWEEP_INTERVAL_MS = 1_000;

/** Statements in one batch, which is one round trip and one transaction. */
const BATCH_SIZE = 100;

/**
 * Keys that one request writes at most; the next second's takes the rest. D1 allows a thousand queries for each invocation
 * of a Worker: https://developers.cloudflare.com/d1/platform/limits/
 */
const MAX_SWEPT = 500;

/** Moves the time forward only, and the address with it: isolates write in any order. */
export const RECORD_USE = `
  UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), ?2), usage_count = usage_count + ?3,
    last_used_address = iif(?2 >= coalesce(last_used_at, 0), ?4, last_used_address), usage_write = ?5 WHERE id = ?1`;

/** Whether a write was committed, as far as no other write has counted uses of all its keys since. */
const FIND_WRITE = "SELECT 1 FROM api_keys WHERE id IN (SELECT value FROM json_each(?1)) AND usage_write = ?2 LIMIT 1";

interface Use {
  count: number;
  /** Milliseconds since the epoch; -Infinity without a use. */
  lastUsedAt: number;
  /** The address of that use; `null`: not known. */
  address: string | null;
}

/**
 * The usage recorder of one isolate.
 *
 * @param maxKeys as many as the key cache holds: of fewer, every request of a key in turn would be its first and cost a write
 * @param onError reports a failed write; its counts are kept for the next one
 */
export function createUsageRecorder(
  db: D1Database,
  maxKeys: number,
  networks: Networks,
  onError: (what: string, error: unknown) => void,
): UsageRecorder {
  async function write(batch: readonly Batched<Use>[]): Promise<void> {
    const id = crypto.randomUUID().slice(0, 13);
    const toStatement = ({ key, value }: Batched<Use>) =>
      db.prepare(RECORD_USE).bind(key, value.lastUsedAt, value.count, value.address, id);
    try {
      await db.batch(batch.map(toStatement));
    } catch (error) {
      const keys = JSON.stringify(batch.map(({ key }) => key));
      const row = await db.withSession("first-primary").prepare(FIND_WRITE).bind(keys, id).first();
      if (row === null) throw error;
    }
  }

  const batcher = createBatcher<Use>({
    intervalMs: WRITE_INTERVAL_MS,
    maxKeys,
    // A batch at a time: a scan over ever new keys then seldom writes more than its own key.
    evictionSize: BATCH_SIZE,
    sweep: { intervalMs: SWEEP_INTERVAL_MS, maxKeys: MAX_SWEPT },
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
      const address = client === null ? null : client.text;
      if (client !== null && address !== use.address) {
        networks.see(keyId, client.address, request, now, background);
      }
      if (now >= use.lastUsedAt) moveTo(use, now, address);
      batcher.writeIfDue(keyId, now, background);
    },
  };
}

function moveTo(use: Use, lastUsedAt: number, address: string | null): void {
  use.lastUsedAt = lastUsedAt;
  use.address = address;
}
