import { createHash } from "node:crypto";
import { CompactSign, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import {
  claimsOf,
  hashIfKeyShaped,
  hashToken,
  isRecordOf,
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
  if ("errors" in read) throw new Error(read.errors.join(" "));
  return read.ring;
}

const ring = ringOf({ "k-old": OLD, "k-new": NEW });

async function mint(by: KeyRing = ring, expiresAt: number | null = null): Promise<string> {
  return (await mintKey(by, { keyId: KEY_ID, accountId: ACCOUNT_ID, expiresAt, now: NOW })).token;
}

/** Whether the gateway would accept a text. */
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
  test("mintKey writes a header of exactly the documented members, signed with the newest secret", async () => {
    const token = await mint();
    expect(decode(token.split(".")[0])).toBe('{"alg":"HS256","typ":"gatehouse-key+jwt","kid":"k-new"}');
    await expect(
      jwtVerify(token, Buffer.from(NEW, "base64url"), { algorithms: ["HS256"], currentDate: new Date(NOW) }),
    ).resolves.toBeDefined();
  });

  test("mintKey writes a payload of exactly the documented members, issued a minute ago", async () => {
    const claims = decode((await mint(ring, NOW + 3_600_000)).split(".")[1]);
    const seconds = Math.floor(NOW / 1000);
    expect(claims).toMatch(/^\{"jti":"[^"]+","acc":"[^"]+","iat":\d+,"exp":\d+,"rnd":"[\w-]{22}"\}$/);
    expect(JSON.parse(claims)).toMatchObject({ jti: KEY_ID, acc: ACCOUNT_ID, iat: seconds - 60, exp: seconds + 3600 });
  });

  test('mintKey writes "never expires" as Aeon does', async () => {
    expect(JSON.parse(decode((await mint()).split(".")[1])).exp).toBe(4_102_358_400);
    expect(NEVER_EXPIRES_AT).toBe(4_102_358_400);
    expect(NEVER_EXPIRES_TEXT).toBe("2099-12-31T00:00Z");
    expect(Date.parse(NEVER_EXPIRES_TEXT) / 1000).toBe(NEVER_EXPIRES_AT);
  });

  test("mintKey returns a different key every time, and the hash that it is found by", async () => {
    const made = await Promise.all(
      Array.from({ length: 50 }, () =>
        mintKey(ring, { keyId: KEY_ID, accountId: ACCOUNT_ID, expiresAt: null, now: NOW }),
      ),
    );
    expect(new Set(made.map((key) => key.token)).size).toBe(50);
    for (const { token, hash } of made) expect(hash).toBe(createHash("sha256").update(token).digest("hex"));
  });

  test("mintKey throws instead of returning a key that the gateway would deny", async () => {
    const key = { keyId: "x".repeat(1000), accountId: ACCOUNT_ID, expiresAt: null, now: NOW };
    await expect(mintKey(ring, key)).rejects.toThrow("shape of a key");
  });

  test("mintKey returns a key that starts as the masking of Aeon's clients expects", async () => {
    expect(await mint()).toMatch(/^eyJ/);
  });
});

describe("readKeyRing", () => {
  test("the key ring signs with its last member, and verifies with all", async () => {
    const before = ringOf({ "k-old": OLD });
    const token = await mint(before);
    expect(accepts(ring, token)).toBe(true);
    expect(accepts(ringOf({ "k-new": NEW, "k-old": OLD }), token)).toBe(true);
  });

  test("rejects the keys of a secret that was removed from the ring", async () => {
    const token = await mint(ringOf({ "k-old": OLD }));
    expect(parseToken(ringOf({ "k-new": NEW }), token)).toBeNull();
    const read = parseToken(ring, token);
    expect(read !== null && verifyToken(ringOf({ "k-new": NEW }), read)).toBe(false);
  });

  test("verifies the keys of a removed secret with no other secret", async () => {
    const read = parseToken(ring, await sign({ typ: "gatehouse-key+jwt", kid: "k-old" }));
    expect(read).not.toBeNull();
    expect(read !== null && verifyToken(ringOf({ "k-new": NEW }), read)).toBe(false);
  });

  test("rejects a key after its ring id was given another secret", async () => {
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
    ["three errors at once", JSON.stringify({ K1: "short", k2: null }), 3],
  ])("readKeyRing rejects %s, names every error, and repeats no secret", (_, json, count) => {
    const read = readKeyRing(json);
    if (!("errors" in read)) throw new Error("was accepted");
    expect(read.errors).toHaveLength(count);
    const told = read.errors.join("\n");
    for (const text of json.match(/[\w+/=-]{5,}/g) ?? []) expect(told).not.toContain(text);
  });

  test.each(["", "[]", `["${OLD}"]`, "null", "7", `"${OLD}"`])(
    "readKeyRing says of %s that it is not an object",
    (json) => {
      expect(readKeyRing(json)).toEqual({ errors: [expect.stringContaining("must be a JSON object")] });
    },
  );

  test.each([["k"], [`k${"x".repeat(31)}`], ["constructor"], ["a-1-b"]])(
    "readKeyRing accepts the ring id %s",
    async (id) => {
      const named = ringOf({ [id]: NEW });
      expect(accepts(named, await mint(named))).toBe(true);
    },
  );

  test("verifies with a secret that is longer than a block of the hash", async () => {
    const long = ringOf({ k1: Buffer.alloc(100, 3).toString("base64url") });
    expect(accepts(long, await mint(long))).toBe(true);
  });

  test("the key ring shows no secret when it is written as JSON", () => {
    const shown = JSON.stringify(ring);
    for (const secret of [OLD, NEW, "7,7,7", "9,9,9"]) expect(shown).not.toContain(secret);
  });
});

describe("parseToken and verifyToken", () => {
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
  ])("reject a key with %s in its header, even when a ring secret signed it", async (_, header) => {
    const token = await sign(header);
    expect(parseToken(ring, token)).toBeNull();
  });

  test.each(["none", "None", "HS512", "RS256", "EdDSA", ""])("reject a key with the algorithm %j", async (alg) => {
    const [, payload, signature] = (await mint()).split(".");
    const header = encode(JSON.stringify({ alg, typ: "gatehouse-key+jwt", kid: "k-new" }));
    for (const text of [`${header}.${payload}.${signature}`, `${header}.${payload}.`, `${header}.${payload}`]) {
      expect(parseToken(ring, text)).toBeNull();
    }
  });

  test("parse a key that another secret signed, and do not verify it", async () => {
    const token = await sign({ typ: "gatehouse-key+jwt", kid: "k-new" }, FOREIGN);
    const read = parseToken(ring, token);
    expect(read?.token).toBe(token);
    expect(read !== null && verifyToken(ring, read)).toBe(false);
    expect(accepts(ring, await sign({ typ: "gatehouse-key+jwt", kid: "k-new" }))).toBe(true);
  });

  test("reject a key under the header of another ring member", async () => {
    const [header] = (await mint(ringOf({ "k-old": OLD }))).split(".");
    const [, payload, signature] = (await mint()).split(".");
    expect(accepts(ring, `${header}.${payload}.${signature}`)).toBe(false);
  });

  test("reject a key with any one character changed, in every place and to every other character", async () => {
    const token = await mint();
    for (let i = 0; i < token.length; i++) {
      for (const character of `${ALPHABET}.=`) {
        if (character === token[i]) continue;
        const changed = token.slice(0, i) + character + token.slice(i + 1);
        if (accepts(ring, changed)) expect.fail(`accepted with ${character} at ${i}`);
      }
    }
  });

  test("reject the other spellings of the same signature", async () => {
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
  ])("reject a key that is %s", (_, text) => {
    expect(parseToken(ring, text)).toBeNull();
  });

  test("reject a key with parts that are missing, repeated, empty or too long", async () => {
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

  test("never accept a key that was cut, joined or altered at random, and never throw", async () => {
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

describe("hashIfKeyShaped", () => {
  test("hashIfKeyShaped returns the hash of the key, wherever in the text it begins", async () => {
    const token = await mint();
    expect(hashIfKeyShaped(ring, token, 0)).toBe(hashToken(token));
    expect(hashIfKeyShaped(ring, `Bearer ${token}`, 7)).toBe(hashToken(token));
    expect(hashIfKeyShaped(ring, `Bearer ${token}`, 6)).toBeNull();
  });

  test("hashIfKeyShaped returns null for an unknown header, and for more than 1,024 characters", async () => {
    const token = await mint();
    const [header] = token.split(".");
    expect(hashIfKeyShaped(ringOf({ "k-other": FOREIGN.toString("base64url") }), token, 0)).toBeNull();
    const longest = `${header}.${"A".repeat(1024 - `${header}.`.length)}`;
    expect(hashIfKeyShaped(ring, longest, 0)).not.toBeNull();
    expect(hashIfKeyShaped(ring, `Bearer ${longest}`, 7)).not.toBeNull();
    expect(hashIfKeyShaped(ring, `Bearer ${longest}A`, 7)).toBeNull();
    // Not a key, and its hash is that of no key.
    expect(hashIfKeyShaped(ring, `${token}\u0100`, 0)).not.toBe(hashToken(token));
    for (const text of ["", ".", `${header}`, `x${token}`, `${header}.${"A".repeat(1024)}`, `.${token}`]) {
      expect(hashIfKeyShaped(ring, text, 0), text.slice(0, 400)).toBeNull();
    }
  });
});

describe("hashToken", () => {
  test.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ])("hashToken returns the published SHA-256 of %j in hexadecimal", (text, hash) => {
    expect(hashToken(text)).toBe(hash);
  });
});

describe("KEY_PATTERN", () => {
  test.each(["k", "k1", "k12", "k-new", `k${"x".repeat(30)}`, `k${"x".repeat(31)}`])(
    "KEY_PATTERN finds exactly the key in a text, with the ring id %s",
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

  test("KEY_PATTERN finds no other JWT", async () => {
    for (const header of [
      { typ: "JWT", kid: "k-new" },
      { kid: "k-new", typ: "gatehouse-key+jwt" },
      { typ: "gatehouse-key+jwt" },
    ]) {
      expect(await sign(header)).not.toMatch(new RegExp(KEY_PATTERN));
    }
  });

  test("KEY_PATTERN uses only what RE2 supports", () => {
    expect(KEY_PATTERN).not.toMatch(/\(\?|\\[1-9]/);
    for (const [, most] of KEY_PATTERN.matchAll(/,(\d+)\}/g)) expect(Number(most)).toBeLessThanOrEqual(1000);
  });
});

describe("the claims of a key", () => {
  const never = { id: KEY_ID, accountId: ACCOUNT_ID, expiresAt: null };

  test("agree with the record of the key, and with one that ends earlier", async () => {
    const expiresAt = NOW + 3_600_000;
    const claims = claimsOf(await mint(ring, expiresAt));
    for (const at of [expiresAt, expiresAt - 1, 1]) expect(isRecordOf({ ...never, expiresAt: at }, claims)).toBe(true);
    for (const at of [null, NOW]) expect(isRecordOf({ ...never, expiresAt: at }, claimsOf(await mint()))).toBe(true);
  });

  test("agree with no record of another id or account, or of a later expiry", async () => {
    const expiresAt = NOW + 3_600_000;
    const claims = claimsOf(await mint(ring, expiresAt));
    for (const changes of [{ id: "x" }, { accountId: "x" }, { expiresAt: null }, { expiresAt: expiresAt + 1_000 }]) {
      expect(isRecordOf({ ...never, expiresAt, ...changes }, claims)).toBe(false);
    }
    expect(isRecordOf(never, { ...claims, expiresAt: "4102358400" })).toBe(false);
  });
});
