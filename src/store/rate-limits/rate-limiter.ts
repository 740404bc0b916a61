// The rate-limiting binding of Workers behind the port. It uses no storage; its limits are in wrangler.toml.
// https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
import type { RateLimiter } from "./port.ts";

/**
 * A limiter that allows requests when the binding fails.
 *
 * @param periodSeconds as in wrangler.toml, since the binding does not have it
 * @param onError reports a failure of the binding
 */
export function createRateLimiter(
  binding: RateLimit,
  periodSeconds: number,
  onError: (what: string, error: unknown) => void,
): RateLimiter {
  return {
    periodSeconds,
    async allows(name) {
      try {
        return (await binding.limit({ key: name })).success;
      } catch (error) {
        onError("rate_limit", error);
        return true;
      }
    },
  };
}
