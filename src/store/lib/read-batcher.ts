// Reads of one isolate by key, of which few statements run at once: what is wanted meanwhile is read together by the next one. So
// the number of statements follows how fast they are answered, not how many requests come.
//
// No request awaits a promise that another one settles (PAUSE_MS): what one has read for another is noted for it.
import type { Background } from "../common.ts";
import { type Clock, StoreUnavailable, withinWindow } from "./timeouts.ts";

/** What a batch gives for each of its keys, in their order: a value, or the error of this key alone. */
export type BatchResult<T> = readonly (T | Error)[];

/** A key that requests want, and what was read for them. */
interface Wanted<K, T> {
  readonly key: K;
  result: T | Error | null;
}

interface BatcherOptions<K, T> {
  readonly clock: Clock;
  /** Batches at once. */
  readonly maxRunning: number;
  /** Keys of one batch. */
  readonly maxKeys: number;
  /** The time limit of a batch, which `readAll` keeps. One that is older was canceled with its request, and does not count. */
  readonly limitMs: number;
  readonly readAll: (keys: readonly K[], background: Background) => Promise<BatchResult<T>>;
}

/** @returns reads a key: by a batch that starts after this call. Rejects with the error of its key, or of its batch */
export function createReadBatcher<K extends { readonly hash: string }, T extends object>({
  clock,
  maxRunning,
  maxKeys,
  limitMs,
  readAll,
}: BatcherOptions<K, T>): (key: K, background: Background) => Promise<T> {
  const waiting = new Map<string, Wanted<K, T>>();
  const running = new Set<{ readonly since: number }>();

  function isFull(): boolean {
    for (const batch of running) if (!withinWindow(clock.now(), batch.since, limitMs)) running.delete(batch);
    return running.size >= maxRunning;
  }

  async function run(batch: readonly Wanted<K, T>[], background: Background): Promise<void> {
    const self = { since: clock.now() };
    running.add(self);
    const keys = batch.map(({ key }) => key);
    const results = await readAll(keys, background).catch((error: Error) => keys.map(() => error));
    batch.forEach((wanted, i) => {
      wanted.result = results[i] as T | Error;
    });
    running.delete(self);
  }

  return async (key, background) => {
    const wanted: Wanted<K, T> = waiting.get(key.hash) ?? { key, result: null };
    waiting.set(key.hash, wanted);
    // Each request that waits may start the next batch: the one that has ended a batch may be over, and its work with it.
    while (waiting.get(key.hash) === wanted) {
      if (isFull()) {
        await clock.pause();
        continue;
      }
      const batch = [...waiting.values()].slice(0, maxKeys);
      for (const { key: taken } of batch) waiting.delete(taken.hash);
      const ran = run(batch, background);
      background(ran);
      await ran;
    }
    const startedAt = clock.now();
    while (wanted.result === null) {
      // A batch whose request was canceled gives nothing.
      if (clock.now() - startedAt >= limitMs) throw new StoreUnavailable("the batch with the key was canceled");
      await clock.pause();
    }
    if (wanted.result instanceof Error) throw wanted.result;
    return wanted.result;
  };
}
