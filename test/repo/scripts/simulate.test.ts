// The guarantees hold for some seeds and under every setting, every fault occurs, and edits of the code are caught.
// `npm run simulate` runs the simulation ten times as long, and `npm run simulate -- --mutants` makes every edit.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isKept, type StrongCheck } from "../../../scripts/simulate/bounds.ts";
import { MUTANTS } from "../../../scripts/simulate/mutant-list.ts";
import { isCaught } from "../../../scripts/simulate/mutants.ts";
import { type Options, simulate } from "../../../scripts/simulate/run.ts";

async function run(changes: Partial<Options> = {}) {
  const settings = { strongCheck: "mutations" as StrongCheck, staleIfErrorMs: 60_000 };
  return await simulate({ seed: 1, requests: 8_000, onProgress: () => undefined, ...settings, ...changes });
}

const broken = (outcome: Awaited<ReturnType<typeof run>>) =>
  outcome.guarantees.filter((guarantee) => !isKept(guarantee)).map(({ name }) => name);

const worst = (outcome: Awaited<ReturnType<typeof run>>, name: string) =>
  outcome.guarantees.find((guarantee) => guarantee.name === name)?.worst;

describe("the simulation", { timeout: 60_000 }, () => {
  it("keeps every guarantee, with responses of every kind", async () => {
    const outcome = await run({ requests: 20_000 });
    expect(broken(outcome)).toEqual([]);
    for (const count of Object.values(outcome.answered)) expect(count).toBeGreaterThan(0);
    // Near its bound, or the run was too tame to show anything.
    expect(worst(outcome, "a read is allowed after it was forbidden")).toBeGreaterThan(4_000);
  });

  it("has every edit at one place of the code", () => {
    for (const [name, file, text] of MUTANTS) {
      expect([name, readFileSync(file, "utf8").split(text).length - 1]).toEqual([name, 1]);
    }
  });

  it("repeats every decision for the same seed", async () => {
    expect(await run({ requests: 3_000 })).toEqual(await run({ requests: 3_000 }));
  });

  it("keeps every guarantee with STRONG_CHECK=all, where no read is late either", async () => {
    const outcome = await run({ strongCheck: "all" });
    expect(broken(outcome)).toEqual([]);
    expect(outcome.answered.degraded).toBe(0);
  });

  it.each([0, 300])("keeps every guarantee with a stale-if-error window of %d seconds", async (seconds) => {
    const outcome = await run({ staleIfErrorMs: seconds * 1_000 });
    expect(broken(outcome)).toEqual([]);
    if (seconds === 0) expect(outcome.answered.degraded).toBe(0);
  });

  it.each([
    "a superseded record is served for 30 s instead of 10 s",
    "a speculative response is not held back",
    "a change overwrites another",
  ])("catches an edit of the code: %s", async (wrong) => {
    const mutant = MUTANTS.find(([name]) => name === wrong);
    if (mutant === undefined) throw new Error("there is no such mutant");
    expect(await isCaught(mutant, 60_000)).toBe(true);
  });
});
