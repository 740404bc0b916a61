// Rate limits: failed authentication attempts of a client address and, where configured, the requests of a key. They are
// counted by the platform and stored nowhere.
import type { Denial } from "../core/access/decision.ts";
import type { RateLimiter } from "../store/rate-limits/port.ts";
import type { Client } from "./incoming-request.ts";

export interface RateLimits {
  /** Counts a failed authentication attempt. `null`, or resolves to `null`: within the limit. */
  countAuthFailure(client: Client | null): Promise<Denial | null> | null;
  /** Counts an allowed request of a key. `null`, or resolves to `null`: within the limit. */
  countRequest(keyId: string): Promise<Denial | null> | null;
}

/** The rate limits of one isolate; a limiter that is `null` is not configured. */
export function createRateLimits(authFailures: RateLimiter | null, perKey: RateLimiter | null): RateLimits {
  return {
    countAuthFailure: (client) => authFailures && count(authFailures, "address", limitNameOf(client)),
    countRequest: (keyId) => perKey && count(perKey, "key", keyId),
  };
}

async function count(limiter: RateLimiter, whose: "address" | "key", name: string): Promise<Denial | null> {
  if (await limiter.allows(name)) return null;
  return { reason: "rate_limited", whose, retryAfterSeconds: limiter.periodSeconds };
}

// One customer has a /64 of IPv6 addresses, or a whole /48 of them (RFC 6177), and would otherwise have that many times the
// limit. The count of a /48 includes its /64s. Clients without a readable address have one count together.
function limitNameOf(client: Client | null): string {
  if (client === null) return "unknown";
  const { address } = client;
  return typeof address === "bigint" ? `v6:${(address >> 80n).toString(16)}` : `v4:${address}`;
}
