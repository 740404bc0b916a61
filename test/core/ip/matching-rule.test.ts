import { describe, expect, it, test } from "vitest";
import { toCanonicalCidr } from "../../../src/core/ip/cidr.ts";
import { closestRule, matchingRule } from "../../../src/core/ip/matching-rule.ts";
import { addressOf } from "../../support/addresses.ts";
import { rounds, seededRandom } from "../../support/random.ts";

describe("matchingRule", () => {
  test.each([
    ["10.1.2.3", "10.0.0.0/8"],
    ["::ffff:10.1.2.3", "10.0.0.0/8"],
    ["192.0.2.1", "192.0.2.1/32"],
    ["2001:db8::5", "2001:db8::/32"],
    ["192.0.2.2", null],
    ["2001:db9::", null],
    ["::a00:1", null],
  ])("names the first rule that contains %s", (client, rule) => {
    const rules = ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1/32", "2001:db8::/32"].map(toCanonicalCidr);
    expect(matchingRule(rules, addressOf(client))).toBe(rule);
  });
});

describe("closestRule", () => {
  it("names the rule of the address's own family that lacks the fewest bits", () => {
    const rules = ["10.0.0.0/8", "192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32"].map(toCanonicalCidr);
    const near = (text: string) => closestRule(rules, addressOf(text));
    expect(near("192.0.3.1")).toEqual({ rule: "192.0.2.0/24", sharedBits: 23, prefixLength: 24 });
    expect(near("198.51.100.6")).toEqual({ rule: "198.51.100.7/32", sharedBits: 31, prefixLength: 32 });
    expect(near("2001:db9::")).toEqual({ rule: "2001:db8::/32", sharedBits: 31, prefixLength: 32 });
    expect(closestRule([toCanonicalCidr("10.0.0.0/8")], addressOf("::1"))).toBeNull();
  });

  it("shares all bits of the closest rule exactly when that rule contains the address", () => {
    const random = seededRandom(7);
    const rules = ["10.0.0.0/8", "192.0.2.0/24", "128.0.0.0/1", "1.2.3.4/32"].map(toCanonicalCidr);
    for (let i = 0; i < rounds(20_000); i++) {
      const address = addressOf([0, 0, 0, 0].map(() => random.below(256)).join("."));
      const near = closestRule(rules, address) ?? expect.fail();
      expect(near.sharedBits === near.prefixLength).toBe(matchingRule(rules, address) !== null);
    }
  });
});
