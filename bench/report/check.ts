// Today's ratios against the committed ones: for CI, where only a clear loss may fail.
import { readFileSync } from "node:fs";
import type { Samples } from "../rounds.ts";
import { ratioResults } from "./ratios.ts";

const LOSS = 0.15;

/** The ratios that have fallen by more than 15 % of what they were, by name. */
export function lostRatios(samples: Samples): readonly string[] {
  const committed = JSON.parse(readFileSync(new URL("../ratios.json", import.meta.url), "utf8")) as Record<
    string,
    number
  >;
  const lost: string[] = [];
  for (const { name, ratio } of ratioResults(samples)) {
    const was = committed[name];
    if (was === undefined || ratio === undefined) continue;
    // Its best rounds count as well: noise takes from some rounds, a loss in the code from all of them.
    const loss = (ratio.median + ratio.max) / 2 < was * (1 - LOSS);
    if (loss) lost.push(name);
    console.log(`${loss ? "LOST" : "kept"}  ${name}: ${ratio.median.toFixed(3)}, committed ${was}`);
  }
  return lost;
}
