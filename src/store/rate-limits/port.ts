// Rate limits. A limiter never throws: when its binding fails, requests are allowed, since an outage of the limiter must not
// deny every request.

/** Counts requests by a name: approximately, in memory, and for one Cloudflare location. */
export interface RateLimiter {
  /** Counts one request; false: the limit of this name is exceeded. */
  allows(name: string): Promise<boolean>;
  readonly periodSeconds: number;
}
