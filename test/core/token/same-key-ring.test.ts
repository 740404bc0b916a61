// The proof of ownership on the first-start page: only the same secrets, in the same order.
import { describe, expect, it } from "vitest";
import { type KeyRing, readKeyRing } from "../../../src/core/token/api-key-token.ts";
import { isSameKeyRing } from "../../../src/core/token/same-key-ring.ts";

const ONE = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const TWO = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA";
const RING = ringOf({ k1: ONE, k2: TWO });

function ringOf(members: Readonly<Record<string, string>>): KeyRing {
  const read = readKeyRing(JSON.stringify(members));
  if ("errors" in read) throw new Error(read.errors.join("; "));
  return read.ring;
}

describe("isSameKeyRing", () => {
  it("accepts the key ring, whatever its white space", async () => {
    expect(await isSameKeyRing(RING, JSON.stringify({ k1: ONE, k2: TWO }))).toBe(true);
    expect(await isSameKeyRing(RING, ` { "k1": "${ONE}",\n "k2": "${TWO}" }\n`)).toBe(true);
  });

  it.each([
    ["another secret", { k1: ONE, k2: TWO.replace("B", "C") }],
    ["another id", { k1: ONE, k3: TWO }],
    ["another order", { k2: TWO, k1: ONE }],
    ["one secret less", { k2: TWO }],
    ["one secret more", { k1: ONE, k2: TWO, k3: TWO.replace("B", "C") }],
    ["swapped secrets", { k1: TWO, k2: ONE }],
    ["an empty ring", {}],
  ])("rejects a key ring with %s", async (_, members) => {
    expect(await isSameKeyRing(RING, JSON.stringify(members))).toBe(false);
  });

  it.each(["", "null", "not JSON", ONE, `["${ONE}"]`])("rejects the text %j", async (text) => {
    expect(await isSameKeyRing(RING, text)).toBe(false);
  });
});
