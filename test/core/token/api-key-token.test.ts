import { createHash } from "node:crypto";
import { CompactSign, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import {
  constantTimeEqual,
  hashIfKeyShaped,
  hashToken,
  type KeyRing,
  mintKey,
  NEVER_EXPIRES_AT,
  NEVER_EXPIRES_TEXT,
  parseToken,
  readKeyRing,
  verifyToken,
} from "../../../src/core/token/api-key-token.ts";
import { KEY_PATTERN } from "../../../src/core/token/secret-scanning.ts";
import { rounds, seededRandom } from "../../support/random.ts";

const NOW = Date.parse("2030-01-02T03:04:05.678Z");
const KEY_ID = "0ef4a3b9-6049-4bef-b2ed-4619fb510831";
const ACCOUNT_ID = "47e694ff-29c0-4706-9c36-e81df15d80c0";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const OLD = Buffer.alloc(32, 7).toString("base64url");
const NEW = Buffer.alloc(48, 9).toString("base64url");
const FOREIGN = Buffer.alloc(32, 8);

function ringOf(members: Record<string, string>): KeyRing {
  const read = readKeyRing(JSON.stringify(members));
  if ("faults" in read) throw new Error(read.faults.join(" "));
  return read.ring;
}

const ring = ringOf({ "k-old": OLD, "k-new": NEW });

async function mint(by: KeyRing = ring, expiresAt: number | null = null): Promise<string> {
  return (await mintKey(by, { keyId: KEY_ID, accountId: ACCOUNT_ID, expiresAt, now: NOW })).token;
}

/** What the door does with a text. */
function accepts(by: KeyRing, text: string): boolean {
  const read = parseToken(by, text);
  return read !== null && verifyToken(by, read);
}

const encode = (text: string): string => Buffer.from(text, "latin1").toString("base64url");
const decode = (text: string | undefined): string => Buffer.from(text ?? "", "base64url").toString("latin1");

async function sign(header: object, secret: Uint8Array = Buffer.from(NEW, "base64url")): Promise<string> {
  const payload = new TextEncoder().encode(decode((await mint()).split(".")[1]));
  return new CompactSign(payload).setProtectedHeader({ alg: "HS256", ...header }).sign(secret, { crit: { b64: true } });
}

describe("mintKey", () => {
  test("makes a header of exactly the documented members, signed with the newest secret", async () => {
    const token = await mint();
    expect(decode(token.split(".")[0])).toBe('{"alg":"HS256","typ":"gatehouse-key+jwt","kid":"k-new"}');
    await expect(
      jwtVerify(token, Buffer.from(NEW, "base64url"), { algorithms: ["HS256"], currentDate: new Date(NOW) }),
    ).resolves.toBeDefined();
  });

  test("makes a payload of exactly the documented members, issued a minute ago", async () => {
    const claims = decode((await mint(ring, NOW + 3_600_000)).split(".")[1]);
    const seconds = Math.floor(NOW / 1000);
    expect(claims).toMatch(/^\{"jti":"[^"]+","acc":"[^"]+","iat":\d+,"exp":\d+,"rnd":"[\w-]{22}"\}$/);
    expect(JSON.parse(claims)).toMatchObject({ jti: KEY_ID, acc: ACCOUNT_ID, iat: seconds - 60, exp: seconds + 3600 });
  });

  test("writes never as Aeon does", async () => {
    expect(JSON.parse(decode((await mint()).split(".")[1])).exp).toBe(4_102_358_400);
    expect(NEVER_EXPIRES_AT).toBe(4_102_358_400);
    expect(NEVER_EXPIRES_TEXT).toBe("2099-12-31T00:00Z");
    expect(Date.parse(NEVER_EXPIRES_TEXT) / 1000).toBe(NEVER_EXPIRES_AT);
  });

  test("makes a different key every time, and gives the hash that it is found by", async () => {
    const made = await Promise.all(
      Array.from({ length: 50 }, () =>
        mintKey(ring, { keyId: KEY_ID, accountId: ACCOUNT_ID, expiresAt: null, now: NOW }),
      ),
    );
    expect(new Set(made.map((key) => key.token)).size).toBe(50);
    for (const { token, hash } of made) expect(hash).toBe(createHash("sha256").update(token).digest("hex"));
  });

  test("throws rather than make a key that the door would refuse", async () => {
    const key = { keyId: "x".repeat(1000), accountId: ACCOUNT_ID, expiresAt: null, now: NOW };
    await expect(mintKey(ring, key)).rejects.toThrow("shape of a key");
  });

  test("makes text that starts as the clients' masking expects", async () => {
    expect(await mint()).toMatch(/^eyJ/);
  });
});

describe("the key ring", () => {
  test("signs with its last member and still verifies with the others", async () => {
    const before = ringOf({ "k-old": OLD });
    const token = await mint(before);
    expect(accepts(ring, token)).toBe(true);
    expect(accepts(ringOf({ "k-new": NEW, "k-old": OLD }), token)).toBe(true);
  });

  test("ends the keys of a secret that was taken out", async () => {
    const token = await mint(ringOf({ "k-old": OLD }));
    expect(parseToken(ringOf({ "k-new": NEW }), token)).toBeNull();
    const read = parseToken(ring, token);
    expect(read !== null && verifyToken(ringOf({ "k-new": NEW }), read)).toBe(false);
  });

  test("lets no other secret stand in for one that was taken out", async () => {
    const read = parseToken(ring, await sign({ typ: "gatehouse-key+jwt", kid: "k-old" }));
    expect(read).not.toBeNull();
    expect(read !== null && verifyToken(ringOf({ "k-new": NEW }), read)).toBe(false);
  });

  test("refuses a key whose id was given another secret", async () => {
    expect(accepts(ringOf({ "k-new": OLD }), await mint())).toBe(false);
  });

  test.each([
    ["no JSON", "k1=secret", 1],
    ["an empty text", "", 1],
    ["a list", `["${OLD}"]`, 1],
    ["null", "null", 1],
    ["a string", `"${OLD}"`, 1],
    ["no member", "{}", 1],
    [
      "17 members",
      JSON.stringify(Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, encode(`${i}`.padStart(32))]))),
      1,
    ],
    ["an id like an integer", JSON.stringify({ 1: OLD }), 1],
    ["an empty id", JSON.stringify({ "": OLD }), 1],
    ["an id in capitals", JSON.stringify({ K1: OLD }), 1],
    ["an id of 33 characters", JSON.stringify({ ["k".repeat(33)]: OLD }), 1],
    ["an id with a line break", JSON.stringify({ "k1\n": OLD }), 1],
    ["the prototype as an id", `{"__proto__":"${OLD}"}`, 1],
    ["a secret of 31 bytes", JSON.stringify({ k1: Buffer.alloc(31, 5).toString("base64url") }), 1],
    ["a secret in plain base64", JSON.stringify({ k1: `${"+/".repeat(21)}A=` }), 1],
    ["a secret with a length that base64url has not", JSON.stringify({ k1: "A".repeat(45) }), 1],
    ["a secret that is a number", '{"k1":12345678901234567890123456789012345678901234}', 1],
    ["a secret that is an object", `{"k1":{"k":"${OLD}"}}`, 1],
    ["an id that stands twice", `{"k1":"${OLD}","k1":"${NEW}"}`, 1],
    ["a secret that stands twice", JSON.stringify({ k1: OLD, k2: OLD }), 1],
    ["an id and a secret that changed places", JSON.stringify({ [OLD]: "k1" }), 2],
    ["three faults at once", JSON.stringify({ K1: "short", k2: null }), 3],
  ])("refuses %s, names every fault and repeats no secret", (_, json, count) => {
    const read = readKeyRing(json);
    if (!("faults" in read)) throw new Error("was accepted");
    expect(read.faults).toHaveLength(count);
    const told = read.faults.join("\n");
    for (const text of json.match(/[\w+/=-]{5,}/g) ?? []) expect(told).not.toContain(text);
  });

  test.each(["", "[]", `["${OLD}"]`, "null", "7", `"${OLD}"`])("says of %s that it is not an object", (json) => {
    expect(readKeyRing(json)).toEqual({ faults: [expect.stringContaining("must be a JSON object")] });
  });

  test.each([["k"], [`k${"x".repeat(31)}`], ["constructor"], ["a-1-b"]])("takes the id %s", async (id) => {
    const named = ringOf({ [id]: NEW });
    expect(accepts(named, await mint(named))).toBe(true);
  });

  test("takes a secret longer than a block of the hash", async () => {
    const long = ringOf({ k1: Buffer.alloc(100, 3).toString("base64url") });
    expect(accepts(long, await mint(long))).toBe(true);
  });

  test("shows no secret when it is written as JSON", () => {
    const shown = JSON.stringify(ring);
    for (const secret of [OLD, NEW, "7,7,7", "9,9,9"]) expect(shown).not.toContain(secret);
  });
});

describe("a key that is forged", () => {
  test.each<[string, object]>([
    ["another type", { typ: "JWT", kid: "k-new" }],
    ["no type", { kid: "k-new" }],
    ["an identity token's type", { typ: "gatehouse-identity+jwt", kid: "k-new" }],
    ["no key id", { typ: "gatehouse-key+jwt" }],
    ["an unknown key id", { typ: "gatehouse-key+jwt", kid: "k-newer" }],
    ["the members in another order", { kid: "k-new", typ: "gatehouse-key+jwt" }],
    ["a keys URL", { typ: "gatehouse-key+jwt", kid: "k-new", jku: "https://evil.example/jwks" }],
    ["a certificate URL", { typ: "gatehouse-key+jwt", kid: "k-new", x5u: "https://evil.example/x" }],
    ["a key of its own", { typ: "gatehouse-key+jwt", kid: "k-new", jwk: { kty: "oct", k: NEW } }],
    ["a critical extension", { typ: "gatehouse-key+jwt", kid: "k-new", b64: true, crit: ["b64"] }],
  ])("is refused with %s in its header, even when a ring secret signed it", async (_, header) => {
    const token = await sign(header);
    expect(parseToken(ring, token)).toBeNull();
  });

  test.each(["none", "None", "HS512", "RS256", "EdDSA", ""])("is refused with the algorithm %j", async (alg) => {
    const [, payload, signature] = (await mint()).split(".");
    const header = encode(JSON.stringify({ alg, typ: "gatehouse-key+jwt", kid: "k-new" }));
    for (const text of [`${header}.${payload}.${signature}`, `${header}.${payload}.`, `${header}.${payload}`]) {
      expect(parseToken(ring, text)).toBeNull();
    }
  });

  test("is read but does not verify when another secret signed it", async () => {
    const token = await sign({ typ: "gatehouse-key+jwt", kid: "k-new" }, FOREIGN);
    const read = parseToken(ring, token);
    expect(read?.token).toBe(token);
    expect(read !== null && verifyToken(ring, read)).toBe(false);
    expect(accepts(ring, await sign({ typ: "gatehouse-key+jwt", kid: "k-new" }))).toBe(true);
  });

  test("is refused under the header of another ring member", async () => {
    const [header] = (await mint(ringOf({ "k-old": OLD }))).split(".");
    const [, payload, signature] = (await mint()).split(".");
    expect(accepts(ring, `${header}.${payload}.${signature}`)).toBe(false);
  });

  test("is refused when any one character is changed, in every place and to every other character", async () => {
    const token = await mint();
    for (let i = 0; i < token.length; i++) {
      for (const character of `${ALPHABET}.=`) {
        if (character === token[i]) continue;
        const changed = token.slice(0, i) + character + token.slice(i + 1);
        if (accepts(ring, changed)) expect.fail(`accepted with ${character} at ${i}`);
      }
    }
  });

  test("is refused in the other spellings of the same signature", async () => {
    const token = await mint();
    const last = ALPHABET.indexOf(token.at(-1) ?? "");
    expect(last % 4).toBe(0);
    for (const bits of [1, 2, 3]) {
      const spelt = token.slice(0, -1) + ALPHABET[last + bits];
      expect(decode(spelt.split(".")[2])).toBe(decode(token.split(".")[2]));
      expect(parseToken(ring, spelt)).toBeNull();
    }
    for (const ending of ["=", "==", " ", "\n", "\0", "."]) expect(parseToken(ring, token + ending)).toBeNull();
    expect(parseToken(ring, ` ${token}`)).toBeNull();
  });

  test.each([
    ["an empty text", ""],
    ["a dot", "."],
    ["two dots", ".."],
    ["the word null", "null"],
    ["the word undefined", "undefined"],
    ["a NUL", "\0"],
    ["letters beyond ASCII", "\u00e9\u0100\u{1f511}"],
    ["half a surrogate pair", "\ud83d"],
    ["the name of a prototype member", "__proto__.constructor.toString"],
  ])("is refused when it is %s", (_, text) => {
    expect(parseToken(ring, text)).toBeNull();
  });

  test("is refused when parts are missing, more, empty or too long", async () => {
    const token = await mint();
    const [header = "", payload = "", signature = ""] = token.split(".");
    for (const text of [
      header,
      `${header}.`,
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${header}..${signature}`,
      `.${payload}.${signature}`,
      `${header}.${payload}.${signature}.${signature}`,
      `${header}.${payload}.${signature}.x.y`,
      `${token}, ${token}`,
      `${header}.${payload}\u00e9.${signature}`,
      `${header}.${payload}.${signature.slice(1)}`,
      `${header}.${payload}.A${signature}`,
      `${header}.${"A".repeat(1024)}.${signature}`,
      `${header}.${"A".repeat(10_000_000)}.${signature}`,
    ]) {
      expect(parseToken(ring, text), text.slice(0, 400)).toBeNull();
    }
  });

  test("is never accepted and never throws, however a good one is cut, joined and stirred", async () => {
    const random = seededRandom(3);
    const good = [await mint(), await mint(), await mint(ringOf({ "k-old": OLD }))];
    const pieces = [...good.flatMap((token) => token.split(".")), ".", "..", "", "=", "A", "_", "\0", "\u0100", "eyJ"];
    let read = 0;
    for (let i = 0; i < rounds(60_000); i++) {
      let text = random.pick(good);
      const at = random.below(text.length);
      const to = at + random.below(text.length - at);
      switch (random.below(6)) {
        case 0:
          text = text.slice(0, at) + text.slice(to + 1);
          break;
        case 1:
          text = text.slice(0, at) + text.slice(at, to) + text.slice(at);
          break;
        case 2:
          text = text.slice(0, at) + random.pick(pieces) + text.slice(at);
          break;
        case 3:
          text = text.slice(0, at) + random.text(ALPHABET, to - at) + text.slice(to);
          break;
        case 4:
          text = random.text(pieces, 5);
          break;
        case 5:
          text = text.slice(0, at) + String.fromCharCode(random.below(0x200)) + text.slice(at + 1);
          break;
      }
      if (good.includes(text)) continue;
      if (parseToken(ring, text) !== null) {
        read++;
        expect(hashIfKeyShaped(ring, `Bearer ${text}`, 7)).toBe(hashToken(text));
      }
      if (accepts(ring, text)) expect.fail(`accepted ${JSON.stringify(text)}`);
    }
    expect(read).toBeGreaterThan(rounds(1_000));
  });
});

describe("a text that is looked up before it is read", () => {
  test("has the hash of the key that it is, wherever that begins", async () => {
    const token = await mint();
    expect(hashIfKeyShaped(ring, token, 0)).toBe(hashToken(token));
    expect(hashIfKeyShaped(ring, `Bearer ${token}`, 7)).toBe(hashToken(token));
    expect(hashIfKeyShaped(ring, `Bearer ${token}`, 6)).toBeNull();
  });

  test("has none when its header is not in the ring, or it is too long, or no text of single bytes", async () => {
    const token = await mint();
    const [header] = token.split(".");
    expect(hashIfKeyShaped(ringOf({ "k-other": FOREIGN.toString("base64url") }), token, 0)).toBeNull();
    const longest = `${header}.${"A".repeat(1024 - `${header}.`.length)}`;
    expect(hashIfKeyShaped(ring, longest, 0)).not.toBeNull();
    expect(hashIfKeyShaped(ring, `Bearer ${longest}`, 7)).not.toBeNull();
    expect(hashIfKeyShaped(ring, `Bearer ${longest}A`, 7)).toBeNull();
    for (const text of [
      "",
      ".",
      `${header}`,
      `x${token}`,
      `${header}.${"A".repeat(1024)}`,
      `${token}\u0100`,
      `.${token}`,
    ]) {
      expect(hashIfKeyShaped(ring, text, 0), text.slice(0, 400)).toBeNull();
    }
  });
});

describe("hashToken", () => {
  test("gives SHA-256 in hexadecimal", async () => {
    const token = await mint();
    expect(hashToken(token)).toBe(createHash("sha256").update(token).digest("hex"));
  });
});

describe("constantTimeEqual", () => {
  test.each([
    ["", "", true],
    ["abc", "abc", true],
    ["abc", "abd", false],
    ["abc", "bbc", false],
    ["abc", "ab", false],
    ["", "a", false],
    ["a\u0100", "a\0", false],
  ])("compares %j with %j", (a, b, equal) => {
    expect(constantTimeEqual(a, b)).toBe(equal);
  });
});

describe("KEY_PATTERN", () => {
  test.each(["k", "k1", "k12", "k-new", `k${"x".repeat(30)}`, `k${"x".repeat(31)}`])(
    "finds exactly the key in a text, with the ring id %s",
    async (id) => {
      const named = ringOf({ [id]: NEW });
      for (const expiresAt of [null, NOW]) {
        const token = await mint(named, expiresAt);
        for (const text of [`API_KEY_${token}`, `curl -H "Authorization: Bearer ${token}"`, `key=${token}.`]) {
          expect(text.match(new RegExp(KEY_PATTERN))?.[0]).toBe(token);
        }
      }
    },
  );

  test("finds no other JWT", async () => {
    for (const header of [
      { typ: "JWT", kid: "k-new" },
      { kid: "k-new", typ: "gatehouse-key+jwt" },
      { typ: "gatehouse-key+jwt" },
    ]) {
      expect(await sign(header)).not.toMatch(new RegExp(KEY_PATTERN));
    }
  });

  test("needs nothing that RE2 has not", () => {
    expect(KEY_PATTERN).not.toMatch(/\(\?|\\[1-9]/);
    for (const [, most] of KEY_PATTERN.matchAll(/,(\d+)\}/g)) expect(Number(most)).toBeLessThanOrEqual(1000);
  });
});
