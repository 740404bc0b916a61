// Counts what a customer uses in a while of virtual time, by running the real code on storage that counts.
import { type Chance, createChance, EPOCH } from "../../scripts/simulate/world.ts";
import type { KeyHash } from "../../src/core/access/principal.ts";
import type { Customer } from "./customers.ts";
import { createIsolate, type Isolate } from "./isolate.ts";
import { type Counted, MINUTE_MS } from "./month.ts";
import { createSchedule } from "./schedule.ts";
import { makeKeys, warmKv } from "./stock.ts";
import { createStorage } from "./storage.ts";
import { createTraffic } from "./traffic.ts";

/** A remembered record lives ten minutes: after that isolates are as warm as they will be. */
const WARM_UP_MINUTES = 12;

/** Instead of a day, so that as many refused calls are forgotten as are kept while the count lasts. */
const KEEP_REFUSALS_FOR_MS = 5 * MINUTE_MS;

export interface Options {
  readonly seed: number;
  /** Counted minutes of virtual time; some more go before, to warm up. */
  readonly minutes: number;
  readonly onMinute?: (done: number, of: number) => void;
  /** Hears of every use: which isolate, which key, when. */
  readonly onUse?: (isolate: number, keyId: string, now: number) => void;
  /** The isolates are warm: what is counted begins now. */
  readonly onBegin?: () => void;
}

/** Runs a customer's traffic, and counts. */
export async function count(customer: Customer, options: Options): Promise<Counted> {
  const chance = createChance(options.seed);
  let now = EPOCH;
  const storage = createStorage(() => now);
  const hashes = makeKeys(storage, customer.keys);
  // Storage answers at once, so no limit is ever reached and no timer has to run.
  const clock = { now: () => Math.floor(now), after: () => () => undefined };
  const isolates = Array.from({ length: customer.places * customer.isolatesEach }, (_, i) =>
    createIsolate(storage, clock, chance.next, KEEP_REFUSALS_FOR_MS, (id) => options.onUse?.(i, id, now)),
  );
  const schedule = await createSchedule(storage, KEEP_REFUSALS_FOR_MS);
  // The first run signs the day's checkpoint; the second one has nothing to do.
  await schedule(now);
  storage.reset();
  await schedule(now);
  const idle = { ...storage.used };
  await warmKv(storage, hashes, now, chance.next);

  const play = createPlay(customer, chance, isolates, hashes, (instant) => {
    now = instant;
  });
  const runMinutes = async (from: number, to: number) => {
    for (let minute = from + 1; minute <= to; minute += 1) {
      await play.until(EPOCH + minute * MINUTE_MS);
      await schedule(now);
      options.onMinute?.(minute, WARM_UP_MINUTES + options.minutes);
    }
  };
  await runMinutes(0, WARM_UP_MINUTES);
  const before = { ...play.seen };
  storage.reset();
  options.onBegin?.();
  await runMinutes(WARM_UP_MINUTES, WARM_UP_MINUTES + options.minutes);
  const [calls, refused] = [play.seen.calls - before.calls, play.seen.refused - before.refused];
  return { minutes: options.minutes, calls, refused, used: storage.used, idle };
}

/** Lets the traffic of a customer come in, call by call. */
function createPlay(
  customer: Customer,
  chance: Chance,
  isolates: readonly Isolate[],
  hashes: readonly KeyHash[],
  setNow: (instant: number) => void,
) {
  const next = createTraffic(customer, chance);
  const seen = { calls: 0, refused: 0 };
  let context = next();
  let callAt = EPOCH + context.afterMs;
  return {
    seen,
    async until(end: number): Promise<void> {
      while (callAt < end) {
        setNow(callAt);
        const work = isolates[context.isolate]?.call(hashes[context.key] as KeyHash, context.kind);
        // Awaited only where there is something to wait for: most calls end at once, and there are hundreds of thousands.
        if (work) await work;
        seen.calls += 1;
        if (context.kind === "refused" || context.kind === "stranger") seen.refused += 1;
        context = next();
        callAt += context.afterMs;
      }
      setNow(end);
    },
  };
}
