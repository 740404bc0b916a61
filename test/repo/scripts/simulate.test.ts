// The simulation itself: the promises hold for three seeds and under every setting, and each way of building it wrong is
// caught. `npm run simulate` runs it a million calls long.
import { describe, expect, it } from "vitest";
import { FLAWS } from "../../../scripts/simulate/flaws.ts";
import { isKept, type StrongCheck } from "../../../scripts/simulate/judge.ts";
import { type Options, simulate } from "../../../scripts/simulate/run.ts";

async function play(changes: Partial<Options> = {}) {
  const settings = { strongCheck: "mutations" as StrongCheck, staleIfErrorMs: 60_000, flaw: {} };
  return await simulate({ seed: 1, calls: 30_000, onProgress: () => undefined, ...settings, ...changes });
}

const broken = (outcome: Awaited<ReturnType<typeof play>>) =>
  outcome.promises.filter((promised) => !isKept(promised)).map(({ name }) => name);

const worst = (outcome: Awaited<ReturnType<typeof play>>, name: string) =>
  outcome.promises.find((promised) => promised.name === name)?.worst;

describe("the promises of freshness", () => {
  it.each([1, 2, 3])("hold for seed %d, with calls of every kind", async (seed) => {
    const outcome = await play({ seed });
    expect(broken(outcome)).toEqual([]);
    for (const count of Object.values(outcome.answered)) expect(count).toBeGreaterThan(0);
    // Near its bound, or the run was too tame to show anything.
    expect(worst(outcome, "a read is accepted after it was forbidden")).toBeGreaterThan(5_000);
  });

  it("repeat themselves to the last verdict for one seed", async () => {
    expect(await play({ calls: 5_000 })).toEqual(await play({ calls: 5_000 }));
  });

  it("hold with STRONG_CHECK=all, where no read is late either", async () => {
    const outcome = await play({ strongCheck: "all" });
    expect(broken(outcome)).toEqual([]);
    expect(outcome.answered.degraded).toBe(0);
  });

  it.each([0, 300])("hold with a grace of %d seconds", async (seconds) => {
    const outcome = await play({ staleIfErrorMs: seconds * 1_000, calls: 60_000 });
    expect(broken(outcome)).toEqual([]);
    if (seconds === 0) expect(outcome.answered.degraded).toBe(0);
  });
});

describe("the simulation", () => {
  it.each(Object.entries(FLAWS))("catches: %s", async (_, { flaw, breaks }) => {
    expect(broken(await play({ flaw, seed: 2, calls: 60_000 }))).toContain(breaks);
  });
});
