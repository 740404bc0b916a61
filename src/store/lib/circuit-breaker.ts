// A circuit breaker with one retry in front of a dependency: repeats what D1 says may be repeated, and stops asking while
// the dependency is overloaded.
import { CLOCK_TOLERANCE_MS, type Clock, StoreUnavailable, withinWindow, withTimeout } from "./timeouts.ts";

// D1's own list of errors after which a repeated query can succeed, and of those that a retry makes worse:
// https://developers.cloudflare.com/d1/observability/debug-d1/
const RETRYABLE =
  /Network connection lost|reset because its code was updated|caused object to be reset|transient issue/i;
const OVERLOADED = /overloaded|Too many requests queued|queued for too long/i;

const OPEN_FOR_MS = 5_000;
const RETRY_AFTER_MS = 25;
const RETRY_JITTER_MS = 75;

export interface CircuitBreaker {
  /**
   * Runs a read within a time limit and repeats it once after a retryable error.
   *
   * @param what names the read in the error
   * @throws StoreUnavailable at once while the breaker is open, or after `limitMs`; otherwise the error of the read
   */
  run<T>(limitMs: number, what: string, read: () => Promise<T>): Promise<T>;
  /** The same for a write, which is not repeated. */
  runOnce<T>(limitMs: number, what: string, write: () => Promise<T>): Promise<T>;
}

/**
 * A breaker in front of one dependency.
 *
 * @param random 0 <= n < 1, spreads the retries of many isolates
 */
export function createCircuitBreaker(clock: Clock, random: () => number): CircuitBreaker {
  let openedAt = Number.NEGATIVE_INFINITY;

  let seenAt = Number.NEGATIVE_INFINITY;

  function isOpen(): boolean {
    const now = clock.now();
    // A clock that was set back comes to the time of the overload again.
    if (now < seenAt - CLOCK_TOLERANCE_MS) openedAt = Number.NEGATIVE_INFINITY;
    seenAt = now;
    return withinWindow(now, openedAt, OPEN_FOR_MS);
  }

  async function attempt<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!OVERLOADED.test(messageOf(error))) throw error;
      openedAt = clock.now();
      throw new StoreUnavailable("overloaded", { cause: error });
    }
  }

  async function withRetry<T>(deadline: number, read: () => Promise<T>): Promise<T> {
    try {
      return await attempt(read);
    } catch (error) {
      if (error instanceof StoreUnavailable || !RETRYABLE.test(messageOf(error))) throw error;
      await new Promise<void>((resume) => clock.after(RETRY_AFTER_MS + random() * RETRY_JITTER_MS, resume));
      // The time limit has ended the wait of every request.
      if (clock.now() >= deadline) throw error;
      // Another request may have met an overload during the delay.
      if (isOpen()) throw new StoreUnavailable("overloaded", { cause: error });
      return await attempt(read);
    }
  }

  const openError = (what: string) => new StoreUnavailable(`${what} is not asked: the circuit breaker is open`);

  return {
    run<T>(limitMs: number, what: string, read: () => Promise<T>): Promise<T> {
      if (isOpen()) return Promise.reject(openError(what));
      return withTimeout(clock, limitMs, what, withRetry(clock.now() + limitMs, read));
    },
    runOnce<T>(limitMs: number, what: string, write: () => Promise<T>): Promise<T> {
      if (isOpen()) return Promise.reject(openError(what));
      return withTimeout(clock, limitMs, what, attempt(write));
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
