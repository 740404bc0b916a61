// Reading and writing addresses, compared with ipaddr.js and node:net, which share no code with ours.
import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import { addressText, parseAddress } from "../../../src/core/ip/ip-address.ts";
import { parseCidr } from "../../../src/core/ip/operator-cidr.ts";
import { addressOf, spelling as anySpelling, randomBytes } from "../../support/addresses.ts";
import { type Random, rounds, seededRandom } from "../../support/random.ts";

const HEX_AND_COLONS = /^[0-9a-f:]{2,39}$/i;
const STRICT_QUAD = /^(?:(?:25[0-5]|2[0-4]\d|1?[1-9]\d|1\d\d|\d)(?:\.(?!$)|$)){4}$/;

describe("IPv6 addresses", () => {
  test("parseAddress reads IPv6 as ipaddr.js does, in every spelling, and rejects a damaged text", () => {
    const random = seededRandom(21);
    const counts = { read: 0, rejected: 0, mapped: 0, quads: 0 };
    for (let i = 0; i < rounds(300_000); i++) {
      const text = textFor(random, i % 4);
      const expected = asIpaddrReads(text);
      if (parseAddress(text) !== expected) expect.fail(`${JSON.stringify(text)} should be ${expected}`);
      counts[expected === null ? "rejected" : "read"]++;
      if (typeof expected === "number") counts[text.includes(".") ? "quads" : "mapped"]++;
    }
    expect(Math.min(counts.read, counts.rejected)).toBeGreaterThan(rounds(80_000));
    expect(Math.min(counts.mapped, counts.quads)).toBeGreaterThan(rounds(3_000));
  }, 30_000);

  test("parseAddress reads IPv6 as ipaddr.js does, with any one character inserted at any place", () => {
    for (const around of ["2001:db8::1", "::ffff:10.0.0.1", "1:2:3:4:5:6:7:8", "::"]) {
      for (let at = 0; at <= around.length; at++) {
        // Beyond ASCII: characters whose low bits are those of a digit, and digits of other scripts.
        for (const code of [...Array(0x180).keys(), 0x661, 0xff11, 0xff1a]) {
          const text = around.slice(0, at) + String.fromCharCode(code) + around.slice(at);
          if (text.includes(":")) expect(parseAddress(text), JSON.stringify(text)).toBe(asIpaddrReads(text));
        }
      }
    }
  });

  test("addressText writes IPv6 as ipaddr.js does, wherever its zeros are, and parseAddress reads it back", () => {
    const random = seededRandom(22);
    for (let i = 0; i < rounds(200_000) + 256; i++) {
      // First each of the 256 ways to have zeros in some groups and not in others.
      const parts = i < 256 ? Array.from({ length: 8 }, (_, at) => (i >> at) & 1) : randomParts(random);
      const text = new ipaddr.IPv6(parts).toRFC5952String();
      const address = bitsOf(parts);
      if (addressText(address) !== text) expect.fail(`${addressText(address)} should be ${text}`);
      const read = parseAddress(text);
      if (read === null || BigInt(read) !== (typeof read === "number" ? address & 0xffffffffn : address)) {
        expect.fail(`${text} should be read as ${address}`);
      }
    }
  }, 30_000);

  test.each([
    [0n, "::"],
    [1n, "::1"],
    [1n << 112n, "1::"],
    [0x20010db8000000000001000000000001n, "2001:db8::1:0:0:1"],
    [0x20010db8000000010000000000000001n, "2001:db8:0:1::1"],
    [0x20010db8000000010001000100010001n, "2001:db8:0:1:1:1:1:1"],
    [0xabcdef0000000000000000000000n, "0:abcd:ef00::"],
    [0xffff0a000001n, "::ffff:a00:1"],
    [(1n << 128n) - 1n, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ])("addressText writes %d as %s", (address, text) => {
    expect(addressText(address)).toBe(text);
  });
});

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
  ])("reads the mapped address %s as 10.0.0.1", (text) => {
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
  ])("rejects %s", (_, text) => {
    expect(parseAddress(text)).toBeNull();
    expect("error" in parseCidr(text) || text.includes("/"), "as a rule").toBe(true);
  });

  test("accepts what node:net accepts, except zone ids and embedded IPv4 addresses that are not mapped", () => {
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
      let text = i % 3 === 0 ? random.text(pieces, 1 + random.below(10)) : anySpelling(random, randomBytes(random));
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

/** What the text means to ipaddr.js, which is given no zone id, and no dotted quad but a strict, mapped one. */
function asIpaddrReads(text: string): number | bigint | null {
  const quad = text.slice(text.lastIndexOf(":") + 1);
  if (quad.includes(".")) {
    const isMapped = STRICT_QUAD.test(quad) && asIpaddrReads(`${text.slice(0, -quad.length)}0:0`) === 0;
    return isMapped ? numberOf(ipaddr.IPv4.parse(quad)) : null;
  }
  if (!HEX_AND_COLONS.test(text) || !ipaddr.IPv6.isValid(text)) return null;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? numberOf(address.toIPv4Address()) : bitsOf(address.parts);
}

function numberOf({ octets }: ipaddr.IPv4): number {
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

function bitsOf(parts: readonly number[]): bigint {
  return BigInt(`0x${parts.map((part) => part.toString(16).padStart(4, "0")).join("")}`);
}

function textFor(random: Random, way: number): string {
  if (way === 0) return spelling(random, randomParts(random));
  if (way === 1) return withColon(damaged(random, spelling(random, randomParts(random))));
  const pieces = ["0", "1", "aB", "ffff", ":", ":", "::", "1.2.3.4", "%1", "12345"];
  if (way === 2) return withColon(random.text(pieces, random.below(17)));
  // As many groups as it happens, and gaps where it happens.
  const groups = Array.from({ length: 1 + random.below(10) }, () => random.pick(["0", "7", "b", "", "ffff", "00c0"]));
  return withColon(groups.join(":"));
}

/** Only a text with a colon is read as IPv6. */
function withColon(text: string): string {
  return text.includes(":") ? text : `:${text}`;
}

function randomParts(random: Random): number[] {
  if (random.below(5) === 0) return [0, 0, 0, 0, 0, 0xffff, random.below(0x10000), random.below(0x10000)];
  const zeros = random.below(9);
  return Array.from({ length: 8 }, () => (random.below(8) < zeros ? 0 : random.below(1 << random.below(17))));
}

/** One of the ways to write an address: zeros in front, any case, a gap for any run of zeros, a dotted quad. */
function spelling(random: Random, parts: readonly number[]): string {
  const groups = parts.map((part) => part.toString(16).padStart(random.pick([1, 1, 2, 4]), "0"));
  const [a = 0, b = 0] = parts.slice(6);
  const mapped = parts[5] === 0xffff && parts.slice(0, 5).every((part) => part === 0);
  if (mapped && random.below(2) === 0) groups.splice(6, 2, [a >> 8, a & 255, b >> 8, b & 255].join("."));
  const start = random.below(8);
  let end = start;
  while (/^0+$/.test(groups[end] ?? "")) end++;
  const gapped = end > start && random.below(4) > 0;
  const text = gapped ? `${groups.slice(0, start).join(":")}::${groups.slice(end).join(":")}` : groups.join(":");
  return random.below(2) === 0 ? text : text.toUpperCase();
}

/** The text with one to three characters or so taken out, put in, or doubled. */
function damaged(random: Random, text: string): string {
  let damage = text;
  for (let n = random.below(3); n >= 0; n--) {
    const at = random.below(damage.length + 1);
    const piece = random.pick(["", ":", "::", "0", "f", "G", ".", "%1", " ", "\n", damage.slice(at, at + 2)]);
    damage = damage.slice(0, at) + piece + damage.slice(at + random.below(2));
  }
  return damage;
}
