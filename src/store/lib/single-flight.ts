// One read under way for everybody who wants the same thing. A flight whose own call has died may never land, so those
// who wait for it wait no longer than it could have taken, and then go themselves.

import type { Background } from "../common.ts";
import type { Clock } from "./timeouts.ts";

export interface SingleFlight<K, T> {
  /**
   * The result of a read that is under way, or of a new one.
   *
   * @param startedAfter a read that began at this instant or earlier is not joined: it may have missed what happened then
   */
  run(key: K, background: Background, startedAfter: number, read: () => Promise<T>): Promise<T>;
  /** Whether a read that can still land is under way. */
  has(key: K): boolean;
  /** Nobody joins what is under way from here on. */
  clear(): void;
}

interface InFlight<T> {
  readonly startedAt: number;
  readonly done: Promise<T>;
}

/** A flight ends by its own limit a little before its followers give it up. */
const MARGIN_MS = 50;

/**
 * The flights of one isolate to one place.
 *
 * @param limitMs every read that is given to `join` ends by itself within this time, if its call lives
 */
export function createSingleFlight<K, T>(clock: Clock, limitMs: number): SingleFlight<K, T> {
  const singleFlight = new Map<K, InFlight<T>>();

  function leftMs(flight: InFlight<T>): number {
    const elapsed = clock.now() - flight.startedAt;
    // Behind the clock that it started by, nothing is known of its age.
    return elapsed < 0 ? 0 : limitMs + MARGIN_MS - elapsed;
  }

  function begin(key: K, background: Background, read: () => Promise<T>): Promise<T> {
    // In the order of their start, so those that were lost are the first ones.
    for (const [lost, flight] of singleFlight) {
      if (leftMs(flight) > 0) break;
      singleFlight.delete(lost);
    }
    const startedAt = clock.now();
    const done = read().finally(() => {
      if (singleFlight.get(key)?.done === done) singleFlight.delete(key);
    });
    singleFlight.delete(key);
    singleFlight.set(key, { startedAt, done });
    // The read outlives the call that began it: others wait for it, and a caller that hangs up must not end it.
    background(done.catch(() => undefined));
    return done;
  }

  function join(key: K, background: Background, startedAfter: number, read: () => Promise<T>): Promise<T> {
    const flight = singleFlight.get(key);
    if (flight === undefined || flight.startedAt <= startedAfter) return begin(key, background, read);
    const left = leftMs(flight);
    if (left <= 0) return begin(key, background, read);
    return new Promise<T>((resolve, reject) => {
      const callOff = clock.after(left, () => {
        if (singleFlight.get(key) === flight) singleFlight.delete(key);
        resolve(join(key, background, startedAfter, read));
      });
      flight.done.then(resolve, reject).finally(callOff);
    });
  }

  return {
    run: join,
    has(key) {
      const flight = singleFlight.get(key);
      return flight !== undefined && leftMs(flight) > 0;
    },
    clear: () => singleFlight.clear(),
  };
}
