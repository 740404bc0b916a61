// The counters of one isolate. Whole numbers that only grow: times are milliseconds, so that sums do not depend on their order.
import { BUCKETS_MS, type CountedName, type Totals } from "./definitions.ts";

/** Labels come from the code. Of more than this, the others are counted together. */
const MAX_LABELS = 64;

export interface Counters {
  /** Adds to a counter. */
  add(name: CountedName, label?: string, by?: number): void;
  /** Adds a time to a histogram, in milliseconds. */
  observe(name: CountedName, label: string, ms: number): void;
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
  const counters = new Map<CountedName, Map<string, { value: number }>>();
  const histograms = new Map<CountedName, Map<string, Histogram>>();
  let degradedSecond = 0;
  function add(name: CountedName, label = "", by = 1): void {
    const known = counters.get(name)?.get(label);
    if (known !== undefined) known.value += by;
    else entryOf(counters, name, label, () => ({ value: 0 })).value += by;
  }
  return {
    add,
    countDegraded(now) {
      add("degraded_requests");
      const second = Math.floor(now / 1_000);
      if (second !== degradedSecond) add("degraded", "", 1_000);
      degradedSecond = second;
    },
    observe(name, label, ms) {
      const histogram = entryOf(histograms, name, label, () => ({
        counts: Array.from({ length: BUCKETS_MS.length + 1 }, () => 0),
        sum: 0,
      }));
      // A clock that was set back meanwhile.
      const time = Math.max(0, Math.round(ms));
      let bucket = 0;
      while (bucket < BUCKETS_MS.length && time > (BUCKETS_MS[bucket] as number)) bucket += 1;
      histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1;
      histogram.sum += time;
    },
    totals() {
      const totals: Record<string, number> = {};
      for (const [name, labels] of counters) {
        for (const [label, { value }] of labels) totals[label === "" ? name : `${name}|${label}`] = value;
      }
      for (const [name, labels] of histograms) {
        for (const [label, { counts, sum }] of labels) {
          totals[`${name}|${label}|sum`] = sum;
          for (const [i, count] of counts.entries()) {
            if (count > 0) totals[`${name}|${label}|${BUCKETS_MS[i] ?? "+Inf"}`] = count;
          }
        }
      }
      return totals;
    },
  };
}

function entryOf<T>(all: Map<CountedName, Map<string, T>>, name: CountedName, label: string, make: () => T): T {
  const labels = all.get(name) ?? new Map<string, T>();
  all.set(name, labels);
  const own = labels.has(label) || labels.size < MAX_LABELS ? label : "other";
  const known = labels.get(own);
  if (known !== undefined) return known;
  const made = make();
  labels.set(own, made);
  return made;
}
