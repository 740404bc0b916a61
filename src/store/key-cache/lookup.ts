// Looks up the record of a request: key cache, KV, change feed, the row in D1, and what a failure of each means.
// key-cache.ts decides which entries are current and fresh.
import { claimsOfRecord } from "../../core/token/api-key-token.ts";
import type { Background } from "../common.ts";
import { type Clock, StoreUnavailable } from "../lib/timeouts.ts";
import type { BackingReads } from "./backing-reads.ts";
import type { ChangeFeedReader } from "./change-feed.ts";
import { FRESH_FOR_MS } from "./change-log.ts";
import { type CacheEntry, isInactive, type KeyCache } from "./key-cache.ts";
import type { Need, PendingKey, PresentedKey, ResolvedKey } from "./ports.ts";

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
  key: PresentedKey,
  background: Background,
): Promise<ResolvedKey | PendingKey> {
  const { cache, feed } = parts;
  const now = parts.now();
  // Served while it is read again: see reloadSuperseded.
  const superseded = cache.getSuperseded(key.hash, now);
  if (superseded !== null) return resolved(parts, superseded, "memory", now, false);
  const entry = cache.get(key.hash, now);
  if (entry !== null) {
    cache.reloadIfAged(key.hash, entry, now, background);
    return await resolveEntry(parts, key, entry, background);
  }
  // Whatever KV has, the feed has to confirm it: both are read at once.
  feed.refreshIfDue(now, background);
  return await readCopyOrRow(parts, key, background);
}

/** KV is given so long; then the row is read as well. Nine copies in ten that are not at the edge come within it. */
const HEDGE_AFTER_MS = 75;

/** Reads the copy in KV, and when KV is slow the row beside it: the first that the request can be decided on is used. */
async function readCopyOrRow(
  parts: ResolverParts,
  key: PresentedKey,
  background: Background,
): Promise<ResolvedKey | PendingKey> {
  const { clock, reads, cache } = parts;
  const copy = reads.copy(key, background);
  const isSlow = await new Promise<boolean>((resolve) => {
    const cancel = clock.after(HEDGE_AFTER_MS, () => resolve(true));
    void copy.then(() => resolve(false)).finally(cancel);
  });
  // Another request may have read the row meanwhile.
  if (!isSlow) return await resolveEntry(parts, key, (await copy) ?? cache.get(key.hash, parts.now()), background);
  const row = ignoreUnhandled(readRow(parts, key, background));
  const fromCopy = copy.then((entry) => (entry === null ? row : resolveEntry(parts, key, entry, background)));
  // When neither can be used, the error of the row says why.
  return await Promise.any([row, fromCopy]).catch(() => row);
}

/** Resolves a key from an entry of the cache or a copy, which is confirmed when it is not fresh; `null`: from its row. */
async function resolveEntry(
  parts: ResolverParts,
  key: PresentedKey,
  entry: CacheEntry | null,
  background: Background,
): Promise<ResolvedKey | PendingKey> {
  const { cache, feed } = parts;
  if (entry === null || (feed.initialized && !cache.isCurrent(entry))) return await readRow(parts, key, background);
  const now = parts.now();
  if (isFresh(parts, entry, now)) return serveEntry(parts, key, entry, now, false);
  const confirmed = ignoreUnhandled(confirm(parts, key, entry, background));
  return entry.record === null ? confirmed : { cached: entry.record, result: confirmed };
}

/** Looks up a record for a request that requires the state of D1's primary. */
export async function resolveFromPrimary(
  parts: ResolverParts,
  key: PresentedKey,
  need: Need,
  background: Background,
): Promise<ResolvedKey | PendingKey> {
  const { cache, reads } = parts;
  const now = parts.now();
  const entry = cache.get(key.hash, now);
  // Nothing can change the result, and a revoked key that keeps sending requests must not cost reads of D1.
  if (entry !== null && cache.isFinal(entry, now)) return resolved(parts, entry, "memory", now, false);
  const confirmed = ignoreUnhandled(
    currentRow(parts, background, () => reads.row(key, background)).then((row) =>
      resolved(parts, row, "d1", parts.now(), false),
    ),
  );
  if (!need.allowUnconfirmed) return await confirmed;
  // While D1 is read, KV may have a record to forward with speculatively. No use once the row is there.
  const copy = entry ?? (await Promise.race([reads.copy(key, background), confirmed.then(toNull, toNull)]));
  return copy?.record ? { cached: copy.record, result: confirmed } : await confirmed;
}

/** Reads the keys of changed roles again, before their records have to be read for their requests. */
export async function reloadSuperseded({ cache, reads, clock }: ResolverParts, background: Background): Promise<void> {
  const now = clock.now();
  const keys = cache.superseded(now).flatMap((hash) => {
    const record = cache.getSuperseded(hash, now)?.record;
    return record ? [{ hash, claims: claimsOfRecord(record) }] : [];
  });
  await reads.reload(keys, background);
}

/** Confirms an entry that is not fresh: by the change feed, and by the row when the feed supersedes the entry. */
async function confirm(
  parts: ResolverParts,
  key: PresentedKey,
  entry: CacheEntry,
  background: Background,
): Promise<ResolvedKey> {
  try {
    await parts.feed.refresh(background, parts.cache.invalidatedAt);
  } catch (error) {
    if (isUnavailable(error)) return serveStale(parts, key, entry, error);
    // D1 has answered, and only the feed cannot be read.
    return await readRow(parts, key, background).catch(() => serveStale(parts, key, entry, error));
  }
  const now = parts.now();
  if (!isFresh(parts, entry, now)) return readRow(parts, key, background);
  return serveEntry(parts, key, entry, now, false);
}

function isUnavailable(error: unknown): boolean {
  if (!(error instanceof StoreUnavailable)) return false;
  return error.cause === undefined || isUnavailable(error.cause) || error.message === "overloaded";
}

/** Serves an entry while D1 cannot be read, within the stale-if-error window (RFC 5861 section 4). */
function serveStale(parts: ResolverParts, key: PresentedKey, entry: CacheEntry, error: unknown): ResolvedKey {
  const { cache, staleIfErrorMs } = parts;
  const now = parts.now();
  const isServable = cache.isCurrent(entry) && cache.isFreshWithin(entry, FRESH_FOR_MS + staleIfErrorMs, now);
  if (isServable) return serveEntry(parts, key, entry, now, true);
  // A revoked or expired key stays denied even when D1 is unavailable: 401, not 503.
  if (isInactive(entry, now)) return resolved(parts, entry, entry.source, now, true);
  if (error instanceof StoreUnavailable) throw error;
  throw new StoreUnavailable("the change feed cannot be read", { cause: error });
}

async function readRow(parts: ResolverParts, key: PresentedKey, background: Background): Promise<ResolvedKey> {
  const { cache, feed, reads } = parts;
  const row = await currentRow(parts, background, () => reads.rowOnce(key, background, cache.invalidatedAt));
  const now = parts.now();
  feed.refreshIfDue(now, background);
  return resolved(parts, row, "d1", now, false);
}

/**
 * Reads a row that the change log does not supersede: again, when a change has overtaken the read.
 *
 * @throws StoreUnavailable for a row that stays older than the log says: somebody has written to D1
 */
async function currentRow(
  { cache, feed, clock }: ResolverParts,
  background: Background,
  read: () => Promise<CacheEntry>,
): Promise<CacheEntry> {
  const row = await read();
  if (cache.isCurrent(row)) return row;
  // A D1 that was restored has older rows, and a shorter log.
  await feed.refresh(background, clock.now());
  const again = await read();
  if (cache.isCurrent(again)) return again;
  throw new StoreUnavailable("the key's row is older than the change log");
}

function isFresh({ cache }: ResolverParts, entry: CacheEntry, now: number): boolean {
  return cache.isCurrent(entry) && (cache.isFinal(entry, now) || cache.isFreshWithin(entry, FRESH_FOR_MS, now));
}

function serveEntry(
  parts: ResolverParts,
  key: PresentedKey,
  entry: CacheEntry,
  now: number,
  degraded: boolean,
): ResolvedKey {
  const { cache } = parts;
  // Another request may have cached a later one meanwhile.
  const known = cache.get(key.hash, now);
  if (known !== null) return resolved(parts, known, "memory", now, degraded);
  cache.put(key.hash, entry, now);
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
