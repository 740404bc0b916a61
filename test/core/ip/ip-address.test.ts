// Reading and writing IPv6 by hand, compared with ipaddr.js, which knows nothing of this code.
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import { addressText, parseAddress } from "../../../src/core/ip/ip-address.ts";
import { type Random, rounds, seededRandom } from "../../support/random.ts";

const HEX_AND_COLONS = /^[0-9a-f:]{2,39}$/i;
const STRICT_QUAD = /^(?:(?:25[0-5]|2[0-4]\d|1?[1-9]\d|1\d\d|\d)(?:\.(?!$)|$)){4}$/;

describe("an IPv6 address", () => {
  test("is read as ipaddr.js reads it, however it is written, and refused when it is damaged", () => {
    const random = seededRandom(21);
    const counts = { read: 0, refused: 0, mapped: 0, quads: 0 };
    for (let i = 0; i < rounds(300_000); i++) {
      const text = textFor(random, i % 4);
      const expected = asIpaddrReads(text);
      if (parseAddress(text) !== expected) expect.fail(`${JSON.stringify(text)} should be ${expected}`);
      counts[expected === null ? "refused" : "read"]++;
      if (typeof expected === "number") counts[text.includes(".") ? "quads" : "mapped"]++;
    }
    expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(rounds(80_000));
    expect(Math.min(counts.mapped, counts.quads)).toBeGreaterThan(rounds(3_000));
  }, 30_000);

  test("is read as ipaddr.js reads it with any one character put in at any place", () => {
    for (const around of ["2001:db8::1", "::ffff:10.0.0.1", "1:2:3:4:5:6:7:8", "::"]) {
      for (let at = 0; at <= around.length; at++) {
        // Behind ASCII are those that look like digits to a reader of some of their bits, or to a reader of Unicode.
        for (const code of [...Array(0x180).keys(), 0x661, 0xff11, 0xff1a]) {
          const text = around.slice(0, at) + String.fromCharCode(code) + around.slice(at);
          if (text.includes(":")) expect(parseAddress(text), JSON.stringify(text)).toBe(asIpaddrReads(text));
        }
      }
    }
  });

  test("is written as ipaddr.js writes it, wherever its zeros are, and read back", () => {
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
  ])("%d is written as %s", (address, text) => {
    expect(addressText(address)).toBe(text);
  });
});

/** What the text means to ipaddr.js, which is kept away from zones and from every quad but a strict, mapped one. */
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
