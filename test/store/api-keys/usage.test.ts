// The usage of keys in a real D1: how often it is written, and that its time only moves forward.
import { beforeEach, describe, expect, it } from "vitest";
import { type Address, parseAddress } from "../../../src/core/ip/ip-address.ts";
import type { ApiKeyDetails } from "../../../src/store/api-keys/port.ts";
import { createUsageRecorder, RECORD_USES } from "../../../src/store/api-keys/usage.ts";
import type { Background } from "../../../src/store/common.ts";
import { type FakeClock, fakeClock } from "../../support/fake-clock.ts";
import { type FaultyD1, faultyD1 } from "../../support/faulty-d1.ts";
import { ACCOUNT, db, keys, makeAccounts, makeKey, NOW } from "../builders.ts";

let clock: FakeClock;
let faulty: FaultyD1;
let work: Promise<unknown>[];
let errors: string[];
beforeEach(async () => {
  await makeAccounts();
  clock = fakeClock(NOW);
  faulty = faultyD1(db);
  work = [];
  errors = [];
});

const ADDRESS = "192.0.2.1";
/** A recorder that looks for no new networks. */
const recorderOf = (maxKeys: number, intervalMs = 60_000) => {
  const usage = createUsageRecorder(faulty.db, { maxKeys, clock, intervalMs }, { see: () => undefined }, (what) =>
    errors.push(what),
  );
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
  return faulty.ran.filter((sql) => sql === RECORD_USES).length;
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

  it("writes a key in use once in its interval, and once a minute while it has a hundred uses", async () => {
    const [usage, seldom, often] = [recorderOf(10_000, 3_600_000), await makeKey(), await makeKey()];
    const uses = async ({ id }: ApiKeyDetails, from: number, count: number) => {
      for (let i = 0; i < count; i += 1) usage.record(id, NOW + from + i, ADDRESS, background);
      await clock.advance(250);
    };
    await uses(seldom, 0, 1);
    await uses(often, 1_000, 1);
    await uses(seldom, 61_000, 99);
    await uses(often, 62_000, 100);
    expect([await stored(seldom), await stored(often)]).toMatchObject([{ usageCount: 1 }, { usageCount: 101 }]);
    await uses(often, 63_000, 200);
    expect(await stored(often)).toMatchObject({ usageCount: 101 });
    await uses(often, 122_100, 1);
    expect(await stored(often)).toMatchObject({ usageCount: 302 });
    await uses(seldom, 3_600_000, 1);
    expect(await stored(seldom)).toEqual({ lastUsedAt: NOW + 3_600_000, usageCount: 101 });
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
  const many = (count: number) => Array.from({ length: count }, (_, i) => `key-${i}`);
  const keysOf = (statements: readonly (readonly unknown[])[]) =>
    statements.map(([uses]) => (JSON.parse(String(uses)) as { id: string }[]).map(({ id }) => id));
  let bound: unknown[][];
  beforeEach(() => {
    bound = [];
    // D1 never answers in these tests: they look at the statements that are sent.
    const run = () => new Promise(() => undefined);
    const bind = (...values: unknown[]) => {
      bound.push(values);
      return { run };
    };
    faulty = { ...faulty, db: { prepare: () => ({ bind }) } as never };
  });

  it("gathers the uses of other keys for a quarter of a second, and writes a hundred keys with one statement", async () => {
    const usage = newRecorder();
    for (const id of many(250)) usage.record(id, NOW, ADDRESS, background);
    expect(keysOf(bound).map(({ length }) => length)).toEqual([1, 100, 100]);
    await clock.advance(249);
    expect(bound).toHaveLength(3);
    await clock.advance(1);
    expect(keysOf(bound).flat()).toEqual(many(250));
  });

  it("writes what was gathered when the request that would have done so was canceled", async () => {
    const usage = newRecorder();
    for (const id of many(3)) usage.record(id, NOW, ADDRESS, background);
    usage.record("later", NOW + 250, ADDRESS, background);
    expect(keysOf(bound)).toEqual([["key-0"], ["later", "key-1", "key-2"]]);
    await clock.advance(1_000);
    expect(bound).toHaveLength(2);
  });

  it("writes less than one statement in fifty uses of 100,000 keys in turn, of which it keeps 10,000", async () => {
    const usage = newRecorder();
    for (let i = 0; i < 100_000; i += 1) {
      usage.record(`key-${i}`, clock.now(), ADDRESS, background);
      // A thousand requests in a second.
      if (i % 250 === 249) await clock.advance(250);
    }
    await clock.advance(1_000);
    expect(bound.length / 100_000).toBeLessThanOrEqual(0.02);
    expect(keysOf(bound).flat().sort()).toEqual(many(100_000).sort());
  });

  it("writes each of 9,000 keys once a minute", async () => {
    const usage = newRecorder();
    for (const ms of [0, 1_000]) for (const id of many(9_000)) usage.record(id, NOW + ms, ADDRESS, background);
    await clock.advance(1_000);
    expect(keysOf(bound).flat().sort()).toEqual(many(9_000).sort());
  });

  it("writes five hundred due keys with one request, and the others with the following ones", async () => {
    const usage = newRecorder();
    for (const ms of [0, 1_000]) {
      for (const id of many(1_200)) usage.record(id, NOW + ms, ADDRESS, background);
      await clock.advance(1_000);
    }
    bound = [];
    const counts: number[] = [];
    for (let second = 70; second < 73; second++) {
      usage.record(`new-${second}`, NOW + second * 1_000, ADDRESS, background);
      counts.push(keysOf(bound).flat().length);
    }
    expect(counts).toEqual([500, 1_000, 1_203]);
  });

  it("writes the unwritten uses of evicted keys, also of one that is used again meanwhile", async () => {
    const usage = newRecorder();
    for (const ms of [0, 1]) usage.record("used-again", NOW + ms, ADDRESS, background);
    for (const id of many(10_000)) usage.record(id, NOW + 2, ADDRESS, background);
    usage.record("used-again", NOW + 3, ADDRESS, background);
    await clock.advance(1_000);
    const written = bound.flatMap(([uses]) => JSON.parse(String(uses)) as { id: string; count: number }[]);
    const counts = written.filter(({ id }) => id === "used-again").map(({ count }) => count);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
    for (const statement of keysOf(bound)) expect(new Set(statement).size).toBe(statement.length);
  });
});
