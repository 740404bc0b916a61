// A person's token, weighed on paper: what has to be in it, by whom, for whom and how old.
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from "jose";
import { beforeAll, describe, expect, it, test } from "vitest";
import { peekToken, readEmail, type TrustedIssuer, verifyOidcToken } from "../../../src/core/token/oidc-token.ts";
import { NOW } from "../../support/key.ts";

const TRUSTED: TrustedIssuer = {
  issuer: "https://issuer.example",
  audience: "gatehouse",
  algorithms: ["ES256"],
  maxAgeSeconds: 3_600,
  emailsAreVerified: false,
};
const SECONDS = Math.floor(NOW / 1_000);

let key: CryptoKey;
let keys: JSONWebKeySet;
beforeAll(async () => {
  const pair = await generateKeyPair("ES256", { extractable: true });
  key = pair.privateKey;
  keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: "k" }] };
});

function token(changes: Readonly<Record<string, unknown>> = {}, header: Readonly<Record<string, unknown>> = {}) {
  const claims = {
    iss: TRUSTED.issuer,
    aud: TRUSTED.audience,
    sub: "ada",
    iat: SECONDS - 10,
    exp: SECONDS + 600,
    email: "Ada@Example.com",
    email_verified: true,
    ...changes,
  };
  return new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: "k", ...header }).sign(key);
}

const weigh = async (text: Promise<string>, trusted = TRUSTED) => verifyOidcToken(await text, keys, trusted, NOW);

it("names the person of a good token", async () => {
  expect(await weigh(token())).toEqual({ issuer: TRUSTED.issuer, subject: "ada", email: "ada@example.com" });
});

test.each([
  ["without exp", { exp: undefined }],
  ["without iat", { iat: undefined }],
  ["without sub", { sub: undefined }],
  ["without aud", { aud: undefined }],
  ["without iss", { iss: undefined }],
  ["for another audience", { aud: "another" }],
  ["of another issuer", { iss: "https://issuer.example/" }],
  ["issued in the future", { iat: SECONDS + 60 }],
  ["not valid yet", { nbf: SECONDS + 60 }],
  ["of an empty subject", { sub: "" }],
  ["for several, issued to somebody else", { aud: ["gatehouse", "another"], azp: "another" }],
  ["for several, issued to nobody said", { aud: ["gatehouse", "another"] }],
  ["issued to somebody else", { azp: "another" }],
])("refuses a token %s", async (_, changes) => {
  expect(await weigh(token(changes))).toBe("invalid");
});

it("takes a token for several when it was issued to us", async () => {
  expect(await weigh(token({ aud: ["gatehouse", "another"], azp: "gatehouse" }))).toMatchObject({ subject: "ada" });
});

it("calls a token expired from half a minute after its end on, and one that is older than allowed", async () => {
  expect(await weigh(token({ exp: SECONDS - 29 }))).toMatchObject({ subject: "ada" });
  expect(await weigh(token({ exp: SECONDS - 30 }))).toBe("expired");
  expect(await weigh(token({ iat: SECONDS - 3_631 }))).toBe("expired");
});

describe("a header", () => {
  test.each([
    ["names another algorithm than is allowed", { alg: "ES256" }, { ...TRUSTED, algorithms: ["RS256"] }],
    ["names an API key's type", { typ: "gatehouse-key+jwt" }, TRUSTED],
    ["names an upstream identity's type", { typ: "gatehouse-identity+jwt" }, TRUSTED],
    ["names a log-out's type", { typ: "logout+jwt" }, TRUSTED],
    ["names a key that the issuer has not", { kid: "other" }, TRUSTED],
  ])("is refused when it %s", async (_, header, trusted) => {
    expect(await weigh(token({}, header), trusted)).toBe("invalid");
  });

  it("with a critical extension is refused", async () => {
    const [, payload, signature] = (await token()).split(".");
    const head = btoa(JSON.stringify({ alg: "ES256", kid: "k", crit: ["b64"], b64: false })).replace(/=+$/, "");
    expect(await verifyOidcToken(`${head}.${payload}.${signature}`, keys, TRUSTED, NOW)).toBe("invalid");
  });

  it("may name the types of ID and access tokens", async () => {
    for (const typ of ["JWT", "at+jwt"]) expect(await weigh(token({}, { typ }))).toMatchObject({ subject: "ada" });
  });
});

it("has no e-mail address that the issuer does not stand for", async () => {
  for (const email_verified of [false, undefined, "true", 1]) {
    expect(await weigh(token({ email_verified }))).toMatchObject({ email: null });
  }
  const access = { ...TRUSTED, emailsAreVerified: true };
  expect(await weigh(token({ email_verified: undefined }), access)).toMatchObject({ email: "ada@example.com" });
});

test.each([
  "ada",
  "ada@",
  "@example.com",
  "a b@example.com",
  "adä@example.com",
  "ada@exämple.com",
  "ada@\u212Aexample.com",
  7,
  null,
])("reads no e-mail address out of %s", (text) => {
  expect(readEmail(text)).toBeNull();
});

it("reads of a text only whose it says it is, and nothing of what is no JWT", async () => {
  expect(peekToken(await token())).toEqual({ kid: "k", issuer: TRUSTED.issuer });
  for (const text of ["", "a.b", "a.b.c.d", "a.b.c.d.e", "!.!.!", "e30.e30", `${"a".repeat(17_000)}.a.a`]) {
    expect(peekToken(text)).toBeNull();
  }
});
