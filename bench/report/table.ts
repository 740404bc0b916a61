// Results as a table for people, and as JSON and a chart for whoever compares runs.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { spreadOf } from "../measure/statistics.ts";
import type { Samples } from "../rounds.ts";
import { RESULTS } from "../setup/work.ts";
import { chart } from "./chart.ts";
import type { Result } from "./ratios.ts";

export function printResults(results: readonly Result[]): void {
  const width = Math.max(...results.map(({ name }) => name.length));
  console.log(`\n${"".padEnd(width)}  ${"goal".padEnd(18)}measured (least to greatest round)`);
  for (const { name, goal, measured, met } of results) {
    console.log(`${name.padEnd(width)}  ${goal.padEnd(18)}${measured}${met ? "" : "   missed"}`);
  }
}

export function printSamples(samples: Samples): void {
  const width = Math.max(...[...samples.keys()].map((name) => name.length));
  console.log(`\n${"".padEnd(width)}  CPU per call (µs)`);
  for (const [name, rounds] of samples) {
    const { median, min, max } = spreadOf(rounds);
    console.log(`${name.padEnd(width)}  ${median.toFixed(1).padStart(7)} (${min.toFixed(1)} to ${max.toFixed(1)})`);
  }
}

/** Writes the JSON and the chart of a run. Returns the path of the JSON. */
export function writeResults(name: string, about: object, results: readonly Result[], samples: Samples): string {
  mkdirSync(RESULTS, { recursive: true });
  const path = join(RESULTS, `${name}.json`);
  const rounds = Object.fromEntries(samples);
  writeFileSync(path, `${JSON.stringify({ ...about, results, rounds }, rounded, 2)}\n`);
  writeFileSync(join(RESULTS, `${name}.svg`), chart(results));
  return path;
}

/** More digits than these say nothing. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(6)) : value;
}
