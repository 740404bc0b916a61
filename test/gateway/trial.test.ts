// What a use and a trial leave behind: counted for the key, weighed for the trial, and never in the way of the answer.
import { describe, expect, it } from "vitest";
import { compileRules } from "../../src/core/ip-rules.ts";
import type { Trial } from "../../src/core/key.ts";
import { noteUse } from "../../src/gateway/trial.ts";
import { aKey, NOW } from "../support/key.ts";
import { aCall, openDoor } from "./a-door.ts";

const FROM_HERE = { headers: { "cf-connecting-ip": "192.0.2.1" } };

async function noted(trial: Trial | null) {
  const work: Promise<unknown>[] = [];
  const { door, used, tried } = openDoor();
  const { call, target } = aCall(door, undefined, FROM_HERE);
  noteUse(call, target, aKey({ trial }), door, (each) => void work.push(each));
  await Promise.all(work);
  return { used, tried, behind: work.length };
}

describe("an allowed call", () => {
  it("is counted for its key, and loads nothing where there is no trial", async () => {
    const { used, tried, behind } = await noted(null);
    expect(used).toEqual([[aKey().id, NOW, "192.0.2.1", expect.any(Function)]]);
    expect([tried, behind]).toEqual([[], 0]);
  });

  it("is weighed as if the trial were promoted", async () => {
    const elsewhere = aKey({ addresses: compileRules(["198.51.100.0/24"]) });
    const refusal = { reason: "address_not_allowed", network: "192.0.2.0/24", operation: "listClusters" };
    expect((await noted({ id: "trial-1", tried: elsewhere })).tried).toEqual([
      { keyId: aKey().id, trialId: "trial-1", refusal, at: NOW },
    ]);
    expect((await noted({ id: "trial-1", tried: aKey() })).tried).toEqual([
      { keyId: aKey().id, trialId: "trial-1", refusal: null, at: NOW },
    ]);
  });

  it("is not weighed on a trial that cannot be read, which is told", async () => {
    expect((await noted({ id: "trial-1", tried: null })).tried).toEqual([aKey().id]);
  });
});
