// The finder that the door asks, put together for one isolate: what is remembered first, and look-up.ts when that is not
// enough, within the time that a call may spend. docs/operating.md states the bounds.
import { type Clock, createCircuitBreaker, withTimeout } from "../lib/timeouts.ts";
import { createBackingReads } from "./backing-reads.ts";
import { type ChangeFeedReader, createChangeFeedReader, REFRESH_AFTER_MS } from "./change-feed.ts";
import { CLOCK_TOLERANCE_MS, createKeyCache, FRESH_FOR_MS, isInactive, type KeyCache } from "./key-cache.ts";
import { ignoreUnhandled, type ResolverParts, resolveCached, resolveFromPrimary } from "./lookup.ts";
import type { ChangeFeed, KeyCopies, KeyRecordSource, KeyResolver } from "./ports.ts";

/** Everything that a call may spend on being authorised. */
const RESOLVE_TIMEOUT_MS = 1_500;

export interface KeyResolverSettings {
  /** The most records that this isolate remembers. */
  readonly cacheSize: number;
  /** How long a read may live on what is remembered when D1 cannot be asked, beyond `FRESH_FOR_MS`. */
  readonly staleIfErrorMs: number;
}

export interface KeyResolverParts {
  readonly records: KeyRecordSource;
  readonly changes: ChangeFeed;
  readonly copies: KeyCopies;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told about faults that cost no answer: a feed or a copy that cannot be read or written. */
  readonly onError: (what: string, error: unknown) => void;
}

/** The finder of one isolate. Its fail direction is that of `KeyFinder`: it throws, and never invents a "no". */
export function createKeyResolver(parts: KeyResolverParts, settings: KeyResolverSettings): KeyResolver {
  const isolate = assemble(parts, settings);
  const { clock, cache, feed } = isolate;
  return {
    getCached(hash, now, background) {
      isolate.detectClockRollback(now);
      const entry = cache.get(hash, now);
      if (entry === null) return null;
      if (!isInactive(entry, now)) {
        if (!cache.isFreshWithin(entry, FRESH_FOR_MS, now)) return null;
        feed.refreshIfDue(now, background);
      }
      return { record: entry.record, source: "memory", ageMs: cache.ageOf(entry, now), degraded: false };
    },
    async resolve(hash, need, background) {
      const startedAt = isolate.now();
      const search = need.fromPrimary
        ? resolveFromPrimary(isolate, hash, need, background)
        : resolveCached(isolate, hash, background);
      const result = await withTimeout(clock, RESOLVE_TIMEOUT_MS, "the look-up", search);
      if (!("result" in result)) return result;
      const leftMs = Math.max(0, RESOLVE_TIMEOUT_MS - (clock.now() - startedAt));
      return {
        cached: result.cached,
        result: ignoreUnhandled(withTimeout(clock, leftMs, "the look-up", result.result)),
      };
    },
    invalidate: () => cache.invalidate(isolate.now()),
    async checkReady(background) {
      if (isolate.now() - feed.readAt >= REFRESH_AFTER_MS) await feed.refresh(background, cache.invalidatedAt);
    },
  };
}

function assemble(parts: KeyResolverParts, settings: KeyResolverSettings): ResolverParts {
  const { clock, random } = parts;
  const breaker = createCircuitBreaker(clock, random);
  const onRewind = () => cache.clear();
  const feed: ChangeFeedReader = createChangeFeedReader({ ...parts, source: parts.changes, breaker, onRewind });
  const cache: KeyCache = createKeyCache(feed, settings.cacheSize);
  const reads = createBackingReads({ ...parts, breaker, cache: cache });
  let latest = Number.NEGATIVE_INFINITY;
  function heed(time: number): void {
    if (time >= latest) {
      latest = time;
    } else if (time < latest - CLOCK_TOLERANCE_MS) {
      latest = time;
      cache.reset();
      reads.reset();
    }
  }
  function now(): number {
    const time = clock.now();
    heed(time);
    return time;
  }
  return { clock, cache, feed, reads, staleIfErrorMs: settings.staleIfErrorMs, now, detectClockRollback: heed };
}
