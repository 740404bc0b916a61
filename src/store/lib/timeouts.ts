// Time limits, the one retry, and the breaker: how long storage may keep a call waiting. The clock is an argument.

/** Time as the adapters see it; injected, so that a test can hold it still. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs once after a delay in milliseconds; the returned function calls it off. */
  after(delayMs: number, run: () => void): () => void;
}

/** Storage did not answer in time, or cannot be asked now. The gateway answers 503 with `Retry-After`. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/**
 * The work's result, or a fault when it takes too long. The work itself is not stopped: D1 and KV cannot be.
 *
 * @throws StoreUnavailable after `limitMs`; or what the work throws
 */
export function withTimeout<T>(clock: Clock, limitMs: number, what: string, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const callOff = clock.after(limitMs, () => reject(new StoreUnavailable(`${what} took longer than ${limitMs} ms`)));
    work.then(resolve, reject).finally(callOff);
  });
}

/** Whether an instant lies less than so long ago. One that is still to come proves nothing: the clock has gone back. */
export function withinWindow(now: number, since: number, forMs: number): boolean {
  const elapsed = now - since;
  return elapsed >= 0 && elapsed < forMs;
}

/** Whether two instants lie less than so long apart, in whichever order: a slow call is noted by when it began. */
export function isRecent(now: number, other: number, withinMs: number): boolean {
  return Math.abs(now - other) < withinMs;
}

// D1's own list of errors after which a repeated query can succeed, and of those after which it makes things worse:
// https://developers.cloudflare.com/d1/observability/debug-d1/
const RETRYABLE =
  /Network connection lost|reset because its code was updated|caused object to be reset|transient issue/i;
const OVERLOADED = /overloaded|Too many requests queued|queued for too long/i;

const OPEN_FOR_MS = 5_000;
const RETRY_AFTER_MS = 25;
const RETRY_JITTER_MS = 75;

/** Asks a dependency within a limit, repeats once what may be repeated, and leaves it alone when it is overloaded. */
export interface CircuitBreaker {
  /** @throws StoreUnavailable at once while the breaker is open, or when the limit has passed */
  run<T>(limitMs: number, what: string, read: () => Promise<T>): Promise<T>;
}

/**
 * A breaker in front of one dependency. For reads only: nothing that writes may be repeated unasked.
 *
 * @param random 0 <= n < 1, spreads the retries of many isolates
 */
export function createCircuitBreaker(clock: Clock, random: () => number): CircuitBreaker {
  let openedAt = Number.NEGATIVE_INFINITY;

  const isOpen = () => withinWindow(clock.now(), openedAt, OPEN_FOR_MS);

  /** The work, with an overload noticed whichever attempt meets it. */
  async function attempt<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!OVERLOADED.test(messageOf(error))) throw error;
      openedAt = clock.now();
      throw new StoreUnavailable("overloaded", { cause: error });
    }
  }

  async function tolerant<T>(deadline: number, read: () => Promise<T>): Promise<T> {
    try {
      return await attempt(read);
    } catch (error) {
      if (error instanceof StoreUnavailable || !RETRYABLE.test(messageOf(error))) throw error;
      await new Promise<void>((resume) => clock.after(RETRY_AFTER_MS + random() * RETRY_JITTER_MS, resume));
      // Nobody waits for it any more.
      if (clock.now() >= deadline) throw error;
      // Another call may have met an overload while this one waited.
      if (isOpen()) throw new StoreUnavailable("overloaded", { cause: error });
      return await attempt(read);
    }
  }

  return {
    run<T>(limitMs: number, what: string, read: () => Promise<T>): Promise<T> {
      if (isOpen()) return Promise.reject(new StoreUnavailable(`${what} is left alone: overloaded`));
      return withTimeout(clock, limitMs, what, tolerant(clock.now() + limitMs, read));
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
