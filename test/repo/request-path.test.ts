// How much a reader of one authorized, cached read goes through, as `npm run bench:path` counts it.
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

/** Entries in another file than the entry before. A change of the request's path may lower it, and never raise it. */
const MOST_SWITCHES = 40;

it(`enters another file at most ${MOST_SWITCHES} times for one authorized, cached read`, () => {
  const args = ["--disable-warning=ExperimentalWarning", "test/repo/request-path.ts"];
  const [counts = ""] = execFileSync(process.execPath, args, { encoding: "utf8" }).trim().split("\n").slice(-1);
  const [, functions, files, switches] = /^(\d+) functions, (\d+) files, (\d+) switches$/.exec(counts) ?? [];
  // The instrumentation works at all: no request passes through fewer.
  expect(Number(functions)).toBeGreaterThan(30);
  expect(Number(files)).toBeGreaterThan(10);
  expect(Number(switches)).toBeLessThanOrEqual(MOST_SWITCHES);
});
