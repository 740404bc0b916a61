// Rate limits. When a limiter throws, requests go on: a limit that fails must not deny everybody.

/** Counts what is done under a name: roughly, in memory, and for one place of the network. */
export interface RateLimiter {
  /** False when this name has had its share of the period. */
  allows(name: string): Promise<boolean>;
  readonly periodSeconds: number;
}
