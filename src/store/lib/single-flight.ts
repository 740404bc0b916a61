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

interface RunningRead<T> {
  readonly startedAt: number;
  /** What it has read, or its error, once it has ended. */
  outcome: { readonly value: T } | { readonly error: unknown } | null;
}

/** A read ends by its own time limit before the requests that have joined it stop waiting. */
const MARGIN_MS = 50;

/**
 * @param limitMs the time limit of every read that is given to `run`, which the read itself keeps
 */
export function createSingleFlight<K, T>(clock: Clock, limitMs: number): SingleFlight<K, T> {
  const running = new Map<K, RunningRead<T>>();

  function leftMs({ startedAt }: RunningRead<T>): number {
    const elapsed = clock.now() - startedAt;
    // The clock was set back since it began, so its age is unknown.
    return elapsed < 0 ? 0 : limitMs + MARGIN_MS - elapsed;
  }

  async function run(key: K, background: Background, startedAfter: number, read: () => Promise<T>): Promise<T> {
    const current = running.get(key);
    if (current === undefined || current.startedAt <= startedAfter || leftMs(current) <= 0) {
      deleteWhile(running, (other) => leftMs(other) <= 0);
      return await start(running, key, clock.now(), read(), background);
    }
    while (current.outcome === null && leftMs(current) > 0) await clock.pause();
    if (current.outcome !== null) {
      if ("error" in current.outcome) throw current.outcome.error;
      return current.outcome.value;
    }
    if (running.get(key) === current) running.delete(key);
    return await run(key, background, startedAfter, read);
  }

  return {
    run,
    has(key) {
      const current = running.get(key);
      return current !== undefined && leftMs(current) > 0;
    },
    clear: () => running.clear(),
  };
}

/** Deletes reads that were canceled, which are the first ones in the order of their start. */
function deleteWhile<K, T>(running: Map<K, RunningRead<T>>, isOver: (read: RunningRead<T>) => boolean): void {
  for (const [key, read] of running) {
    if (!isOver(read)) return;
    running.delete(key);
  }
}

async function start<K, T>(
  running: Map<K, RunningRead<T>>,
  key: K,
  startedAt: number,
  result: Promise<T>,
  background: Background,
): Promise<T> {
  const self: RunningRead<T> = { startedAt, outcome: null };
  const end = (outcome: NonNullable<RunningRead<T>["outcome"]>) => {
    self.outcome = outcome;
    if (running.get(key) === self) running.delete(key);
  };
  const done = result.then(
    (value) => end({ value }),
    (error) => end({ error }),
  );
  // Deleted first, so that the new read is the last one in the order of start.
  running.delete(key);
  running.set(key, self);
  // The read must outlive the request that began it: others wait for it when that client disconnects.
  background(done);
  return await result;
}
