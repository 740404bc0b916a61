// The key cache of one isolate: records of keys, and whether they are current and fresh. No I/O. An entry is current when
// the change log does not supersede it, and fresh when D1 confirmed it not long ago.
import { type KeyHash, type KeyRecord, keyStatus } from "../../core/access/principal.ts";
import type { Background } from "../common.ts";
import { createLruMap } from "../lib/lru-map.ts";
import type { ChangeFeedReader } from "./change-feed.ts";
import type { RecordRead, ResolvedKey } from "./ports.ts";

/** Until this age an entry is served; for an older one the change feed is read first. */
export const FRESH_FOR_MS = 10_000;
/** How long it is cached that a key does not exist; only keys with a valid signature are looked up at all. */
const MISS_TTL_MS = 5_000;
/** After this long an entry is read again, however often it is used; less a jitter of up to a tenth. */
const MAX_AGE_MS = 600_000;

/** Concurrent requests may see the clock of their isolate out of order by this much; by more, it was set back. */
export const CLOCK_TOLERANCE_MS = 100;

/** A record as of a line of the change log, or a miss. Times are in milliseconds since the epoch. */
export interface CacheEntry {
  readonly record: KeyRecord | null;
  readonly asOf: number;
  /** When the read from D1 began; -Infinity for a copy from KV. */
  readonly confirmedAt: number;
  readonly dropAt: number;
  readonly source: "kv" | "d1";
}

export interface KeyCache {
  /** Returns a current entry, fresh or not; drops one that is superseded or too old to keep. */
  get(hash: KeyHash, now: number): CacheEntry | null;
  /**
   * Returns what a read may be authorized on now: an entry that denies for ever, or one that D1 confirmed recently. For
   * the latter it keeps the change feed fresh, in the background.
   */
  getUsable(hash: KeyHash, now: number, background: Background): ResolvedKey | null;
  /** Stores an entry, unless a later one is cached. */
  put(hash: KeyHash, entry: CacheEntry, now: number): void;
  /** Whether the change log, as far as it is known, does not supersede an entry. */
  isCurrent(entry: CacheEntry): boolean;
  /** Milliseconds since D1 confirmed an entry, directly or by the change feed. */
  ageOf(entry: CacheEntry, now: number): number;
  /** Whether D1 confirmed an entry less than `withinMs` ago, and after the last invalidation. */
  isFreshWithin(entry: CacheEntry, withinMs: number, now: number): boolean;
  /** When the cache was last invalidated; -Infinity: never. */
  readonly invalidatedAt: number;
  /** Makes every entry stale until D1 confirms it again. */
  invalidate(now: number): void;
  clear(): void;
  /** Drops every entry and timestamp, since the clock was set back. */
  reset(): void;
}

/** @param limit the most entries that are kept */
export function createKeyCache(feed: ChangeFeedReader, limit: number): KeyCache {
  const entries = createLruMap<KeyHash, CacheEntry>(limit);
  let invalidatedAt = Number.NEGATIVE_INFINITY;

  const isCurrent = (entry: CacheEntry) => isCurrentBy(feed, entry);
  const confirmedAtOf = (entry: CacheEntry) => Math.max(entry.confirmedAt, feed.readAt);

  return {
    get(hash, now) {
      const entry = entries.get(hash);
      if (entry === undefined) return null;
      if (now < entry.dropAt && isCurrent(entry)) return entry;
      entries.delete(hash);
      return null;
    },
    getUsable(hash, now, background) {
      const entry = this.get(hash, now);
      if (entry === null) return null;
      const confirmedAt = Math.max(entry.confirmedAt, feed.readAt);
      const ageMs = ageAt(confirmedAt, now);
      if (!isInactive(entry, now)) {
        if (confirmedAt <= invalidatedAt || ageMs >= FRESH_FOR_MS) return null;
        feed.refreshIfDue(now, background);
      }
      return { record: entry.record, source: "memory", ageMs, degraded: false };
    },
    put(hash, entry, now) {
      const known = entries.get(hash);
      // A slow read or a copy must not replace what a later read of D1 has put here.
      const isLater = known === undefined || known.confirmedAt <= entry.confirmedAt || known.confirmedAt > now;
      if (isLater) entries.set(hash, entry);
    },
    isCurrent,
    ageOf: (entry, now) => ageAt(confirmedAtOf(entry), now),
    isFreshWithin: (entry, withinMs, now) =>
      confirmedAtOf(entry) > invalidatedAt && ageAt(confirmedAtOf(entry), now) < withinMs,
    get invalidatedAt() {
      return invalidatedAt;
    },
    invalidate(now) {
      invalidatedAt = now;
    },
    clear: () => entries.clear(),
    reset() {
      entries.clear();
      invalidatedAt = Number.NEGATIVE_INFINITY;
      feed.resetTimestamps();
    },
  };
}

function isCurrentBy(feed: ChangeFeedReader, entry: CacheEntry): boolean {
  if (entry.record === null) return true;
  return entry.source === "kv" ? feed.isCopyCurrent(entry as RecordRead) : feed.isCurrent(entry as RecordRead);
}

function ageAt(confirmedAt: number, now: number): number {
  const age = now - confirmedAt;
  // A timestamp in the future means that the clock went back.
  return age >= -CLOCK_TOLERANCE_MS ? Math.max(0, age) : Number.POSITIVE_INFINITY;
}

/** The entry of a read from D1; `null` is a miss. */
export function entryFromPrimary(read: RecordRead | null, startedAt: number, random: () => number): CacheEntry {
  const record = read?.record ?? null;
  const dropAt = startedAt + (record === null ? MISS_TTL_MS : maxAgeMs(random));
  return { record, asOf: read?.asOf ?? 0, confirmedAt: startedAt, dropAt, source: "d1" };
}

/** The entry of a copy from KV, which D1 has not confirmed. */
export function entryFromCopy({ record, asOf }: RecordRead, now: number, random: () => number): CacheEntry {
  return { record, asOf, confirmedAt: Number.NEGATIVE_INFINITY, dropAt: now + maxAgeMs(random), source: "kv" };
}

function maxAgeMs(random: () => number): number {
  return MAX_AGE_MS * (1 - random() / 10);
}

/**
 * Whether an entry is of no active key. No later read could allow it: a revocation is final, and an expiry never moves.
 */
export function isInactive({ record }: CacheEntry, now: number): boolean {
  return record === null || keyStatus(record, now) !== "ACTIVE";
}
