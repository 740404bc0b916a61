import { expect, it } from "vitest";
import { createLruMap } from "../../../src/store/lib/lru-map.ts";

it("never keeps more entries than its limit", () => {
  const entries = createLruMap<number, number>(1_000);
  let most = 0;
  for (let key = 0; key < 1_000_000; key += 1) {
    entries.set(key, key);
    if (key % 3 === 0) entries.get(key - 400);
    most = Math.max(most, entries.size);
  }
  expect(most).toBe(1_000);
});

it("keeps one entry with a limit of one", () => {
  const entries = createLruMap<number, number>(1);
  for (let key = 0; key < 10; key += 1) entries.set(key, key);
  expect(entries.size).toBe(1);
  expect(entries.get(9)).toBe(9);
});

it("drops unused entries and keeps used ones", () => {
  const entries = createLruMap<string, number>(100);
  entries.set("used", 1);
  entries.set("unused", 1);
  for (let key = 0; key < 500; key += 1) {
    entries.set(String(key), key);
    if (key % 20 === 0) entries.get("used");
  }
  expect(entries.get("used")).toBe(1);
  expect(entries.get("unused")).toBeUndefined();
});

it("keeps as many keys as its limit when they are read in turn", () => {
  const entries = createLruMap<number, number>(100);
  const missed: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    for (let key = 0; key < 100; key += 1) {
      if (entries.get(key) !== undefined) continue;
      missed.push(round);
      entries.set(key, key);
    }
  }
  expect(missed).toEqual(Array.from({ length: 100 }, () => 0));
});

it("drops an entry that was only set before those that were read since", () => {
  const entries = createLruMap<string, number>(4);
  for (const key of ["a", "b", "c", "d"]) entries.set(key, 1);
  for (const key of ["a", "b", "d"]) entries.get(key);
  entries.set("e", 1);
  expect([...entries.entries()].map(([key]) => key).sort()).toEqual(["a", "b", "d", "e"]);
});

it("makes room when every entry was read", () => {
  const entries = createLruMap<number, number>(3);
  for (let key = 0; key < 3; key += 1) entries.set(key, key);
  for (let key = 0; key < 3; key += 1) entries.get(key);
  entries.set(3, 3);
  expect([entries.size, entries.get(3)]).toEqual([3, 3]);
});

it("returns the latest value of a key, and none once it is deleted", () => {
  const entries = createLruMap<string, number>(4);
  for (const key of ["k", "a", "b"]) entries.set(key, 1);
  entries.set("k", 2);
  expect(entries.get("k")).toBe(2);
  entries.delete("k");
  entries.delete("k");
  expect([entries.get("k"), entries.get("a"), entries.get("b"), entries.size]).toEqual([undefined, 1, 1, 2]);
});

it("is a map of its limit under random operations", () => {
  const [entries, model] = [createLruMap<number, number>(20), new Map<number, number>()];
  let state = 1;
  const below = (limit: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
  for (let i = 0; i < 20_000; i += 1) {
    const key = below(30);
    const [known, operation] = [entries.get(key), below(10)];
    if (known !== undefined) expect(known).toBe(model.get(key));
    if (operation < 6) entries.set(key, i);
    if (operation < 6) model.set(key, i);
    if (operation === 6) entries.delete(key);
    if (operation === 6) expect(entries.get(key)).toBeUndefined();
    if (operation === 7 && below(100) === 0) entries.clear();
    expect(entries.size).toBeLessThanOrEqual(20);
    expect([...entries.entries()]).toHaveLength(entries.size);
  }
});

it("drops every entry when it is cleared", () => {
  const entries = createLruMap<string, number>(4);
  for (const key of ["a", "b", "c"]) entries.set(key, 1);
  entries.clear();
  expect(entries.size).toBe(0);
  expect(entries.get("a")).toBeUndefined();
});
