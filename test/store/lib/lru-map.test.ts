import { expect, it } from "vitest";
import { createLruMap } from "../../../src/store/lib/lru-map.ts";

it("never holds more than its limit, whatever comes", () => {
  const memory = createLruMap<number, number>(1_000);
  let most = 0;
  for (let key = 0; key < 1_000_000; key += 1) {
    memory.set(key, key);
    if (key % 3 === 0) memory.get(key - 400);
    most = Math.max(most, memory.size);
  }
  expect(most).toBeLessThanOrEqual(1_000);
  expect(most).toBeGreaterThan(500);
});

it("holds no more than one entry when it is given one place", () => {
  const memory = createLruMap<number, number>(1);
  for (let key = 0; key < 10; key += 1) memory.set(key, key);
  expect(memory.size).toBe(1);
  expect(memory.get(9)).toBe(9);
});

it("forgets what has not been used for longest, and keeps what is used", () => {
  const memory = createLruMap<string, number>(100);
  memory.set("used", 1);
  memory.set("unused", 1);
  for (let key = 0; key < 500; key += 1) {
    memory.set(String(key), key);
    if (key % 20 === 0) memory.get("used");
  }
  expect(memory.get("used")).toBe(1);
  expect(memory.get("unused")).toBeUndefined();
});

it("keeps at least the last half of its limit", () => {
  const memory = createLruMap<number, number>(100);
  for (let key = 0; key < 1_000; key += 1) memory.set(key, key);
  for (let key = 950; key < 1_000; key += 1) expect(memory.get(key)).toBe(key);
});

it("shows one value for a key that stood in both generations, and none after it was deleted", () => {
  const memory = createLruMap<string, number>(4);
  memory.set("k", 1);
  memory.set("a", 1);
  memory.set("b", 1);
  memory.set("k", 2);
  expect(memory.get("k")).toBe(2);
  memory.delete("k");
  expect(memory.get("k")).toBeUndefined();
});

it("forgets everything at a word", () => {
  const memory = createLruMap<string, number>(4);
  for (const key of ["a", "b", "c"]) memory.set(key, 1);
  memory.clear();
  expect(memory.size).toBe(0);
  expect(memory.get("a")).toBeUndefined();
});
