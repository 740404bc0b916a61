// The arithmetic of the bill, and that the counts are those of the code.
import { describe, expect, it } from "vitest";
import { type Month, monthOf, priceOf, timesInMonth, totalOf } from "../../../bench/cost/bill.ts";
import { count } from "../../../bench/cost/count.ts";
import type { Customer } from "../../../bench/cost/customers.ts";

const NOTHING: Month = {
  requests: 0,
  cpuMs: 0,
  kvReads: 0,
  kvWrites: 0,
  rowsRead: 0,
  rowsWritten: 0,
  logEvents: 0,
};

describe("the bill of a month", () => {
  it("charges the plan alone up to the included amounts", () => {
    const included: Month = { ...NOTHING, requests: 10e6, kvWrites: 1e6, rowsWritten: 50e6 };
    expect(totalOf(included)).toBe(5);
  });

  it("charges the excess over the included amount, each part at its own price", () => {
    const month: Month = { ...NOTHING, requests: 12e6, kvReads: 11e6 };
    expect(priceOf("requests", month)).toBeCloseTo(0.6);
    expect(priceOf("kvReads", month)).toBeCloseTo(0.5);
    expect(totalOf(month)).toBeCloseTo(6.1);
  });

  it("charges the same as Cloudflare's own example", () => {
    // 15 million requests of 7 ms: 5.00 + 1.50 + 1.50, on the pricing page of Workers.
    expect(totalOf({ ...NOTHING, requests: 15e6, cpuMs: 7 * 15e6 })).toBeCloseTo(8);
  });
});

/** One key in one isolate, a request a second all month long. */
const STEADY: Customer = {
  name: "steady",
  requests: 30 * 86_400,
  keys: 1,
  locations: 1,
  isolatesEach: 1,
  hoursADay: 24,
  changes: 0,
  denied: 0,
  unauthenticated: 0,
};
const MINUTES = 20;

describe("the count of a customer's usage", () => {
  it("counts a write of last use for a hundred uses, a feed read in five to six seconds, a row in ten minutes", async () => {
    const { used, idle } = await count(STEADY, { seed: 1, minutes: MINUTES });
    expect(used.lastUses).toBeGreaterThanOrEqual((MINUTES * 60) / 100 - 2);
    expect(used.lastUses).toBeLessThanOrEqual((MINUTES * 60) / 100 + 2);
    expect(used.rowsWritten).toBe(used.lastUses);
    expect(used.kvReads).toBe(0);
    // A write of uses reads four rows for each; the rest is the feed's, and a row in ten minutes, three rows at a time.
    const feedReads = (used.rowsRead - 4 * used.lastUses - idle.rowsRead * MINUTES) / 3 - MINUTES / 10;
    expect(feedReads).toBeGreaterThan((MINUTES * 60) / 8);
    expect(feedReads).toBeLessThanOrEqual((MINUTES * 60) / 5);
  });

  it("counts the key's rows for every change, and no rows for requests without a key", async () => {
    const reads = await count(STEADY, { seed: 1, minutes: MINUTES });
    const changes = await count({ ...STEADY, changes: 1 }, { seed: 1, minutes: MINUTES });
    expect(changes.used.rowsRead).toBeGreaterThanOrEqual(3 * changes.requests);
    expect(reads.used.rowsRead).toBeLessThan(reads.requests);
    const unauthenticated = await count({ ...STEADY, unauthenticated: 1 }, { seed: 1, minutes: MINUTES });
    const { used, idle, denied, requests } = unauthenticated;
    expect(denied).toBe(requests);
    expect(used).toEqual({ ...idle, rowsRead: idle.rowsRead * MINUTES });
  });

  it("extends a count to a month whose maintenance runs in idle hours too", async () => {
    const customer = { ...STEADY, hoursADay: 12 };
    const counted = await count(customer, { seed: 1, minutes: MINUTES });
    expect(timesInMonth(customer, counted)).toBe((30 * 12 * 60) / MINUTES);
    const month = monthOf(customer, counted, 0.25);
    expect(month.requests).toBe(STEADY.requests + 43_200);
    expect(month.rowsWritten).toBe(counted.used.rowsWritten * 1_080);
    expect(month.rowsRead).toBe(counted.used.rowsRead * 1_080 + counted.idle.rowsRead * 21_600);
    expect(month.cpuMs).toBe(STEADY.requests * 0.25 + 43_200 * 1.5);
  });
});
