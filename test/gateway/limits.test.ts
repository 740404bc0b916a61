// Who asks too often, by name and by network.
import { expect, it } from "vitest";
import { type Caller, readCaller } from "../../src/gateway/facts.ts";
import { createLimits } from "../../src/gateway/limits.ts";
import { NOW } from "../support/key.ts";
import { aLimiter } from "./a-door.ts";

function from(address: string): Caller {
  const caller = readCaller(new Headers({ "cf-connecting-ip": address }));
  if (caller === null) throw new Error(address);
  return caller;
}
const HERE = from("192.0.2.1");
const tooMany = (whose: string, retryAfterSeconds: number) => ({ reason: "rate_limited", whose, retryAfterSeconds });

it("bars an address that has tried too many keys until the period is over, and no other", async () => {
  const limits = createLimits(aLimiter(1), null);
  expect(limits.isBarred(HERE, NOW)).toBeNull();
  expect(await limits.noteBadToken(HERE, NOW)).toBeNull();
  expect(limits.isBarred(HERE, NOW)).toBeNull();
  expect(await limits.noteBadToken(HERE, NOW)).toEqual(tooMany("address", 10));
  expect(limits.isBarred(HERE, NOW)).toEqual(tooMany("address", 10));
  expect(limits.isBarred(HERE, NOW + 8_500)).toEqual(tooMany("address", 2));
  expect(limits.isBarred(HERE, NOW + 9_999)).toEqual(tooMany("address", 1));
  expect(limits.isBarred(HERE, NOW + 10_000)).toBeNull();
  expect(limits.isBarred(from("192.0.2.2"), NOW)).toBeNull();
  expect(limits.isBarred(null, NOW)).toBeNull();
});

it("counts a whole /64 of IPv6 as one, and the families apart", async () => {
  const names: string[] = [];
  const limits = createLimits(aLimiter(1, names), null);
  for (const address of ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1", "0.0.0.9", "::9"]) {
    await limits.noteBadToken(from(address), NOW);
  }
  expect(names).toEqual(["v6:20010db800000001", "v6:20010db800000001", "v6:20010db800000002", "v4:9", "v6:0"]);
  expect(limits.isBarred(from("2001:db8:0:1::77"), NOW)).toEqual(tooMany("address", 10));
  expect(limits.isBarred(from("2001:db8:0:2::77"), NOW)).toBeNull();
});

it("counts a key's calls under its id", async () => {
  const names: string[] = [];
  const limits = createLimits(null, aLimiter(1, names));
  expect(await limits.noteCall("a")).toBeNull();
  expect(await limits.noteCall("b")).toBeNull();
  expect(await limits.noteCall("a")).toEqual(tooMany("key", 10));
  expect(names).toEqual(["a", "b", "a"]);
});

it("limits nobody where no limiter is configured, nor who has no address", async () => {
  const none = createLimits(null, null);
  expect(await none.noteBadToken(HERE, NOW)).toBeNull();
  expect(await none.noteCall("a")).toBeNull();
  expect(none.isBarred(HERE, NOW)).toBeNull();
  const names: string[] = [];
  expect(await createLimits(aLimiter(0, names), null).noteBadToken(null, NOW)).toBeNull();
  expect(names).toEqual([]);
});

it("remembers at most ten thousand addresses", async () => {
  const limits = createLimits(aLimiter(0), null);
  const nth = (n: number): Caller => ({ text: "", address: n as Caller["address"] });
  const one = aLimiter(0);
  const quick = createLimits({ ...one, allows: async () => false }, null);
  for (let n = 0; n < 10_000; n++) await quick.noteBadToken(nth(n), NOW);
  expect(quick.isBarred(nth(0), NOW)).not.toBeNull();
  await quick.noteBadToken(nth(10_000), NOW);
  expect(quick.isBarred(nth(0), NOW)).toBeNull();
  expect(quick.isBarred(nth(10_000), NOW)).not.toBeNull();
  expect(limits.isBarred(nth(0), NOW)).toBeNull();
});
