// The counters of one isolate. Whole numbers that only grow: times are milliseconds, so that sums do not depend on their order.
import { BUCKETS_MS, COUNTED, type CountedName, type Totals } from "./definitions.ts";

/** Labels come from the code. Of more than this, the others are counted together. */
const MAX_LABELS = 64;

/** One metric: a counter, or a histogram, for each value of its label; the value is empty where it has no label. */
export interface Family {
  /** Adds to a counter. */
  add(label: string, by?: number): void;
  /** Adds a time to a histogram, in milliseconds. */
  observe(label: string, ms: number): void;
}

export interface Counters extends Readonly<Record<CountedName, Family>> {
  /** Counts a request that was decided on a record that D1 could not confirm, and the second that it is of. */
  countDegraded(now: number): void;
  /** All that was counted since the isolate has started. */
  totals(): Totals;
}

interface Histogram {
  /** As many as there are bounds, and one for longer times. */
  readonly counts: number[];
  sum: number;
}

/** Creates counters that are all 0. */
export function createCounters(): Counters {
  const totals: Record<string, number> = {};
  const families = (Object.keys(COUNTED) as CountedName[]).map((name) => [name, createFamily(name)] as const);
  const byName = Object.fromEntries(families) as Record<CountedName, ReturnType<typeof createFamily>>;
  let degradedSecond = 0;
  return {
    ...byName,
    countDegraded(now) {
      byName.degraded_requests.add("");
      const second = Math.floor(now / 1_000);
      if (second !== degradedSecond) byName.degraded.add("", 1_000);
      degradedSecond = second;
    },
    totals() {
      for (const [, family] of families) family.writeTo(totals);
      return { ...totals };
    },
  };
}

function createFamily(name: CountedName) {
  const counters = new Map<string, { value: number }>();
  const histograms = new Map<string, Histogram>();
  return {
    add(label: string, by = 1): void {
      const known = counters.get(label) ?? entryOf(counters, label, newCounter);
      known.value += by;
    },
    observe(label: string, ms: number): void {
      const histogram = histograms.get(label) ?? entryOf(histograms, label, newHistogram);
      // A clock that was set back meanwhile.
      const time = ms > 0 ? Math.round(ms) : 0;
      let bucket = 0;
      while (bucket < BUCKETS_MS.length && time > (BUCKETS_MS[bucket] as number)) bucket += 1;
      (histogram.counts[bucket] as number) += 1;
      histogram.sum += time;
    },
    writeTo(totals: Record<string, number>): void {
      for (const [label, { value }] of counters) totals[label === "" ? name : `${name}|${label}`] = value;
      for (const [label, { counts, sum }] of histograms) {
        totals[`${name}|${label}|sum`] = sum;
        for (const [i, count] of counts.entries()) {
          if (count > 0) totals[`${name}|${label}|${BUCKETS_MS[i] ?? "+Inf"}`] = count;
        }
      }
    },
  };
}

const newCounter = () => ({ value: 0 });
const newHistogram = (): Histogram => ({ counts: Array.from({ length: BUCKETS_MS.length + 1 }, () => 0), sum: 0 });

function entryOf<T>(entries: Map<string, T>, label: string, make: () => T): T {
  const own = entries.has(label) || entries.size < MAX_LABELS ? label : "other";
  const entry = entries.get(own) ?? make();
  entries.set(own, entry);
  return entry;
}
