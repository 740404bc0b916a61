import { BlockList, isIPv4, isIPv6 } from "node:net";
import { describe, expect, test } from "vitest";
import {
  compileRules,
  containsAddress,
  coversRanges,
  isEverything,
  MAX_RULES,
  matchingRule,
  parseRule,
} from "../../../src/core/ip/cidr.ts";
import { type Address, parseAddress } from "../../../src/core/ip/ip-address.ts";
import { type Random, rounds, seededRandom } from "../../support/random.ts";

function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new Error(`not an address: ${text}`);
  return address;
}

function ruleOf(text: string): string {
  const parsed = parseRule(text);
  if ("fault" in parsed) throw new Error(`${text}: ${parsed.fault}`);
  return parsed.rule;
}

const setOf = (...rules: string[]) => compileRules(rules.map(ruleOf));

const MAPPED_HOST = /^\[::ffff:[0-9a-f]{1,4}:[0-9a-f]{1,4}\]$/;

describe("parseAddress", () => {
  test.each([
    ["0.0.0.0", 0],
    ["10.0.0.1", 0x0a000001],
    ["255.255.255.255", 0xffffffff],
    ["::", 0n],
    ["::1", 1n],
    ["2001:db8::1", 0x20010db8000000000000000000000001n],
    ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", (1n << 128n) - 1n],
    ["1:2:3:4:5:6:7::", 0x00010002000300040005000600070000n],
    ["::2:3:4:5:6:7:8", 0x00000002000300040005000600070008n],
    ["::fffe:a00:1", 0xfffe0a000001n],
  ])("reads %s", (text, value) => {
    expect(parseAddress(text)).toBe(value);
  });

  test.each(["2001:DB8:0:0::1", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8:0:0:0:0:0:1", "2001:dB8::0:1"])(
    "reads %s as 2001:db8::1",
    (text) => {
      expect(parseAddress(text)).toBe(addressOf("2001:db8::1"));
    },
  );

  test.each([
    "::ffff:10.0.0.1",
    "::FFFF:a00:1",
    "0:0:0:0:0:ffff:10.0.0.1",
    "0000::0:ffff:10.0.0.1",
    "::ffff:0a00:0001",
  ])("reads %s, which is mapped, as 10.0.0.1", (text) => {
    expect(parseAddress(text)).toBe(addressOf("10.0.0.1"));
  });

  test.each([
    ["octal numbers", "010.0.0.1"],
    ["zeros in front", "10.0.0.01"],
    ["two zeros", "10.0.00.1"],
    ["hexadecimal numbers", "0x0a.0.0.1"],
    ["one hexadecimal number", "0x0a000001"],
    ["two numbers", "10.1"],
    ["three numbers", "10.0.1"],
    ["one number", "167772161"],
    ["five numbers", "10.0.0.0.1"],
    ["a number over 255", "10.0.0.256"],
    ["a long number", "10.0.0.1000"],
    ["an empty number", "10..0.1"],
    ["an empty last number", "10.0.0."],
    ["an empty first number", ".10.0.0.1"],
    ["a sign", "10.0.0.-1"],
    ["an exponent", "10.0.0.1e1"],
    ["a space behind", "10.0.0.1 "],
    ["a space in front", " 10.0.0.1"],
    ["a line break", "10.0.0.1\n"],
    ["a NUL", "10.0.0.1\0"],
    ["digits of another script", "\u0661\u0660.0.0.1"],
    ["full-width dots", "10\uff0e0\uff0e0\uff0e1"],
    ["two addresses", "10.0.0.1, 10.0.0.2"],
    ["a port", "10.0.0.1:80"],
    ["a prefix length", "10.0.0.1/32"],
    ["no text", ""],
    ["a word", "localhost"],
    ["a zone id", "fe80::1%eth0"],
    ["a zone id of digits", "fe80::1%1"],
    ["a mapped address with a zone id", "::ffff:10.0.0.1%1"],
    ["an embedded address that is not mapped", "::10.0.0.1"],
    ["an embedded address under another prefix", "64:ff9b::10.0.0.1"],
    ["an embedded address that is translated", "::ffff:0:10.0.0.1"],
    ["an embedded address in octal", "::ffff:010.0.0.1"],
    ["an embedded address that is short", "::ffff:10.1"],
    ["an embedded address in the middle", "::ffff:10.0.0.1:0"],
    ["two embedded addresses", "::ffff:10.0.0.1:10.0.0.1"],
    ["an embedded address behind nine groups", "0:0:0:0:0:0:ffff:10.0.0.1"],
    ["brackets", "[::1]"],
    ["three colons", ":::"],
    ["two gaps", "1::2::3"],
    ["a gap for no group", "1:2:3:4::5:6:7:8"],
    ["nine groups", "1:2:3:4:5:6:7:8:9"],
    ["seven groups", "1:2:3:4:5:6:7"],
    ["a colon in front", ":1:2:3:4:5:6:7:8"],
    ["a colon for a group in front", ":2:3:4:5:6:7:8"],
    ["a colon behind", "1:2:3:4:5:6:7:"],
    ["a colon behind eight groups", "1:2:3:4:5:6:7:8:"],
    ["five digits in a group", "::00001"],
    ["a letter that is no digit", "::g"],
    ["a single colon", ":"],
    ["a space inside", ":: 1"],
    ["a very long text", `${"0:".repeat(5000)}:1`],
  ])("refuses %s", (_, text) => {
    expect(parseAddress(text)).toBeNull();
    expect("fault" in parseRule(text) || text.includes("/"), "as a rule").toBe(true);
  });

  test("accepts what node:net accepts, but for zones and for embedded addresses that are not mapped", () => {
    const random = seededRandom(4);
    const pieces = [
      "0",
      "1",
      "9",
      "25",
      "255",
      "256",
      "a",
      "F",
      "ffff",
      "00",
      "0x1",
      ".",
      ":",
      "::",
      "1.2.3.4",
      "%1",
      " ",
    ];
    let accepted = 0;
    for (let i = 0; i < rounds(30_000); i++) {
      let text = i % 3 === 0 ? random.text(pieces, 1 + random.below(10)) : spelling(random, randomBytes(random));
      if (i % 3 === 2)
        text = text.slice(0, random.below(text.length)) + random.pick(pieces) + text.slice(random.below(text.length));
      const mapped =
        isIPv6(text) && new URL(`http://[${text.replace(/%.*/, "")}]/`).hostname.match(MAPPED_HOST) !== null;
      const wanted = isIPv4(text) || (isIPv6(text) && !text.includes("%") && (!text.includes(".") || mapped));
      const address = parseAddress(text);
      expect(address !== null, JSON.stringify(text)).toBe(wanted);
      if (address !== null) accepted++;
    }
    expect(accepted).toBeGreaterThan(rounds(8_000));
  });
});

describe("parseRule", () => {
  test.each([
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["203.0.113.7", "203.0.113.7/32"],
    ["203.0.113.7/32", "203.0.113.7/32"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["128.0.0.0/1", "128.0.0.0/1"],
    ["255.255.255.254/31", "255.255.255.254/31"],
    ["2001:DB8:0:0::/32", "2001:db8::/32"],
    ["2001:db8::1", "2001:db8::1/128"],
    ["2001:0db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1/128"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1/128"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1/128"],
    ["0:0:0:0:0:0:0:0/0", "::/0"],
    ["8000::/1", "8000::/1"],
    ["::ffff:10.0.0.0/104", "10.0.0.0/8"],
    ["::FFFF:a00:0/104", "10.0.0.0/8"],
    ["::ffff:10.0.0.1", "10.0.0.1/32"],
    ["::ffff:0.0.0.0/96", "0.0.0.0/0"],
  ])("reads %s as %s", (text, rule) => {
    expect(parseRule(text)).toEqual({ rule });
    expect(parseRule(rule)).toEqual({ rule });
  });

  test.each([
    ["10/8", "four decimal numbers"],
    ["010.0.0.0/8", "leading zeros"],
    ["1/32", "four decimal numbers"],
    ["0x0a.0.0.0/8", "four decimal numbers"],
    ["10.0.0.0/08", "0 to 32"],
    ["10.0.0.0/33", "0 to 32"],
    ["10.0.0.0/", "0 to 32"],
    ["10.0.0.0/-1", "0 to 32"],
    ["10.0.0.0/+8", "0 to 32"],
    ["10.0.0.0/8.0", "0 to 32"],
    ["10.0.0.0/1e1", "0 to 32"],
    ["10.0.0.0/ 8", "0 to 32"],
    ["10.0.0.0/8/8", "0 to 32"],
    ["10.0.0.0/255.0.0.0", "0 to 32"],
    ["10.0.0.0/104", "0 to 32"],
    ["2001:db8::/129", "0 to 128"],
    ["2001:db8::/032", "0 to 128"],
    ["10.1.2.3/8", "10.0.0.0/8 or 10.1.2.3/32"],
    ["0.0.0.1/0", "0.0.0.0/0 or 0.0.0.1/32"],
    ["2001:DB8::1/32", "2001:db8::/32 or 2001:db8::1/128"],
    ["::ffff:10.0.0.1/104", "10.0.0.0/8 or 10.0.0.1/32"],
    ["::ffff:10.0.0.0/95", "at least 96"],
    ["::ffff:0:0/0", "at least 96"],
    ["::ffff:10.0.0.0/129", "0 to 128"],
    ["fe80::1%eth0/64", "zone id"],
    ["fe80::1/64%eth0", "0 to 128"],
    ["::10.0.0.0/104", "IPv6 address"],
    ["", "four decimal numbers"],
    ["/8", "four decimal numbers"],
    ["example.com", "four decimal numbers"],
    [" 10.0.0.0/8", "four decimal numbers"],
    ["<script>alert(1)</script>", "four decimal numbers"],
    ["1".repeat(10_000), "at most 64"],
  ])("refuses %s in one sentence that says why", (text, why) => {
    const parsed = parseRule(text);
    if (!("fault" in parsed)) throw new Error("was accepted");
    expect(parsed.fault).toContain(why);
    expect(parsed.fault).toMatch(/^[A-Z][\x20-\x7e]{10,120}\.$/);
    expect(parsed.fault).not.toContain("script");
  });

  test("writes IPv6 as URL parsers do, and IPv4 as it stands", () => {
    const random = seededRandom(5);
    for (let i = 0; i < rounds(10_000); i++) {
      const bytes = randomBytes(random);
      const text = spelling(random, bytes);
      const host = new URL(`http://${text.includes(":") ? `[${text}]` : text}/`).hostname;
      const v4 = v4Part(bytes);
      expect(parseRule(text)).toEqual({ rule: v4 === null ? `${host.slice(1, -1)}/128` : `${v4.join(".")}/32` });
    }
  });
});

describe("allows", () => {
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
  ])("weighs %s", (_, client, rules, expected) => {
    expect(containsAddress(setOf(...rules), addressOf(client))).toBe(expected);
  });

  test("allows no address under no rules at all, not even under everything", () => {
    for (const rules of [[], ["10.0.0.0/8"], ["0.0.0.0/0", "::/0"]])
      expect(containsAddress(setOf(...rules), null)).toBe(false);
  });

  test.each(["010.0.0.1", "0x0a.0.0.1", "10.1", "167772161", "fe80::1%eth0", "::ffff:10.0.0.1%1", ""])(
    "refuses the client %j under everything",
    (client) => {
      expect(containsAddress(setOf("0.0.0.0/0", "::/0"), parseAddress(client))).toBe(false);
    },
  );

  test("agrees with node:net and with a comparison bit by bit, however rules and addresses are spelt", () => {
    const random = seededRandom(6);
    let pairs = 0;
    let inside = 0;
    for (let round = 0; round < rounds(400); round++) {
      const cidrs = Array.from({ length: random.below(12) }, () => randomCidr(random));
      const rules = cidrs.map(({ bytes, prefix }) => ruleOf(`${hexText(bytes)}/${prefix}`));
      const compiled = compileRules(rules);
      // One list a family, since node:net lets "::/1" hold mapped addresses.
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
        // Explaining reads every rule again, so it is asked only now and then.
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
  ])("joins %s", (_, rules, joined) => {
    expect(setOf(...rules)).toEqual(setOf(...joined));
  });

  test.each([
    ["10.0.0.1"],
    ["10.0.0.1/8"],
    ["10.0.0.0/08"],
    ["010.0.0.0/8"],
    ["10.0.0.0/33"],
    ["2001:DB8::/32"],
    ["2001:db8:0::/32"],
    ["2001:db8::1/32"],
    ["::ffff:10.0.0.0/104"],
    ["::ffff:a00:0/104"],
    [""],
    ["null"],
    ["10.0.0.0/8 "],
    ["secret-looking text"],
  ])("throws on the stored rule %j without repeating it", (rule) => {
    const message = "a stored IP rule is not canonical";
    expect(() => compileRules(["192.0.2.0/24", rule])).toThrow(new Error(message));
    expect(() => matchingRule([rule], addressOf("10.0.0.1"))).toThrow(new Error(message));
  });

  test("leaves its argument alone, and takes as many rules as a list may have", () => {
    const rules = Object.freeze(Array.from({ length: MAX_RULES }, (_, i) => `10.${99 - i}.0.0/24`));
    const compiled = compileRules(rules);
    for (let i = 0; i < MAX_RULES; i++) {
      expect(containsAddress(compiled, addressOf(`10.${i}.0.255`))).toBe(true);
      expect(containsAddress(compiled, addressOf(`10.${i}.1.0`))).toBe(false);
    }
    expect(MAX_RULES).toBe(100);
  });
});

describe("covers", () => {
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
  ])("weighs %j over %j", (outer, inner, expected) => {
    expect(coversRanges(setOf(...outer), setOf(...inner))).toBe(expected);
  });

  test("agrees with asking for every single address", () => {
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

describe("matchingRule", () => {
  test.each([
    ["10.1.2.3", "10.0.0.0/8"],
    ["::ffff:10.1.2.3", "10.0.0.0/8"],
    ["192.0.2.1", "192.0.2.1/32"],
    ["2001:db8::5", "2001:db8::/32"],
    ["192.0.2.2", null],
    ["2001:db9::", null],
    ["::a00:1", null],
  ])("names the first rule that %s matches", (client, rule) => {
    const rules = ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1/32", "2001:db8::/32"];
    expect(matchingRule(rules, addressOf(client))).toBe(rule);
  });
});

describe("isEverything", () => {
  test.each([
    ["0.0.0.0/0", true],
    ["::/0", true],
    ["0.0.0.0/1", false],
    ["0.0.0.0/32", false],
    ["::/1", false],
    ["10.0.0.0/8", false],
  ])("weighs %s", (rule, expected) => {
    expect(isEverything(rule)).toBe(expected);
    expect(isEverything(ruleOf(rule))).toBe(expected);
  });

  test("sees through the spelling once a rule is read", () => {
    for (const text of ["::ffff:0:0/96", "::ffff:0.0.0.0/96", "0:0::/0"]) expect(isEverything(ruleOf(text))).toBe(true);
  });
});

// The oracle: every address is sixteen bytes, IPv4 as its mapped address, and a rule is a number of leading bits of it.

interface OracleCidr {
  readonly bytes: readonly number[];
  readonly prefix: number;
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];

function v4Part(bytes: readonly number[]): readonly number[] | null {
  return MAPPED.every((byte, i) => bytes[i] === byte) ? bytes.slice(12) : null;
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

/** Few different bytes and long runs of zeros, so that addresses meet rules and "::" has something to stand for. */
function randomBytes(random: Random): number[] {
  const byte = () => random.pick([0, 0, 0, 1, 10, 127, 128, 255, random.below(256)]);
  if (random.below(2) === 0) return [...MAPPED, 10, byte(), byte(), byte()];
  return [0x20, 0x01, ...Array.from({ length: 14 }, byte)];
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

function hexText(bytes: readonly number[]): string {
  return (Buffer.from(bytes).toString("hex").match(/.{4}/g) ?? []).join(":");
}

/** One of the ways to write an address. */
function spelling(random: Random, bytes: readonly number[]): string {
  const v4 = v4Part(bytes);
  const way = random.below(v4 === null ? 4 : 7);
  if (v4 !== null && way >= 4) return way === 6 ? `::ffff:${v4.join(".")}` : v4.join(".");
  const full = hexText(bytes);
  const short = full.replace(/\b0{1,3}(?=[0-9a-f])/g, "");
  if (way === 0) return full;
  if (way === 1) return short.toUpperCase();
  const runs = [...short.matchAll(/(?:^|(?<=:))0(?::0)*(?=:|$)/g)];
  if (runs.length === 0) return short;
  const run = random.pick(runs);
  return `${short.slice(0, run.index).replace(/:$/, "")}::${short.slice(run.index + run[0].length).replace(/^:/, "")}`;
}
