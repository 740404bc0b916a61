// `npm run simulate -- [--seed N] [--seeds K] [--requests N] [--stale-if-error S] [--strong-check mutations|all]`: the real gateway,
// repositories and maintenance of several isolates over a bad KV and a D1 that fails at times; a judge compares everything that
// clients and the upstream see with the state of the primary. Prints the worst case of every guarantee beside its bound, and fails
// when a bound is exceeded. `--mutants`: whether it catches every edit of simulate/mutant-list.ts.
import { parseArgs } from "node:util";
import { printTable, progress } from "../bench/report.ts";
import { type Guarantee, isKept, type StrongCheck } from "./simulate/bounds.ts";
import { runMutants } from "./simulate/mutants.ts";
import { type Outcome, simulate } from "./simulate/run.ts";

const text = (fallback: string) => ({ type: "string", default: fallback }) as const;
const flag = { type: "boolean", default: false } as const;
const numbers = { seed: text("1"), seeds: text("1"), requests: text("200000"), "stale-if-error": text("60") };
const { values } = parseArgs({
  options: { ...numbers, "strong-check": text("mutations"), mutants: flag, "stop-when-broken": flag },
});
if (values.mutants) process.exit((await runMutants(60_000)) === 0 ? 0 : 1);
const [first, seeds, requests] = [whole("seed"), whole("seeds"), whole("requests")];
const settings = {
  ...{ strongCheck: readStrongCheck(), staleIfErrorMs: whole("stale-if-error") * 1_000 },
  stopWhenBroken: values["stop-when-broken"],
};
const outcomes: Outcome[] = [];
for (let seed = first; seed < first + seeds; seed += 1) {
  const onProgress = (done: number) =>
    process.stderr.isTTY && progress(`seed ${seed}: ${done} of ${requests} requests`);
  const outcome = await simulate({ ...settings, seed, requests, onProgress });
  progress("");
  printRun(seed, outcome);
  outcomes.push(outcome);
}
const worst = worstOf(outcomes);
const rows = worst.map((guarantee) => [
  guarantee.name,
  valueText(guarantee, guarantee.worst),
  `${guarantee.atLeast ? ">=" : "<="} ${valueText(guarantee, guarantee.bound)}`,
  isKept(guarantee) ? "kept" : "BROKEN",
]);
console.log(`\n${requests * seeds} requests, ${seeds} ${seeds === 1 ? "seed" : "seeds"}`);
printTable([["guarantee", "worst case", "bound", ""], ...rows]);
if (!worst.every(isKept)) process.exitCode = 1;

function whole(name: keyof typeof numbers): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} must be a whole number`);
  return value;
}

function readStrongCheck(): StrongCheck {
  const known = (["mutations", "all"] as const).find((each) => each === values["strong-check"]);
  if (known === undefined) throw new Error("--strong-check must be mutations or all");
  return known;
}

/** The worst case of each guarantee over all runs. */
function worstOf([first, ...others]: readonly Outcome[]): readonly Guarantee[] {
  return (first?.guarantees ?? []).map((guarantee, i) => {
    const all = [guarantee, ...others.map(({ guarantees }) => guarantees[i] as Guarantee)].map(({ worst }) => worst);
    return { ...guarantee, worst: guarantee.atLeast ? Math.min(...all) : Math.max(...all) };
  });
}

function printRun(seed: number, { answered, virtualMs, guarantees }: Outcome): void {
  const kept = guarantees.every(isKept) ? "every guarantee kept" : "A GUARANTEE WAS BROKEN";
  const { allowed, degraded, speculated, denied, unavailable, changed, completed, cut } = answered;
  console.log(
    `seed ${seed}: ${kept}; ${requests} requests in ${(virtualMs / 3_600_000).toFixed(2)} h; ${allowed} allowed ` +
      `(${degraded} on a stale record, ${speculated} speculatively), ${denied} denied, ${unavailable} answered 503; ` +
      `${changed} changes made, ${completed} long bodies completed, ${cut} open responses cut`,
  );
}

function valueText({ unit }: Guarantee, value: number): string {
  if (!Number.isFinite(value)) return "-";
  return unit === "ms" ? `${(value / 1_000).toFixed(2)} s` : String(value);
}
