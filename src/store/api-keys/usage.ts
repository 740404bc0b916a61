// Last used, from where, and how often: gathered in the isolate, written behind the answer at most once per key and
// minute, and only ever forward. A fault here costs a count, never an answer.

import type { Background } from "../common.ts";
import { isRecent } from "../lib/timeouts.ts";
import type { UsageRecorder } from "./port.ts";

const WRITE_EVERY_MS = 60_000;

const SWEEP_EVERY_MS = 1_000;

/** Statements in one batch, which is one round trip and one transaction. */
const WRITE_BATCH_SIZE = 100;

/**
 * Uses that one call's sweep writes; the next second's takes the rest. A thousand queries is what D1 lets one invocation
 * of a Worker make: https://developers.cloudflare.com/d1/platform/limits/
 */
const SWEEP_BATCH_SIZE = 500;

/** As many at a time as one batch takes: in a scan over ever new keys nearly every call then writes its own key alone. */
const DELETE_BATCH_SIZE = WRITE_BATCH_SIZE;

/** Moves the instant forward only, and the address with it: isolates write in any order. */
export const RECORD_USE = `
  UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), ?2), usage_count = usage_count + ?3,
    last_used_address = iif(?2 >= coalesce(last_used_at, 0), ?4, last_used_address) WHERE id = ?1`;

interface Pending {
  readonly id: string;
  count: number;
  lastUsedAt: number;
  /** The address of that use; `null`: not known. */
  address: string | null;
  /** When this isolate last wrote the key; -Infinity: never. */
  writtenAt: number;
}

/**
 * The recorder of one isolate, on a D1 database.
 *
 * @param most of more keys than this, those written longest ago are written once more and forgotten: memory stays bounded.
 *   As many as records are remembered; of fewer, every call of a key in turn would be its first and cost a write
 * @param onFault told when a write has failed; its counts are kept for the next one
 */
export function createUsageRecorder(
  db: D1Database,
  most: number,
  onError: (what: string, error: unknown) => void,
): UsageRecorder {
  // In the order of their last write.
  const pending = new Map<string, Pending>();
  let sweptAt = Number.NEGATIVE_INFINITY;

  async function write(uses: readonly Pending[]): Promise<void> {
    // Taken before the write starts, so that uses noted meanwhile are counted by the next one, and none twice.
    const taken = uses.map((use) => ({ ...use, use }));
    for (const use of uses) use.count = 0;
    try {
      await db.batch(
        taken.map(({ id, lastUsedAt, count, address }) => db.prepare(RECORD_USE).bind(id, lastUsedAt, count, address)),
      );
    } catch (error) {
      for (const { use, count } of taken) use.count += count;
      onError("usage_write", error);
    }
  }

  function send(due: readonly Pending[], now: number, background: Background): void {
    for (const use of due) {
      use.writtenAt = now;
      if (pending.delete(use.id)) pending.set(use.id, use);
    }
    for (let from = 0; from < due.length; from += WRITE_BATCH_SIZE)
      background(write(due.slice(from, from + WRITE_BATCH_SIZE)));
  }

  /** One use, and what has waited longest of all whose minute is over; keys with nothing left to write are forgotten. */
  function sweepWith(first: Pending, now: number): readonly Pending[] {
    const due = [first];
    for (const use of pending.values()) {
      if (due.length >= SWEEP_BATCH_SIZE) break;
      if (use === first || isRecent(now, use.writtenAt, WRITE_EVERY_MS)) continue;
      if (use.count > 0) due.push(use);
      else pending.delete(use.id);
    }
    return due;
  }

  /** Makes room, and returns what is still unwritten of those that had to go. */
  function forgetOldest(): readonly Pending[] {
    const oldest = [...pending.values().take(DELETE_BATCH_SIZE)];
    for (const { id } of oldest) pending.delete(id);
    return oldest.filter(({ count }) => count > 0);
  }

  function begin(id: string, now: number, background: Background): Pending {
    if (pending.size >= most) send(forgetOldest(), now, background);
    const use: Pending = { id, count: 0, lastUsedAt: now, address: null, writtenAt: Number.NEGATIVE_INFINITY };
    pending.set(id, use);
    return use;
  }

  return {
    record(keyId, now, address, background) {
      const use = pending.get(keyId) ?? begin(keyId, now, background);
      use.count += 1;
      if (now >= use.lastUsedAt) {
        use.lastUsedAt = now;
        use.address = address;
      }
      if (isRecent(now, use.writtenAt, WRITE_EVERY_MS)) return;
      // A key's first use is written at once; whoever else is due goes with it, looked for once a second.
      const isSwept = isRecent(now, sweptAt, SWEEP_EVERY_MS);
      if (!isSwept) sweptAt = now;
      send(isSwept ? [use] : sweepWith(use, now), now, background);
    },
  };
}
