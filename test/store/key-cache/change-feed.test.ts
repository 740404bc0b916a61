import { beforeEach, describe, expect, it } from "vitest";
import type { KeyRecord } from "../../../src/core/access/principal.ts";
import { createChangeFeedReader } from "../../../src/store/key-cache/change-feed.ts";
import { createCircuitBreaker } from "../../../src/store/lib/circuit-breaker.ts";
import { type FakeClock, fakeClock } from "../../support/fake-clock.ts";
import { aKey } from "../../support/key.ts";
import { behind, DOWN, type ModelledStore, modelledStore } from "../../support/modelled-store.ts";

let clock: FakeClock;
let store: ModelledStore;
let rewinds: number;
beforeEach(() => {
  clock = fakeClock();
  store = modelledStore(clock);
  rewinds = 0;
});

function newFeed(random = () => 0) {
  const breaker = createCircuitBreaker(clock, random);
  const onRewind = () => {
    rewinds += 1;
  };
  return createChangeFeedReader({ source: store.changes, breaker, clock, random, onError: () => undefined, onRewind });
}

const read = (feed: ReturnType<typeof newFeed>) => feed.refresh(behind, Number.NEGATIVE_INFINITY);
const reading = (asOf: number, changes: Partial<KeyRecord> = {}) => ({ record: aKey(changes), asOf });

describe("what the log vouches for", () => {
  it("is no copy at all before the log was read", () => {
    const feed = newFeed();
    expect(feed.isCopyCurrent(reading(1))).toBe(false);
    expect(feed.initialized).toBe(false);
  });

  it("is every reading from the first line on", async () => {
    const feed = newFeed();
    await read(feed);
    expect(feed.isCopyCurrent(reading(1))).toBe(true);
  });

  it("is no version older than the one that the log asks for, of that key alone", async () => {
    const feed = newFeed();
    const hash = store.add();
    store.change(hash, {});
    await read(feed);
    expect(feed.isCurrent(reading(1, { id: "key-1", version: 1 }))).toBe(false);
    expect(feed.isCurrent(reading(1, { id: "key-1", version: 2 }))).toBe(true);
    expect(feed.isCurrent(reading(1, { id: "another", version: 1 }))).toBe(true);
  });

  it("is nothing from before a line that drops everything, and all that came after it", async () => {
    const feed = newFeed();
    store.changeAll();
    await read(feed);
    expect(feed.isCurrent(reading(1))).toBe(false);
    expect(feed.isCurrent(reading(2))).toBe(true);
  });

  it("is no copy from before what the log still tells, however right its version looks", async () => {
    const feed = newFeed();
    const hash = store.add();
    for (let i = 0; i < 5; i += 1) store.change(hash, {});
    store.prune(2);
    await read(feed);
    // The lines 5 and 6 are left: a reading that knows of line 4 misses nothing.
    expect(feed.isCopyCurrent(reading(3, { id: "another" }))).toBe(false);
    expect(feed.isCopyCurrent(reading(4, { id: "another" }))).toBe(true);
  });

  it("is nothing old for an isolate that was cut off for longer than the log lives", async () => {
    const feed = newFeed();
    await read(feed);
    const hash = store.add();
    for (let i = 0; i < 5; i += 1) store.change(hash, {});
    store.prune(1);
    await clock.advance(1);
    await read(feed);
    expect(feed.isCurrent(reading(1, { id: "another" }))).toBe(false);
  });

  it("is what a newer reading than its own says, since nothing later is known", async () => {
    const feed = newFeed();
    await read(feed);
    expect(feed.isCopyCurrent(reading(7))).toBe(true);
  });

  it("stays bounded: after ten thousand changed keys everything older is dropped instead", async () => {
    const feed = newFeed();
    for (let i = 0; i < 10_001; i += 1) store.change(store.add(), {});
    await read(feed);
    expect(feed.isCurrent(reading(store.head() - 1, { id: "another" }))).toBe(false);
    expect(feed.isCurrent(reading(store.head(), { id: "key-1" }))).toBe(true);
  });
});

describe("D1 put back to an earlier point in time", () => {
  it("drops what is remembered, and believes no copy of the time that was undone", async () => {
    const feed = newFeed();
    const hash = store.add();
    for (let i = 0; i < 5; i += 1) store.change(hash, {});
    await read(feed);
    store.restore(hash, aKey({ id: "key-1", version: 2 }), 2);
    await clock.advance(1);
    await read(feed);
    expect(rewinds).toBe(1);
    // What D1 says now is believed, though its version is lower than what the log once asked for.
    expect(feed.isCurrent(reading(2, { id: "key-1", version: 2 }))).toBe(true);
    expect(feed.isCopyCurrent(reading(5, { id: "key-1", version: 5 }))).toBe(false);
    for (let i = 0; i < 9; i += 1) store.change(store.add(), {});
    await clock.advance(1);
    await read(feed);
    expect(feed.isCopyCurrent(reading(6, { id: "key-1", version: 2 }))).toBe(false);
    expect(feed.isCopyCurrent(reading(7, { id: "key-1", version: 2 }))).toBe(true);
  });
});

describe("reading the log", () => {
  it("is one read for fifty calls at once", async () => {
    const feed = newFeed();
    store.d1.delayMs = 20;
    const calls = Array.from({ length: 50 }, () => read(feed));
    await clock.advance(20);
    await Promise.all(calls);
    expect(store.counts.logs).toBe(1);
  });

  it("dates itself to the instant before the read", async () => {
    const feed = newFeed();
    store.d1.delayMs = 300;
    const startedAt = clock.now();
    const done = read(feed);
    await clock.advance(300);
    await done;
    expect(feed.readAt).toBe(startedAt);
  });

  it("is given up after 800 ms", async () => {
    const feed = newFeed();
    store.d1.trouble = "silent";
    const done = expect(read(feed)).rejects.toThrow("the change feed took longer than 800 ms");
    await clock.advance(800);
    await done;
  });

  it("is not tried again within a second of a failure", async () => {
    const feed = newFeed();
    store.d1.trouble = DOWN;
    await expect(read(feed)).rejects.toThrow(DOWN.message);
    store.d1.trouble = null;
    await clock.advance(999);
    await expect(read(feed)).rejects.toThrow("failed a moment ago");
    feed.refreshIfDue(clock.now(), behind);
    expect(store.counts.logs).toBe(1);
    await clock.advance(1);
    await read(feed);
    expect(store.counts.logs).toBe(2);
  });

  it("is due five to six seconds after the last one, each isolate in its own time", async () => {
    const spread = await Promise.all(
      [0, 0.5, 0.999].map(async (chance) => {
        const feed = newFeed(() => chance);
        await read(feed);
        const from = clock.now();
        for (let ms = 4_900; ms < 6_100; ms += 1) {
          const before = store.counts.logs;
          feed.refreshIfDue(from + ms, behind);
          if (store.counts.logs > before) return ms;
        }
        return null;
      }),
    );
    expect(spread).toEqual([5_000, 5_500, 5_999]);
  });

  it("ignores a read that was given up and overtaken", async () => {
    const feed = newFeed();
    let land: (changes: Awaited<ReturnType<typeof store.changes.since>>) => void = () => undefined;
    const slow = { oldestSeq: 1, newestSeq: 1, changes: [] };
    const first = store.changes.since;
    store.changes.since = () =>
      new Promise((resolve) => {
        land = resolve;
      });
    void read(feed).catch(() => undefined);
    clock.jump(900);
    store.changes.since = first;
    store.changeAll();
    await read(feed);
    land(slow);
    await clock.advance(0);
    expect(rewinds).toBe(0);
    expect(feed.isCurrent(reading(1))).toBe(false);
  });

  it("counts for nothing when it began before the clock was set back", async () => {
    const feed = newFeed();
    store.d1.delayMs = 100;
    void read(feed);
    clock.jump(-60_000);
    feed.resetTimestamps();
    await clock.advance(100);
    expect(feed.readAt).toBe(Number.NEGATIVE_INFINITY);
  });
});
