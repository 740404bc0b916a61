// What one isolate remembers of keys, and when it may still act on it: the rule of freshness, without any I/O.
// A reading is believed as far as the change log vouches for it, and for as long as D1 was heard of not long ago.
import { type KeyHash, type KeyRecord, keyStatus } from "../../core/access/principal.ts";
import { createLruMap } from "../lib/lru-map.ts";
import type { ChangeFeedReader } from "./change-feed.ts";
import type { RecordRead } from "./ports.ts";

/** A record that D1 confirmed this long ago is served; older, and the change feed is read first. */
export const FRESH_FOR_MS = 10_000;
/** "No such key" is remembered this long, and only for keys whose signature was good. */
const MISS_FOR_MS = 5_000;
/** However often it is used, a remembered record is read anew after this long (less a jitter of up to a tenth). */
const HARD_AGE_MS = 600_000;

/** Two calls of one isolate may see its clock in the wrong order by a little; by more, and it was set back. */
export const CLOCK_TOLERANCE_MS = 100;

/** A record with the place in the log it is true for, or a miss. */
export interface CacheEntry {
  readonly record: KeyRecord | null;
  readonly asOf: number;
  /** When D1 itself was asked for it; -Infinity for a copy out of KV. */
  readonly confirmedAt: number;
  readonly dropAt: number;
  readonly source: "kv" | "d1";
}

export interface KeyCache {
  /** What may be believed if it is young enough; what can no longer be is forgotten here. */
  get(hash: KeyHash, now: number): CacheEntry | null;
  /** Remembers an entry, unless a later one is there already. */
  put(hash: KeyHash, entry: CacheEntry, now: number): void;
  /** True when what is known of the log speaks for an entry. */
  isCurrent(entry: CacheEntry): boolean;
  /** Milliseconds since D1 vouched for an entry. */
  ageOf(entry: CacheEntry, now: number): number;
  /** Whether an entry was vouched for within so many milliseconds, and since the last doubt. */
  isFreshWithin(entry: CacheEntry, thanMs: number, now: number): boolean;
  /** The instant of the last doubt; -Infinity: never. */
  readonly invalidatedAt: number;
  invalidate(now: number): void;
  clear(): void;
  /** The clock was set back: everything is forgotten, since no instant of before proves anything. */
  reset(): void;
}

/**
 * The recollection of one isolate.
 *
 * @param limit the most records that are remembered
 */
export function createKeyCache(feed: ChangeFeedReader, limit: number): KeyCache {
  const memory = createLruMap<KeyHash, CacheEntry>(limit);
  let doubtedAt = Number.NEGATIVE_INFINITY;

  function vouchesFor(entry: CacheEntry): boolean {
    if (entry.record === null) return true;
    return entry.source === "kv" ? feed.isCopyCurrent(entry as RecordRead) : feed.isCurrent(entry as RecordRead);
  }

  function ageOf(entry: CacheEntry, now: number): number {
    const age = now - Math.max(entry.confirmedAt, feed.readAt);
    // An instant that is still to come was read off a clock that has been set back since.
    return age >= -CLOCK_TOLERANCE_MS ? Math.max(0, age) : Number.POSITIVE_INFINITY;
  }

  return {
    get(hash, now) {
      const entry = memory.get(hash);
      if (entry === undefined) return null;
      if (now < entry.dropAt && vouchesFor(entry)) return entry;
      memory.delete(hash);
      return null;
    },
    put(hash, entry, now) {
      const known = memory.get(hash);
      // A slow read, or a copy, must not put back what D1 itself has already replaced.
      const isLater = known === undefined || known.confirmedAt <= entry.confirmedAt || known.confirmedAt > now;
      if (isLater) memory.set(hash, entry);
    },
    isCurrent: vouchesFor,
    ageOf,
    isFreshWithin: (entry, thanMs, now) =>
      Math.max(entry.confirmedAt, feed.readAt) > doubtedAt && ageOf(entry, now) < thanMs,
    get invalidatedAt() {
      return doubtedAt;
    },
    invalidate(now) {
      doubtedAt = now;
    },
    clear: () => memory.clear(),
    reset() {
      memory.clear();
      doubtedAt = Number.NEGATIVE_INFINITY;
      feed.resetTimestamps();
    },
  };
}

/** What D1 has just said. */
export function entryFromPrimary(reading: RecordRead | null, askedAt: number, random: () => number): CacheEntry {
  const record = reading?.record ?? null;
  const dropAt = askedAt + (record === null ? MISS_FOR_MS : hardAgeMs(random));
  return { record, asOf: reading?.asOf ?? 0, confirmedAt: askedAt, dropAt, source: "d1" };
}

/** What KV has said, which D1 has not confirmed. */
export function entryFromCopy({ record, asOf }: RecordRead, now: number, random: () => number): CacheEntry {
  return { record, asOf, confirmedAt: Number.NEGATIVE_INFINITY, dropAt: now + hardAgeMs(random), source: "kv" };
}

function hardAgeMs(random: () => number): number {
  return HARD_AGE_MS * (1 - random() / 10);
}

/** A tombstone is final and an expiry never moves back, so nothing that could still come would open it again. */
export function isInactive({ record }: CacheEntry, now: number): boolean {
  return record === null || keyStatus(record, now) !== "ACTIVE";
}
