// The usage of keys in a real D1: how often it is written, and that its time only moves forward.
import { beforeEach, describe, expect, it } from "vitest";
import { type Address, parseAddress } from "../../../src/core/ip/ip-address.ts";
import type { ApiKeyDetails } from "../../../src/store/api-keys/port.ts";
import { createUsageRecorder, RECORD_USE } from "../../../src/store/api-keys/usage.ts";
import type { Background } from "../../../src/store/common.ts";
import { type FaultyD1, faultyD1 } from "../../support/faulty-d1.ts";
import { ACCOUNT, db, keys, makeAccounts, makeKey, NOW } from "../builders.ts";

let faulty: FaultyD1;
let work: Promise<unknown>[];
let errors: string[];
beforeEach(async () => {
  await makeAccounts();
  faulty = faultyD1(db);
  work = [];
  errors = [];
});

const ADDRESS = "192.0.2.1";
/** A recorder that looks for no new networks. */
const recorderOf = (maxKeys: number) => {
  const usage = createUsageRecorder(faulty.db, maxKeys, { see: () => undefined }, (what) => errors.push(what));
  const client = (text: string) => ({ text, address: parseAddress(text) as Address });
  return {
    record: (id: string, now: number, address: string | null, background: Background) =>
      usage.record(id, now, address === null ? null : client(address), {}, background),
  };
};
const newRecorder = () => recorderOf(10_000);
const background = (promise: Promise<unknown>) => work.push(promise);
const written = async () => {
  await Promise.all(work);
  return faulty.ran.filter((sql) => sql === RECORD_USE).length;
};
const stored = async ({ id }: ApiKeyDetails) => {
  await Promise.all(work);
  const key = await keys.get(ACCOUNT, id);
  return { lastUsedAt: key?.lastUsedAt, usageCount: key?.usageCount };
};

describe("createUsageRecorder", () => {
  it("writes the first use of a key at once", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    usage.record(key.id, NOW, ADDRESS, background);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW, usageCount: 1 });
  });

  it("counts every use and writes a key at most once a minute", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    for (let ms = 0; ms < 60_000; ms += 60) usage.record(key.id, NOW + ms, ADDRESS, background);
    expect(await written()).toBe(1);
    usage.record(key.id, NOW + 60_000, ADDRESS, background);
    expect(await written()).toBe(2);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW + 60_000, usageCount: 1_001 });
  });

  it("counts no use twice when the response to a write is lost after its commit", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    faulty.losesAnswers = new Error("D1_ERROR: Network connection lost.");
    usage.record(key.id, NOW, ADDRESS, background);
    await Promise.all(work);
    faulty.losesAnswers = null;
    usage.record(key.id, NOW + 60_000, ADDRESS, background);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW + 60_000, usageCount: 2 });
    expect(errors).toEqual([]);
  });

  it("writes the last use of an idle key with the use of another key", async () => {
    const [usage, idle, busy] = [newRecorder(), await makeKey(), await makeKey()];
    usage.record(idle.id, NOW, ADDRESS, background);
    usage.record(idle.id, NOW + 5_000, ADDRESS, background);
    usage.record(busy.id, NOW + 70_000, ADDRESS, background);
    expect(await stored(idle)).toEqual({ lastUsedAt: NOW + 5_000, usageCount: 2 });
  });

  it("moves the time of the last use forward only, in any order of writes", async () => {
    const [key, late, early] = [await makeKey(), newRecorder(), newRecorder()];
    late.record(key.id, NOW + 10_000, ADDRESS, background);
    await Promise.all(work);
    early.record(key.id, NOW, ADDRESS, background);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW + 10_000, usageCount: 2 });
  });

  it("stores the address of the latest use, in any order of records and writes", async () => {
    const [key, late, early] = [await makeKey(), newRecorder(), newRecorder()];
    const address = async () => {
      await Promise.all(work);
      return (await keys.get(ACCOUNT, key.id))?.lastUsedAddress;
    };
    expect(await address()).toBeNull();
    late.record(key.id, NOW + 10_000, "2001:db8::1", background);
    expect(await address()).toBe("2001:db8::1");
    early.record(key.id, NOW, "192.0.2.2", background);
    expect(await address()).toBe("2001:db8::1");
    early.record(key.id, NOW + 20_000, "192.0.2.3", background);
    early.record(key.id, NOW + 15_000, "192.0.2.4", background);
    early.record(key.id, NOW + 60_000 - 1, null, background);
    late.record(key.id, NOW + 30_000, "192.0.2.5", background);
    late.record(key.id, NOW + 29_999, "192.0.2.6", background);
    late.record(key.id, NOW + 29_999 + 60_000, "192.0.2.7", background);
    expect(await address()).toBe("192.0.2.7");
    early.record(key.id, NOW + 89_998, "192.0.2.8", background);
    expect(await address()).toBe("192.0.2.7");
    early.record(key.id, NOW + 200_000, null, background);
    expect(await address()).toBeNull();
  });

  it("keeps the count of a failed write for the next one", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    faulty.trouble = new Error("D1_ERROR: internal error");
    usage.record(key.id, NOW, ADDRESS, background);
    await Promise.all(work);
    expect(errors).toEqual(["usage_write"]);
    faulty.trouble = null;
    usage.record(key.id, NOW + 60_000, ADDRESS, background);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW + 60_000, usageCount: 2 });
  });

  it("counts a use during a write once", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    usage.record(key.id, NOW, ADDRESS, background);
    usage.record(key.id, NOW + 1, ADDRESS, background);
    await Promise.all(work);
    usage.record(key.id, NOW + 60_001, ADDRESS, background);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW + 60_001, usageCount: 3 });
  });

  it("does not write again for a slow request that is recorded late", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    usage.record(key.id, NOW + 30_000, ADDRESS, background);
    usage.record(key.id, NOW, ADDRESS, background);
    expect(await written()).toBe(1);
  });

  it("writes a use after the clock was set back", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    usage.record(key.id, NOW, ADDRESS, background);
    usage.record(key.id, NOW - 3_600_000, ADDRESS, background);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW, usageCount: 2 });
  });
});

describe("createUsageRecorder with thousands of keys", () => {
  // D1 never answers in these tests: they count the statements that were sent.
  beforeEach(() => {
    faulty.trouble = "silent";
  });

  it("writes each of 9,000 keys once a minute", () => {
    const usage = newRecorder();
    for (let i = 0; i < 9_000; i += 1) usage.record(`key-${i}`, NOW, ADDRESS, background);
    for (let i = 0; i < 9_000; i += 1) usage.record(`key-${i}`, NOW + 1_000, ADDRESS, background);
    expect(faulty.ran).toHaveLength(9_000);
  });

  it("writes five hundred due keys with one request, and the others in the following seconds", () => {
    const usage = newRecorder();
    const many = Array.from({ length: 1_200 }, (_, i) => `key-${i}`);
    for (const id of many) usage.record(id, NOW, ADDRESS, background);
    for (const id of many) usage.record(id, NOW + 1_000, ADDRESS, background);
    const before = faulty.ran.length;
    const counts: number[] = [];
    for (let second = 70; second < 74; second++) {
      usage.record("key-0", NOW + second * 1_000, ADDRESS, background);
      usage.record(`new-${second}`, NOW + second * 1_000, ADDRESS, background);
      counts.push(faulty.ran.length - before);
    }
    // Batches of a hundred: five and the new key's own, five, three, one.
    expect(counts).toEqual([6, 11, 14, 15]);
  });

  it("writes the unwritten uses of evicted keys", () => {
    const usage = newRecorder();
    usage.record("used-again", NOW, ADDRESS, background);
    usage.record("used-again", NOW + 1, ADDRESS, background);
    for (let i = 0; i < 10_000; i += 1) usage.record(`key-${i}`, NOW + 2, ADDRESS, background);
    expect(faulty.ran).toHaveLength(10_002);
  });

  it("seldom writes more than its own key in a scan over new keys", () => {
    const usage = newRecorder();
    for (let i = 0; i < 10_000; i += 1) {
      usage.record(`key-${i}`, NOW, ADDRESS, background);
      usage.record(`key-${i}`, NOW + 1, ADDRESS, background);
    }
    let more = 0;
    for (let i = 0; i < 10_000; i += 1) {
      const before = faulty.ran.length;
      usage.record(`new-${i}`, NOW + 2, ADDRESS, background);
      if (faulty.ran.length - before > 1) more += 1;
    }
    expect(more).toBeLessThanOrEqual(100);
    // The uses of evicted keys are written in a hundred batches, of which only the first statement is sent.
    expect(faulty.ran).toHaveLength(10_000 + 10_000 + 100);
  });
});
