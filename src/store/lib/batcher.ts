// Gathers values by key in the isolate and writes each key at most once per interval, after the response was sent. A
// failed write costs no response: its values are put back for the next one.
import type { Background } from "../common.ts";
import { isRecent } from "./timeouts.ts";

export interface Batcher<T> {
  /** Returns the mutable value that a key has gathered since its last write. May evict other keys, and write them. */
  pending(key: string, now: number, background: Background): T;
  /** Writes a key that was not written within the interval, and with it the other keys that are due. */
  writeIfDue(key: string, now: number, background: Background): void;
  /** Writes everything that was gathered. Never rejects. */
  flush(now: number): Promise<void>;
}

/** A key with the value that is written for it. */
export interface Batched<T> {
  readonly key: string;
  readonly value: T;
}

export interface BatcherOptions<T> {
  /** How often a key is written at most; the first time it is written at once. */
  readonly intervalMs: number;
  /** How many keys are kept. Of more, those written longest ago are evicted and written once more. */
  readonly maxKeys: number;
  /** How many keys are evicted at once; left out: one. */
  readonly evictionSize?: number;
  /** How often the other keys that are due are looked for, and how many go with one key; left out: always, and all. */
  readonly sweep?: { readonly intervalMs: number; readonly maxKeys: number };
  /** How many keys are written at once; left out: all. */
  readonly batchSize?: number;
  readonly empty: () => T;
  readonly isEmpty: (value: T) => boolean;
  readonly write: (batch: readonly Batched<T>[]) => Promise<unknown>;
  /** Adds the value of a failed write to what was gathered meanwhile. */
  readonly putBack: (value: T, failed: T) => void;
  readonly onError: (error: unknown) => void;
}

interface Entry<T> {
  readonly key: string;
  value: T;
  /** When this isolate last wrote the key; -Infinity: never. */
  writtenAt: number;
}

interface State<T> {
  readonly options: BatcherOptions<T>;
  /** In the order of their last write. */
  readonly entries: Map<string, Entry<T>>;
  sweptAt: number;
}

/** The batcher of one isolate, whose memory is bounded by `maxKeys` values. */
export function createBatcher<T>(options: BatcherOptions<T>): Batcher<T> {
  const state: State<T> = { options, entries: new Map(), sweptAt: Number.NEGATIVE_INFINITY };
  const { entries } = state;
  return {
    pending(key, now, background) {
      const known = entries.get(key);
      if (known !== undefined) return known.value;
      const evicted = entries.size < options.maxKeys ? [] : evictOldest(state);
      for (const work of writeAll(state, evicted, now)) background(work);
      const entry = { key, value: options.empty(), writtenAt: Number.NEGATIVE_INFINITY };
      entries.set(key, entry);
      return entry.value;
    },
    writeIfDue(key, now, background) {
      const entry = entries.get(key);
      if (entry === undefined || isRecent(now, entry.writtenAt, options.intervalMs)) return;
      if (options.isEmpty(entry.value)) return;
      for (const work of writeAll(state, dueWith(state, entry, now), now)) background(work);
    },
    async flush(now) {
      const unwritten = [...entries.values()].filter(({ value }) => !options.isEmpty(value));
      await Promise.all(writeAll(state, unwritten, now));
    },
  };
}

/** One key that is due, and once in a sweep's interval the others that are; keys with nothing to write are dropped. */
function dueWith<T>(state: State<T>, first: Entry<T>, now: number): readonly Entry<T>[] {
  const { options, entries } = state;
  const { intervalMs, maxKeys } = options.sweep ?? { intervalMs: 0, maxKeys: Number.POSITIVE_INFINITY };
  const due = [first];
  if (isRecent(now, state.sweptAt, intervalMs)) return due;
  state.sweptAt = now;
  for (const entry of entries.values()) {
    if (due.length >= maxKeys) break;
    if (entry === first || isRecent(now, entry.writtenAt, options.intervalMs)) continue;
    if (options.isEmpty(entry.value)) entries.delete(entry.key);
    else due.push(entry);
  }
  return due;
}

/** Makes room, and returns the evicted entries that have something to write. */
function evictOldest<T>({ options, entries }: State<T>): readonly Entry<T>[] {
  const oldest = [...entries.values().take(options.evictionSize ?? 1)];
  for (const { key } of oldest) entries.delete(key);
  return oldest.filter(({ value }) => !options.isEmpty(value));
}

function writeAll<T>({ options, entries }: State<T>, due: readonly Entry<T>[], now: number): Promise<void>[] {
  for (const entry of due) {
    entry.writtenAt = now;
    if (entries.delete(entry.key)) entries.set(entry.key, entry);
  }
  const size = options.batchSize ?? Math.max(1, due.length);
  const writes: Promise<void>[] = [];
  for (let from = 0; from < due.length; from += size) writes.push(write(options, due.slice(from, from + size)));
  return writes;
}

async function write<T>(options: BatcherOptions<T>, batch: readonly Entry<T>[]): Promise<void> {
  // Taken before the write starts: what is gathered meanwhile waits for the next write, and nothing is written twice.
  const taken = batch.map((entry) => ({ entry, key: entry.key, value: entry.value }));
  for (const entry of batch) entry.value = options.empty();
  try {
    await options.write(taken);
  } catch (error) {
    for (const { entry, value } of taken) options.putBack(entry.value, value);
    options.onError(error);
  }
}
