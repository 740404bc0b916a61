// Rate limits: failed authentication attempts of a client address and, where configured, the requests of a key. They are
// counted by the platform and stored nowhere.
import type { Denial } from "../core/access/decision.ts";
import type { RateLimiter } from "../store/rate-limits/port.ts";
import type { Client } from "./incoming-request.ts";

export interface RateLimits {
  /** The denial of a client with too many failed attempts: storage is not read for it. `null`: not blocked. */
  isBlocked(client: Client | null, now: number): Denial | null;
  /** Counts a failed authentication attempt. `null`, or resolves to `null`: within the limit. */
  countAuthFailure(client: Client | null, now: number): Promise<Denial | null> | null;
  /** Counts an allowed request of a key. `null`, or resolves to `null`: within the limit. */
  countRequest(keyId: string): Promise<Denial | null> | null;
}

/** The most client addresses that are kept as blocked. Beyond it, all are dropped and counted again. */
const MAX_BLOCKED = 10_000;

/** The rate limits of one isolate; a limiter that is `null` is not configured. */
export function createRateLimits(authFailures: RateLimiter | null, perKey: RateLimiter | null): RateLimits {
  const blockedUntil = new Map<string, number>();

  async function countFailure(limiter: RateLimiter, name: string, now: number): Promise<Denial | null> {
    if (await limiter.allows(name)) return null;
    if (blockedUntil.size >= MAX_BLOCKED) blockedUntil.clear();
    blockedUntil.set(name, now + limiter.periodSeconds * 1_000);
    return rateLimited("address", limiter.periodSeconds);
  }

  return {
    isBlocked(client, now) {
      if (authFailures === null || client === null || blockedUntil.size === 0) return null;
      const until = blockedUntil.get(limitNameOf(client)) ?? 0;
      return now < until ? rateLimited("address", Math.ceil((until - now) / 1_000)) : null;
    },
    countAuthFailure(client, now) {
      return authFailures === null || client === null ? null : countFailure(authFailures, limitNameOf(client), now);
    },
    countRequest(keyId) {
      if (perKey === null) return null;
      return perKey.allows(keyId).then((allowed) => (allowed ? null : rateLimited("key", perKey.periodSeconds)));
    },
  };
}

function rateLimited(whose: "address" | "key", retryAfterSeconds: number): Denial {
  return { reason: "rate_limited", whose, retryAfterSeconds };
}

// One customer has a whole /64 of IPv6 addresses, and would otherwise have that many times the limit.
function limitNameOf({ address }: Client): string {
  return typeof address === "bigint" ? `v6:${(address >> 64n).toString(16)}` : `v4:${address}`;
}
