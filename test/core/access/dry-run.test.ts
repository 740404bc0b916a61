import { describe, expect, it } from "vitest";
import type { RequestFacts } from "../../../src/core/access/decide.ts";
import type { Reason } from "../../../src/core/access/decision.ts";
import {
  addTally,
  emptyTally,
  evaluateDryRun,
  MAX_DENIAL_KINDS,
  OTHERS,
  tallyRequest,
} from "../../../src/core/access/dry-run.ts";
import type { KeyRecord } from "../../../src/core/access/principal.ts";
import { ADMIN, VIEWER } from "../../../src/core/access/roles.ts";
import { compileStoredRules, networkCidrOf } from "../../../src/core/ip/cidr.ts";
import { parseAddress } from "../../../src/core/ip/ip-address.ts";
import { OPERATIONS } from "../../../src/core/routing/operations.ts";
import { aKey, NOW } from "../../support/key.ts";

function facts(operationId: string | null, address: string | null): RequestFacts {
  const operation = OPERATIONS.find((row) => row.operationId === operationId) ?? null;
  return { operation, params: {}, accountId: null, address: address === null ? null : parseAddress(address) };
}
const dryRunOf = (changes: Partial<KeyRecord>) => ({ id: "t", candidate: aKey({ ...ADMIN_KEY, ...changes }) });
const ADMIN_KEY = { role: ADMIN };
const OFFICE = compileStoredRules(["192.0.2.0/24", "2001:db8::/32"]);

describe("evaluateDryRun", () => {
  it.each([
    ["allows what both allow", { role: VIEWER, addresses: OFFICE }, "listClusters", "192.0.2.7", null],
    [
      "denies what its role lacks",
      { role: VIEWER },
      "pauseCluster",
      "192.0.2.7",
      "permission_missing 192.0.2.0/24 pauseCluster",
    ],
    [
      "denies an unknown operation to every role but Admin",
      { role: VIEWER },
      null,
      "192.0.2.7",
      "permission_missing 192.0.2.0/24 unknown",
    ],
    [
      "denies an address outside its lists",
      { addresses: OFFICE },
      "pauseCluster",
      "203.0.113.9",
      "address_not_allowed 203.0.113.0/24 pauseCluster",
    ],
    [
      "reports an IPv6 client by its /64",
      { addresses: OFFICE },
      null,
      "2001:db9:1:2:3::4",
      "address_not_allowed 2001:db9:1:2::/64 unknown",
    ],
    [
      "reports the address before the role, as a decision does",
      { role: VIEWER, addresses: OFFICE },
      "pauseCluster",
      "203.0.113.9",
      "address_not_allowed 203.0.113.0/24 pauseCluster",
    ],
    [
      "reports no network without an address",
      { addresses: OFFICE },
      "listClusters",
      null,
      "address_not_allowed  listClusters",
    ],
  ] as const)("%s", (_, changes, operation, address, expected) => {
    const denial = evaluateDryRun(dryRunOf(changes), facts(operation, address), NOW);
    expect(denial && `${denial.reason} ${denial.network} ${denial.operation}`).toBe(expected);
  });

  it("denies nothing when the dry run cannot be read", () => {
    expect(evaluateDryRun({ id: "t", candidate: null }, facts("pauseCluster", null), NOW)).toBeNull();
  });
});

describe("networkCidrOf", () => {
  it.each([
    ["192.0.2.255", "192.0.2.0/24"],
    ["255.255.255.255", "255.255.255.0/24"],
    ["::ffff:198.51.100.3", "198.51.100.0/24"],
    ["2001:db8:0:ff:ffff::1", "2001:db8:0:ff::/64"],
    ["::1", "::/64"],
  ])("gives %s as %s", (address, network) => {
    const parsed = parseAddress(address);
    expect(parsed && networkCidrOf(parsed)).toBe(network);
  });
});

const denial = (network: string, reason: Reason = "address_not_allowed") => ({
  reason,
  network,
  operation: "getPing",
});

describe("tallyRequest and addTally", () => {
  it("count requests, and denials by kind with their first and last time", () => {
    const tally = emptyTally();
    tallyRequest(tally, null, NOW);
    tallyRequest(tally, denial("a"), NOW + 2);
    tallyRequest(tally, denial("a"), NOW + 1);
    tallyRequest(tally, denial("b"), NOW + 3);
    expect(tally.evaluated).toBe(4);
    expect([...tally.denials.values()]).toEqual([
      { ...denial("a"), count: 2, firstAt: NOW + 1, lastAt: NOW + 2 },
      { ...denial("b"), count: 1, firstAt: NOW + 3, lastAt: NOW + 3 },
    ]);
  });

  it("keep a tally small, and count every request, for any number of networks", () => {
    const tally = emptyTally();
    for (let i = 0; i < 10_000; i++)
      tallyRequest(tally, denial(`n${i}`, i % 2 ? "address_not_allowed" : "permission_missing"), NOW);
    expect(tally.denials.size).toBeLessThanOrEqual(MAX_DENIAL_KINDS + 2);
    const counts = [...tally.denials.values()];
    expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(10_000);
    expect(
      counts
        .filter(({ network }) => network === OTHERS)
        .map(({ reason }) => reason)
        .sort(),
    ).toEqual(["address_not_allowed", "permission_missing"]);
  });

  it("add a tally to another without sharing objects", () => {
    const [tally, more] = [emptyTally(), emptyTally()];
    tallyRequest(more, denial("a"), NOW);
    addTally(tally, more);
    tallyRequest(tally, denial("a"), NOW + 1);
    expect([tally.evaluated, more.evaluated]).toEqual([2, 1]);
    expect([...more.denials.values()]).toEqual([{ ...denial("a"), count: 1, firstAt: NOW, lastAt: NOW }]);
  });
});
