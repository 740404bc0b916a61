// The reckoning of what calls cost: the arithmetic of bills, and that what is counted is what the code does.
import { describe, expect, it } from "vitest";
import { billOf, perMillion, priceOf } from "../../../bench/cost/bill.ts";
import { count } from "../../../bench/cost/count.ts";
import type { Customer } from "../../../bench/cost/customers.ts";
import { monthOf, timesIn, withInvocationLogs } from "../../../bench/cost/month.ts";
import { CLOUDFLARE, OFFERS, type Offer } from "../../../bench/cost/prices.ts";

const PRICES = {
  plan: 5,
  parts: { apples: { included: 100, perMillion: 2e6 }, pears: { included: 0, perMillion: 3e6 } },
};

describe("a bill", () => {
  it("charges nothing but the plan up to the included amounts", () => {
    expect(billOf({ apples: 100, pears: 0 }, PRICES)).toEqual({ plan: 5, parts: { apples: 0, pears: 0 }, total: 5 });
  });

  it("charges what goes beyond, each part at its own price", () => {
    expect(billOf({ apples: 101, pears: 7 }, PRICES)).toEqual({ plan: 5, parts: { apples: 2, pears: 21 }, total: 28 });
  });

  it("comes to what Cloudflare's own example of a bill says", () => {
    // 15 million requests of 7 ms: 5.00 + 1.50 + 1.50, on the page of the Workers' prices.
    const nothing = { kvReads: 0, kvWrites: 0, rowsRead: 0, rowsWritten: 0, logEvents: 0 };
    const bill = billOf({ ...nothing, requests: 15e6, cpuMs: 7 * 15e6 }, CLOUDFLARE);
    expect(bill.parts).toMatchObject({ requests: 1.5, cpuMs: 1.5 });
    expect(bill.total).toBeCloseTo(8);
  });
});

describe("an offer", () => {
  const offer: Offer = {
    name: "stepped",
    monthly: 10,
    steps: [
      { upTo: 2e6, perMillion: 0 },
      { upTo: 5e6, perMillion: 3 },
      { upTo: Number.POSITIVE_INFINITY, perMillion: 1 },
    ],
    most: 9e6,
    note: "",
    sources: [],
  };

  it.each([
    [0, 10],
    [2e6, 10],
    [3e6, 13],
    [5e6, 19],
    [9e6, 23],
  ])("for %d calls charges each at the price of its step", (calls, price) => {
    expect(priceOf(offer, calls)).toBe(price);
  });

  it("has no price beyond what is published", () => {
    expect(priceOf(offer, 9e6 + 1)).toBeNull();
  });

  it("is never without a page to read it on, and its steps go up", () => {
    for (const { sources, steps } of OFFERS) {
      expect(sources.length).toBeGreaterThan(0);
      for (const { page } of sources) expect(page).toMatch(/^https:\/\//);
      expect(steps.map(({ upTo }) => upTo)).toEqual(steps.map(({ upTo }) => upTo).sort((a, b) => a - b));
      expect(steps.at(-1)?.upTo).toBe(Number.POSITIVE_INFINITY);
    }
  });

  it("is compared by the million", () => {
    expect(perMillion(30, 10e6)).toBe(3);
  });
});

/** One key in one isolate, a call a second all month long. */
const STEADY: Customer = {
  name: "steady",
  calls: 30 * 86_400,
  keys: 1,
  places: 1,
  isolatesEach: 1,
  hoursADay: 24,
  changes: 0,
  refused: 0,
  strangers: 0,
};
const MINUTES = 20;

describe("what is counted", () => {
  it("is a write of last use in a minute, a feed read in five to six seconds and a KV read in ten minutes", async () => {
    const { used, idle } = await count(STEADY, { seed: 1, minutes: MINUTES });
    expect(used.uses).toBeGreaterThanOrEqual(MINUTES - 1);
    expect(used.uses).toBeLessThanOrEqual(MINUTES);
    expect(used.rowsWritten).toBe(used.uses);
    expect(used.kvReads).toBeGreaterThanOrEqual(2);
    expect(used.kvReads).toBeLessThanOrEqual(3);
    // Each use reads the row that it writes; the rest is the feed's, three rows at a time.
    const feedReads = (used.rowsRead - used.uses - idle.rowsRead * MINUTES) / 3;
    expect(feedReads).toBeGreaterThan((MINUTES * 60) / 8);
    expect(feedReads).toBeLessThanOrEqual((MINUTES * 60) / 5);
  });

  it("is the key's rows for every change, and none for whoever has no key", async () => {
    const reads = await count(STEADY, { seed: 1, minutes: MINUTES });
    const changes = await count({ ...STEADY, changes: 1 }, { seed: 1, minutes: MINUTES });
    expect(changes.used.rowsRead).toBeGreaterThanOrEqual(3 * changes.calls);
    expect(reads.used.rowsRead).toBeLessThan(reads.calls);
    const { used, idle, refused, calls } = await count({ ...STEADY, strangers: 1 }, { seed: 1, minutes: MINUTES });
    expect(refused).toBe(calls);
    expect(used).toEqual({ ...idle, rowsRead: idle.rowsRead * MINUTES });
  });

  it("is carried over to a month, whose schedule runs in idle hours too", async () => {
    const counted = await count({ ...STEADY, hoursADay: 12 }, { seed: 1, minutes: MINUTES });
    expect(timesIn({ ...STEADY, hoursADay: 12 }, counted)).toBe((30 * 12 * 60) / MINUTES);
    const month = monthOf({ ...STEADY, hoursADay: 12 }, counted, 0.25);
    expect(month.requests).toBe(STEADY.calls + 43_200);
    expect(month.rowsWritten).toBe(counted.used.rowsWritten * 1_080);
    expect(month.rowsRead).toBe(counted.used.rowsRead * 1_080 + counted.idle.rowsRead * 21_600);
    expect(month.cpuMs).toBe(STEADY.calls * 0.25 + 43_200 * 1.5);
    expect(withInvocationLogs(month).logEvents).toBe(month.logEvents + month.requests);
  });
});
