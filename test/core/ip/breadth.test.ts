// Which sets of addresses are warned of because they restrict next to nothing.
import { expect, it } from "vitest";
import { widelyAllowed } from "../../../src/console/lists/addresses.ts";
import { breadthWarnings } from "../../../src/core/ip/breadth.ts";
import { compileRules, toCanonicalCidr } from "../../../src/core/ip/cidr.ts";
import { parseCidr } from "../../../src/core/ip/operator-cidr.ts";
import { seededRandom } from "../../support/random.ts";

/** 0.0.0.0/0 without one address, in as many pieces as that takes. */
const ALL_BUT_ONE = Array.from({ length: 32 }, (_, i) => {
  const start = i === 0 ? 2 ** 31 : 2 ** (31 - i);
  return `${[start >>> 24, (start >>> 16) & 255, (start >>> 8) & 255, start & 255].join(".")}/${i + 1}`;
});
const pieces = (bits: number) => Array.from({ length: 2 ** bits }, (_, i) => `${i << (8 - bits)}.0.0.0/${bits}`);

const [ALL_4, HALF_4] = ["all IPv4 addresses, as 0.0.0.0/0 does", "at least half of all IPv4 addresses"];
const [ALL_6, HALF_6] = ["all public IPv6 addresses, as ::/0 does", "at least half of all public IPv6 addresses"];

const CASES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["everything", ["0.0.0.0/0", "::/0"], [ALL_4, ALL_6]],
  ["two halves", ["0.0.0.0/1", "128.0.0.0/1"], [ALL_4]],
  ["two halves of IPv6", ["::/1", "8000::/1"], [ALL_6]],
  ["two halves of both", ["128.0.0.0/1", "8000::/1", "::/1", "0.0.0.0/1"], [ALL_4, ALL_6]],
  ["sixty-four pieces, backwards and overlapping", [...pieces(6).reverse(), "10.0.0.0/8"], [ALL_4]],
  ["everything but one address", ALL_BUT_ONE, [HALF_4]],
  ["one half", ["128.0.0.0/1"], [HALF_4]],
  ["half in quarters", ["0.0.0.0/2", "192.0.0.0/2"], [HALF_4]],
  ["the public addresses of IPv6", ["2000::/3"], [ALL_6]],
  ["half of the public addresses of IPv6", ["2000::/4"], [HALF_6]],
  ["IPv4 as mapped addresses", ["::ffff:0.0.0.0/97", "::ffff:128.0.0.0/97"], [ALL_4]],
  ["less than half", ["0.0.0.0/2", "64.0.0.0/3", "96.0.0.0/4"], []],
  ["the other half of IPv6", ["8000::/1", "::/3"], []],
  ["a few networks", ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32"], []],
  ["nothing", [], []],
];

const rulesOf = (texts: readonly string[]) =>
  texts.map((text) => {
    const parsed = parseCidr(text);
    if ("error" in parsed) throw new Error(`${text}: ${parsed.error}`);
    return toCanonicalCidr(parsed.cidr);
  });

it.each(CASES)("warns of %s as wide as it is, and the console agrees", (_, texts, amounts) => {
  const rules = rulesOf(texts);
  expect(breadthWarnings(compileRules(rules), "allow_list")).toEqual(
    amounts.map((amount) => ({ field: "allow_list", message: `This allows ${amount}. Do not use it in production.` })),
  );
  expect(widelyAllowed(rules)).toEqual(amounts.map((amount) => (amount.includes("IPv4") ? "IPv4" : "IPv6")));
});

it("agrees with the console about random sets", () => {
  const random = seededRandom(11);
  const counts = [0, 0];
  for (let round = 0; round < 2_000; round++) {
    const rules = rulesOf(
      Array.from({ length: 1 + random.below(40) }, () => {
        const length = 1 + random.below(5);
        const first = (random.below(256) >> (8 - length)) << (8 - length);
        return round % 2 === 0 ? `${first}.0.0.0/${length}` : `${(first << 8).toString(16)}::/${length}`;
      }),
    );
    const warned = breadthWarnings(compileRules(rules), "f").length;
    expect(widelyAllowed(rules)).toHaveLength(warned);
    counts[warned] = (counts[warned] ?? 0) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(100);
});
