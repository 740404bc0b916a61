// The finder over ports in memory: what a look-up costs, how long a record is believed, and what a failure means.
import { beforeEach, describe, expect, it } from "vitest";
import type { KeyHash } from "../../../src/core/access/principal.ts";
import type { KeyResolver, Need, ResolvedKey } from "../../../src/store/key-cache/ports.ts";
import { type FakeClock, fakeClock } from "../../support/fake-clock.ts";
import { aKey } from "../../support/key.ts";
import { behind, DOWN, FROM_PRIMARY, type ModelledStore, modelledStore, READ } from "../../support/modelled-store.ts";

let clock: FakeClock;
let store: ModelledStore;
beforeEach(() => {
  clock = fakeClock();
  store = modelledStore(clock);
});

/** A call as the door makes it: what is remembered first, then whatever it takes, for as long as it takes. */
async function look(
  resolver: KeyResolver,
  hash: KeyHash,
  need: Need = READ,
  background = behind,
): Promise<ResolvedKey> {
  const known = need.fromPrimary ? null : resolver.getCached(hash, clock.now(), background);
  if (known !== null) return known;
  const found = await resolver.resolve(hash, need, background);
  return "result" in found ? await found.result : found;
}

/** The same, with time passing until it is answered. */
async function lookFor(
  ms: number,
  resolver: KeyResolver,
  hash: KeyHash,
  need: Need = READ,
): Promise<ResolvedKey | Error> {
  const looked = look(resolver, hash, need).catch((error: Error) => error);
  await clock.advance(ms);
  return looked;
}

const revokedAt = () => ({ revokedAt: clock.now() });

describe("what a look-up costs", () => {
  it("is nothing for a key that is remembered", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await look(resolver, hash);
    await clock.advance(0);
    store.resetCounts();
    for (let i = 0; i < 1_000; i += 1) await look(resolver, hash);
    expect(store.counts).toEqual({ rows: 0, copies: 0, logs: 0, puts: 0 });
  });

  it("is one KV read for a cold key that KV has", async () => {
    const [resolver, hash, other] = [store.resolver(), store.add(), store.add()];
    await look(resolver, other);
    await clock.advance(0);
    store.warmUp(hash);
    store.resetCounts();
    expect((await look(resolver, hash)).source).toBe("kv");
    expect(store.counts).toEqual({ rows: 0, copies: 1, logs: 0, puts: 0 });
  });

  it("is one row read for a cold key that KV does not have, and KV is told behind the answer", async () => {
    const [resolver, hash, other] = [store.resolver(), store.add(), store.add()];
    await look(resolver, other);
    await clock.advance(0);
    store.resetCounts();
    expect((await look(resolver, hash)).source).toBe("d1");
    expect(store.counts).toEqual({ rows: 1, copies: 1, logs: 0, puts: 1 });
  });

  it("is one KV read, one row read and one feed read for fifty cold calls at once", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    Object.assign(store.d1, { delayMs: 20 });
    Object.assign(store.kv, { delayMs: 5 });
    const calls = Promise.all(Array.from({ length: 50 }, () => look(resolver, hash)));
    await clock.advance(100);
    await calls;
    expect(store.counts).toEqual({ rows: 1, copies: 1, logs: 1, puts: 1 });
  });

  it("is one KV read and one feed read for fifty cold calls at once of a key that KV has", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    store.warmUp(hash);
    Object.assign(store.d1, { delayMs: 20 });
    const calls = Promise.all(Array.from({ length: 50 }, () => look(resolver, hash)));
    await clock.advance(100);
    await calls;
    expect(store.counts).toEqual({ rows: 0, copies: 1, logs: 1, puts: 0 });
  });

  it("is a row read, and no feed read, for a copy that the log speaks against", async () => {
    const [resolver, hash, other] = [store.resolver(), store.add(), store.add()];
    store.warmUp(hash);
    store.change(hash, {});
    await look(resolver, other);
    await clock.advance(0);
    store.resetCounts();
    expect((await look(resolver, hash)).record?.version).toBe(2);
    expect(store.counts).toEqual({ rows: 1, copies: 1, logs: 0, puts: 1 });
  });

  it("is no extra feed read for a copy that is newer than the feed", async () => {
    const [resolver, hash, other] = [store.resolver(), store.add(), store.add()];
    await look(resolver, other);
    await clock.advance(0);
    store.change(hash, {});
    store.warmUp(hash);
    store.resetCounts();
    await look(resolver, hash);
    expect(store.counts).toEqual({ rows: 0, copies: 1, logs: 0, puts: 0 });
  });

  it("is one row read in five seconds for a key that does not exist", async () => {
    const resolver = store.resolver();
    const hash = "f".repeat(64) as KeyHash;
    for (let i = 0; i < 49; i += 1) {
      expect((await look(resolver, hash)).record).toBeNull();
      await clock.advance(100);
    }
    expect(store.counts.rows).toBe(1);
    await clock.advance(100);
    await look(resolver, hash);
    expect(store.counts.rows).toBe(2);
  });

  it("is one feed read in five to six seconds under steady traffic, whatever the number of keys", async () => {
    const resolver = store.resolver();
    const hashes = Array.from({ length: 50 }, () => store.add());
    for (const hash of hashes) await look(resolver, hash);
    await clock.advance(0);
    store.resetCounts();
    for (let i = 0; i < 600; i += 1) {
      await clock.advance(100);
      for (const hash of hashes) await look(resolver, hash);
    }
    expect(store.counts.logs).toBeLessThanOrEqual(12);
    expect(store.counts.logs).toBeGreaterThanOrEqual(10);
    expect(store.counts).toMatchObject({ rows: 0, copies: 0 });
  });

  it("stays within the memory's limit for ever more keys", async () => {
    const resolver = store.resolver({ cacheSize: 10 });
    const hashes = Array.from({ length: 100 }, () => store.add());
    for (const hash of hashes) await look(resolver, hash);
    expect(hashes.filter((hash) => resolver.getCached(hash, clock.now(), behind) !== null).length).toBeLessThanOrEqual(
      10,
    );
  });
});

describe("a record", () => {
  it("is refused to a read at most ten seconds after its revocation, and served until the feed has told", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await look(resolver, hash);
    await clock.advance(1);
    store.change(hash, revokedAt());
    let accepted = 0;
    for (let ms = 0; ms <= 20_000; ms += 100) {
      if ((await look(resolver, hash)).record?.revokedAt === null) accepted = ms;
      await clock.advance(100);
    }
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThanOrEqual(10_000);
  });

  it("is what the row says now for a call that has to be sure, however fresh the memory", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await look(resolver, hash);
    store.change(hash, revokedAt());
    expect((await look(resolver, hash, FROM_PRIMARY)).record?.revokedAt).not.toBeNull();
    // And what was learnt so holds for reads from then on.
    expect((await look(resolver, hash)).record?.revokedAt).not.toBeNull();
  });

  it("joins nobody else's read when it has to be sure", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    store.d1.delayMs = 50;
    const first = look(resolver, hash, FROM_PRIMARY);
    await clock.advance(10);
    store.change(hash, revokedAt());
    const second = look(resolver, hash, FROM_PRIMARY);
    await clock.advance(100);
    expect((await first).record?.revokedAt).toBeNull();
    expect((await second).record?.revokedAt).not.toBeNull();
  });

  it("costs nothing more once it is known to be dead", async () => {
    const [resolver, hash] = [store.resolver(), store.add({ revokedAt: 1 })];
    await look(resolver, hash);
    await clock.advance(60_000);
    store.resetCounts();
    for (const need of [READ, FROM_PRIMARY]) expect((await look(resolver, hash, need)).record?.revokedAt).toBe(1);
    expect(store.counts).toEqual({ rows: 0, copies: 0, logs: 0, puts: 0 });
  });

  it("is read anew after ten minutes at the latest, however often it is used", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await look(resolver, hash);
    await clock.advance(0);
    store.stored.clear();
    store.resetCounts();
    for (let second = 0; second < 610; second += 1) {
      await look(resolver, hash);
      await clock.advance(1_000);
    }
    expect(store.counts.rows).toBe(1);
  });

  it("is not put back by a slow read that a later one has overtaken", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    store.d1.delayMs = 500;
    const slow = look(resolver, hash, FROM_PRIMARY);
    await clock.advance(10);
    store.change(hash, revokedAt());
    store.d1.delayMs = 5;
    const quick = look(resolver, hash, FROM_PRIMARY);
    await clock.advance(600);
    await Promise.all([slow, quick]);
    expect(resolver.getCached(hash, clock.now(), behind)?.record?.revokedAt).not.toBeNull();
  });

  it("is not put back by a copy out of KV that comes late", async () => {
    const [resolver, hash, other] = [store.resolver(), store.add(), store.add()];
    store.warmUp(hash);
    await look(resolver, other);
    await clock.advance(1);
    store.kv.delayMs = 50;
    const cold = look(resolver, hash);
    await clock.advance(10);
    store.change(hash, revokedAt());
    await look(resolver, hash, FROM_PRIMARY);
    await clock.advance(50);
    await cold;
    expect(resolver.getCached(hash, clock.now(), behind)?.record?.revokedAt).not.toBeNull();
  });

  it("is believed for its ten seconds though the log could not be read yet", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    const since = store.changes.since;
    store.changes.since = () => Promise.reject(DOWN);
    await look(resolver, hash);
    await clock.advance(5_000);
    store.changes.since = since;
    store.resetCounts();
    await look(resolver, hash);
    expect(store.counts).toMatchObject({ rows: 0, copies: 0 });
  });
});

describe("a record at hand that is too old", () => {
  it("is handed out before its confirmation, and confirmed by one feed read", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await look(resolver, hash);
    await clock.advance(60_000);
    store.resetCounts();
    store.d1.delayMs = 100;
    const found = await resolver.resolve(hash, { fromPrimary: false, allowUnconfirmed: true }, behind);
    expect("result" in found && found.cached.id).toBe("key-1");
    await clock.advance(100);
    expect("result" in found && (await found.result).record?.id).toBe("key-1");
    expect(store.counts).toEqual({ rows: 0, copies: 0, logs: 1, puts: 0 });
  });

  it("is replaced by the row when the log speaks against it", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await look(resolver, hash);
    await clock.advance(60_000);
    store.change(hash, revokedAt());
    const found = await resolver.resolve(hash, { fromPrimary: false, allowUnconfirmed: true }, behind);
    expect("result" in found && (await found.result).record?.revokedAt).not.toBeNull();
  });

  it("goes ahead of an fromPrimary read as well, out of memory or KV, whichever read ends first", async () => {
    const [resolver, hash, cold] = [store.resolver(), store.add(), store.add()];
    await look(resolver, hash);
    store.d1.delayMs = 20;
    const copies = await resolver.resolve(hash, { fromPrimary: true, allowUnconfirmed: true }, behind);
    expect("result" in copies).toBe(true);
    store.kv.delayMs = 70;
    const found = resolver.resolve(cold, { fromPrimary: true, allowUnconfirmed: true }, behind);
    await clock.advance(20);
    // The row was faster than KV: there is nothing to go ahead with, and nothing to wait for.
    expect("record" in (await found)).toBe(true);
  });
});

describe("when D1 cannot be asked", () => {
  async function remembered(settings = {}) {
    const [resolver, hash] = [store.resolver(settings), store.add()];
    await look(resolver, hash);
    await clock.advance(0);
    return { finder: resolver, hash };
  }

  it("serves a read from memory until the grace has passed, marked degraded, and then throws", async () => {
    const { finder: resolver, hash } = await remembered();
    store.d1.trouble = DOWN;
    await clock.advance(9_999);
    expect(await look(resolver, hash)).toMatchObject({ degraded: false });
    await clock.advance(1);
    expect(await look(resolver, hash)).toMatchObject({ degraded: true, source: "memory" });
    await clock.advance(59_999);
    expect(await look(resolver, hash)).toMatchObject({ degraded: true, ageMs: 69_999 });
    await clock.advance(1);
    await expect(look(resolver, hash)).rejects.toThrow();
  });

  it("serves nothing that is ten seconds old with STALE_IF_ERROR_SECONDS=0", async () => {
    const { finder: resolver, hash } = await remembered({ staleIfErrorMs: 0 });
    store.d1.trouble = DOWN;
    await clock.advance(10_000);
    await expect(look(resolver, hash)).rejects.toThrow();
  });

  it("serves a read from KV as long as the feed is younger than the grace, and asks KV once", async () => {
    const { finder: resolver } = await remembered();
    const cold = store.add();
    store.warmUp(cold);
    store.d1.trouble = DOWN;
    await clock.advance(20_000);
    store.resetCounts();
    for (let i = 0; i < 5; i += 1) expect(await look(resolver, cold)).toMatchObject({ degraded: true });
    expect(store.counts.copies).toBe(1);
  });

  it("throws for a key that is not at hand, and says no to nobody", async () => {
    const { finder: resolver } = await remembered();
    store.d1.trouble = DOWN;
    await expect(look(resolver, store.add())).rejects.toThrow(DOWN.message);
  });

  it("throws for a call that has to be sure, at once", async () => {
    const { finder: resolver, hash } = await remembered();
    store.d1.trouble = DOWN;
    await expect(look(resolver, hash, FROM_PRIMARY)).rejects.toThrow(DOWN.message);
  });

  it("answers for a tombstone that is remembered or in KV", async () => {
    const [resolver, hash, cold] = [store.resolver(), store.add({ revokedAt: 1 }), store.add({ revokedAt: 2 })];
    await look(resolver, hash);
    store.warmUp(cold);
    store.d1.trouble = DOWN;
    await clock.advance(3_600_000);
    expect((await look(resolver, cold)).record?.revokedAt).toBe(2);
    expect((await look(store.resolver(), cold)).record?.revokedAt).toBe(2);
  });

  it("answers for an expired key that is remembered", async () => {
    const [resolver, hash] = [store.resolver(), store.add({ expiresAt: clock.now() + 30_000 })];
    await look(resolver, hash);
    store.d1.trouble = DOWN;
    await clock.advance(120_000);
    expect((await look(resolver, hash)).record?.expiresAt).toBe(clock.now() - 90_000);
  });

  it("believes no copy when the log was never read", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    store.warmUp(hash);
    store.d1.trouble = DOWN;
    await expect(look(resolver, hash)).rejects.toThrow("the change feed cannot be read");
  });

  it("keeps nobody waiting longer than the budgets when it says nothing at all", async () => {
    const { finder: resolver, hash } = await remembered();
    store.d1.trouble = "silent";
    await clock.advance(10_000);
    expect(await lookFor(800, resolver, hash)).toMatchObject({ degraded: true });
    expect(await lookFor(1_000, resolver, hash, FROM_PRIMARY)).toBeInstanceOf(Error);
    store.kv.trouble = "silent";
    expect(await lookFor(1_500, resolver, store.add())).toBeInstanceOf(Error);
  });

  it("tells about it once for a failed feed read, for whoever keeps the log", async () => {
    const { finder: resolver, hash } = await remembered();
    store.d1.trouble = DOWN;
    await clock.advance(10_000);
    for (let i = 0; i < 20; i += 1) await look(resolver, hash);
    expect(store.faults).toEqual(["change_feed"]);
  });
});

describe("when KV is in trouble", () => {
  it("asks D1 after 75 ms of silence", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    store.kv.trouble = "silent";
    expect(await lookFor(75, resolver, hash)).toMatchObject({ source: "d1" });
    expect(store.faults).toContain("kv_read");
  });

  it("asks D1 when it throws, and answers though it cannot be told", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    store.kv.trouble = new Error("KV GET failed: 500");
    expect(await look(resolver, hash)).toMatchObject({ source: "d1" });
    await clock.advance(0);
    expect(store.faults).toEqual(["kv_read", "kv_write"]);
  });

  it("takes no null of it for an answer", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    expect((await look(resolver, hash)).record?.id).toBe("key-1");
  });
});

describe("a doubt", () => {
  it("lets nothing remembered count before the log was read again", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await look(resolver, hash);
    await clock.advance(1);
    store.change(hash, revokedAt());
    resolver.invalidate();
    await clock.advance(1);
    expect((await look(resolver, hash)).record?.revokedAt).not.toBeNull();
  });

  it("is not settled by a feed read that had begun before it", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await look(resolver, hash);
    await clock.advance(5_600);
    store.d1.delayMs = 50;
    resolver.getCached(hash, clock.now(), behind);
    store.change(hash, revokedAt());
    resolver.invalidate();
    await clock.advance(1);
    const looked = look(resolver, hash);
    await clock.advance(200);
    expect((await looked).record?.revokedAt).not.toBeNull();
  });

  it("is not served on the grace either", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await look(resolver, hash);
    await clock.advance(1);
    store.change(hash, revokedAt());
    resolver.invalidate();
    store.d1.trouble = DOWN;
    await expect(look(resolver, hash)).rejects.toThrow();
  });
});

describe("a clock that is set back", () => {
  it("makes nothing younger than it is", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await look(resolver, hash);
    await clock.advance(8_000);
    store.change(hash, revokedAt());
    clock.jump(-3_600_000);
    expect((await look(resolver, hash)).record?.revokedAt).not.toBeNull();
  });

  it("makes nothing younger either when it is set back by less than the age of what is remembered", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await look(resolver, hash);
    await clock.advance(1);
    store.change(hash, revokedAt());
    await clock.advance(4_900);
    resolver.getCached(hash, clock.now(), behind);
    clock.jump(-4_500);
    resolver.getCached(hash, clock.now(), behind);
    // Its clock says that nine seconds have passed since D1 was heard; it has been fourteen.
    await clock.advance(9_000);
    expect((await look(resolver, hash)).record?.revokedAt).not.toBeNull();
  });

  it("makes nothing younger that was being read when it was set back", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    store.d1.delayMs = 100;
    const slow = look(resolver, hash, FROM_PRIMARY);
    await clock.advance(50);
    clock.jump(-3_600_000);
    const other = look(resolver, store.add());
    await clock.advance(300);
    await Promise.all([slow, other]);
    store.change(hash, revokedAt());
    await clock.advance(20_000);
    const looked = look(resolver, hash);
    await clock.advance(300);
    expect((await looked).record?.revokedAt).not.toBeNull();
  });

  it("costs one new start, not a read for every call until it has caught up", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await look(resolver, hash);
    clock.jump(-3_600_000);
    store.resetCounts();
    for (let i = 0; i < 100; i += 1) {
      await look(resolver, hash);
      await clock.advance(1);
    }
    expect(store.counts.rows + store.counts.copies + store.counts.logs).toBeLessThanOrEqual(3);
  });

  it("costs nothing when it is out of order by a few milliseconds only", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    await look(resolver, hash);
    await clock.advance(100);
    await look(resolver, hash);
    clock.jump(-20);
    store.resetCounts();
    await look(resolver, hash);
    expect(store.counts).toEqual({ rows: 0, copies: 0, logs: 0, puts: 0 });
  });
});

describe("D1 put back to an earlier point in time", () => {
  it("opens a key again that was revoked in the time that was undone, within ten seconds", async () => {
    const [resolver, hash] = [store.resolver(), store.add()];
    const place = store.head();
    await look(resolver, hash);
    await clock.advance(1);
    store.change(hash, revokedAt());
    await look(resolver, hash, FROM_PRIMARY);
    store.warmUp(hash);
    await clock.advance(10_000);
    await look(resolver, store.add());
    await clock.advance(0);
    store.restore(hash, aKey({ id: "key-1" }), place);
    await clock.advance(10_000);
    await look(resolver, store.add());
    await clock.advance(0);
    expect((await look(resolver, hash)).record?.revokedAt).toBeNull();
  });
});

describe("ready", () => {
  it("asks D1 at most once in five seconds, and throws when it cannot", async () => {
    const resolver = store.resolver();
    for (let i = 0; i < 50; i += 1) {
      await resolver.checkReady(behind);
      await clock.advance(99);
    }
    expect(store.counts.logs).toBe(1);
    store.d1.trouble = DOWN;
    await clock.advance(5_000);
    await expect(resolver.checkReady(behind)).rejects.toThrow(DOWN.message);
  });
});
