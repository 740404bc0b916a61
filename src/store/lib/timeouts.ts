// The clock as an argument, time limits, and comparisons of timestamps.

/** Time for adapters; injected, so that a test can control it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs once after a delay in milliseconds; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void;
  /** Resolves after PAUSE_MS, for a request that looks again then for what another one has done. */
  pause(): Promise<void>;
}

/**
 * One request must not settle a promise that another one awaits: after a garbage collection workerd can take the other one for one
 * that is over, and drop what waits, or run it as a part of the wrong request. So a result for another request is noted in memory,
 * and that request looks for it.
 */
export const PAUSE_MS = 5;

/** Concurrent requests may see the clock of their isolate out of order by this much; by more, it was set back. */
export const CLOCK_TOLERANCE_MS = 100;

/** Storage did not respond in time, or must not be read now. The gateway answers 503 with `Retry-After`. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/**
 * The result of work within a time limit. The work itself continues: D1 and KV have no cancellation.
 *
 * @param what names the work in the error
 * @throws StoreUnavailable after `limitMs`; otherwise the error of the work
 */
export function withTimeout<T>(clock: Clock, limitMs: number, what: string, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = clock.after(limitMs, () => reject(new StoreUnavailable(`${what} took longer than ${limitMs} ms`)));
    work.then(resolve, reject).finally(cancel);
  });
}

/** Whether `since` is less than `forMs` ago. False for a time in the future: the clock has been set back since. */
export function withinWindow(now: number, since: number, forMs: number): boolean {
  const elapsed = now - since;
  return elapsed >= 0 && elapsed < forMs;
}

/** Whether two timestamps are less than `withinMs` apart, in either order: a slow request reports an earlier time late. */
export function isRecent(now: number, other: number, withinMs: number): boolean {
  return Math.abs(now - other) < withinMs;
}
