// Last used, in a real D1: how often it is written, and that it only ever moves forward.
import { beforeEach, describe, expect, it } from "vitest";
import type { ApiKeyDetails } from "../../../src/store/api-keys/port.ts";
import { createUsageRecorder, RECORD_USE } from "../../../src/store/api-keys/usage.ts";
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

const HERE = "192.0.2.1";
const newRecorder = () => createUsageRecorder(faulty.db, 10_000, (what) => errors.push(what));
const behind = (promise: Promise<unknown>) => work.push(promise);
const written = async () => {
  await Promise.all(work);
  return faulty.ran.filter((sql) => sql === RECORD_USE).length;
};
const stored = async ({ id }: ApiKeyDetails) => {
  await Promise.all(work);
  const key = await keys.get(ACCOUNT, id);
  return { lastUsedAt: key?.lastUsedAt, usageCount: key?.usageCount };
};

describe("a use", () => {
  it("is written at once when it is the first", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    usage.record(key.id, NOW, HERE, behind);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW, usageCount: 1 });
  });

  it("is written at most once per key and minute, and counted every time", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    for (let ms = 0; ms < 60_000; ms += 60) usage.record(key.id, NOW + ms, HERE, behind);
    expect(await written()).toBe(1);
    usage.record(key.id, NOW + 60_000, HERE, behind);
    expect(await written()).toBe(2);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW + 60_000, usageCount: 1_001 });
  });

  it("takes along whatever other key is due, so that an idle key's last use is not left behind", async () => {
    const [usage, idle, busy] = [newRecorder(), await makeKey(), await makeKey()];
    usage.record(idle.id, NOW, HERE, behind);
    usage.record(idle.id, NOW + 5_000, HERE, behind);
    usage.record(busy.id, NOW + 70_000, HERE, behind);
    expect(await stored(idle)).toEqual({ lastUsedAt: NOW + 5_000, usageCount: 2 });
  });

  it("only ever moves the instant forward, in whatever order isolates write", async () => {
    const [key, late, early] = [await makeKey(), newRecorder(), newRecorder()];
    late.record(key.id, NOW + 10_000, HERE, behind);
    await Promise.all(work);
    early.record(key.id, NOW, HERE, behind);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW + 10_000, usageCount: 2 });
  });

  it("has the address of the latest one, in whatever order they are noted and isolates write", async () => {
    const [key, late, early] = [await makeKey(), newRecorder(), newRecorder()];
    const address = async () => {
      await Promise.all(work);
      return (await keys.get(ACCOUNT, key.id))?.lastUsedAddress;
    };
    expect(await address()).toBeNull();
    late.record(key.id, NOW + 10_000, "2001:db8::1", behind);
    expect(await address()).toBe("2001:db8::1");
    early.record(key.id, NOW, "192.0.2.2", behind);
    expect(await address()).toBe("2001:db8::1");
    early.record(key.id, NOW + 20_000, "192.0.2.3", behind);
    early.record(key.id, NOW + 15_000, "192.0.2.4", behind);
    early.record(key.id, NOW + 60_000 - 1, null, behind);
    late.record(key.id, NOW + 30_000, "192.0.2.5", behind);
    late.record(key.id, NOW + 29_999, "192.0.2.6", behind);
    late.record(key.id, NOW + 29_999 + 60_000, "192.0.2.7", behind);
    expect(await address()).toBe("192.0.2.7");
    early.record(key.id, NOW + 89_998, "192.0.2.8", behind);
    expect(await address()).toBe("192.0.2.7");
    early.record(key.id, NOW + 200_000, null, behind);
    expect(await address()).toBeNull();
  });

  it("is not lost when a write fails, and costs the answer nothing", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    faulty.trouble = new Error("D1_ERROR: internal error");
    usage.record(key.id, NOW, HERE, behind);
    await Promise.all(work);
    expect(errors).toEqual(["usage_write"]);
    faulty.trouble = null;
    usage.record(key.id, NOW + 60_000, HERE, behind);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW + 60_000, usageCount: 2 });
  });

  it("is counted once when it comes while a write is under way", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    usage.record(key.id, NOW, HERE, behind);
    usage.record(key.id, NOW + 1, HERE, behind);
    await Promise.all(work);
    usage.record(key.id, NOW + 60_001, HERE, behind);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW + 60_001, usageCount: 3 });
  });

  it("is not written again by a call that took long and is noted late", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    usage.record(key.id, NOW + 30_000, HERE, behind);
    usage.record(key.id, NOW, HERE, behind);
    expect(await written()).toBe(1);
  });

  it("does not stay unwritten because the clock was set back", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    usage.record(key.id, NOW, HERE, behind);
    usage.record(key.id, NOW - 3_600_000, HERE, behind);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW, usageCount: 2 });
  });
});

describe("with thousands of keys", () => {
  // Nothing here is ever answered, nor has to be: what counts is what was sent.
  beforeEach(() => {
    faulty.trouble = "silent";
  });

  it("writes each once in its minute", () => {
    const usage = newRecorder();
    for (let i = 0; i < 9_000; i += 1) usage.record(`key-${i}`, NOW, HERE, behind);
    for (let i = 0; i < 9_000; i += 1) usage.record(`key-${i}`, NOW + 1_000, HERE, behind);
    expect(faulty.ran).toHaveLength(9_000);
  });

  it("writes five hundred of those that are due with one call, and the rest with the next second's", () => {
    const usage = newRecorder();
    const many = Array.from({ length: 1_200 }, (_, i) => `key-${i}`);
    for (const id of many) usage.record(id, NOW, HERE, behind);
    for (const id of many) usage.record(id, NOW + 1_000, HERE, behind);
    const before = faulty.ran.length;
    const counts: number[] = [];
    for (let second = 70; second < 74; second++) {
      usage.record("key-0", NOW + second * 1_000, HERE, behind);
      usage.record(`new-${second}`, NOW + second * 1_000, HERE, behind);
      counts.push(faulty.ran.length - before);
    }
    // Batches of a hundred: five and the new key's own, five, three, one.
    expect(counts).toEqual([6, 11, 14, 15]);
  });

  it("stays bounded, and writes once more what it has to forget", () => {
    const usage = newRecorder();
    usage.record("used-again", NOW, HERE, behind);
    usage.record("used-again", NOW + 1, HERE, behind);
    for (let i = 0; i < 10_000; i += 1) usage.record(`key-${i}`, NOW + 2, HERE, behind);
    expect(faulty.ran).toHaveLength(10_002);
  });

  it("writes no more than its own key on nearly every call of a scan over ever new keys", () => {
    const usage = newRecorder();
    for (let i = 0; i < 10_000; i += 1) {
      usage.record(`key-${i}`, NOW, HERE, behind);
      usage.record(`key-${i}`, NOW + 1, HERE, behind);
    }
    let more = 0;
    for (let i = 0; i < 10_000; i += 1) {
      const before = faulty.ran.length;
      usage.record(`new-${i}`, NOW + 2, HERE, behind);
      if (faulty.ran.length - before > 1) more += 1;
    }
    expect(more).toBeLessThanOrEqual(100);
    // What had to be forgotten is written all the same, in a hundred batches; of one that is not answered, the first counts.
    expect(faulty.ran).toHaveLength(10_000 + 10_000 + 100);
  });
});
