// Who asks too often: addresses that try keys which are none, and, where an operator wants it, keys. Nothing is stored.
import type { Denial } from "../core/access/decision.ts";
import type { RateLimiter } from "../store/rate-limits/port.ts";
import type { Client } from "./validate-request.ts";

export interface RateLimits {
  /** Whether this address has tried too many keys lately: then storage is not asked about another one. */
  isBlocked(client: Client | null, now: number): Denial | null;
  /** Counts a try with a key that is none. */
  countAuthFailure(client: Client | null, now: number): Promise<Denial | null> | null;
  /** Counts a call of a key that was let in. */
  countRequest(keyId: string): Promise<Denial | null> | null;
}

/** The most addresses that are remembered as barred; past it, all are forgotten and counted again. */
const MAX_BLOCKED = 10_000;

/** The limits of one isolate; a limiter that is `null` is not configured. */
export function createRateLimits(authFailures: RateLimiter | null, perKey: RateLimiter | null): RateLimits {
  const barredUntil = new Map<string, number>();

  async function countTry(limiter: RateLimiter, network: string, now: number): Promise<Denial | null> {
    if (await limiter.allows(network)) return null;
    if (barredUntil.size >= MAX_BLOCKED) barredUntil.clear();
    barredUntil.set(network, now + limiter.periodSeconds * 1_000);
    return tooMany("address", limiter.periodSeconds);
  }

  return {
    isBlocked(client, now) {
      if (authFailures === null || client === null || barredUntil.size === 0) return null;
      const until = barredUntil.get(limitNameOf(client)) ?? 0;
      return now < until ? tooMany("address", Math.ceil((until - now) / 1_000)) : null;
    },
    countAuthFailure(client, now) {
      return authFailures === null || client === null ? null : countTry(authFailures, limitNameOf(client), now);
    },
    countRequest(keyId) {
      if (perKey === null) return null;
      return perKey.allows(keyId).then((allowed) => (allowed ? null : tooMany("key", perKey.periodSeconds)));
    },
  };
}

function tooMany(whose: "address" | "key", retryAfterSeconds: number): Denial {
  return { reason: "rate_limited", whose, retryAfterSeconds };
}

// One customer has a whole /64 of IPv6 addresses, and would otherwise have as many tries as there are of those.
function limitNameOf({ address }: Client): string {
  return typeof address === "bigint" ? `v6:${(address >> 64n).toString(16)}` : `v4:${address}`;
}
