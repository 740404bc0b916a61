import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hmacKey, hmacSha256, sha256Hex } from "../../../src/core/token/sha256.ts";
import { seededRandom } from "../../support/random.ts";

const random = seededRandom(2);

describe("sha256Hex", () => {
  it.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ])("gives the published digest of %j", (text, digest) => {
    expect(sha256Hex(text)).toBe(digest);
  });

  it("agrees with node:crypto for every length up to 1,100", () => {
    for (let length = 0; length <= 1100; length++) {
      const bytes = Uint8Array.from(random.bytes(length));
      const expected = createHash("sha256").update(bytes).digest("hex");
      expect(sha256Hex(Buffer.from(bytes).toString("latin1")), `length ${length}`).toBe(expected);
    }
  });

  it("agrees with node:crypto wherever in a text it begins", () => {
    for (let start = 0; start <= 140; start++) {
      const bytes = Uint8Array.from(random.bytes(start + (start % 3) * 64 + 7));
      const expected = createHash("sha256").update(bytes.subarray(start)).digest("hex");
      expect(sha256Hex(Buffer.from(bytes).toString("latin1"), start), `from ${start}`).toBe(expected);
    }
  });

  it("keeps leading zeros of every word", () => {
    // The digest of this text starts with a zero digit.
    const text = Array.from({ length: 99 }, (_, i) => `zero ${i}`).find((candidate) =>
      createHash("sha256").update(candidate).digest("hex").startsWith("0"),
    );
    expect(sha256Hex(text ?? "")).toMatch(/^0[0-9a-f]{63}$/);
  });

  it("throws on a character that is not one byte, wherever it stands", () => {
    for (const character of ["\u0100", "\u8000", "\ud83d"]) {
      for (let at = 0; at < 130; at++) {
        const text = "a".repeat(at) + character + "a".repeat(129 - at);
        expect(() => sha256Hex(text), `at ${at}`).toThrow(RangeError);
      }
    }
  });

  it("is not disturbed by a text that it threw on", () => {
    expect(() => sha256Hex("\u0100")).toThrow(RangeError);
    expect(sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});

describe("hmacSha256", () => {
  it("agrees with node:crypto for secrets and texts of every length around a block", () => {
    for (let length = 0; length <= 300; length++) {
      const secret = Uint8Array.from(random.bytes(length));
      const text = Uint8Array.from(random.bytes(random.below(400)));
      const expected = createHmac("sha256", secret).update(text).digest().toString("latin1");
      expect(hmacSha256(hmacKey(secret), Buffer.from(text).toString("latin1")), `length ${length}`).toBe(expected);
    }
  });

  it("gives the same for one prepared secret again and again", () => {
    const secret = Uint8Array.from(random.bytes(32));
    const key = hmacKey(secret);
    for (const text of ["", "a", "b".repeat(64), "a"]) {
      expect(hmacSha256(key, text)).toBe(createHmac("sha256", secret).update(text).digest().toString("latin1"));
    }
  });
});
