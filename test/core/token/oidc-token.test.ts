// Tokens of operators: the claims that are required, their issuer, audience and age.
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
  roleClaim: null as string | null,
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

const verify = async (text: Promise<string>, trusted = TRUSTED) => verifyOidcToken(await text, keys, trusted, NOW);

it("verifyOidcToken returns the identity of a valid token", async () => {
  expect(await verify(token())).toEqual({
    issuer: TRUSTED.issuer,
    subject: "ada",
    email: "ada@example.com",
    groups: [],
  });
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
  ["for several audiences, issued to another party", { aud: ["gatehouse", "another"], azp: "another" }],
  ["for several audiences, without an authorized party", { aud: ["gatehouse", "another"] }],
  ["issued to another party", { azp: "another" }],
])("verifyOidcToken rejects a token %s", async (_, changes) => {
  expect(await verify(token(changes))).toBe("invalid");
});

it("verifyOidcToken accepts a token with several audiences that was issued to ours", async () => {
  expect(await verify(token({ aud: ["gatehouse", "another"], azp: "gatehouse" }))).toMatchObject({ subject: "ada" });
});

it("verifyOidcToken calls a token expired half a minute after its expiry, or when it is older than allowed", async () => {
  expect(await verify(token({ exp: SECONDS - 29 }))).toMatchObject({ subject: "ada" });
  expect(await verify(token({ exp: SECONDS - 30 }))).toBe("expired");
  expect(await verify(token({ iat: SECONDS - 3_631 }))).toBe("expired");
});

describe("verifyOidcToken, on the header", () => {
  test.each([
    ["names an algorithm that is not allowed", { alg: "ES256" }, { ...TRUSTED, algorithms: ["RS256"] }],
    ["has the type of an API key", { typ: "gatehouse-key+jwt" }, TRUSTED],
    ["has the type of an identity for the upstream", { typ: "gatehouse-identity+jwt" }, TRUSTED],
    ["has the type of a log-out token", { typ: "logout+jwt" }, TRUSTED],
    ["names a key that the issuer does not have", { kid: "other" }, TRUSTED],
  ])("rejects a token whose header %s", async (_, header, trusted) => {
    expect(await verify(token({}, header), trusted)).toBe("invalid");
  });

  it("rejects a token with a critical extension", async () => {
    const [, payload, signature] = (await token()).split(".");
    const head = btoa(JSON.stringify({ alg: "ES256", kid: "k", crit: ["b64"], b64: false })).replace(/=+$/, "");
    expect(await verifyOidcToken(`${head}.${payload}.${signature}`, keys, TRUSTED, NOW)).toBe("invalid");
  });

  it("accepts the types of ID and access tokens", async () => {
    for (const typ of ["JWT", "at+jwt"]) expect(await verify(token({}, { typ }))).toMatchObject({ subject: "ada" });
  });
});

it("verifyOidcToken returns no e-mail address that is not verified", async () => {
  for (const email_verified of [false, undefined, "true", 1]) {
    expect(await verify(token({ email_verified }))).toMatchObject({ email: null });
  }
  const access = { ...TRUSTED, emailsAreVerified: true };
  expect(await verify(token({ email_verified: undefined }), access)).toMatchObject({ email: "ada@example.com" });
});

describe("verifyOidcToken, on groups", () => {
  const mapped = { ...TRUSTED, roleClaim: "groups" };
  it.each([
    [
      ["a", "b"],
      ["a", "b"],
    ],
    ["a", ["a"]],
    [
      ["a", 1, null, {}, [], "", "b"],
      ["a", "b"],
    ],
    [[], []],
    [undefined, []],
    [null, []],
    [7, []],
    [{ a: true }, []],
    [["a".repeat(256)], []],
  ])("reads of the claim %j the groups %j", async (groups, read) => {
    expect(await verify(token({ groups }), mapped)).toMatchObject({ groups: read });
    expect(await verify(token({ groups }))).toMatchObject({ groups: [] });
  });

  it("reads no other claim, and nothing that every object has", async () => {
    expect(await verify(token({ roles: ["a"] }), mapped)).toMatchObject({ groups: [] });
    expect(await verify(token(), { ...TRUSTED, roleClaim: "toString" })).toMatchObject({ groups: [] });
    expect(
      await verify(token({ "https://a.example/roles": "b" }), { ...TRUSTED, roleClaim: "https://a.example/roles" }),
    ).toMatchObject({ groups: ["b"] });
  });
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
])("readEmail returns null for %s", (text) => {
  expect(readEmail(text)).toBeNull();
});

it("peekToken reads the key id and the issuer of a JWT, and returns null for any other text", async () => {
  expect(peekToken(await token())).toEqual({ kid: "k", issuer: TRUSTED.issuer });
  for (const text of ["", "a.b", "a.b.c.d", "a.b.c.d.e", "!.!.!", "e30.e30", `${"a".repeat(17_000)}.a.a`]) {
    expect(peekToken(text)).toBeNull();
  }
});
