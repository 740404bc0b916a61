// The key resolver of one isolate, assembled: the key cache first, then lookup.ts, within one time limit.
// docs/operating.md states the bounds.
import { claimsOfRecord } from "../../core/token/api-key-token.ts";
import type { Background } from "../common.ts";
import { createCircuitBreaker } from "../lib/circuit-breaker.ts";
import { CLOCK_TOLERANCE_MS, type Clock, withTimeout } from "../lib/timeouts.ts";
import { type BackingReads, createBackingReads } from "./backing-reads.ts";
import { type ChangeFeedReader, createChangeFeedReader, REFRESH_AFTER_MS } from "./change-feed.ts";
import { createKeyCache, type KeyCache, type Reload } from "./key-cache.ts";
import { ignoreUnhandled, type ResolverParts, reloadSuperseded, resolveCached, resolveFromPrimary } from "./lookup.ts";
import type { ChangeFeed, KeyCopies, KeyRecordSource, KeyResolver } from "./ports.ts";

/** How long the lookup of one request may take. */
const RESOLVE_TIMEOUT_MS = 1_500;

export interface KeyResolverSettings {
  /** The most records that this isolate caches. */
  readonly cacheSize: number;
  /** How long beyond `FRESH_FOR_MS` a cached record may be served while D1 cannot be read. */
  readonly staleIfErrorMs: number;
}

export interface KeyResolverParts {
  readonly records: KeyRecordSource;
  readonly changes: ChangeFeed;
  readonly copies: KeyCopies;
  readonly clock: Clock;
  readonly random: () => number;
  /** Reports errors that fail no request by themselves: a feed or a copy that cannot be read or written. */
  readonly onError: (what: string, error: unknown) => void;
}

export function createKeyResolver(parts: KeyResolverParts, settings: KeyResolverSettings): KeyResolver {
  const isolate = assemble(parts, settings);
  const { clock, cache, feed } = isolate;
  return {
    getCached(hash, now, background) {
      isolate.detectClockRollback(now);
      return cache.getUsable(hash, now, background);
    },
    async resolve(key, need, background) {
      const startedAt = isolate.now();
      const lookup = need.fromPrimary
        ? resolveFromPrimary(isolate, key, need, background)
        : resolveCached(isolate, key, background);
      const result = await withTimeout(clock, RESOLVE_TIMEOUT_MS, "the lookup", lookup);
      if (!("result" in result)) return result;
      const leftMs = Math.max(0, RESOLVE_TIMEOUT_MS - (clock.now() - startedAt));
      return {
        cached: result.cached,
        result: ignoreUnhandled(withTimeout(clock, leftMs, "the lookup", result.result)),
      };
    },
    invalidate(ids, background) {
      const now = isolate.now();
      if (cache.invalidate(ids, now)) return;
      // As soon as the change of a role is known, its keys are read again.
      background(feed.refresh(background, now).catch(() => undefined));
    },
    async checkReady(background) {
      if (isolate.now() - feed.readAt >= REFRESH_AFTER_MS) await feed.refresh(background, cache.invalidatedAt);
    },
    feedReadAt: () => feed.readAt,
  };
}

function assemble(parts: KeyResolverParts, settings: KeyResolverSettings): ResolverParts {
  const { clock, random } = parts;
  const breaker = createCircuitBreaker(clock, random);
  const onRewind = () => cache.clear();
  const onRoleChange = (background: Background) => background(reloadSuperseded(isolate, background));
  const events = { onRewind, onRoleChange };
  const feed: ChangeFeedReader = createChangeFeedReader({ ...parts, ...events, source: parts.changes, breaker });
  const reload: Reload = (hash, record, background) =>
    // The cached record stays when it fails: the feed confirms it, and reports that D1 cannot be read.
    background(reads.row({ hash, claims: claimsOfRecord(record) }, background).catch(() => undefined));
  const cache: KeyCache = createKeyCache(feed, settings.cacheSize, reload);
  const reads: BackingReads = createBackingReads({ ...parts, breaker, cache });
  let latest = Number.NEGATIVE_INFINITY;
  function detectClockRollback(time: number): void {
    const isRollback = time < latest - CLOCK_TOLERANCE_MS;
    if (time >= latest || isRollback) latest = time;
    if (!isRollback) return;
    cache.reset();
    reads.reset();
  }
  function now(): number {
    const time = clock.now();
    detectClockRollback(time);
    return time;
  }
  const { staleIfErrorMs } = settings;
  const isolate: ResolverParts = { clock, cache, feed, reads, staleIfErrorMs, now, detectClockRollback };
  return isolate;
}
