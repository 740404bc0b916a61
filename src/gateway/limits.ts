// Who asks too often: addresses that try keys which are none, and, where an operator wants it, keys. Nothing is stored.
import type { Denial } from "../core/verdict.ts";
import type { RateLimiter } from "../store/ports.ts";
import type { Caller } from "./facts.ts";

export interface Limits {
  /** Whether this address has tried too many keys lately: then storage is not asked about another one. */
  isBarred(caller: Caller | null, now: number): Denial | null;
  /** Counts a try with a key that is none. */
  noteBadToken(caller: Caller | null, now: number): Promise<Denial | null> | null;
  /** Counts a call of a key that was let in. */
  noteCall(keyId: string): Promise<Denial | null> | null;
}

/** The most addresses that are remembered as barred; past it, all are forgotten and counted again. */
const MAX_BARRED = 10_000;

/** The limits of one isolate; a limiter that is `null` is not configured. */
export function createLimits(badTokens: RateLimiter | null, perKey: RateLimiter | null): Limits {
  const barredUntil = new Map<string, number>();

  async function countTry(limiter: RateLimiter, network: string, now: number): Promise<Denial | null> {
    if (await limiter.allows(network)) return null;
    if (barredUntil.size >= MAX_BARRED) barredUntil.clear();
    barredUntil.set(network, now + limiter.periodSeconds * 1_000);
    return tooMany("address", limiter.periodSeconds);
  }

  return {
    isBarred(caller, now) {
      if (badTokens === null || caller === null || barredUntil.size === 0) return null;
      const until = barredUntil.get(networkOf(caller)) ?? 0;
      return now < until ? tooMany("address", Math.ceil((until - now) / 1_000)) : null;
    },
    noteBadToken(caller, now) {
      return badTokens === null || caller === null ? null : countTry(badTokens, networkOf(caller), now);
    },
    noteCall(keyId) {
      if (perKey === null) return null;
      return perKey.allows(keyId).then((allowed) => (allowed ? null : tooMany("key", perKey.periodSeconds)));
    },
  };
}

function tooMany(whose: "address" | "key", retryAfterSeconds: number): Denial {
  return { reason: "rate_limited", whose, retryAfterSeconds };
}

// One customer has a whole /64 of IPv6 addresses, and would otherwise have as many tries as there are of those.
function networkOf({ address }: Caller): string {
  return typeof address === "bigint" ? `v6:${(address >> 64n).toString(16)}` : `v4:${address}`;
}
