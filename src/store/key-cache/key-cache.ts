// The key cache of one isolate: records of keys, and whether they are current and fresh. No I/O. An entry is current when
// the change log does not supersede it, and fresh when D1 confirmed it not long ago.
import { type KeyHash, type KeyRecord, keyStatus } from "../../core/access/principal.ts";
import type { Background } from "../common.ts";
import { createLruMap } from "../lib/lru-map.ts";
import { CLOCK_TOLERANCE_MS } from "../lib/timeouts.ts";
import type { ChangeFeedReader } from "./change-feed.ts";
import { FRESH_FOR_MS } from "./change-log.ts";
import type { RecordRead, ResolvedKey } from "./ports.ts";

/** How long it is cached that a key does not exist; only keys with a valid signature are looked up at all. */
const MISS_TTL_MS = 5_000;
/** Entries that become stale at once when this isolate changes their role or list. */
const MAX_INVALIDATED = 100;
/** After this long an entry is read again from D1, behind a response that it has served; less a jitter of up to a tenth. */
const RELOAD_AFTER_MS = 180_000;
/** When that has failed, it is tried again after this long. */
const RELOAD_RETRY_MS = 60_000;
/** After this long an entry that was not read again is dropped: a change without a line in the log is felt by then. */
const MAX_AGE_MS = 600_000;

/** A record as of a line of the change log, or a miss. Times are in milliseconds since the epoch. */
export interface CacheEntry {
  readonly record: KeyRecord | null;
  readonly asOf: number;
  /** When the read from D1 began; -Infinity for a copy from KV. */
  readonly confirmedAt: number;
  readonly dropAt: number;
  /** From when on it is read again, behind a response. */
  readonly reloadAt: number;
  /** Read from D1, and older than the change log was known to be before: not of the primary as it is. */
  readonly isOutdated: boolean;
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
  /**
   * Returns an entry that only a change of its role has superseded, and which may still be served as it is: it was current
   * recently enough.
   */
  getSuperseded(hash: KeyHash, now: number): CacheEntry | null;
  /** The hashes of all such entries. */
  superseded(now: number): readonly KeyHash[];
  /** Has an entry read again in the background when it is old. */
  reloadIfAged(hash: KeyHash, entry: CacheEntry, now: number, background: Background): void;
  /** Stores an entry, unless a later one is cached. */
  put(hash: KeyHash, entry: CacheEntry, now: number): void;
  /** The number of the newest line of the change log that is known; 0: none. */
  readonly knownSeq: number;
  /** Whether the change log, as far as it is known, does not supersede an entry. */
  isCurrent(entry: CacheEntry): boolean;
  /** Milliseconds since D1 confirmed an entry, directly or by the change feed; of a superseded one, since it was current. */
  ageOf(entry: CacheEntry, now: number): number;
  /**
   * Whether no later read could allow an entry: a miss, a revoked or canary key, or one whose expiry D1 has confirmed after it had passed.
   * An edit may move an expiry until then.
   */
  isFinal(entry: CacheEntry, now: number): boolean;
  /** Whether D1 confirmed an entry less than `withinMs` ago, and after the last invalidation. */
  isFreshWithin(entry: CacheEntry, withinMs: number, now: number): boolean;
  /** When anything in the cache was last invalidated; -Infinity: never. */
  readonly invalidatedAt: number;
  /**
   * Makes the entries of some keys and roles stale until D1 confirms them again.
   *
   * @returns false for many entries, which stay as fresh as they are: all of them would be read at once
   */
  invalidate(ids: readonly string[], now: number): boolean;
  clear(): void;
  /** Drops every entry and timestamp, since the clock was set back. */
  reset(): void;
}

/** Reads the row of a cached record in the background. */
export type Reload = (hash: KeyHash, record: KeyRecord, background: Background) => void;

/** @param limit the most entries that are kept */
export function createKeyCache(feed: ChangeFeedReader, limit: number, reload: Reload): KeyCache {
  const entries = createLruMap<KeyHash, CacheEntry>(limit);
  let invalidatedAt = Number.NEGATIVE_INFINITY;
  /** Ids of keys and roles, by the time of their invalidation. */
  const invalidated = new Map<string, number>();

  const isCurrent = (entry: CacheEntry) => isCurrentBy(feed, entry);
  const confirmedAtOf = (entry: CacheEntry) =>
    isCurrent(entry) ? Math.max(entry.confirmedAt, feed.readAt) : lastCurrentAt(feed, entry);
  const isFinal = (entry: CacheEntry, now: number) => isFinalAt(entry, confirmedAtOf(entry), now);

  function isInvalidated({ record }: CacheEntry, confirmedAt: number): boolean {
    if (record === null || invalidated.size === 0 || confirmedAt > invalidatedAt) return false;
    return idsOf(record).some((id) => confirmedAt <= (invalidated.get(id) ?? Number.NEGATIVE_INFINITY));
  }

  function isServable(entry: CacheEntry, now: number): boolean {
    const at = lastCurrentAt(feed, entry);
    return now < entry.dropAt && ageAt(at, now) < FRESH_FOR_MS && !isInvalidated(entry, at);
  }

  return {
    get(hash, now) {
      const entry = entries.get(hash);
      if (entry === undefined) return null;
      if (now < entry.dropAt && isCurrent(entry)) return entry;
      if (!isServable(entry, now)) entries.delete(hash);
      return null;
    },
    getSuperseded(hash, now) {
      const entry = entries.get(hash);
      return entry !== undefined && !isCurrent(entry) && isServable(entry, now) ? entry : null;
    },
    superseded: (now) =>
      [...entries.entries()].filter(([, entry]) => !isCurrent(entry) && isServable(entry, now)).map(([hash]) => hash),
    getUsable(hash, now, background) {
      const entry = this.get(hash, now);
      if (entry === null) return null;
      const confirmedAt = Math.max(entry.confirmedAt, feed.readAt);
      const ageMs = ageAt(confirmedAt, now);
      if (!isFinalAt(entry, confirmedAt, now)) {
        if (ageMs >= FRESH_FOR_MS || isInvalidated(entry, confirmedAt)) return null;
        feed.refreshIfDue(now, background);
      }
      if (now >= entry.reloadAt) this.reloadIfAged(hash, entry, now, background);
      return { record: entry.record, source: "memory", ageMs, degraded: false };
    },
    reloadIfAged(hash, entry, now, background) {
      if (now < entry.reloadAt || entry.record === null) return;
      entries.set(hash, { ...entry, reloadAt: now + RELOAD_RETRY_MS });
      reload(hash, entry.record, background);
    },
    put(hash, entry, now) {
      const known = entries.get(hash);
      // A slow read or a copy must not replace what a later read of D1 has put here.
      const isLater = known === undefined || known.confirmedAt <= entry.confirmedAt || known.confirmedAt > now;
      if (isLater) entries.set(hash, entry);
    },
    get knownSeq() {
      return feed.seq;
    },
    isCurrent,
    isFinal,
    ageOf: (entry, now) => ageAt(confirmedAtOf(entry), now),
    isFreshWithin(entry, withinMs, now) {
      const confirmedAt = confirmedAtOf(entry);
      return ageAt(confirmedAt, now) < withinMs && !isInvalidated(entry, confirmedAt);
    },
    get invalidatedAt() {
      return invalidatedAt;
    },
    invalidate(ids, now) {
      const changed = new Set(ids);
      let affected = 0;
      for (const [, { record }] of entries.entries()) {
        if (record !== null && idsOf(record).some((id) => changed.has(id))) affected += 1;
        if (affected > MAX_INVALIDATED) return false;
      }
      for (const [id, at] of invalidated) if (at < feed.readAt) invalidated.delete(id);
      for (const id of changed) invalidated.set(id, now);
      invalidatedAt = now;
      return true;
    },
    clear: () => entries.clear(),
    reset() {
      entries.clear();
      invalidated.clear();
      invalidatedAt = Number.NEGATIVE_INFINITY;
      feed.resetTimestamps();
    },
  };
}

function isCurrentBy(feed: ChangeFeedReader, entry: CacheEntry): boolean {
  if (entry.record === null) return true;
  if (entry.isOutdated) return false;
  return entry.source === "kv" ? feed.isCopyCurrent(entry as RecordRead) : feed.isCurrent(entry as RecordRead);
}

/** When an entry that is not current was so for the last time; -Infinity: it may not be served. */
function lastCurrentAt(feed: ChangeFeedReader, entry: CacheEntry): number {
  const at = entry.record === null ? null : feed.lastCurrentAt(entry as RecordRead);
  return at === null ? Number.NEGATIVE_INFINITY : Math.max(entry.confirmedAt, at);
}

/** What a change of which supersedes a record: the key, its role, and the role of its dry run. */
function idsOf({ id, role, dryRun }: KeyRecord): readonly string[] {
  return [id, role.id, dryRun?.candidate?.role.id ?? role.id];
}

function ageAt(confirmedAt: number, now: number): number {
  const age = now - confirmedAt;
  // A timestamp in the future means that the clock went back.
  return age >= -CLOCK_TOLERANCE_MS ? Math.max(0, age) : Number.POSITIVE_INFINITY;
}

/** When a read from D1 began, and the newest line of the change log that was known then. */
export interface ReadStart {
  readonly at: number;
  readonly seq: number;
}

/** The entry of a read from D1; `null` is a miss. */
export function entryFromPrimary(read: RecordRead | null, started: ReadStart, random: () => number): CacheEntry {
  if (read === null) {
    const at = { confirmedAt: started.at, dropAt: started.at + MISS_TTL_MS, reloadAt: Number.POSITIVE_INFINITY };
    return { record: null, asOf: 0, ...at, isOutdated: false, source: "d1" };
  }
  const { record, asOf } = read;
  const at = { confirmedAt: started.at, ...agesFrom(started.at, random) };
  return { record, asOf, ...at, isOutdated: asOf < started.seq, source: "d1" };
}

/** The entry of a copy from KV, which D1 has not confirmed. */
export function entryFromCopy({ record, asOf }: RecordRead, now: number, random: () => number): CacheEntry {
  const { dropAt, reloadAt } = agesFrom(now, random);
  return { record, asOf, confirmedAt: Number.NEGATIVE_INFINITY, dropAt, reloadAt, isOutdated: false, source: "kv" };
}

function agesFrom(readAt: number, random: () => number): Pick<CacheEntry, "dropAt" | "reloadAt"> {
  return { dropAt: readAt + MAX_AGE_MS, reloadAt: readAt + RELOAD_AFTER_MS * (1 - random() / 10) };
}

// Only an active key is edited. Other isolates' clocks may be behind, but not by this much.
function isFinalAt({ record }: CacheEntry, confirmedAt: number, now: number): boolean {
  if (record === null || record.revokedAt !== null || record.canary) return true;
  return record.expiresAt !== null && now >= record.expiresAt && confirmedAt >= record.expiresAt + FRESH_FOR_MS;
}

/** Whether an entry is of no active key at this time. */
export function isInactive({ record }: CacheEntry, now: number): boolean {
  return record === null || record.canary || keyStatus(record, now) !== "ACTIVE";
}
