// `npm run simulate -- [--seed N] [--seeds K] [--calls N] [--grace S] [--strong-check mutations|all]`: the real
// finder of several isolates over a bad KV and a D1 that is at times out of reach; every verdict is held against what was
// true. Prints the worst case of every promise beside its bound, and fails when one was passed.
import { parseArgs } from "node:util";
import { isKept, type StrongCheck } from "./simulate/judge.ts";
import { printRun, printTable, worstOf } from "./simulate/report.ts";
import { type Outcome, simulate } from "./simulate/run.ts";

const text = (fallback: string) => ({ type: "string", default: fallback }) as const;
const { values } = parseArgs({
  options: {
    seed: text("1"),
    seeds: text("1"),
    calls: text("1000000"),
    grace: text("60"),
    "strong-check": text("mutations"),
  },
});

function whole(name: "seed" | "seeds" | "calls" | "grace"): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} must be a whole number`);
  return value;
}

function readStrongCheck(): StrongCheck {
  const known = (["mutations", "all"] as const).find((each) => each === values["strong-check"]);
  if (known === undefined) throw new Error("--strong-check must be mutations or all");
  return known;
}

const [first, seeds, calls] = [whole("seed"), whole("seeds"), whole("calls")];
const settings = { strongCheck: readStrongCheck(), staleIfErrorMs: whole("grace") * 1_000, flaw: {} };
const outcomes: Outcome[] = [];
for (let seed = first; seed < first + seeds; seed += 1) {
  const startedAt = performance.now();
  // A line that is written over, for a person; a file would only fill up with it.
  const onProgress = (done: number) => {
    if (process.stderr.isTTY) process.stderr.write(`\rseed ${seed}: ${done} of ${calls} calls`);
  };
  const outcome = await simulate({ ...settings, seed, calls, onProgress });
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  printRun(seed, calls, outcome, performance.now() - startedAt);
  outcomes.push(outcome);
}
const worst = worstOf(outcomes);
printTable(worst, calls * seeds, seeds);
if (!worst.every(isKept)) process.exitCode = 1;
