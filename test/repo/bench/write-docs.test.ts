// The tables and the chart that `npm run bench -- --write-docs` makes of the last two whole runs.
import { expect, it } from "vitest";
import { chartOf, goalTable, peerTable, replaceBetween } from "../../../bench/write-docs.ts";

const spread = (median: number) => ({ median, min: median, max: median });
const result = (met: boolean, measured: string) => ({ name: "to raw", goal: ">= 0.77", measured, met });
const peer = (name: string, gate: number) => {
  return { name, revocation: "60 s", ratio: spread(200 / gate), plain: spread(200), gate: spread(gate) };
};
const run = (met: boolean, at = "2026-11-30T10:00:00Z") => {
  const peers = [peer("Gatehouse", 250), peer("Hono", 500)];
  return { at, processor: "", results: [result(met, "0.78")], peers };
};

it.each([
  [true, true, "yes"],
  [true, false, "first run"],
  [false, true, "second run"],
  [false, false, "**no**"],
])("a goal that was met in the first run: %s, in the second: %s, is marked %j", (first, second, mark) => {
  expect(goalTable(run(first), run(second)).split("\n").at(-1)).toBe(`| to raw | >= 0.77 | 0.78 | 0.78 | ${mark} |`);
});

it("a value without a goal is neither met nor missed", () => {
  const compared = { ...run(true), results: [{ ...result(true, "0.5"), goal: "(for comparison)" }] };
  expect(goalTable(compared, compared)).toContain("| to raw | for comparison | 0.5 | 0.5 |  |");
});

it("the table of peers has both shares, the times of the second run, and the bound of a revocation", () => {
  expect(peerTable(run(true), run(true)).split("\n").at(-1)).toBe("| Hono | 0.40 | 0.40 | 200 µs | 500 µs | 60 s |");
});

it("the longest bar of the chart is as wide as the most CPU", () => {
  const chart = chartOf(run(true).peers);
  expect(chart).toContain('<rect x="250" y="64" width="152" height="18" fill="#94a3b8"/>');
  expect(chart).toContain('<rect x="402" y="64" width="228" height="18" fill="#2563eb"/>');
});

it("replaces what stands between two markers, and nothing else", () => {
  const text = "a\n<!-- bench:goals -->\nold\n<!-- end -->\nb\n<!-- bench:peers -->\nx\n<!-- end -->\n";
  expect(replaceBetween(text, "goals", "$1")).toBe(
    "a\n<!-- bench:goals -->\n\n$1\n\n<!-- end -->\nb\n<!-- bench:peers -->\nx\n<!-- end -->\n",
  );
  expect(() => replaceBetween(text, "latency", "")).toThrow("no place for latency");
});
