import { beforeEach, describe, expect, it } from "vitest";
import type { KeyRecord } from "../../../src/core/access/principal.ts";
import { createChangeFeedReader } from "../../../src/store/key-cache/change-feed.ts";
import { createCircuitBreaker } from "../../../src/store/lib/circuit-breaker.ts";
import { type FakeClock, fakeClock } from "../../support/fake-clock.ts";
import { aKey } from "../../support/key.ts";
import { DOWN, inBackground, type ModelledStore, modelledStore } from "../../support/modelled-store.ts";

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
  const parts = { onError: () => undefined, onRewind, onRoleChange: () => undefined };
  return createChangeFeedReader({ source: store.changes, breaker, clock, random, ...parts });
}

const read = (feed: ReturnType<typeof newFeed>) => feed.refresh(inBackground, Number.NEGATIVE_INFINITY);
const readOf = (asOf: number, changes: Partial<KeyRecord> = {}) => ({ record: aKey(changes), asOf });

describe("isCurrent and isCopyCurrent", () => {
  it("rejects every copy before the feed was read", () => {
    const feed = newFeed();
    expect(feed.isCopyCurrent(readOf(1))).toBe(false);
    expect(feed.initialized).toBe(false);
  });

  it("accepts every record from the first line on", async () => {
    const feed = newFeed();
    await read(feed);
    expect(feed.isCopyCurrent(readOf(1))).toBe(true);
  });

  it("rejects an older version of a changed key only", async () => {
    const feed = newFeed();
    const hash = store.add();
    store.change(hash, {});
    await read(feed);
    expect(feed.isCurrent(readOf(1, { id: "key-1", version: 1 }))).toBe(false);
    expect(feed.isCurrent(readOf(1, { id: "key-1", version: 2 }))).toBe(true);
    expect(feed.isCurrent(readOf(1, { id: "another", version: 1 }))).toBe(true);
  });

  it("rejects every record from before a line for all keys", async () => {
    const feed = newFeed();
    store.changeAll();
    await read(feed);
    expect(feed.isCurrent(readOf(1))).toBe(false);
    expect(feed.isCurrent(readOf(2))).toBe(true);
  });

  it("rejects a copy from before the oldest line, whatever its version", async () => {
    const feed = newFeed();
    const hash = store.add();
    for (let i = 0; i < 5; i += 1) store.change(hash, {});
    store.prune(2);
    await read(feed);
    // The lines 5 and 6 are left: a record as of line 4 misses none.
    expect(feed.isCopyCurrent(readOf(3, { id: "another" }))).toBe(false);
    expect(feed.isCopyCurrent(readOf(4, { id: "another" }))).toBe(true);
  });

  it("rejects old records when lines were pruned before this isolate read them", async () => {
    const feed = newFeed();
    await read(feed);
    const hash = store.add();
    for (let i = 0; i < 5; i += 1) store.change(hash, {});
    store.prune(1);
    await clock.advance(1);
    await read(feed);
    expect(feed.isCurrent(readOf(1, { id: "another" }))).toBe(false);
  });

  it("does not pause again when a clock that was set back comes to the time of a failure", async () => {
    const feed = newFeed();
    store.d1.trouble = DOWN;
    await expect(read(feed)).rejects.toThrow();
    store.d1.trouble = null;
    await clock.advance(40_000);
    clock.jump(-39_500);
    feed.resetTimestamps();
    await read(feed);
    expect(feed.initialized).toBe(true);
  });

  it("accepts a record that is newer than the feed", async () => {
    const feed = newFeed();
    await read(feed);
    expect(feed.isCopyCurrent(readOf(7))).toBe(true);
  });

  it("rejects the records before the earlier half instead of keeping more than ten thousand changed keys", async () => {
    const feed = newFeed();
    for (let i = 0; i < 10_001; i += 1) store.change(store.add(), {});
    await read(feed);
    const half = store.newestSeq() - 5_000;
    expect(feed.isCurrent(readOf(half - 1, { id: "another" }))).toBe(false);
    expect(feed.isCurrent(readOf(half, { id: "another" }))).toBe(true);
    expect(feed.isCurrent(readOf(half, { id: "key-9999" }))).toBe(false);
  });

  it("rejects the records of one role from before its line, those of a dry run included, and no others", async () => {
    const feed = newFeed();
    const role = { ...aKey().role, id: "role-1" };
    store.changeRole(role);
    await read(feed);
    const candidate = { ...aKey(), role };
    expect(feed.isCurrent(readOf(1, { role }))).toBe(false);
    expect(feed.isCurrent(readOf(1, { dryRun: { id: "d", candidate } }))).toBe(false);
    expect(feed.isCurrent(readOf(2, { role }))).toBe(true);
    expect(feed.isCurrent(readOf(1))).toBe(true);
    expect(feed.isCurrent(readOf(1, { dryRun: { id: "d", candidate: null } }))).toBe(true);
  });
});

describe("a restored D1", () => {
  it("reports a rewind, and rejects copies from the history that was undone", async () => {
    const feed = newFeed();
    const hash = store.add();
    for (let i = 0; i < 5; i += 1) store.change(hash, {});
    await read(feed);
    store.restore(hash, aKey({ id: "key-1", version: 2 }), 2);
    await clock.advance(1);
    await read(feed);
    expect(rewinds).toBe(1);
    // The current record is accepted though its version is lower than one in the history that was undone.
    expect(feed.isCurrent(readOf(2, { id: "key-1", version: 2 }))).toBe(true);
    expect(feed.isCopyCurrent(readOf(5, { id: "key-1", version: 5 }))).toBe(false);
    for (let i = 0; i < 9; i += 1) store.change(store.add(), {});
    await clock.advance(1);
    await read(feed);
    expect(feed.isCopyCurrent(readOf(6, { id: "key-1", version: 2 }))).toBe(false);
    expect(feed.isCopyCurrent(readOf(7, { id: "key-1", version: 2 }))).toBe(true);
  });
});

describe("refresh", () => {
  it("reads the feed once for fifty concurrent requests", async () => {
    const feed = newFeed();
    store.d1.delayMs = 20;
    const requests = Array.from({ length: 50 }, () => read(feed));
    await clock.advance(20);
    await Promise.all(requests);
    expect(store.counts.logs).toBe(1);
  });

  it("takes the time before the read as the time of the read", async () => {
    const feed = newFeed();
    store.d1.delayMs = 300;
    const startedAt = clock.now();
    const done = read(feed);
    await clock.advance(300);
    await done;
    expect(feed.readAt).toBe(startedAt);
  });

  it("times out after 800 ms", async () => {
    const feed = newFeed();
    store.d1.trouble = "silent";
    const done = expect(read(feed)).rejects.toThrow("the change feed took longer than 800 ms");
    await clock.advance(800);
    await done;
  });

  it("does not read again within a second of a failure", async () => {
    const feed = newFeed();
    store.d1.trouble = DOWN;
    await expect(read(feed)).rejects.toThrow(DOWN.message);
    store.d1.trouble = null;
    await clock.advance(999);
    await expect(read(feed)).rejects.toThrow("failed a moment ago");
    feed.refreshIfDue(clock.now(), inBackground);
    expect(store.counts.logs).toBe(1);
    await clock.advance(1);
    await read(feed);
    expect(store.counts.logs).toBe(2);
  });

  it("is due five to six seconds after the last read, with a jitter for each isolate", async () => {
    const spread = await Promise.all(
      [0, 0.5, 0.999].map(async (chance) => {
        const feed = newFeed(() => chance);
        await read(feed);
        const from = clock.now();
        for (let ms = 4_900; ms < 6_100; ms += 1) {
          const before = store.counts.logs;
          feed.refreshIfDue(from + ms, inBackground);
          if (store.counts.logs > before) return ms;
        }
        return null;
      }),
    );
    expect(spread).toEqual([5_000, 5_500, 5_999]);
  });

  it("ignores a read that timed out and was overtaken", async () => {
    const feed = newFeed();
    let resolveFirst: (changes: Awaited<ReturnType<typeof store.changes.since>>) => void = () => undefined;
    const slow = { oldestSeq: 1, newestSeq: 1, changes: [] };
    const first = store.changes.since;
    store.changes.since = () =>
      new Promise((resolve) => {
        resolveFirst = resolve;
      });
    void read(feed).catch(() => undefined);
    clock.jump(900);
    store.changes.since = first;
    store.changeAll();
    await read(feed);
    resolveFirst(slow);
    await clock.advance(0);
    expect(rewinds).toBe(0);
    expect(feed.isCurrent(readOf(1))).toBe(false);
  });

  it("ignores a read from before the clock was set back", async () => {
    const feed = newFeed();
    store.d1.delayMs = 100;
    void read(feed);
    clock.jump(-60_000);
    feed.resetTimestamps();
    await clock.advance(100);
    expect(feed.readAt).toBe(Number.NEGATIVE_INFINITY);
  });
});
