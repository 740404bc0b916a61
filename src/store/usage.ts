// Last used, and how often: gathered in the isolate, written behind the answer at most once per key and minute, and only
// ever forward. A fault here costs a count, never an answer.
import type { UsageRecorder } from "./ports.ts";

const WRITE_EVERY_MS = 60_000;

const SWEEP_EVERY_MS = 1_000;

/** More keys than this, and all are written and forgotten early: memory stays bounded. */
const MOST_PENDING = 10_000;

/** Statements in one batch, which is one round trip and one transaction. */
const WRITE_AT_ONCE = 100;

/** Moves the instant forward only: isolates write in any order. */
export const RECORD_USE = `
  UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), ?2), usage_count = usage_count + ?3 WHERE id = ?1`;

interface Pending {
  count: number;
  lastUsedAt: number;
  /** When this isolate last wrote the key; -Infinity: never. */
  writtenAt: number;
}

/**
 * The recorder of one isolate, on a D1 database.
 *
 * @param onFault told when a write has failed; its counts are kept for the next one
 */
export function createD1Usage(db: D1Database, onFault: (what: string, error: unknown) => void): UsageRecorder {
  const pending = new Map<string, Pending>();
  let sweepAt = Number.NEGATIVE_INFINITY;

  async function write(keyIds: readonly string[], now: number): Promise<void> {
    const taken = keyIds.map((id) => {
      const use = pending.get(id) as Pending;
      const { count, lastUsedAt } = use;
      // Taken before the write starts, so that uses noted meanwhile are counted by the next one, and none twice.
      use.count = 0;
      use.writtenAt = now;
      return { id, use, count, lastUsedAt };
    });
    try {
      await db.batch(taken.map(({ id, lastUsedAt, count }) => db.prepare(RECORD_USE).bind(id, lastUsedAt, count)));
    } catch (error) {
      for (const { use, count } of taken) use.count += count;
      onFault("usage_write", error);
    }
  }

  /** Everything that may be written now; keys with nothing left to write are forgotten. */
  function sweep(now: number): readonly string[] {
    const due: string[] = [];
    for (const [id, use] of pending) {
      if (now - use.writtenAt < WRITE_EVERY_MS && pending.size < MOST_PENDING) continue;
      if (use.count > 0) due.push(id);
      else pending.delete(id);
    }
    return due;
  }

  return {
    note(keyId, now, background) {
      let use = pending.get(keyId);
      if (use === undefined) {
        use = { count: 0, lastUsedAt: now, writtenAt: Number.NEGATIVE_INFINITY };
        pending.set(keyId, use);
      }
      use.count += 1;
      use.lastUsedAt = Math.max(use.lastUsedAt, now);
      if (now - use.writtenAt < WRITE_EVERY_MS) return;
      // A key's first use is written at once; whoever else is due goes with it, looked for once a second.
      const due = now < sweepAt ? [keyId] : sweep(now);
      if (now >= sweepAt) sweepAt = now + SWEEP_EVERY_MS;
      for (let from = 0; from < due.length; from += WRITE_AT_ONCE) {
        background(write(due.slice(from, from + WRITE_AT_ONCE), now));
      }
    },
  };
}
