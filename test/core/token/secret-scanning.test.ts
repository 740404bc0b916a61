import { expect, it } from "vitest";
import { mintKey, readKeyRing } from "../../../src/core/token/api-key-token.ts";
import { scannerRules } from "../../../src/core/token/secret-scanning.ts";

const SECRET = "A".repeat(43);

async function aKeyOf(ringId: string): Promise<string> {
  const read = readKeyRing(JSON.stringify({ [ringId]: SECRET }));
  if ("errors" in read) throw new Error(read.errors.join());
  const key = { keyId: crypto.randomUUID(), accountId: crypto.randomUUID(), expiresAt: null, now: 1_800_000_000_000 };
  return (await mintKey(read.ring, key)).token;
}

it.each(["k", "k2", "k2026-11", `a${"b".repeat(31)}`])(
  "scannerRules find the whole key of ring id %s in a line of text",
  async (id) => {
    const key = await aKeyOf(id);
    const { pattern, secretlint } = scannerRules();
    expect(new RegExp(pattern).exec(`export API_KEY="${key}";`)?.[0]).toBe(key);
    expect(secretlint.options.patterns[0]?.patterns).toEqual([`/${pattern}/`]);
  },
);

it("scannerRules give gitleaks a keyword that every key begins with", async () => {
  const keyword = /keywords = \["(.+)"\]/.exec(scannerRules().gitleaks)?.[1] ?? "missing";
  expect(keyword.length).toBeGreaterThan(20);
  expect((await aKeyOf("k1")).startsWith(keyword)).toBe(true);
});

it("scannerRules do not match other JWTs", () => {
  const other = `${btoa('{"alg":"HS256","typ":"JWT"}')}.${btoa('{"sub":"somebody","pad":"xxxxxxxxxxxxxxxxxxxxxxxxxx"}')}.${"A".repeat(43)}`;
  expect(new RegExp(scannerRules().pattern).test(other)).toBe(false);
});
