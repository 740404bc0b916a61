// The order in which a call's record is looked for, and what a failure on the way means: memory, KV, the change log, the
// row. What may be believed, recollection.ts decides.
import type { KeyHash } from "../../core/access/principal.ts";
import type { Background } from "../common.ts";
import { type Clock, StoreUnavailable } from "../lib/timeouts.ts";
import type { BackingReads } from "./backing-reads.ts";
import type { ChangeFeedReader } from "./change-feed.ts";
import { type CacheEntry, FRESH_FOR_MS, isInactive, type KeyCache } from "./key-cache.ts";
import type { Need, PendingKey, ResolvedKey } from "./ports.ts";

/** The parts of one isolate, put together. */
export interface ResolverParts {
  readonly clock: Clock;
  readonly cache: KeyCache;
  readonly feed: ChangeFeedReader;
  readonly reads: BackingReads;
  readonly staleIfErrorMs: number;
  /** The clock's instant, after making sure that it has not been set back. */
  now(): number;
  /** Makes sure of an instant that somebody else has read off the clock. */
  detectClockRollback(time: number): void;
}

/** For a call that needs no more than a recent answer. */
export async function resolveCached(
  parts: ResolverParts,
  hash: KeyHash,
  background: Background,
): Promise<ResolvedKey | PendingKey> {
  const { cache, feed, reads } = parts;
  const entry = cache.get(hash, parts.now()) ?? (await reads.copy(hash, background));
  // No copy, or one that the log is known to speak against: only the row can tell.
  if (entry === null || (feed.initialized && !cache.isCurrent(entry))) return await readRow(parts, hash, background);
  const now = parts.now();
  if (isFresh(parts, entry, now)) return cacheEntry(parts, hash, entry, now, false);
  const confirmed = ignoreUnhandled(confirm(parts, hash, entry, background));
  return entry.record === null ? confirmed : { cached: entry.record, result: confirmed };
}

/** For a call that needs what D1's primary says now. */
export async function resolveFromPrimary(
  parts: ResolverParts,
  hash: KeyHash,
  need: Need,
  background: Background,
): Promise<ResolvedKey | PendingKey> {
  const { cache, reads } = parts;
  const now = parts.now();
  const entry = cache.get(hash, now);
  // What is final needs no second opinion, and must not cost one: a revoked key that keeps on calling.
  if (entry !== null && isInactive(entry, now)) return resolved(parts, entry, "memory", now, false);
  const confirmed = ignoreUnhandled(reads.row(hash).then((row) => resolved(parts, row, "d1", parts.now(), false)));
  if (!need.allowUnconfirmed) return await confirmed;
  // The row is on its way while KV is asked for something to go ahead with; whichever comes first.
  const copy = entry ?? (await Promise.race([reads.copy(hash, background), confirmed.then(nothing, nothing)]));
  return copy?.record ? { cached: copy.record, result: confirmed } : await confirmed;
}

/** Settles an entry that is too old to be believed: the log first, and the row when the log speaks against it. */
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
  return cacheEntry(parts, hash, entry, now, false);
}

/** D1 should have been asked and could not be. */
function serveStale(parts: ResolverParts, hash: KeyHash, entry: CacheEntry, error: unknown): ResolvedKey {
  const { cache, staleIfErrorMs } = parts;
  const now = parts.now();
  const bearable = cache.isCurrent(entry) && cache.isFreshWithin(entry, FRESH_FOR_MS + staleIfErrorMs, now);
  if (bearable) return cacheEntry(parts, hash, entry, now, true);
  // Known to be dead, though nobody can say now how well it is known: it stays shut, and 401 says so sooner than 503.
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

function cacheEntry(
  parts: ResolverParts,
  hash: KeyHash,
  entry: CacheEntry,
  now: number,
  degraded: boolean,
): ResolvedKey {
  const { cache } = parts;
  // Another call may have learnt something later meanwhile.
  const kept = cache.get(hash, now);
  if (kept !== null) return resolved(parts, kept, "memory", now, degraded);
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

const nothing = () => null;

/** A promise whose rejection somebody will look at later, or nobody ever: either is fine. */
export function ignoreUnhandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(nothing);
  return promise;
}
