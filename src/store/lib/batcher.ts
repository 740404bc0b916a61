// Gathers values by key in the isolate and writes each key at most once per interval, after the response was sent. A
// failed write costs no response: its values are put back for the next one.
import type { Background } from "../common.ts";
import { type Clock, isRecent } from "./timeouts.ts";

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
  /** The same for a key that has gathered much; left out: no other. */
  readonly much?: { readonly intervalMs: number; readonly has: (value: T) => boolean };
  /** How many keys are kept. Of more, those written longest ago are evicted and written, or gathered to be. */
  readonly maxKeys: number;
  /** How many keys are evicted at once; left out: one. */
  readonly evictionSize?: number;
  /**
   * For so long after a write that takes every key that is due, the keys that become due are gathered: a full batch of them is
   * written at once, the others at the end of that time. Left out: nothing is gathered.
   */
  readonly gather?: Gather;
  /** How many keys are written at once; left out: all. */
  readonly batchSize?: number;
  readonly empty: () => T;
  readonly isEmpty: (value: T) => boolean;
  readonly write: (batch: readonly Batched<T>[]) => Promise<unknown>;
  /** Adds the value of a failed write to what was gathered meanwhile. */
  readonly putBack: (value: T, failed: T) => void;
  readonly onError: (error: unknown) => void;
}

interface Gather {
  readonly forMs: number;
  /** How many keys one request writes at most at the end of that time. */
  readonly maxKeys: number;
  readonly clock: Clock;
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
  /** Those that are due or evicted while others are gathered: fewer than a batch. */
  readonly gathered: Map<string, Entry<T>>;
  /** When every key that was due was written for the last time; -Infinity: never. */
  sweptAt: number;
  /** When the timer was set that ends the gathering; -Infinity: there is none. */
  timerSetAt: number;
}

/** The batcher of one isolate, whose memory is bounded by `maxKeys` values and a batch. */
export function createBatcher<T>(options: BatcherOptions<T>): Batcher<T> {
  const never = Number.NEGATIVE_INFINITY;
  const maps = { entries: new Map<string, Entry<T>>(), gathered: new Map<string, Entry<T>>() };
  const state: State<T> = { options, ...maps, sweptAt: never, timerSetAt: never };
  const { entries, gathered } = state;
  return {
    pending(key, now, background) {
      const known = entries.get(key);
      if (known !== undefined) return known.value;
      const waiting = gathered.get(key);
      if (entries.size >= options.maxKeys) writeEvicted(state, now, background);
      const entry = waiting ?? { key, value: options.empty(), writtenAt: Number.NEGATIVE_INFINITY };
      entries.set(key, entry);
      return entry.value;
    },
    writeIfDue(key, now, background) {
      const entry = entries.get(key);
      if (entry === undefined || !isDue(options, entry, now) || options.isEmpty(entry.value)) return;
      const { gather } = options;
      if (gather !== undefined && isRecent(now, state.sweptAt, gather.forMs)) {
        gatherEntries(state, gather, [entry], now, background);
      } else for (const work of sweep(state, entry, now)) background(work);
    },
    async flush(now) {
      const all = new Set([...entries.values(), ...gathered.values()]);
      gathered.clear();
      await Promise.all(
        writeAll(
          state,
          [...all].filter(({ value }) => !options.isEmpty(value)),
          now,
        ),
      );
    },
  };
}

function isDue<T>({ intervalMs, much }: BatcherOptions<T>, { value, writtenAt }: Entry<T>, now: number): boolean {
  // In either order: a slow request reports an earlier time late.
  const apartMs = Math.abs(now - writtenAt);
  return apartMs >= intervalMs || (much !== undefined && apartMs >= much.intervalMs && much.has(value));
}

/** Writes one key that is due, those that were gathered, and the others that are due; drops keys with nothing to write. */
function sweep<T>(state: State<T>, first: Entry<T> | null, now: number): Promise<void>[] {
  const { options, entries, gathered } = state;
  const maxKeys = options.gather?.maxKeys ?? Number.POSITIVE_INFINITY;
  const due = new Set(first === null ? [] : [first]);
  for (const entry of gathered.values()) due.add(entry);
  gathered.clear();
  for (const entry of entries.values()) {
    if (due.size >= maxKeys) break;
    if (due.has(entry) || !isDue(options, entry, now)) continue;
    if (options.isEmpty(entry.value)) entries.delete(entry.key);
    else due.add(entry);
  }
  state.sweptAt = now;
  return writeAll(state, [...due], now);
}

function gatherEntries<T>(
  state: State<T>,
  { forMs, clock }: Gather,
  due: readonly Entry<T>[],
  now: number,
  background: Background,
): void {
  const { options, gathered } = state;
  for (const entry of due) gathered.set(entry.key, entry);
  if (gathered.size >= (options.batchSize ?? Number.POSITIVE_INFINITY)) {
    const full = [...gathered.values()];
    gathered.clear();
    for (const work of writeAll(state, full, now)) background(work);
    return;
  }
  // The timer of a request that was canceled never runs.
  if (gathered.size === 0 || isRecent(now, state.timerSetAt, 2 * forMs)) return;
  state.timerSetAt = now;
  const end = new Promise<void>((resume) => clock.after(forMs, resume));
  background(
    end.then(() => {
      state.timerSetAt = Number.NEGATIVE_INFINITY;
      return gathered.size > 0 ? Promise.all(sweep(state, null, clock.now())) : null;
    }),
  );
}

/** Makes room, and writes or gathers the evicted keys that have something to write. */
function writeEvicted<T>(state: State<T>, now: number, background: Background): void {
  const { options, entries } = state;
  const oldest = [...entries.values().take(options.evictionSize ?? 1)];
  for (const { key } of oldest) entries.delete(key);
  const evicted = oldest.filter(({ value }) => !options.isEmpty(value));
  if (options.gather !== undefined) gatherEntries(state, options.gather, evicted, now, background);
  else for (const work of writeAll(state, evicted, now)) background(work);
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
