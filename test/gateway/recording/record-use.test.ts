// What an allowed request records: the use of its key, and the outcome of the dry run.
import { describe, expect, it } from "vitest";
import type { DryRun } from "../../../src/core/access/principal.ts";
import { compileStoredRules } from "../../../src/core/ip/cidr.ts";
import { parseAddress } from "../../../src/core/ip/ip-address.ts";
import { recordUse } from "../../../src/gateway/recording/record-use.ts";
import { aKey, NOW } from "../../support/key.ts";
import { aContext, openGateway } from "../gateway-harness.ts";

const FROM_HERE = { headers: { "cf-connecting-ip": "192.0.2.1" } };

async function noted(dryRun: DryRun | null) {
  const work: Promise<unknown>[] = [];
  const { gateway, used, dryRunsRecorded } = openGateway();
  const { context, target } = aContext(gateway, undefined, FROM_HERE);
  recordUse(context, target, aKey({ dryRun }), gateway, (each) => void work.push(each));
  await Promise.all(work);
  return { used, dryRunsRecorded, behind: work.length };
}

describe("recordUse", () => {
  it("counts the use of a key, and loads no recorder without a dry run", async () => {
    const { used, dryRunsRecorded, behind } = await noted(null);
    const client = { text: "192.0.2.1", address: parseAddress("192.0.2.1") };
    expect(used).toEqual([[aKey().id, NOW, client, expect.any(Request), expect.any(Function)]]);
    expect([dryRunsRecorded, behind]).toEqual([[], 0]);
  });

  it("evaluates the request as if the dry run were promoted", async () => {
    const elsewhere = aKey({ addresses: compileStoredRules(["198.51.100.0/24"]) });
    const denial = { reason: "address_not_allowed", network: "192.0.2.0/24", operation: "listClusters" };
    expect((await noted({ id: "trial-1", candidate: elsewhere })).dryRunsRecorded).toEqual([
      { keyId: aKey().id, dryRunId: "trial-1", denial, at: NOW },
    ]);
    expect((await noted({ id: "trial-1", candidate: aKey() })).dryRunsRecorded).toEqual([
      { keyId: aKey().id, dryRunId: "trial-1", denial: null, at: NOW },
    ]);
  });

  it("reports a dry run that cannot be read, and evaluates nothing", async () => {
    expect((await noted({ id: "trial-1", candidate: null })).dryRunsRecorded).toEqual([aKey().id]);
  });
});
