// The world of the simulation: virtual time, which passes only when something happens, random numbers that a seed repeats, and
// the clocks of isolates, which differ and are corrected. The whole simulation is one sequence.
import { setImmediate } from "node:timers/promises";
import { type Clock, PAUSE_MS } from "../../src/store/lib/timeouts.ts";
import { seededRandom } from "../../test/support/random.ts";

export interface World {
  /** Milliseconds since the simulation began; an isolate sees it only through a clock of its own. */
  readonly now: number;
  /** Runs once after a delay; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void;
  /** Lets time pass up to a time, with everything that happens until then. */
  passTo(time: number): Promise<void>;
}

interface Event {
  readonly at: number;
  run: (() => void) | null;
}

export function createWorld(): World {
  // The next event is the last one; of two at the same time, the one that was asked for first runs first.
  const events: Event[] = [];
  let now = 0;
  return {
    get now() {
      return now;
    },
    after(delayMs, run) {
      const event: Event = { at: now + delayMs, run };
      events.splice(countLater(events, event.at), 0, event);
      return () => {
        event.run = null;
      };
    },
    async passTo(time) {
      for (let next = events.at(-1); next !== undefined && next.at <= time; next = events.at(-1)) {
        events.pop();
        if (next.run === null) continue;
        now = Math.max(now, next.at);
        next.run();
        // Every promise that this has settled runs to its end before the next thing happens.
        await setImmediate();
      }
      now = Math.max(now, time);
    },
  };
}

/** How many of the events, the latest first, are later than a time. */
function countLater(events: readonly Event[], time: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle] as Event).at > time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The clock of one isolate: whole milliseconds, ahead of the world or behind it. */
export interface IsolateClock extends Clock {
  /** Milliseconds ahead of the world. A step of the clock sets it. */
  skewMs: number;
}

export function createClock(world: World, skewMs: number): IsolateClock {
  const clock = {
    skewMs,
    now: () => EPOCH + Math.floor(world.now + clock.skewMs),
    after: world.after,
    pause: () => new Promise<void>((resume) => world.after(PAUSE_MS, resume)),
  };
  return clock;
}

/** The time of the clocks when the simulation begins: 2026-11-23T12:00Z. */
export const EPOCH = Date.UTC(2026, 10, 23, 12);

export interface Random {
  /** 0 <= n < 1. */
  readonly next: () => number;
  between(least: number, most: number): number;
  happens(share: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** A time until the next of many independent events. */
  wait(meanMs: number): number;
  /** An id in the form of a UUID. */
  uuid(): string;
}

export function createRandom(seed: number): Random {
  const { below, pick } = seededRandom(seed);
  const next = () => below(2 ** 32) / 2 ** 32;
  const digits = (count: number) => Array.from({ length: count }, () => below(16).toString(16)).join("");
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    happens: (share) => next() < share,
    pick,
    wait: (meanMs) => -Math.log(1 - next()) * meanMs,
    uuid: () => `${digits(8)}-${digits(4)}-4${digits(3)}-8${digits(3)}-${digits(12)}`,
  };
}
