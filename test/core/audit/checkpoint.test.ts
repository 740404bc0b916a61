// What the identity keys sign of the audit log.
import { CompactSign, importJWK } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { dayOf, kidOf, readSigned, type SigningKey, sign } from "../../../src/core/audit/checkpoint.ts";
import { CHAIN_START } from "../../../src/core/audit/hash-chain.ts";
import { withRetiredKeys } from "../../../src/core/audit/retired-keys.ts";
import { newSigningKey } from "../../support/audit-log.ts";
import { NOW } from "../../support/key.ts";

let [first, second, third]: [SigningKey, SigningKey, SigningKey] = [] as never;
beforeAll(async () => {
  [first, second, third] = [await newSigningKey(), await newSigningKey(), await newSigningKey()];
});

const SAID = { account: "a", number: 7, hash: "ab".repeat(32), at: NOW, previous: null, retired: [] } as const;

describe("readSigned", () => {
  it("reads a checkpoint with the id of the key that signed it", async () => {
    const jws = await sign(first, "checkpoint", SAID);
    expect(await readSigned("checkpoint", jws, [second, first])).toEqual({ ...SAID, signedBy: first.kid });
    expect(kidOf(jws)).toBe(first.kid);
  });

  it("rejects a checkpoint of an unknown key, and of another key under the same id", async () => {
    const jws = await sign({ ...second, kid: first.kid }, "checkpoint", SAID);
    expect(await readSigned("checkpoint", jws, [first])).toBeNull();
    expect(await readSigned("checkpoint", await sign(first, "checkpoint", SAID), [second])).toBeNull();
  });

  it.each(["", "not.a.jws", "eyJ9..", "a.b.c"])("rejects the text %j", async (jws) => {
    expect(await readSigned("checkpoint", jws, [first])).toBeNull();
    expect(kidOf(jws)).toBeNull();
  });

  it("rejects a signature in any other text that decodes to the same bytes", async () => {
    const jws = await sign(first, "checkpoint", SAID);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (const unused of [1, 7, 15]) {
      const last = alphabet[alphabet.indexOf(jws.at(-1) ?? "") + unused];
      expect(await readSigned("checkpoint", jws.slice(0, -1) + last, [first])).toBeNull();
    }
  });

  it("rejects a statement of another kind, and an identity token", async () => {
    const jws = await sign(first, "statement", { digest: SAID.hash, at: NOW });
    expect(await readSigned("checkpoint", jws, [first])).toBeNull();
    expect(await readSigned("statement", jws, [first])).not.toBeNull();
    const token = await new CompactSign(new TextEncoder().encode(JSON.stringify(SAID)))
      .setProtectedHeader({ alg: "EdDSA", typ: "gatehouse-identity+jwt", kid: first.kid })
      .sign(await importJWK(first, "EdDSA"));
    expect(await readSigned("checkpoint", token, [first])).toBeNull();
  });

  it.each([
    [{ number: 1.5 }],
    [{ at: 1.5 }],
    [{ hash: `${CHAIN_START}0` }],
    [{ hash: "0" }],
    [{ account: 1 }],
    [{ previous: 1 }],
    [{ retired: null }],
  ])("rejects a checkpoint with %j", async (changes) => {
    const jws = await sign(first, "checkpoint", { ...SAID, ...changes } as never);
    expect(await readSigned("checkpoint", jws, [first])).toBeNull();
  });
});

describe("withRetiredKeys", () => {
  const retire = async (by: SigningKey, { kid, x }: SigningKey, until = NOW) => ({
    kid,
    jws: await sign(by, "retired", { kid, x: String(x), until }),
  });

  it("knows keys that a known key, or one after it, has retired", async () => {
    const rows = [await retire(second, first), await retire(third, second, NOW + 1)];
    const { keys, forged } = await withRetiredKeys([third], rows);
    expect([keys.map(({ kid }) => kid), forged]).toEqual([[third.kid, second.kid, first.kid], []]);
    expect(await readSigned("checkpoint", await sign(first, "checkpoint", SAID), keys)).not.toBeNull();
  });

  it("knows no key that only itself or an unknown key has retired, and none under the id of another", async () => {
    const rows = [
      await retire(first, first),
      await retire(first, second),
      { ...(await retire(third, first)), kid: "x" },
    ];
    const { keys, forged } = await withRetiredKeys([third], rows);
    expect([keys, forged]).toEqual([[third], [first.kid, second.kid, "x"]]);
  });

  it("accepts nothing that a retired key has signed more than an hour after it was retired", async () => {
    const { keys } = await withRetiredKeys([second], [await retire(second, first)]);
    const read = async (at: number) => readSigned("checkpoint", await sign(first, "checkpoint", { ...SAID, at }), keys);
    expect([await read(NOW + 3_600_000), await read(NOW + 3_600_001)]).toEqual([expect.anything(), null]);
  });

  it("limits no key that is still published", async () => {
    const { keys } = await withRetiredKeys([first, second], [await retire(second, first)]);
    expect(keys).toEqual([first, second]);
  });
});

it("dayOf gives the day in UTC", () => {
  expect(dayOf(Date.UTC(2026, 0, 2, 23, 59, 59))).toBe("2026-01-02");
  expect(dayOf(Number.MAX_SAFE_INTEGER)).toBe("");
});
