// Reads of one isolate by key, of which few statements run at once: what is wanted meanwhile is read together by the next one. So
// the number of statements follows how fast they are answered, not how many requests come.
//
// No request awaits a promise that another one has made: the runtime drops whatever waits for a promise whose request is over.
import type { Background } from "../common.ts";
import { type Clock, withinWindow } from "./timeouts.ts";

/** What a batch gives for each of its keys, in their order: a value, or the error of this key alone. */
export type BatchResult<T> = readonly (T | Error)[];

/** A key with the requests that want it. */
interface Wanted<K, T> {
  readonly key: K;
  readonly requests: PromiseWithResolvers<T>[];
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
  let asleep: (() => void)[] = [];

  function isFull(): boolean {
    for (const batch of running) if (!withinWindow(clock.now(), batch.since, limitMs)) running.delete(batch);
    return running.size >= maxRunning;
  }

  async function run(batch: readonly Wanted<K, T>[], background: Background): Promise<void> {
    const self = { since: clock.now() };
    running.add(self);
    const keys = batch.map(({ key }) => key);
    const results = await readAll(keys, background).catch((error: Error) => keys.map(() => error));
    batch.forEach(({ requests }, i) => {
      const result = results[i] as T | Error;
      for (const { resolve, reject } of requests) result instanceof Error ? reject(result) : resolve(result);
    });
    running.delete(self);
    const awake = asleep;
    asleep = [];
    for (const wake of awake) wake();
  }

  return async (key, background) => {
    const own = Promise.withResolvers<T>();
    own.promise.catch(() => undefined);
    const wanted = waiting.get(key.hash) ?? { key, requests: [] };
    wanted.requests.push(own);
    waiting.set(key.hash, wanted);
    // Each request that waits may start the next batch: the one that has ended a batch may be over, and its work with it.
    while (waiting.get(key.hash) === wanted) {
      if (isFull()) {
        await new Promise<void>((resume) => asleep.push(resume));
        continue;
      }
      const batch = [...waiting.values()].slice(0, maxKeys);
      for (const { key: taken } of batch) waiting.delete(taken.hash);
      background(run(batch, background));
    }
    return await own.promise;
  };
}
