// The rate-limiting binding of Workers behind the port. It keeps nothing and costs no storage; how many calls are allowed
// stands in wrangler.toml. https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
import type { RateLimiter } from "./port.ts";

/**
 * A limiter that lets calls go on when the binding fails.
 *
 * @param periodSeconds as in wrangler.toml: the binding does not tell
 * @param onFault told of a binding that does not answer
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
