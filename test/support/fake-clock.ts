// A clock that stands still until a test moves it.
import type { Clock } from "../../src/store/lib/timeouts.ts";
import { NOW } from "./key.ts";

export interface FakeClock extends Clock {
  /** Lets time pass, with every timer and whatever its promises lead to, in order. */
  advance(ms: number): Promise<void>;
  /** Sets the clock to another instant without anything happening: the machine's clock was corrected. */
  jump(ms: number): void;
}

/** Follows every promise that can settle now to its end. */
export function settle(): Promise<void> {
  return new Promise((resume) => setTimeout(resume, 0));
}

export function fakeClock(start = NOW): FakeClock {
  // Timers go by time that has passed, which a corrected clock does not change.
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
    jump(ms) {
      offset += ms;
    },
  };
}
