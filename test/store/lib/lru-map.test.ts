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
  expect(most).toBeLessThanOrEqual(1_000);
  expect(most).toBeGreaterThan(500);
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

it("keeps at least the newest half of its limit", () => {
  const entries = createLruMap<number, number>(100);
  for (let key = 0; key < 1_000; key += 1) entries.set(key, key);
  for (let key = 950; key < 1_000; key += 1) expect(entries.get(key)).toBe(key);
});

it("returns the latest value of a key that is in both generations, and none once it is deleted", () => {
  const entries = createLruMap<string, number>(4);
  entries.set("k", 1);
  entries.set("a", 1);
  entries.set("b", 1);
  entries.set("k", 2);
  expect(entries.get("k")).toBe(2);
  entries.delete("k");
  expect(entries.get("k")).toBeUndefined();
});

it("drops every entry when it is cleared", () => {
  const entries = createLruMap<string, number>(4);
  for (const key of ["a", "b", "c"]) entries.set(key, 1);
  entries.clear();
  expect(entries.size).toBe(0);
  expect(entries.get("a")).toBeUndefined();
});
