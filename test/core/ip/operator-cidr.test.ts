import { describe, expect, test } from "vitest";
import { compileRules, containsAddress } from "../../../src/core/ip/cidr.ts";
import { parseCidr } from "../../../src/core/ip/operator-cidr.ts";
import { addressOf, randomBytes, spelling, v4Part } from "../../support/addresses.ts";
import { rounds, seededRandom } from "../../support/random.ts";

describe("parseCidr", () => {
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
  ])("reads %s as %s", (text, cidr) => {
    expect(parseCidr(text)).toEqual({ cidr });
    expect(parseCidr(cidr)).toEqual({ cidr });
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
  ])("rejects %s in one sentence that says why", (text, why) => {
    const parsed = parseCidr(text);
    if (!("error" in parsed)) throw new Error("was accepted");
    expect(parsed.error).toContain(why);
    expect(parsed.error).toMatch(/^[A-Z][\x20-\x7e]{10,120}\.$/);
    expect(parsed.error).not.toContain("script");
  });

  test("writes IPv6 as URL parsers do, and IPv4 as a dotted quad", () => {
    const random = seededRandom(5);
    for (let i = 0; i < rounds(10_000); i++) {
      const bytes = randomBytes(random);
      const text = spelling(random, bytes);
      const host = new URL(`http://${text.includes(":") ? `[${text}]` : text}/`).hostname;
      const v4 = v4Part(bytes);
      expect(parseCidr(text)).toEqual({ cidr: v4 === null ? `${host.slice(1, -1)}/128` : `${v4.join(".")}/32` });
    }
  });

  test("means the same addresses as the reader of the request path, for every spelling", () => {
    const random = seededRandom(8);
    const seen = { accepted: 0, rejected: 0 };
    for (let i = 0; i < rounds(20_000); i++) {
      const text = spelling(random, randomBytes(random));
      const prefix = random.below(text.includes(":") ? 129 : 33);
      const parsed = parseCidr(`${text}/${prefix}`);
      seen["cidr" in parsed ? "accepted" : "rejected"]++;
      if ("cidr" in parsed) expect(containsAddress(compileRules([parsed.cidr]), addressOf(text)), text).toBe(true);
    }
    expect(Math.min(seen.accepted, seen.rejected)).toBeGreaterThan(rounds(1_000));
  });
});
