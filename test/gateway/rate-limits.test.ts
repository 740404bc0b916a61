// Rate limits by client address and by key.
import { expect, it } from "vitest";
import { type Client, readClient } from "../../src/gateway/incoming-request.ts";
import { createRateLimits } from "../../src/gateway/rate-limits.ts";
import { NOW } from "../support/key.ts";
import { aLimiter } from "./gateway-harness.ts";

function from(address: string): Client {
  const client = readClient(new Headers({ "cf-connecting-ip": address }));
  if (client === null) throw new Error(address);
  return client;
}
const HERE = from("192.0.2.1");
const tooMany = (whose: string, retryAfterSeconds: number) => ({ reason: "rate_limited", whose, retryAfterSeconds });

it("blocks an address with too many failed attempts until the period ends, and no other address", async () => {
  const limits = createRateLimits(aLimiter(1), null);
  expect(limits.isBlocked(HERE, NOW)).toBeNull();
  expect(await limits.countAuthFailure(HERE, NOW)).toBeNull();
  expect(limits.isBlocked(HERE, NOW)).toBeNull();
  expect(await limits.countAuthFailure(HERE, NOW)).toEqual(tooMany("address", 10));
  expect(limits.isBlocked(HERE, NOW)).toEqual(tooMany("address", 10));
  expect(limits.isBlocked(HERE, NOW + 8_500)).toEqual(tooMany("address", 2));
  expect(limits.isBlocked(HERE, NOW + 9_999)).toEqual(tooMany("address", 1));
  expect(limits.isBlocked(HERE, NOW + 10_000)).toBeNull();
  expect(limits.isBlocked(from("192.0.2.2"), NOW)).toBeNull();
  expect(limits.isBlocked(null, NOW)).toBeNull();
});

it("counts an IPv6 /64 as one client, and IPv4 and IPv6 separately", async () => {
  const names: string[] = [];
  const limits = createRateLimits(aLimiter(1, names), null);
  for (const address of ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1", "0.0.0.9", "::9"]) {
    await limits.countAuthFailure(from(address), NOW);
  }
  expect(names).toEqual(["v6:20010db800000001", "v6:20010db800000001", "v6:20010db800000002", "v4:9", "v6:0"]);
  expect(limits.isBlocked(from("2001:db8:0:1::77"), NOW)).toEqual(tooMany("address", 10));
  expect(limits.isBlocked(from("2001:db8:0:2::77"), NOW)).toBeNull();
});

it("counts the requests of a key under its id", async () => {
  const names: string[] = [];
  const limits = createRateLimits(null, aLimiter(1, names));
  expect(await limits.countRequest("a")).toBeNull();
  expect(await limits.countRequest("b")).toBeNull();
  expect(await limits.countRequest("a")).toEqual(tooMany("key", 10));
  expect(names).toEqual(["a", "b", "a"]);
});

it("limits nothing without a limiter or without a client address", async () => {
  const none = createRateLimits(null, null);
  expect(await none.countAuthFailure(HERE, NOW)).toBeNull();
  expect(await none.countRequest("a")).toBeNull();
  expect(none.isBlocked(HERE, NOW)).toBeNull();
  const names: string[] = [];
  expect(await createRateLimits(aLimiter(0, names), null).countAuthFailure(null, NOW)).toBeNull();
  expect(names).toEqual([]);
});

it("keeps at most ten thousand blocked addresses", async () => {
  const limits = createRateLimits(aLimiter(0), null);
  const nth = (n: number): Client => ({ text: "", address: n as Client["address"] });
  const one = aLimiter(0);
  const quick = createRateLimits({ ...one, allows: async () => false }, null);
  for (let n = 0; n < 10_000; n++) await quick.countAuthFailure(nth(n), NOW);
  expect(quick.isBlocked(nth(0), NOW)).not.toBeNull();
  await quick.countAuthFailure(nth(10_000), NOW);
  expect(quick.isBlocked(nth(0), NOW)).toBeNull();
  expect(quick.isBlocked(nth(10_000), NOW)).not.toBeNull();
  expect(limits.isBlocked(nth(0), NOW)).toBeNull();
});
