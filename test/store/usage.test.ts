// Last used, in a real D1: how often it is written, and that it only ever moves forward.
import { beforeEach, describe, expect, it } from "vitest";
import type { KeyDetails } from "../../src/store/ports.ts";
import { createD1Usage, RECORD_USE } from "../../src/store/usage.ts";
import { type FaultyD1, faultyD1 } from "../support/faulty-d1.ts";
import { ACCOUNT, db, keys, makeAccounts, makeKey, NOW } from "./builders.ts";

let faulty: FaultyD1;
let work: Promise<unknown>[];
let faults: string[];
beforeEach(async () => {
  await makeAccounts();
  faulty = faultyD1(db);
  work = [];
  faults = [];
});

const newRecorder = () => createD1Usage(faulty.db, (what) => faults.push(what));
const behind = (promise: Promise<unknown>) => work.push(promise);
const written = async () => {
  await Promise.all(work);
  return faulty.ran.filter((sql) => sql === RECORD_USE).length;
};
const stored = async ({ id }: KeyDetails) => {
  await Promise.all(work);
  const key = await keys.get(ACCOUNT, id);
  return { lastUsedAt: key?.lastUsedAt, usageCount: key?.usageCount };
};

describe("a use", () => {
  it("is written at once when it is the first", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    usage.note(key.id, NOW, behind);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW, usageCount: 1 });
  });

  it("is written at most once per key and minute, and counted every time", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    for (let ms = 0; ms < 60_000; ms += 60) usage.note(key.id, NOW + ms, behind);
    expect(await written()).toBe(1);
    usage.note(key.id, NOW + 60_000, behind);
    expect(await written()).toBe(2);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW + 60_000, usageCount: 1_001 });
  });

  it("takes along whatever other key is due, so that an idle key's last use is not left behind", async () => {
    const [usage, idle, busy] = [newRecorder(), await makeKey(), await makeKey()];
    usage.note(idle.id, NOW, behind);
    usage.note(idle.id, NOW + 5_000, behind);
    usage.note(busy.id, NOW + 70_000, behind);
    expect(await stored(idle)).toEqual({ lastUsedAt: NOW + 5_000, usageCount: 2 });
  });

  it("only ever moves the instant forward, in whatever order isolates write", async () => {
    const [key, late, early] = [await makeKey(), newRecorder(), newRecorder()];
    late.note(key.id, NOW + 10_000, behind);
    await Promise.all(work);
    early.note(key.id, NOW, behind);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW + 10_000, usageCount: 2 });
  });

  it("is not lost when a write fails, and costs the answer nothing", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    faulty.trouble = new Error("D1_ERROR: internal error");
    usage.note(key.id, NOW, behind);
    await Promise.all(work);
    expect(faults).toEqual(["usage_write"]);
    faulty.trouble = null;
    usage.note(key.id, NOW + 60_000, behind);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW + 60_000, usageCount: 2 });
  });

  it("is counted once when it comes while a write is under way", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    usage.note(key.id, NOW, behind);
    usage.note(key.id, NOW + 1, behind);
    await Promise.all(work);
    usage.note(key.id, NOW + 60_001, behind);
    expect(await stored(key)).toEqual({ lastUsedAt: NOW + 60_001, usageCount: 3 });
  });

  it("does not stay unwritten because the clock was set back", async () => {
    const [usage, key] = [newRecorder(), await makeKey()];
    usage.note(key.id, NOW, behind);
    usage.note(key.id, NOW - 3_600_000, behind);
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
    for (let i = 0; i < 9_000; i += 1) usage.note(`key-${i}`, NOW, behind);
    for (let i = 0; i < 9_000; i += 1) usage.note(`key-${i}`, NOW + 1_000, behind);
    expect(faulty.ran).toHaveLength(9_000);
  });

  it("stays bounded, and writes once more what it has to forget", () => {
    const usage = newRecorder();
    usage.note("used-again", NOW, behind);
    usage.note("used-again", NOW + 1, behind);
    for (let i = 0; i < 10_000; i += 1) usage.note(`key-${i}`, NOW + 2, behind);
    expect(faulty.ran).toHaveLength(10_002);
  });
});
