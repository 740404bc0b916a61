// Looks up the record of a request: key cache, KV, change feed, the row in D1, and what a failure of each means.
// key-cache.ts decides which entries are current and fresh.
import type { KeyHash } from "../../core/access/principal.ts";
import type { Background } from "../common.ts";
import { type Clock, StoreUnavailable } from "../lib/timeouts.ts";
import type { BackingReads } from "./backing-reads.ts";
import type { ChangeFeedReader } from "./change-feed.ts";
import { type CacheEntry, FRESH_FOR_MS, isInactive, type KeyCache } from "./key-cache.ts";
import type { Need, PendingKey, ResolvedKey } from "./ports.ts";

/** The parts of one isolate. */
export interface ResolverParts {
  readonly clock: Clock;
  readonly cache: KeyCache;
  readonly feed: ChangeFeedReader;
  readonly reads: BackingReads;
  readonly staleIfErrorMs: number;
  /** The current time, after `detectClockRollback`. */
  now(): number;
  /** Resets the cache when the clock has been set back to this time. */
  detectClockRollback(time: number): void;
}

/** Looks up a record for a request that accepts a recent result. */
export async function resolveCached(
  parts: ResolverParts,
  hash: KeyHash,
  background: Background,
): Promise<ResolvedKey | PendingKey> {
  const { cache, feed, reads } = parts;
  const entry = cache.get(hash, parts.now()) ?? (await reads.copy(hash, background));
  if (entry === null || (feed.initialized && !cache.isCurrent(entry))) return await readRow(parts, hash, background);
  const now = parts.now();
  if (isFresh(parts, entry, now)) return serveEntry(parts, hash, entry, now, false);
  const confirmed = ignoreUnhandled(confirm(parts, hash, entry, background));
  return entry.record === null ? confirmed : { cached: entry.record, result: confirmed };
}

/** Looks up a record for a request that requires the state of D1's primary. */
export async function resolveFromPrimary(
  parts: ResolverParts,
  hash: KeyHash,
  need: Need,
  background: Background,
): Promise<ResolvedKey | PendingKey> {
  const { cache, reads } = parts;
  const now = parts.now();
  const entry = cache.get(hash, now);
  // Nothing can change the result, and a revoked key that keeps sending requests must not cost reads of D1.
  if (entry !== null && isInactive(entry, now)) return resolved(parts, entry, "memory", now, false);
  const confirmed = ignoreUnhandled(reads.row(hash).then((row) => resolved(parts, row, "d1", parts.now(), false)));
  if (!need.allowUnconfirmed) return await confirmed;
  // While D1 is read, KV may have a record to forward with speculatively. No use once the row is there.
  const copy = entry ?? (await Promise.race([reads.copy(hash, background), confirmed.then(toNull, toNull)]));
  return copy?.record ? { cached: copy.record, result: confirmed } : await confirmed;
}

/** Confirms an entry that is not fresh: by the change feed, and by the row when the feed supersedes the entry. */
async function confirm(
  parts: ResolverParts,
  hash: KeyHash,
  entry: CacheEntry,
  background: Background,
): Promise<ResolvedKey> {
  try {
    await parts.feed.refresh(background, parts.cache.invalidatedAt);
  } catch (error) {
    return serveStale(parts, hash, entry, error);
  }
  const now = parts.now();
  if (!isFresh(parts, entry, now)) return readRow(parts, hash, background);
  return serveEntry(parts, hash, entry, now, false);
}

/** Serves an entry while D1 cannot be read, within the stale-if-error window (RFC 5861 section 4). */
function serveStale(parts: ResolverParts, hash: KeyHash, entry: CacheEntry, error: unknown): ResolvedKey {
  const { cache, staleIfErrorMs } = parts;
  const now = parts.now();
  const isServable = cache.isCurrent(entry) && cache.isFreshWithin(entry, FRESH_FOR_MS + staleIfErrorMs, now);
  if (isServable) return serveEntry(parts, hash, entry, now, true);
  // A revoked or expired key stays denied even when D1 is unavailable: 401, not 503.
  if (isInactive(entry, now)) return resolved(parts, entry, entry.source, now, true);
  if (error instanceof StoreUnavailable) throw error;
  throw new StoreUnavailable("the change feed cannot be read", { cause: error });
}

async function readRow(parts: ResolverParts, hash: KeyHash, background: Background): Promise<ResolvedKey> {
  const { cache, feed, reads } = parts;
  const row = await reads.rowOnce(hash, background, cache.invalidatedAt);
  const now = parts.now();
  feed.refreshIfDue(now, background);
  return resolved(parts, row, "d1", now, false);
}

function isFresh({ cache }: ResolverParts, entry: CacheEntry, now: number): boolean {
  return cache.isCurrent(entry) && (isInactive(entry, now) || cache.isFreshWithin(entry, FRESH_FOR_MS, now));
}

function serveEntry(
  parts: ResolverParts,
  hash: KeyHash,
  entry: CacheEntry,
  now: number,
  degraded: boolean,
): ResolvedKey {
  const { cache } = parts;
  // Another request may have cached a later one meanwhile.
  const known = cache.get(hash, now);
  if (known !== null) return resolved(parts, known, "memory", now, degraded);
  cache.put(hash, entry, now);
  return resolved(parts, entry, entry.source, now, degraded);
}

function resolved(
  { cache }: ResolverParts,
  entry: CacheEntry,
  source: ResolvedKey["source"],
  now: number,
  degraded: boolean,
): ResolvedKey {
  return { record: entry.record, source, ageMs: cache.ageOf(entry, now), degraded };
}

const toNull = () => null;

/** Keeps a promise whose result may never be used from being reported as an unhandled rejection. */
export function ignoreUnhandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(toNull);
  return promise;
}
