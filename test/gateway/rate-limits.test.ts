// Rate limits by client address and by key.
import { expect, it } from "vitest";
import { type Client, readClient } from "../../src/gateway/incoming-request.ts";
import { createRateLimits } from "../../src/gateway/rate-limits.ts";
import { aLimiter } from "./gateway-harness.ts";

function from(address: string): Client {
  const client = readClient(new Headers({ "cf-connecting-ip": address }));
  if (client === null) throw new Error(address);
  return client;
}
const HERE = from("192.0.2.1");
const tooMany = (whose: string, retryAfterSeconds: number) => ({ reason: "rate_limited", whose, retryAfterSeconds });

it("limits the failed attempts of an address, and of no other address", async () => {
  const limits = createRateLimits(aLimiter(1), null);
  expect(await limits.countAuthFailure(HERE)).toBeNull();
  expect(await limits.countAuthFailure(HERE)).toEqual(tooMany("address", 10));
  expect(await limits.countAuthFailure(from("192.0.2.2"))).toBeNull();
});

it("counts an IPv6 /48 as one client, clients without an address as another, and IPv4 and IPv6 separately", async () => {
  const names: string[] = [];
  const limits = createRateLimits(aLimiter(1, names), null);
  for (const address of ["2001:db8:0:1::1", "2001:db8:0:ffff:ffff::2", "2001:db8:1::1", "0.0.0.9", "::9"]) {
    await limits.countAuthFailure(from(address));
  }
  await limits.countAuthFailure(null);
  expect(names).toEqual(["v6:20010db80000", "v6:20010db80000", "v6:20010db80001", "v4:9", "v6:0", "unknown"]);
});

it("counts the requests of a key under its id", async () => {
  const names: string[] = [];
  const limits = createRateLimits(null, aLimiter(1, names));
  expect(await limits.countRequest("a")).toBeNull();
  expect(await limits.countRequest("b")).toBeNull();
  expect(await limits.countRequest("a")).toEqual(tooMany("key", 10));
  expect(names).toEqual(["a", "b", "a"]);
});

it("limits nothing without a limiter", async () => {
  const none = createRateLimits(null, null);
  expect(await none.countAuthFailure(HERE)).toBeNull();
  expect(await none.countRequest("a")).toBeNull();
});
