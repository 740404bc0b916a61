// What a run says: medians with their spread, ratios beside their goals, tables for people and JSON for comparisons.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Samples } from "./rounds.ts";
import { GOALS } from "./scenarios.ts";
import { RESULTS } from "./setup/build.ts";

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One goal beside the measured value. */
export interface Result {
  readonly name: string;
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean;
  /** For ratios of the steady state. */
  readonly ratio?: Spread;
}

/** How far apart two equal servers may be before a run is void. */
const EQUAL_WITHIN = 0.04;
/** `--check` fails when a ratio has lost more than this share of the committed one. */
const MOST_LOSS = 0.15;

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const lower = sorted[sorted.length - 1 - middle] ?? Number.NaN;
  return { median: (upper + lower) / 2, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** As `0.97 (0.90 to 1.02)`. */
export function spreadText({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}

/** The spread of the quotients of two series, round by round. */
export function ratioOf(base: readonly number[], subject: readonly number[]): Spread {
  return spreadOf(subject.map((value, i) => (base[i] ?? Number.NaN) / value));
}

/** The ratios of every goal whose two scenarios were run. */
export function ratioResults(samples: Samples): readonly Result[] {
  return GOALS.flatMap(({ name, subject, base, least }) => {
    const [subjects, bases] = [samples.get(subject), samples.get(base)];
    if (subjects === undefined || bases === undefined) return [];
    const ratio = ratioOf(bases, subjects);
    const result = { name, measured: spreadText(ratio, 3), ratio };
    if (name.startsWith("A/A")) return [{ ...result, goal: "0.96 to 1.04", met: isEqual(ratio) }];
    return [{ ...result, goal: least === 0 ? "(for comparison)" : `>= ${least}`, met: ratio.median >= least }];
  });
}

/** A result whose goal is an upper bound. */
export function atMost(name: string, most: number, unit: string, spread: Spread, digits: number): Result {
  return { name, goal: `<= ${most} ${unit}`, measured: spreadText(spread, digits), met: spread.median <= most };
}

/** Whether the two equal servers came out equal: otherwise no other ratio of the run means anything. */
export function isValid(samples: Samples): boolean {
  const [first, second] = [samples.get("raw"), samples.get("raw again")];
  return first === undefined || second === undefined || isEqual(ratioOf(first, second));
}

export function isEqual({ median }: Spread): boolean {
  return Math.abs(median - 1) <= EQUAL_WITHIN;
}

/** The names of the ratios that have lost too much of those in bench/ratios.json; prints each. */
export function lostRatios(samples: Samples): readonly string[] {
  const committed: Record<string, number> = JSON.parse(readFileSync(new URL("ratios.json", import.meta.url), "utf8"));
  return ratioResults(samples).flatMap(({ name, ratio }) => {
    const was = committed[name];
    if (was === undefined || ratio === undefined) return [];
    // The best rounds count as well: noise takes from some rounds, a loss in the code from all of them.
    const isLost = (ratio.median + ratio.max) / 2 < was * (1 - MOST_LOSS);
    console.log(`${isLost ? "LOST" : "kept"}  ${name}: ${ratio.median.toFixed(3)}, committed ${was}`);
    return isLost ? [name] : [];
  });
}

export function printResults(results: readonly Result[]): void {
  const rows = results.map(({ name, goal, measured, met }) => [name, goal, measured, met ? "" : "missed"]);
  printTable([["", "goal", "measured (least to greatest round)", ""], ...rows]);
}

export function printSamples(samples: Samples): void {
  const rows = [...samples].map(([name, rounds]) => [name, spreadText(spreadOf(rounds), 1)]);
  printTable([["", "CPU per request (µs)"], ...rows]);
}

/** Prints rows with their columns aligned. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  console.log("");
  for (const row of rows) {
    const cells = row.map((cell, i) => cell.padEnd(widths[i] ?? 0));
    console.log(cells.join("  ").trimEnd());
  }
}

/** Writes a result as JSON, a line for each row and for each scenario's rounds. @returns its path */
export function writeJson(name: string, result: object): string {
  mkdirSync(RESULTS, { recursive: true });
  const path = join(RESULTS, `${name}.json`);
  // More digits than six mean nothing.
  const round = (_: string, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(6)) : value);
  const text = JSON.stringify(result, round, 2)
    .replaceAll(/\n {6,}/g, " ")
    .replaceAll(/\n {4}(?=[\]}])/g, " ");
  writeFileSync(path, `${text}\n`);
  return path;
}

/** The current step of a run: one line that is overwritten on a terminal. An empty text removes it. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
  else if (text !== "") process.stderr.write(`${text}\n`);
}
