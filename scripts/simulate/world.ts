// Time that passes only when something happens, and chance that a seed repeats: the whole simulation is one sequence.
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../src/store/lib/timeouts.ts";

interface Event {
  readonly at: number;
  /** Breaks ties: what was asked for first happens first. */
  readonly place: number;
  run: (() => void) | null;
}

export interface World {
  /** Milliseconds since the simulation began; no isolate sees it but through a clock of its own. */
  readonly now: number;
  /** Runs once after a delay; the returned function calls it off. */
  after(delayMs: number, run: () => void): () => void;
  /** Lets time pass up to an instant, with everything that happens until then. */
  passTo(instant: number): Promise<void>;
}

export function createWorld(): World {
  const heap: Event[] = [];
  let now = 0;
  let places = 0;

  return {
    get now() {
      return now;
    },
    after(delayMs, run) {
      places += 1;
      const event: Event = { at: now + delayMs, place: places, run };
      push(heap, event);
      return () => {
        event.run = null;
      };
    },
    async passTo(instant) {
      for (let next = heap[0]; next !== undefined && next.at <= instant; next = heap[0]) {
        pop(heap);
        if (next.run === null) continue;
        now = Math.max(now, next.at);
        next.run();
        // Every promise that this has settled is followed to its end, before the next thing happens.
        await setImmediate();
      }
      now = Math.max(now, instant);
    },
  };
}

/** The clock of one isolate: whole milliseconds, and ahead of the world or behind it. */
export function clockOf(world: World, skewMs: number): Clock {
  return { now: () => EPOCH + Math.floor(world.now + skewMs), after: world.after };
}

/** Where the clocks stand when the simulation begins: 2026-11-23T12:00Z. */
export const EPOCH = Date.UTC(2026, 10, 23, 12);

function comesBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.place < b.place);
}

function push(heap: Event[], event: Event): void {
  let i = heap.push(event) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!comesBefore(event, heap[parent] as Event)) break;
    heap[i] = heap[parent] as Event;
    i = parent;
  }
  heap[i] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop() as Event;
  if (heap.length === 0) return;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && comesBefore(heap[child + 1] as Event, heap[child] as Event)) child += 1;
    if (!comesBefore(heap[child] as Event, last)) break;
    heap[i] = heap[child] as Event;
    i = child;
  }
  heap[i] = last;
}

export interface Chance {
  /** 0 <= n < 1. */
  readonly next: () => number;
  between(least: number, most: number): number;
  happens(share: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** A time until the next of many independent events. */
  wait(meanMs: number): number;
}

/** Mulberry32: small, fast, and the same on every machine. */
export function createChance(seed: number): Chance {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    happens: (share) => next() < share,
    pick: (choices) => choices[Math.floor(next() * choices.length)] as never,
    wait: (meanMs) => -Math.log(1 - next()) * meanMs,
  };
}
