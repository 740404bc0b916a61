// A clock that stands still until a test moves it.
import type { Clock } from "../../src/store/lib/timeouts.ts";
import { NOW } from "./key.ts";

export interface FakeClock extends Clock {
  /** Lets time pass, and runs every timer and the promises that follow from it, in order. */
  advance(ms: number): Promise<void>;
  /** Sets the clock forward or back without running timers, as a correction of the machine's clock does. */
  jump(ms: number): void;
}

/** Runs every promise reaction that is pending. */
export function settle(): Promise<void> {
  return new Promise((resume) => setTimeout(resume, 0));
}

export function fakeClock(start = NOW): FakeClock {
  // Timers follow the time that has passed, which a correction of the clock does not change.
  let passed = 0;
  let offset = start;
  let timers: { readonly at: number; readonly run: () => void }[] = [];

  return {
    now: () => offset + passed,
    after(delayMs, run) {
      const timer = { at: passed + delayMs, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    async advance(ms) {
      const end = passed + ms;
      await settle();
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter((each) => each !== next);
        passed = Math.max(passed, next.at);
        next.run();
        await settle();
      }
      passed = end;
    },
    // Takes no virtual time: a request looks again as soon as what has happened so far is done.
    pause: settle,
    jump(ms) {
      offset += ms;
    },
  };
}
