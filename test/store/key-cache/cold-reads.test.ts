// A key that is not cached while KV or D1 is slow: what is read at once, and what decides the request. In virtual time.
import { beforeEach, expect, it } from "vitest";
import type { KeyHash } from "../../../src/core/access/principal.ts";
import type { KeyResolver, ResolvedKey } from "../../../src/store/key-cache/ports.ts";
import { type FakeClock, fakeClock } from "../../support/fake-clock.ts";
import { DOWN, inBackground, type ModelledStore, modelledStore, READ } from "../../support/modelled-store.ts";

let clock: FakeClock;
let store: ModelledStore;
beforeEach(() => {
  clock = fakeClock();
  store = modelledStore(clock);
});

type Resolved = ResolvedKey & { readonly afterMs: number };

/** Resolves a key that is not cached. @returns the result, and how long it took; or the error */
async function resolve(resolver: KeyResolver, hash: KeyHash): Promise<Resolved | Error> {
  const startedAt = clock.now();
  const take = async () => {
    const found = await resolver.resolve(store.presented(hash), READ, inBackground);
    const result = "result" in found ? await found.result : found;
    return { ...result, afterMs: clock.now() - startedAt };
  };
  const result = take().catch((error: Error) => error);
  await clock.advance(2_000);
  return await result;
}

/** An isolate that has read the feed a moment ago. */
async function usedIsolate(): Promise<KeyResolver> {
  const resolver = store.resolver();
  await resolve(resolver, store.add());
  store.resetCounts();
  return resolver;
}

function copied(): KeyHash {
  const hash = store.add();
  store.writeCopy(hash);
  return hash;
}

it.each([
  [30, 60, 60],
  [30, 200, 200],
  [150, 60, 135],
  [150, 200, 200],
  [300, 200, 275],
])("in a new isolate, with KV at %d ms and D1 at %d ms, is resolved after %d ms", async (kvMs, d1Ms, afterMs) => {
  const hash = copied();
  [store.kv.delayMs, store.d1.delayMs] = [kvMs, d1Ms];
  expect(await resolve(store.resolver(), hash)).toMatchObject({ record: { id: "key-1" }, afterMs });
  expect(store.counts.logs).toBe(1);
});

it.each([
  [30, 200, 30, 0],
  [74, 200, 74, 0],
  [76, 200, 76, 1],
  [150, 200, 150, 1],
  [390, 200, 275, 1],
])(
  "in a used isolate, with KV at %d ms and D1 at %d ms, is resolved after %d ms",
  async (kvMs, d1Ms, afterMs, rows) => {
    const [resolver, hash] = [await usedIsolate(), copied()];
    [store.kv.delayMs, store.d1.delayMs] = [kvMs, d1Ms];
    expect(await resolve(resolver, hash)).toMatchObject({ afterMs, degraded: false });
    expect(store.counts).toMatchObject({ copies: 1, rows, logs: 0 });
  },
);

it("is resolved from the row when a slow KV has no copy", async () => {
  const [resolver, hash] = [await usedIsolate(), store.add()];
  [store.kv.delayMs, store.d1.delayMs] = [100, 200];
  expect(await resolve(resolver, hash)).toMatchObject({ source: "d1", afterMs: 275 });
  expect(store.counts.rows).toBe(1);
});

it("waits for the row when the copy that comes first is superseded, and reads the row once", async () => {
  const [resolver, hash] = [await usedIsolate(), copied()];
  store.change(hash, { revokedAt: clock.now() });
  await clock.advance(10_000);
  await resolve(resolver, store.add());
  store.resetCounts();
  [store.kv.delayMs, store.d1.delayMs] = [100, 200];
  const result = await resolve(resolver, hash);
  expect(result).toMatchObject({ source: "d1", afterMs: 275 });
  expect((result as Resolved).record?.revokedAt).not.toBeNull();
  expect(store.counts.rows).toBe(1);
});

it("is resolved from a slow copy when the row cannot be read", async () => {
  const [resolver, hash] = [await usedIsolate(), copied()];
  store.kv.delayMs = 100;
  store.d1.trouble = DOWN;
  expect(await resolve(resolver, hash)).toMatchObject({ source: "kv", afterMs: 100 });
});

it("fails with the error of the row when KV is silent, too", async () => {
  const [resolver, hash] = [await usedIsolate(), copied()];
  store.kv.trouble = "silent";
  store.d1.trouble = DOWN;
  expect(await resolve(resolver, hash)).toEqual(DOWN);
  expect(store.errors).toContain("kv_read");
});

it("does not replace the row by a copy that comes later", async () => {
  const [resolver, hash] = [await usedIsolate(), copied()];
  store.change(hash, { revokedAt: clock.now() });
  [store.kv.delayMs, store.d1.delayMs] = [300, 10];
  expect(((await resolve(resolver, hash)) as Resolved).record?.revokedAt).not.toBeNull();
  expect(resolver.getCached(hash, clock.now(), inBackground)?.record?.revokedAt).not.toBeNull();
});
