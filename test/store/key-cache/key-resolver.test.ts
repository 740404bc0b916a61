// The key resolver over ports in memory: the cost of a lookup, the freshness of a record, and the effect of a failure.
import { beforeEach, describe, expect, it } from "vitest";
import type { KeyHash, KeyRole } from "../../../src/core/access/principal.ts";
import type { KeyResolver, Need, ResolvedKey } from "../../../src/store/key-cache/ports.ts";
import { type FakeClock, fakeClock } from "../../support/fake-clock.ts";
import { aKey } from "../../support/key.ts";
import {
  DOWN,
  FROM_PRIMARY,
  inBackground,
  type ModelledStore,
  modelledStore,
  READ,
} from "../../support/modelled-store.ts";

let clock: FakeClock;
let store: ModelledStore;
beforeEach(() => {
  clock = fakeClock();
  store = modelledStore(clock);
});

/** A lookup as the gateway makes it: the cache first, then `resolve` with its result awaited. */
async function lookup(
  resolver: KeyResolver,
  hash: KeyHash,
  need: Need = READ,
  background = inBackground,
): Promise<ResolvedKey> {
  const known = need.fromPrimary ? null : resolver.getCached(hash, clock.now(), background);
  if (known !== null) return known;
  const found = await resolver.resolve(store.presented(hash), need, background);
  return "result" in found ? await found.result : found;
}

/** The same, while time passes. */
async function lookupWithin(
  ms: number,
  resolver: KeyResolver,
  hash: KeyHash,
  need: Need = READ,
): Promise<ResolvedKey | Error> {
  const result = lookup(resolver, hash, need).catch((error: Error) => error);
  await clock.advance(ms);
  return result;
}

const revokedAt = () => ({ revokedAt: clock.now() });

it("caches no row that is older than the change log was known to be", async () => {
  const [wide, narrow] = ["wide", "narrow"].map((name) => ({ ...aKey().role, id: "role-1", name })) as [
    KeyRole,
    KeyRole,
  ];
  const hash = store.add({ role: wide });
  const resolver = store.resolver();
  await lookupWithin(100, resolver, hash);
  const before = await store.records.readByHash(hash);
  store.changeRole(narrow);
  await clock.advance(7_000);
  await lookupWithin(100, resolver, hash);
  expect(await lookupWithin(100, resolver, hash)).toMatchObject({ record: { role: narrow } });
  // As a replica would.
  store.records.readByHash = async () => before;
  expect(await lookupWithin(1_000, resolver, hash, FROM_PRIMARY)).toBeInstanceOf(Error);
  expect(await lookupWithin(1_000, resolver, hash)).toMatchObject({ record: { role: narrow } });
});

it("uses no row that is older than the change log was known to be, also when no known line is of its key", async () => {
  const hash = store.add();
  const resolver = store.resolver();
  const before = await store.records.readByHash(hash);
  store.change(store.add(), { name: "another" });
  await lookupWithin(100, resolver, hash);
  await lookupWithin(100, resolver, hash);
  store.change(hash, revokedAt());
  store.records.readByHash = async () => before;
  expect(await lookupWithin(1_000, resolver, hash, FROM_PRIMARY)).toBeInstanceOf(Error);
});

describe("the cost of a lookup", () => {
  it("reads nothing for a cached key", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await lookup(resolver, hash);
    await clock.advance(0);
    store.resetCounts();
    for (let i = 0; i < 1_000; i += 1) await lookup(resolver, hash);
    expect(store.counts).toEqual({ rows: 0, copies: 0, logs: 0, puts: 0 });
  });

  it("reads KV once for an uncached key that KV has", async () => {
    const [resolver, hash, other] = [store.resolver(), store.add(), store.add()];
    await lookup(resolver, other);
    await clock.advance(0);
    store.writeCopy(hash);
    store.resetCounts();
    expect((await lookup(resolver, hash)).source).toBe("kv");
    expect(store.counts).toEqual({ rows: 0, copies: 1, logs: 0, puts: 0 });
  });

  it("reads the row once for an uncached key that KV does not have, and writes it to KV", async () => {
    const [resolver, hash, other] = [store.resolver(), store.add(), store.add()];
    await lookup(resolver, other);
    await clock.advance(0);
    store.resetCounts();
    expect((await lookup(resolver, hash)).source).toBe("d1");
    expect(store.counts).toEqual({ rows: 1, copies: 1, logs: 0, puts: 1 });
  });

  it("reads KV, the row and the feed once for fifty concurrent requests of an uncached key", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    Object.assign(store.d1, { delayMs: 20 });
    Object.assign(store.kv, { delayMs: 5 });
    const requests = Promise.all(Array.from({ length: 50 }, () => lookup(resolver, hash)));
    await clock.advance(100);
    await requests;
    expect(store.counts).toEqual({ rows: 1, copies: 1, logs: 1, puts: 1 });
  });

  it("reads KV and the feed once for fifty concurrent requests of a key that KV has", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    store.writeCopy(hash);
    Object.assign(store.d1, { delayMs: 20 });
    const requests = Promise.all(Array.from({ length: 50 }, () => lookup(resolver, hash)));
    await clock.advance(100);
    await requests;
    expect(store.counts).toEqual({ rows: 0, copies: 1, logs: 1, puts: 0 });
  });

  it("reads the row, and not the feed, for a superseded copy", async () => {
    const [resolver, hash, other] = [store.resolver(), store.add(), store.add()];
    store.writeCopy(hash);
    store.change(hash, {});
    await lookup(resolver, other);
    await clock.advance(0);
    store.resetCounts();
    expect((await lookup(resolver, hash)).record?.version).toBe(2);
    expect(store.counts).toEqual({ rows: 1, copies: 1, logs: 0, puts: 1 });
  });

  it("does not read the feed for a copy that is newer than the feed", async () => {
    const [resolver, hash, other] = [store.resolver(), store.add(), store.add()];
    await lookup(resolver, other);
    await clock.advance(0);
    store.change(hash, {});
    store.writeCopy(hash);
    store.resetCounts();
    await lookup(resolver, hash);
    expect(store.counts).toEqual({ rows: 0, copies: 1, logs: 0, puts: 0 });
  });

  it("reads the row of an unknown key once in five seconds", async () => {
    const resolver = store.resolver();
    const hash = "f".repeat(64) as KeyHash;
    for (let i = 0; i < 49; i += 1) {
      expect((await lookup(resolver, hash)).record).toBeNull();
      await clock.advance(100);
    }
    expect(store.counts.rows).toBe(1);
    await clock.advance(100);
    await lookup(resolver, hash);
    expect(store.counts.rows).toBe(2);
  });

  it("reads the feed once in five to six seconds under steady traffic of many keys", async () => {
    const resolver = store.resolver();
    const hashes = Array.from({ length: 50 }, () => store.add());
    for (const hash of hashes) await lookup(resolver, hash);
    await clock.advance(0);
    store.resetCounts();
    for (let i = 0; i < 600; i += 1) {
      await clock.advance(100);
      for (const hash of hashes) await lookup(resolver, hash);
    }
    expect(store.counts.logs).toBeLessThanOrEqual(12);
    expect(store.counts.logs).toBeGreaterThanOrEqual(10);
    expect(store.counts).toMatchObject({ rows: 0, copies: 0 });
  });

  it("reads nothing for as many keys in turn as it may cache", async () => {
    const resolver = store.resolver({ cacheSize: 100 });
    const hashes = Array.from({ length: 100 }, () => store.add());
    for (const hash of hashes) await lookup(resolver, hash);
    store.resetCounts();
    for (let i = 0; i < 500; i += 1) await lookup(resolver, hashes[i % 100] as KeyHash);
    expect(store.counts).toEqual({ rows: 0, copies: 0, logs: 0, puts: 0 });
  });

  it("caches no more keys than its limit", async () => {
    const resolver = store.resolver({ cacheSize: 10 });
    const hashes = Array.from({ length: 100 }, () => store.add());
    for (const hash of hashes) await lookup(resolver, hash);
    expect(
      hashes.filter((hash) => resolver.getCached(hash, clock.now(), inBackground) !== null).length,
    ).toBeLessThanOrEqual(10);
  });
});

describe("freshness of a record", () => {
  it("serves a revoked key to reads for at most ten seconds", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await lookup(resolver, hash);
    await clock.advance(1);
    store.change(hash, revokedAt());
    let accepted = 0;
    for (let ms = 0; ms <= 20_000; ms += 100) {
      if ((await lookup(resolver, hash)).record?.revokedAt === null) accepted = ms;
      await clock.advance(100);
    }
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThanOrEqual(10_000);
  });

  it("reads the row for a request that requires the primary, and caches the result", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await lookup(resolver, hash);
    store.change(hash, revokedAt());
    expect((await lookup(resolver, hash, FROM_PRIMARY)).record?.revokedAt).not.toBeNull();
    // The result is cached for reads as well.
    expect((await lookup(resolver, hash)).record?.revokedAt).not.toBeNull();
  });

  it("does not join a read for a request that requires the primary", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    store.d1.delayMs = 50;
    const first = lookup(resolver, hash, FROM_PRIMARY);
    await clock.advance(10);
    store.change(hash, revokedAt());
    const second = lookup(resolver, hash, FROM_PRIMARY);
    await clock.advance(100);
    expect((await first).record?.revokedAt).toBeNull();
    expect((await second).record?.revokedAt).not.toBeNull();
  });

  it("reads nothing for a key that is cached as revoked", async () => {
    const [resolver, hash] = [store.resolver(), store.add({ revokedAt: 1 })];
    await lookup(resolver, hash);
    await clock.advance(60_000);
    store.resetCounts();
    for (const need of [READ, FROM_PRIMARY]) expect((await lookup(resolver, hash, need)).record?.revokedAt).toBe(1);
    expect(store.counts).toEqual({ rows: 0, copies: 0, logs: 0, puts: 0 });
  });

  it.each([1_000, 15_000])(
    "reads the row of a key in use again after three minutes, behind a response, with a request every %d ms",
    async (everyMs) => {
      const [resolver, hash] = [store.resolver(), store.add()];
      await lookup(resolver, hash);
      await clock.advance(0);
      store.resetCounts();
      for (let ms = 0; ms < 200_000; ms += everyMs) {
        await lookup(resolver, hash);
        await clock.advance(everyMs);
      }
      expect(store.counts).toMatchObject({ rows: 1, copies: 0, puts: 0 });
    },
  );

  it("serves what the row of a key says three minutes after it was changed without a line in the log", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await lookup(resolver, hash);
    const row = await store.records.readByHash(hash);
    store.records.readByHash = async () => row && { ...row, record: { ...row.record, name: "changed by hand" } };
    for (let second = 0; second < 182; second += 1) {
      await lookup(resolver, hash);
      await clock.advance(1_000);
    }
    expect((await lookup(resolver, hash)).record?.name).toBe("changed by hand");
  });

  it("reads an old record again every minute, and drops it after ten", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await lookup(resolver, hash);
    store.stored.clear();
    store.resetCounts();
    const readByHash = store.records.readByHash;
    store.records.readByHash = (each) => readByHash(each).then(() => Promise.reject(DOWN));
    for (let second = 0; second < 600; second += 5) {
      expect((await lookup(resolver, hash)).record?.id).toBe("key-1");
      await clock.advance(5_000);
    }
    expect(store.counts.rows).toBe(8);
    await expect(lookup(resolver, hash)).rejects.toThrow(DOWN.message);
  });

  it("does not replace a cached record by a slower, older read", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    store.d1.delayMs = 500;
    const slow = lookup(resolver, hash, FROM_PRIMARY);
    await clock.advance(10);
    store.change(hash, revokedAt());
    store.d1.delayMs = 5;
    const quick = lookup(resolver, hash, FROM_PRIMARY);
    await clock.advance(600);
    await Promise.all([slow, quick]);
    expect(resolver.getCached(hash, clock.now(), inBackground)?.record?.revokedAt).not.toBeNull();
  });

  it("does not replace a cached record by a late copy from KV", async () => {
    const [resolver, hash, other] = [store.resolver(), store.add(), store.add()];
    store.writeCopy(hash);
    await lookup(resolver, other);
    await clock.advance(1);
    store.kv.delayMs = 50;
    const uncached = lookup(resolver, hash);
    await clock.advance(10);
    store.change(hash, revokedAt());
    await lookup(resolver, hash, FROM_PRIMARY);
    await clock.advance(50);
    await uncached;
    expect(resolver.getCached(hash, clock.now(), inBackground)?.record?.revokedAt).not.toBeNull();
  });

  it("serves a record for ten seconds though the feed could not be read yet", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    const since = store.changes.since;
    store.changes.since = () => Promise.reject(DOWN);
    await lookup(resolver, hash);
    await clock.advance(5_000);
    store.changes.since = since;
    store.resetCounts();
    await lookup(resolver, hash);
    expect(store.counts).toMatchObject({ rows: 0, copies: 0 });
  });
});

describe("a cached record that is not fresh", () => {
  it("returns a stale record before its confirmation, and confirms it with one read of the feed", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await lookup(resolver, hash);
    await clock.advance(60_000);
    store.resetCounts();
    store.d1.delayMs = 100;
    const found = await resolver.resolve(
      store.presented(hash),
      { fromPrimary: false, allowUnconfirmed: true },
      inBackground,
    );
    expect("result" in found && found.cached.id).toBe("key-1");
    await clock.advance(100);
    expect("result" in found && (await found.result).record?.id).toBe("key-1");
    expect(store.counts).toEqual({ rows: 0, copies: 0, logs: 1, puts: 0 });
  });

  it("replaces a superseded record by the row", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await lookup(resolver, hash);
    await clock.advance(60_000);
    store.change(hash, revokedAt());
    const found = await resolver.resolve(
      store.presented(hash),
      { fromPrimary: false, allowUnconfirmed: true },
      inBackground,
    );
    expect("result" in found && (await found.result).record?.revokedAt).not.toBeNull();
  });

  it("returns a cached record or a copy before the row that the request requires", async () => {
    const [resolver, hash, uncached] = [store.resolver(), store.add(), store.add()];
    await lookup(resolver, hash);
    store.d1.delayMs = 20;
    const copies = await resolver.resolve(
      store.presented(hash),
      { fromPrimary: true, allowUnconfirmed: true },
      inBackground,
    );
    expect("result" in copies).toBe(true);
    store.kv.delayMs = 70;
    const found = resolver.resolve(
      store.presented(uncached),
      { fromPrimary: true, allowUnconfirmed: true },
      inBackground,
    );
    await clock.advance(20);
    // The row came before KV, so there is nothing to confirm.
    expect("record" in (await found)).toBe(true);
  });
});

describe("an outage of D1", () => {
  async function cachedKey(settings = {}) {
    const [resolver, hash] = [store.resolver(settings), store.add()];
    await lookup(resolver, hash);
    await clock.advance(0);
    return { resolver, hash };
  }

  it("serves a cached record as degraded within the stale-if-error window, and then throws", async () => {
    const { resolver, hash } = await cachedKey();
    store.d1.trouble = DOWN;
    await clock.advance(9_999);
    expect(await lookup(resolver, hash)).toMatchObject({ degraded: false });
    await clock.advance(1);
    expect(await lookup(resolver, hash)).toMatchObject({ degraded: true, source: "memory" });
    await clock.advance(59_999);
    expect(await lookup(resolver, hash)).toMatchObject({ degraded: true, ageMs: 69_999 });
    await clock.advance(1);
    await expect(lookup(resolver, hash)).rejects.toThrow();
  });

  it("serves no stale record with STALE_IF_ERROR_SECONDS=0", async () => {
    const { resolver, hash } = await cachedKey({ staleIfErrorMs: 0 });
    store.d1.trouble = DOWN;
    await clock.advance(10_000);
    await expect(lookup(resolver, hash)).rejects.toThrow();
  });

  it("serves a copy from KV within the stale-if-error window, and reads KV once", async () => {
    const { resolver } = await cachedKey();
    const uncached = store.add();
    store.writeCopy(uncached);
    store.d1.trouble = DOWN;
    await clock.advance(20_000);
    store.resetCounts();
    for (let i = 0; i < 5; i += 1) expect(await lookup(resolver, uncached)).toMatchObject({ degraded: true });
    expect(store.counts.copies).toBe(1);
  });

  it("throws for an uncached key, instead of a miss", async () => {
    const { resolver } = await cachedKey();
    store.d1.trouble = DOWN;
    await expect(lookup(resolver, store.add())).rejects.toThrow(DOWN.message);
  });

  it("throws at once for a request that requires the primary", async () => {
    const { resolver, hash } = await cachedKey();
    store.d1.trouble = DOWN;
    await expect(lookup(resolver, hash, FROM_PRIMARY)).rejects.toThrow(DOWN.message);
  });

  it("returns a revoked record from the cache or KV without D1", async () => {
    const [resolver, hash, uncached] = [store.resolver(), store.add({ revokedAt: 1 }), store.add({ revokedAt: 2 })];
    await lookup(resolver, hash);
    store.writeCopy(uncached);
    store.d1.trouble = DOWN;
    await clock.advance(3_600_000);
    expect((await lookup(resolver, uncached)).record?.revokedAt).toBe(2);
    expect((await lookup(store.resolver(), uncached)).record?.revokedAt).toBe(2);
  });

  it("returns a cached expired record without D1", async () => {
    const [resolver, hash] = [store.resolver(), store.add({ expiresAt: clock.now() + 30_000 })];
    await lookup(resolver, hash);
    store.d1.trouble = DOWN;
    await clock.advance(120_000);
    expect((await lookup(resolver, hash)).record?.expiresAt).toBe(clock.now() - 90_000);
  });

  it("reads an expired record again until D1 has confirmed it ten seconds after its expiry", async () => {
    const [resolver, hash] = [store.resolver(), store.add({ expiresAt: clock.now() + 5_000 })];
    await lookup(resolver, hash, FROM_PRIMARY);
    await clock.advance(6_000);
    store.change(hash, { expiresAt: clock.now() + 60_000 });
    expect((await lookup(resolver, hash, FROM_PRIMARY)).record?.expiresAt).toBe(clock.now() + 60_000);
    await clock.advance(71_000);
    store.resetCounts();
    for (let i = 0; i < 3; i += 1) await lookup(resolver, hash, FROM_PRIMARY);
    expect(store.counts.rows).toBe(1);
  });

  it("serves no copy from KV when the feed was never read", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    store.writeCopy(hash);
    store.d1.trouble = DOWN;
    await expect(lookup(resolver, hash)).rejects.toThrow("the change feed failed a moment ago");
  });

  it("waits no longer than its time limits for a silent D1", async () => {
    const { resolver, hash } = await cachedKey();
    store.d1.trouble = "silent";
    await clock.advance(10_000);
    expect(await lookupWithin(800, resolver, hash)).toMatchObject({ degraded: true });
    expect(await lookupWithin(1_000, resolver, hash, FROM_PRIMARY)).toBeInstanceOf(Error);
    store.kv.trouble = "silent";
    expect(await lookupWithin(1_500, resolver, store.add())).toBeInstanceOf(Error);
  });

  it("reports a failed read of the feed once", async () => {
    const { resolver, hash } = await cachedKey();
    store.d1.trouble = DOWN;
    await clock.advance(10_000);
    for (let i = 0; i < 20; i += 1) await lookup(resolver, hash);
    expect(store.errors).toEqual(["change_feed"]);
  });
});

describe("an outage of KV", () => {
  it("reads D1 after 75 ms beside a KV that does not answer, and reports KV after 400 ms", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    store.kv.trouble = "silent";
    expect(await lookupWithin(75, resolver, hash)).toMatchObject({ source: "d1" });
    await clock.advance(325);
    expect(store.errors).toContain("kv_read");
  });

  it("reads D1 when KV throws, and returns the record though KV cannot be written", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    store.kv.trouble = new Error("KV GET failed: 500");
    expect(await lookup(resolver, hash)).toMatchObject({ source: "d1" });
    await clock.advance(0);
    expect(store.errors).toEqual(["kv_read", "kv_write"]);
  });

  it("reads D1 when KV has no copy", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    expect((await lookup(resolver, hash)).record?.id).toBe("key-1");
  });
});

describe("invalidate", () => {
  it("reads the feed before it serves a cached record after an invalidation", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await lookup(resolver, hash);
    await clock.advance(1);
    store.change(hash, revokedAt());
    resolver.invalidate(["key-1"], inBackground);
    await clock.advance(1);
    expect((await lookup(resolver, hash)).record?.revokedAt).not.toBeNull();
  });

  it("does not accept a read of the feed that began before the invalidation", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await lookup(resolver, hash);
    await clock.advance(5_600);
    store.d1.delayMs = 50;
    resolver.getCached(hash, clock.now(), inBackground);
    store.change(hash, revokedAt());
    resolver.invalidate(["key-1"], inBackground);
    await clock.advance(1);
    const result = lookup(resolver, hash);
    await clock.advance(200);
    expect((await result).record?.revokedAt).not.toBeNull();
  });

  it("serves no stale record after an invalidation", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await lookup(resolver, hash);
    await clock.advance(1);
    store.change(hash, revokedAt());
    resolver.invalidate(["key-1"], inBackground);
    store.d1.trouble = DOWN;
    await expect(lookup(resolver, hash)).rejects.toThrow();
  });
});

describe("a clock rollback", () => {
  it("reads a cached key again after the clock was set back", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await lookup(resolver, hash);
    await clock.advance(8_000);
    store.change(hash, revokedAt());
    clock.jump(-3_600_000);
    expect((await lookup(resolver, hash)).record?.revokedAt).not.toBeNull();
  });

  it("reads a cached key again after the clock was set back by less than the record's age", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await lookup(resolver, hash);
    await clock.advance(1);
    store.change(hash, revokedAt());
    await clock.advance(4_900);
    resolver.getCached(hash, clock.now(), inBackground);
    clock.jump(-4_500);
    resolver.getCached(hash, clock.now(), inBackground);
    // By the clock nine seconds have passed since D1 was read; in fact it has been fourteen.
    await clock.advance(9_000);
    expect((await lookup(resolver, hash)).record?.revokedAt).not.toBeNull();
  });

  it("does not keep a read fresh that was running when the clock was set back", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    store.d1.delayMs = 100;
    const slow = lookup(resolver, hash, FROM_PRIMARY);
    await clock.advance(50);
    clock.jump(-3_600_000);
    const other = lookup(resolver, store.add());
    await clock.advance(300);
    await Promise.all([slow, other]);
    store.change(hash, revokedAt());
    await clock.advance(20_000);
    const result = lookup(resolver, hash);
    await clock.advance(300);
    expect((await result).record?.revokedAt).not.toBeNull();
  });

  it("fills the cache once after the clock was set back", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await lookup(resolver, hash);
    clock.jump(-3_600_000);
    store.resetCounts();
    for (let i = 0; i < 100; i += 1) {
      await lookup(resolver, hash);
      await clock.advance(1);
    }
    expect(store.counts.rows + store.counts.copies + store.counts.logs).toBeLessThanOrEqual(3);
  });

  it("tolerates a clock that is out of order by a few milliseconds", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await lookup(resolver, hash);
    await clock.advance(100);
    await lookup(resolver, hash);
    clock.jump(-20);
    store.resetCounts();
    await lookup(resolver, hash);
    expect(store.counts).toEqual({ rows: 0, copies: 0, logs: 0, puts: 0 });
  });
});

describe("a restored D1", () => {
  it("allows a key again within ten seconds when its revocation was undone by a restore", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    const seq = store.newestSeq();
    await lookup(resolver, hash);
    await clock.advance(1);
    store.change(hash, revokedAt());
    await lookup(resolver, hash, FROM_PRIMARY);
    store.writeCopy(hash);
    await clock.advance(10_000);
    await lookup(resolver, store.add());
    await clock.advance(0);
    store.restore(hash, aKey({ id: "key-1" }), seq);
    await clock.advance(10_000);
    await lookup(resolver, store.add());
    await clock.advance(0);
    expect((await lookup(resolver, hash)).record?.revokedAt).toBeNull();
  });

  it("reads rows of lower versions than lines of the change log say that are from before the restore", async () => {
    const hash = store.add();
    const resolver = store.resolver();
    await lookup(resolver, hash);
    const before = aKey({ id: "key-1" });
    for (const name of ["edited", "edited again"]) store.change(hash, { name });
    await clock.advance(10_000);
    await lookup(resolver, hash);
    store.restore(hash, before, store.newestSeq());
    store.changeAll();
    await clock.advance(10_000);
    for (const each of [resolver, store.resolver()]) {
      expect(await lookup(each, hash)).toMatchObject({ record: { name: before.name } });
      await clock.advance(10_000);
      expect(await lookup(each, hash, FROM_PRIMARY)).toMatchObject({ record: { name: before.name } });
    }
  });
});

describe("checkReady", () => {
  it("reads D1 at most once in five seconds, and throws when that fails", async () => {
    const resolver = store.resolver();
    for (let i = 0; i < 50; i += 1) {
      await resolver.checkReady(inBackground);
      await clock.advance(99);
    }
    expect(store.counts.logs).toBe(1);
    store.d1.trouble = DOWN;
    await clock.advance(5_000);
    await expect(resolver.checkReady(inBackground)).rejects.toThrow(DOWN.message);
  });
});
