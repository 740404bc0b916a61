// What a use and a trial leave behind: counted for the key, weighed for the trial, and never in the way of the answer.
import { describe, expect, it } from "vitest";
import type { DryRun } from "../../../src/core/access/principal.ts";
import { compileStoredRules } from "../../../src/core/ip/cidr.ts";
import { recordUse } from "../../../src/gateway/recording/record-use.ts";
import { aKey, NOW } from "../../support/key.ts";
import { aContext, openGateway } from "../gateway-harness.ts";

const FROM_HERE = { headers: { "cf-connecting-ip": "192.0.2.1" } };

async function noted(dryRun: DryRun | null) {
  const work: Promise<unknown>[] = [];
  const { gateway, used, tried } = openGateway();
  const { context, target } = aContext(gateway, undefined, FROM_HERE);
  recordUse(context, target, aKey({ dryRun }), gateway, (each) => void work.push(each));
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
    const elsewhere = aKey({ addresses: compileStoredRules(["198.51.100.0/24"]) });
    const denial = { reason: "address_not_allowed", network: "192.0.2.0/24", operation: "listClusters" };
    expect((await noted({ id: "trial-1", candidate: elsewhere })).tried).toEqual([
      { keyId: aKey().id, dryRunId: "trial-1", denial, at: NOW },
    ]);
    expect((await noted({ id: "trial-1", candidate: aKey() })).tried).toEqual([
      { keyId: aKey().id, dryRunId: "trial-1", denial: null, at: NOW },
    ]);
  });

  it("is not weighed on a trial that cannot be read, which is told", async () => {
    expect((await noted({ id: "trial-1", candidate: null })).tried).toEqual([aKey().id]);
  });
});
