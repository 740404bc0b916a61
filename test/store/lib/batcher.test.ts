import { beforeEach, expect, it } from "vitest";
import { type Batched, type BatcherOptions, createBatcher } from "../../../src/store/lib/batcher.ts";
import { fakeClock } from "../../support/fake-clock.ts";

const NOW = 1_000_000;
const INTERVAL_MS = 60_000;

type Numbers = number[];

let writes: string[];
let errors: unknown[];
let running: Promise<unknown>[];
let failure: Error | null;
beforeEach(() => {
  writes = [];
  errors = [];
  running = [];
  failure = null;
});

const background = (work: Promise<unknown>) => running.push(work);

function newBatcher(options: Partial<BatcherOptions<Numbers>> = {}) {
  const batcher = createBatcher<Numbers>({
    intervalMs: INTERVAL_MS,
    maxKeys: 3,
    empty: () => [],
    isEmpty: ({ length }) => length === 0,
    write: async (batch: readonly Batched<Numbers>[]) => {
      writes.push(batch.map(({ key, value }) => `${key}=${value.join("+")}`).join(" "));
      await Promise.resolve();
      if (failure !== null) throw failure;
    },
    putBack: (value, failed) => void value.unshift(...failed),
    onError: (error) => errors.push(error),
    ...options,
  });
  return {
    ...batcher,
    add(key: string, number: number, now: number) {
      batcher.pending(key, now, background).push(number);
      batcher.writeIfDue(key, now, background);
    },
  };
}

it("writes a key at once, and then once per interval with everything gathered meanwhile", () => {
  const batcher = newBatcher();
  batcher.add("a", 1, NOW);
  batcher.add("a", 2, NOW + 1);
  batcher.add("a", 3, NOW + INTERVAL_MS - 1);
  batcher.add("a", 4, NOW + INTERVAL_MS);
  expect(writes).toEqual(["a=1", "a=2+3+4"]);
});

it("writes other keys that are due with the key that is written", () => {
  const batcher = newBatcher();
  batcher.add("a", 1, NOW);
  batcher.add("a", 2, NOW + 1);
  batcher.add("b", 3, NOW + INTERVAL_MS);
  expect(writes).toEqual(["a=1", "b=3 a=2"]);
});

it("puts the values of a failed write back, before those gathered meanwhile", async () => {
  const batcher = newBatcher();
  failure = new Error("down");
  batcher.add("a", 1, NOW);
  batcher.add("a", 2, NOW + 1);
  await Promise.all(running);
  failure = null;
  await batcher.flush(NOW + 2);
  expect([writes, errors]).toEqual([["a=1", "a=1+2"], [new Error("down")]]);
});

it("evicts the key that was written longest ago, and writes what it has", () => {
  const batcher = newBatcher();
  for (const [i, key] of ["a", "b", "c"].entries()) batcher.add(key, i, NOW + i);
  batcher.add("a", 3, NOW + 4);
  batcher.add("d", 4, NOW + 5);
  expect(writes).toEqual(["a=0", "b=1", "c=2", "a=3", "d=4"]);
});

it("gathers without a write until the key is written", () => {
  const batcher = newBatcher();
  batcher.pending("a", NOW, background).push(1);
  expect(writes).toEqual([]);
  batcher.writeIfDue("a", NOW, background);
  batcher.writeIfDue("unknown", NOW, background);
  expect(writes).toEqual(["a=1"]);
});

it("flushes every key with something to write, in batches of the given size", async () => {
  const batcher = newBatcher({ batchSize: 2 });
  for (const key of ["a", "b", "c"]) batcher.pending(key, NOW, background).push(1);
  await batcher.flush(NOW);
  await batcher.flush(NOW);
  expect(writes).toEqual(["a=1 b=1", "c=1"]);
});

it("gathers for a while after a write, and writes a full batch at once and the others at the end", async () => {
  const clock = fakeClock(NOW);
  const batcher = newBatcher({ maxKeys: 10, batchSize: 3, gather: { forMs: 100, maxKeys: 10, clock } });
  for (const key of ["a", "b", "c", "d", "e"]) batcher.add(key, 1, NOW);
  expect(writes).toEqual(["a=1", "b=1 c=1 d=1"]);
  batcher.add("e", 2, NOW + 50);
  await clock.advance(100);
  expect(writes.slice(2)).toEqual(["e=1+2"]);
  batcher.add("f", 3, NOW + 150);
  await clock.advance(100);
  expect(writes.slice(3)).toEqual(["f=3"]);
});

it("takes no more than its limit of other due keys with one", async () => {
  const clock = fakeClock(NOW);
  const batcher = newBatcher({ maxKeys: 10, gather: { forMs: 1_000, maxKeys: 2, clock } });
  for (const key of ["a", "b", "c"]) batcher.add(key, 1, NOW);
  await clock.advance(1_000);
  for (const key of ["a", "b", "c"]) batcher.add(key, 2, NOW + 1_001);
  writes = [];
  batcher.add("d", 3, NOW + INTERVAL_MS + 1_001);
  batcher.add("e", 4, NOW + INTERVAL_MS + 2_001);
  expect(writes).toEqual(["d=3 a=2", "e=4 b=2"]);
});

it("gathers an evicted key, and goes on with what it has when it comes back", async () => {
  const clock = fakeClock(NOW);
  const batcher = newBatcher({ maxKeys: 2, gather: { forMs: 100, maxKeys: 10, clock } });
  for (const [i, key] of ["a", "b", "c", "d", "b"].entries()) batcher.add(key, i, NOW);
  await clock.advance(100);
  expect(writes).toEqual(["a=0", "b=1+4 c=2 d=3"]);
});
