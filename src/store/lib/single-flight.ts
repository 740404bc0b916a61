// One running read for all requests that want the same value. A Worker may cancel the read when the request that began it
// ends, so the others wait no longer than the read's own time limit and then read themselves.

import type { Background } from "../common.ts";
import type { Clock } from "./timeouts.ts";

export interface SingleFlight<K, T> {
  /**
   * The result of a running read, or of a new one.
   *
   * @param startedAfter a read that began at this time or earlier is not joined: it may have missed a change
   */
  run(key: K, background: Background, startedAfter: number, read: () => Promise<T>): Promise<T>;
  /** Whether a read is running that has not exceeded its time limit. */
  has(key: K): boolean;
  /** Running reads are not joined any more. */
  clear(): void;
}

interface InFlight<T> {
  readonly startedAt: number;
  readonly done: Promise<T>;
}

/** A read ends by its own time limit before the requests that have joined it stop waiting. */
const MARGIN_MS = 50;

/**
 * @param limitMs the time limit of every read that is given to `run`, which the read itself keeps
 */
export function createSingleFlight<K, T>(clock: Clock, limitMs: number): SingleFlight<K, T> {
  const running = new Map<K, InFlight<T>>();

  function leftMs(flight: InFlight<T>): number {
    const elapsed = clock.now() - flight.startedAt;
    // The clock was set back since it began, so its age is unknown.
    return elapsed < 0 ? 0 : limitMs + MARGIN_MS - elapsed;
  }

  function begin(key: K, background: Background, read: () => Promise<T>): Promise<T> {
    // In the order of their start: reads that were cancelled are the first ones.
    for (const [cancelled, flight] of running) {
      if (leftMs(flight) > 0) break;
      running.delete(cancelled);
    }
    const startedAt = clock.now();
    const done = read().finally(() => {
      if (running.get(key)?.done === done) running.delete(key);
    });
    running.delete(key);
    running.set(key, { startedAt, done });
    // The read must outlive the request that began it: others wait for it when that client disconnects.
    background(done.catch(() => undefined));
    return done;
  }

  function join(key: K, background: Background, startedAfter: number, read: () => Promise<T>): Promise<T> {
    const flight = running.get(key);
    if (flight === undefined || flight.startedAt <= startedAfter) return begin(key, background, read);
    const left = leftMs(flight);
    if (left <= 0) return begin(key, background, read);
    return new Promise<T>((resolve, reject) => {
      const cancel = clock.after(left, () => {
        if (running.get(key) === flight) running.delete(key);
        resolve(join(key, background, startedAfter, read));
      });
      flight.done.then(resolve, reject).finally(cancel);
    });
  }

  return {
    run: join,
    has(key) {
      const flight = running.get(key);
      return flight !== undefined && leftMs(flight) > 0;
    },
    clear: () => running.clear(),
  };
}
