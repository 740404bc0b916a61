// trace and explain against decide, over a million random requests.
import { expect, it } from "vitest";
import { decide, isAlwaysAllowed, type RequestFacts, trace } from "../../../src/core/access/decide.ts";
import { explain } from "../../../src/core/access/explain.ts";
import type { KeyRecord } from "../../../src/core/access/principal.ts";
import { ALL_PERMISSIONS, BUILT_IN_ROLES } from "../../../src/core/access/roles.ts";
import { compileStoredRules, toCanonicalCidr } from "../../../src/core/ip/cidr.ts";
import { parseAddress } from "../../../src/core/ip/ip-address.ts";
import { OPERATIONS, type Operation } from "../../../src/core/routing/operations.ts";
import { ACCOUNT_ID, aKey, aRole, NOW } from "../../support/key.ts";
import { rounds, seededRandom } from "../../support/random.ts";

const REQUESTS = rounds(1_000_000);
const EXPLAINED_EVERY = 20;
const RULES = [["10.0.0.0/8"], ["192.0.2.0/24", "2001:db8::/32"], ["0.0.0.0/0"], []] as const;
const ADDRESSES = ["10.1.2.3", "192.0.2.9", "192.0.3.9", "2001:db8::1", "2001:db9::1", null] as const;

it("trace agrees with decide for a million random requests, and its first denial is the reason", () => {
  const { below, pick } = seededRandom(20_261_123);
  const random = () => below(1_000) / 1_000;
  const roles = [...BUILT_IN_ROLES, ...ALL_PERMISSIONS.slice(0, 40).map((each) => aRole(each))];
  const operations: readonly (Operation | null)[] = [...OPERATIONS, null, null, null];
  const seen = new Map<string, number>();
  for (let i = 0; i < REQUESTS; i++) {
    const rules = random() < 0.5 ? null : pick(RULES);
    const key: KeyRecord | null =
      random() < 0.01
        ? null
        : aKey({
            role: pick(roles),
            addresses: rules === null ? null : compileStoredRules(rules),
            expiresAt: random() < 0.6 ? null : NOW + Math.floor((random() - 0.3) * 3) * 1_000,
            revokedAt: random() < 0.1 ? NOW - 1 : null,
            disabledAt: random() < 0.1 ? NOW - 1 : null,
            canary: random() < 0.5,
          });
    const address = pick(ADDRESSES);
    const facts: RequestFacts = {
      address: address === null ? null : parseAddress(address),
      accountId: random() < 0.1 ? "another" : random() < 0.2 ? null : ACCOUNT_ID,
      operation:
        random() < 0.05 ? (OPERATIONS.find((row) => row.operationId === "revokeApiKey") ?? null) : pick(operations),
      params: random() < 0.2 ? { apiKeyId: key?.id ?? "" } : {},
    };
    const decision = decide(key, facts, NOW);
    const traced = trace(key, facts, NOW);
    const reason = decision.allow ? "allow" : decision.denial.reason;
    seen.set(reason, (seen.get(reason) ?? 0) + 1);
    // Compared by hand: a million deep comparisons take minutes.
    const first = traced.steps.find((step) => step.denial !== null)?.denial?.reason;
    const traceReason = traced.decision.allow ? "allow" : traced.decision.denial.reason;
    if (traceReason !== reason || (key !== null && (first ?? "allow") !== reason)) {
      expect.fail(`request ${i}: decide ${reason}, trace ${traceReason}, first step ${first}`);
    }
    if (key === null || i % EXPLAINED_EVERY !== 0) continue;
    const lists = (rules ?? []).map((rule) => ({ id: rule, name: rule, rules: [toCanonicalCidr(rule)] }));
    const asked = { method: "GET", path: "/", address };
    const explained = explain(key, facts, NOW, asked, lists);
    if ((explained.reason ?? "allow") !== reason)
      expect.fail(`request ${i}: decide ${reason}, explained ${explained.reason}`);
    const step = explained.steps.find((each) => each.check === "address");
    const matched = (step?.compared.lists as { matched: string | null }[] | undefined)?.some(
      (list) => list.matched !== null,
    );
    const decided = matched || isAlwaysAllowed(key, facts);
    if (matched !== undefined && decided !== (step?.outcome === "passed"))
      expect.fail(`request ${i}: the explained rule is not the one that decided`);
  }
  // Every decision must have occurred often.
  expect([...seen.values()].every((times) => times > rounds(1_000))).toBe(true);
  expect(seen.size).toBe(8);
}, 60_000);
