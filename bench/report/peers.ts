// Gateways side by side: a table for people, and JSON for whoever compares runs.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Spread, spreadOf } from "../measure/statistics.ts";
import type { Measured } from "../peers/rounds.ts";
import { RESULTS } from "../setup/work.ts";
import { isEqual } from "./ratios.ts";

/** How one gateway did, the two equal servers first; one of `measured`, `fault` and `install` is there. */
export interface PeerLine {
  readonly name: string;
  readonly lacks: string;
  readonly measured?: Measured;
  readonly fault?: string;
  readonly install?: string;
}

/** The share of its own plain throughput that is kept, taken inside each round. */
export function shareOf({ plain, gate }: Measured): Spread {
  return spreadOf(plain.map((without, i) => without / (gate[i] ?? Number.NaN)));
}

export function printPeers(lines: readonly PeerLine[]): void {
  const width = Math.max(...lines.map(({ name }) => name.length));
  console.log(`\n${"".padEnd(width)}  share kept, by CPU per call; µs per call: plain, with the job`);
  for (const line of lines) console.log(`${line.name.padEnd(width)}  ${textOf(line)}`);
  const [equal] = lines;
  if (equal?.measured && !isEqual(shareOf(equal.measured)))
    console.log("\nThe two equal servers came out unequal: this run says nothing. Repeat it on a quieter machine.");
}

function textOf({ measured, fault, install, lacks }: PeerLine): string {
  if (fault !== undefined) return `FAILED: ${fault}`;
  if (measured === undefined) return `not installed: ${install}`;
  const { median, min, max } = shareOf(measured);
  const [plain, gate] = [measured.plain, measured.gate].map((micros) => spreadOf(micros).median.toFixed(1).padStart(7));
  const without = lacks === "" ? "" : `   without ${lacks}`;
  return `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)}) ${plain} ${gate}${without}`;
}

/** Writes the JSON of a run; returns its path. */
export function writePeers(name: string, about: object, lines: readonly PeerLine[]): string {
  mkdirSync(RESULTS, { recursive: true });
  const results = lines.map(({ measured, ...line }) =>
    measured === undefined
      ? line
      : { ...line, ratio: shareOf(measured), plain: spreadOf(measured.plain), gate: spreadOf(measured.gate) },
  );
  const rounds = Object.fromEntries(lines.flatMap(({ name, measured }) => (measured ? [[name, measured]] : [])));
  const path = join(RESULTS, `${name}.json`);
  writeFileSync(path, `${JSON.stringify({ ...about, results, rounds }, null, 2)}\n`);
  return path;
}
