// The world of the simulation: virtual time, which passes only when something happens, and random numbers that a seed
// repeats. The whole simulation is one sequence.
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../src/store/lib/timeouts.ts";
import { seededRandom } from "../../test/support/random.ts";

export interface World {
  /** Milliseconds since the simulation began; an isolate sees it only through a clock of its own. */
  readonly now: number;
  /** Runs once after a delay; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void;
  /** Lets time pass up to a time, with everything that happens until then. */
  passTo(time: number): Promise<void>;
}

export function createWorld(): World {
  // The next event is the last one; of two at the same time, the one that was asked for first runs first.
  const events: { readonly at: number; run: (() => void) | null }[] = [];
  let now = 0;
  return {
    get now() {
      return now;
    },
    after(delayMs, run) {
      const event: (typeof events)[number] = { at: now + delayMs, run };
      events.splice(events.findLastIndex(({ at }) => at > event.at) + 1, 0, event);
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

/** The clock of one isolate: whole milliseconds, ahead of the world or behind it. */
export function clockOf(world: World, skewMs: number): Clock {
  return { now: () => EPOCH + Math.floor(world.now + skewMs), after: world.after };
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
}

export function createRandom(seed: number): Random {
  const { below, pick } = seededRandom(seed);
  const next = () => below(2 ** 32) / 2 ** 32;
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    happens: (share) => next() < share,
    pick,
    wait: (meanMs) => -Math.log(1 - next()) * meanMs,
  };
}
