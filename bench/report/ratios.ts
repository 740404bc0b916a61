// From samples to ratios: taken inside each round, then the median over the rounds.
import { type Spread, spreadOf } from "../measure/statistics.ts";
import type { Samples } from "../rounds.ts";
import { GOALS } from "../scenarios.ts";

/** One goal beside what was measured. */
export interface Result {
  readonly name: string;
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean;
  /** For ratios of the steady state. */
  readonly ratio?: Spread;
}

/** How far apart two equal servers may be before a run says nothing. */
const EQUAL_WITHIN = 0.04;

/** The ratios of every goal whose two scenarios were run. */
export function ratioResults(samples: Samples): readonly Result[] {
  return GOALS.flatMap(({ name, subject, base, least }) => {
    const subjects = samples.get(subject);
    const bases = samples.get(base);
    if (subjects === undefined || bases === undefined) return [];
    const ratio = spreadOf(subjects.map((subject, i) => (bases[i] as number) / subject));
    const measured = `${ratio.median.toFixed(3)}  (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`;
    if (name.startsWith("A/A")) return [{ name, goal: "0.96 to 1.04", measured, met: tells(samples), ratio }];
    const goal = least === 0 ? "(for comparison)" : `>= ${least}`;
    return [{ name, goal, measured, met: ratio.median >= least, ratio }];
  });
}

/** Whether the two equal servers came out equal: without that, no other ratio means anything. */
export function tells(samples: Samples): boolean {
  const [first, second] = [samples.get("raw"), samples.get("raw again")];
  if (first === undefined || second === undefined) return true;
  return isEqual(spreadOf(first.map((cpu, i) => cpu / (second[i] ?? 0))));
}

/** Whether a ratio is that of two equal servers. */
export function isEqual({ median }: Spread): boolean {
  return Math.abs(median - 1) <= EQUAL_WITHIN;
}
