import { BlockList } from "node:net";
import { describe, expect, test } from "vitest";
import {
  compileRules,
  compileStoredRules,
  containsAddress,
  coversRanges,
  MAX_RULES,
  toCanonicalCidr,
} from "../../../src/core/ip/cidr.ts";
import { parseAddress } from "../../../src/core/ip/ip-address.ts";
import { matchingRule } from "../../../src/core/ip/matching-rule.ts";
import { parseCidr } from "../../../src/core/ip/operator-cidr.ts";
import { addressOf, hexText, randomBytes, spelling, v4Part } from "../../support/addresses.ts";
import { type Random, rounds, seededRandom } from "../../support/random.ts";

function ruleOf(text: string) {
  const parsed = parseCidr(text);
  if ("error" in parsed) throw new Error(`${text}: ${parsed.error}`);
  return parsed.cidr;
}

const setOf = (...rules: string[]) => compileRules(rules.map(ruleOf));

describe("containsAddress", () => {
  test.each([
    ["a mapped client under an IPv4 rule", "::ffff:10.0.0.1", ["10.0.0.0/8"], true],
    ["a mapped client in hexadecimal under an IPv4 rule", "::ffff:a00:1", ["10.0.0.0/8"], true],
    ["an IPv4 client under a mapped rule", "10.0.0.1", ["::ffff:10.0.0.0/104"], true],
    ["another spelling of an IPv6 address", "2001:DB8:0:0::1", ["2001:db8::1/128"], true],
    ["an IPv6 client under IPv4 rules", "2001:db8::1", ["0.0.0.0/0"], false],
    ["an IPv4 client under IPv6 rules", "10.0.0.1", ["::/0"], false],
    ["a mapped client under IPv6 rules", "::ffff:10.0.0.1", ["::/0"], false],
    ["any client under both families", "2001:db8::1", ["0.0.0.0/0", "::/0"], true],
    ["any client under no rule", "10.0.0.1", [], false],
    ["any IPv6 client under no rule", "::1", [], false],
    ["the first address of a range", "10.1.0.0", ["10.1.0.0/16"], true],
    ["the last address of a range", "10.1.255.255", ["10.1.0.0/16"], true],
    ["the address before a range", "10.0.255.255", ["10.1.0.0/16"], false],
    ["the address behind a range", "10.2.0.0", ["10.1.0.0/16"], false],
    ["the lowest address", "0.0.0.0", ["0.0.0.0/32"], true],
    ["the highest address", "255.255.255.255", ["255.255.255.255/32"], true],
    ["the lowest address under everything", "0.0.0.0", ["0.0.0.0/0"], true],
    ["the highest address under everything", "255.255.255.255", ["0.0.0.0/0"], true],
    ["the highest IPv6 address", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ["::/0"], true],
    ["an address in a gap", "10.0.0.2", ["10.0.0.0/31", "10.0.0.3/32"], false],
    ["an address in a range inside a range", "10.0.0.1", ["10.0.0.0/8", "10.0.0.0/24"], true],
    ["an address behind a range inside a range", "10.200.0.1", ["10.0.0.0/8", "10.0.0.0/24"], true],
  ])("looks up %s", (_, client, rules, expected) => {
    expect(containsAddress(setOf(...rules), addressOf(client))).toBe(expected);
  });

  test("finds a missing address in no set, not even in one of all addresses", () => {
    for (const rules of [[], ["10.0.0.0/8"], ["0.0.0.0/0", "::/0"]])
      expect(containsAddress(setOf(...rules), null)).toBe(false);
  });

  test.each(["010.0.0.1", "0x0a.0.0.1", "10.1", "167772161", "fe80::1%eth0", "::ffff:10.0.0.1%1", ""])(
    "finds the unreadable address %j in no set, not even in one of all addresses",
    (client) => {
      expect(containsAddress(setOf("0.0.0.0/0", "::/0"), parseAddress(client))).toBe(false);
    },
  );

  test("agrees with node:net and with a comparison bit by bit, for every spelling of rules and addresses", () => {
    const random = seededRandom(6);
    let pairs = 0;
    let inside = 0;
    for (let round = 0; round < rounds(400); round++) {
      const cidrs = Array.from({ length: random.below(12) }, () => randomCidr(random));
      const rules = cidrs.map(({ bytes, prefix }) => ruleOf(`${hexText(bytes)}/${prefix}`));
      const compiled = compileRules(rules);
      // One list a family, because to node:net "::/1" contains mapped addresses.
      const lists = { v4: new BlockList(), v6: new BlockList() };
      for (const rule of rules) {
        const [network = "", prefix] = rule.split("/");
        if (network.includes(":")) lists.v6.addSubnet(network, Number(prefix), "ipv6");
        else lists.v4.addSubnet(network, Number(prefix), "ipv4");
      }
      for (let i = 0; i < 550; i++) {
        const bytes = random.below(2) === 0 ? randomBytes(random) : nearEdge(random, cidrs);
        const text = spelling(random, bytes);
        const address = addressOf(text);
        const expected = cidrs.some((cidr) => startsWith(cidr, bytes));
        const v4 = v4Part(bytes);
        const listed = (v4 === null ? lists.v6 : lists.v4).check(hexText(bytes), "ipv6");
        // Slow, because it parses every rule again, so only now and then.
        const explained = i % 16 === 0 ? matchingRule(rules, address) !== null : expected;
        if (containsAddress(compiled, address) !== expected || listed !== expected || explained !== expected) {
          expect.fail(`${text} under ${rules.join(" ")}: should be ${expected}`);
        }
        pairs++;
        if (expected) inside++;
      }
    }
    expect(pairs).toBeGreaterThanOrEqual(rounds(200_000));
    expect(inside).toBeGreaterThan(rounds(40_000));
  }, 30_000);
});

describe("compileRules", () => {
  test.each([
    ["two halves", ["10.0.0.0/9", "10.128.0.0/9"], ["10.0.0.0/8"]],
    ["two halves in the other order", ["10.128.0.0/9", "10.0.0.0/9"], ["10.0.0.0/8"]],
    ["the same twice", ["10.0.0.0/8", "10.0.0.0/8"], ["10.0.0.0/8"]],
    ["a range inside a range", ["10.1.0.0/16", "10.0.0.0/8", "10.2.0.0/16"], ["10.0.0.0/8"]],
    ["the two halves of everything", ["0.0.0.0/1", "128.0.0.0/1"], ["0.0.0.0/0"]],
    ["the two halves of all IPv6", ["::/1", "8000::/1"], ["::/0"]],
    [
      "neighbours across a group",
      ["2001:db8:0:ffff::/64", "2001:db8:1::/64", "2001:db8:1:1::/64"],
      ["2001:db8:0:ffff::/64", "2001:db8:1::/63"],
    ],
  ])("merges %s", (_, rules, merged) => {
    expect(setOf(...rules)).toEqual(setOf(...merged));
  });

  test.each([
    ["10.0.0.1"],
    ["10.0.0.1/8"],
    ["10.0.0.0/08"],
    ["010.0.0.0/8"],
    ["10.0.0.0/33"],
    ["0.0.0.0/-1"],
    ["0.0.0.0/1.5"],
    ["0.0.0.0/"],
    ["0.0.0.0/1e0"],
    ["2001:DB8::/32"],
    ["2001:db8:0::/32"],
    ["2001:db8::1/32"],
    ["::ffff:10.0.0.0/104"],
    ["::ffff:a00:0/104"],
    [""],
    ["null"],
    ["10.0.0.0/8 "],
    ["secret-looking text"],
  ])("throws for the stored rule %j without repeating it", (rule) => {
    const message = "a stored IP rule is not canonical";
    expect(() => compileStoredRules(["192.0.2.0/24", rule])).toThrow(new Error(message));
    expect(() => toCanonicalCidr(rule)).toThrow(new Error(message));
  });

  test("does not change its argument, and compiles as many rules as a list may have", () => {
    const rules = Object.freeze(Array.from({ length: MAX_RULES }, (_, i) => `10.${99 - i}.0.0/24`));
    const compiled = compileStoredRules(rules);
    for (let i = 0; i < MAX_RULES; i++) {
      expect(containsAddress(compiled, addressOf(`10.${i}.0.255`))).toBe(true);
      expect(containsAddress(compiled, addressOf(`10.${i}.1.0`))).toBe(false);
    }
    expect(MAX_RULES).toBe(100);
  });
});

describe("coversRanges", () => {
  test.each([
    [["10.0.0.0/8"], ["10.1.0.0/16"], true],
    [["10.0.0.0/8"], ["10.0.0.0/8"], true],
    [["10.1.0.0/16"], ["10.0.0.0/8"], false],
    [["10.0.0.0/9", "10.128.0.0/9"], ["10.0.0.0/8"], true],
    [["10.0.0.0/9", "10.129.0.0/16"], ["10.0.0.0/8"], false],
    [["10.0.0.0/8"], ["10.1.0.0/16", "11.0.0.0/32"], false],
    [["10.0.0.0/8"], ["2001:db8::/32"], false],
    [["0.0.0.0/0"], ["::/0"], false],
    [["0.0.0.0/0", "::/0"], ["10.0.0.0/8", "2001:db8::/32"], true],
    [["2001:db8::/32"], ["2001:db8:ffff::/48"], true],
    [["2001:db8::/48"], ["2001:db8::/32"], false],
    [["::/0"], ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"], true],
    [["0.0.0.0/0"], ["255.255.255.255/32"], true],
    [[], ["10.0.0.1/32"], false],
    [["10.0.0.1/32"], [], true],
    [[], [], true],
  ])("compares %j with %j", (outer, inner, expected) => {
    expect(coversRanges(setOf(...outer), setOf(...inner))).toBe(expected);
  });

  test("agrees with looking up every single address", () => {
    const random = seededRandom(7);
    const counts = { true: 0, false: 0 };
    for (let round = 0; round < rounds(3_000); round++) {
      const v6 = round % 2 === 1;
      const host = (n: number) => (v6 ? `2001:db8::${n.toString(16)}` : `10.0.0.${n}`);
      const rule = () => {
        const bits = random.below(7);
        return `${host((random.below(64) >> bits) << bits)}/${(v6 ? 128 : 32) - bits}`;
      };
      const outer = setOf(...Array.from({ length: random.below(8) }, rule));
      const inner = setOf(...Array.from({ length: random.below(4) }, rule));
      const expected = Array.from({ length: 64 }, (_, n) => addressOf(host(n))).every(
        (address) => !containsAddress(inner, address) || containsAddress(outer, address),
      );
      expect(coversRanges(outer, inner)).toBe(expected);
      counts[`${expected}`]++;
    }
    expect(Math.min(counts.true, counts.false)).toBeGreaterThan(rounds(500));
  });
});

// The oracle: every address is sixteen bytes, IPv4 as its mapped address, and a rule is a number of leading bits of it.

interface OracleCidr {
  readonly bytes: readonly number[];
  readonly prefix: number;
}

function bit(bytes: readonly number[], at: number): number {
  return ((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
}

function startsWith(cidr: OracleCidr, bytes: readonly number[]): boolean {
  // ::/0 and its like hold no IPv4, although mapped addresses start with their bits.
  if ((v4Part(cidr.bytes) === null) !== (v4Part(bytes) === null)) return false;
  for (let at = 0; at < cidr.prefix; at++) if (bit(cidr.bytes, at) !== bit(bytes, at)) return false;
  return true;
}

function randomCidr(random: Random): OracleCidr {
  const bytes = randomBytes(random);
  const prefix = v4Part(bytes) === null ? random.below(129) : 96 + random.below(33);
  return { bytes: bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - i * 8)))), prefix };
}

/** The first or last address of a rule, or the one before or behind it. */
function nearEdge(random: Random, cidrs: readonly OracleCidr[]): readonly number[] {
  if (cidrs.length === 0) return randomBytes(random);
  const { bytes, prefix } = random.pick(cidrs);
  const size = 1n << BigInt(128 - prefix);
  const first = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  const near = BigInt.asUintN(128, first + random.pick([0n, size - 1n, -1n, size, size / 2n]));
  return [...Buffer.from(near.toString(16).padStart(32, "0"), "hex")];
}
