// Operators' tokens whose header and claims have every JSON type: each is denied or accepted, and none is an internal error.
import { exportJWK, generateKeyPair } from "jose";
import { expect, it } from "vitest";
import { findOperator, readOperatorToken } from "../../../src/gateway/authentication/operator-token.ts";
import type { IssuerVerifier, OperatorAuthentication } from "../../../src/gateway/gateway.ts";
import type { OperatorEntry } from "../../../src/store/operators/port.ts";
import { ACCOUNT_ID, aKey, NOW } from "../../support/key.ts";
import { aRequest, CLUSTERS } from "../gateway-harness.ts";

const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
const KEYS = { keys: [{ ...(await exportJWK(publicKey)), kid: "k" }] };
const ISSUER = "https://issuer.example";
const verifier: IssuerVerifier = {
  issuer: {
    issuer: ISSUER,
    audience: "gatehouse",
    algorithms: ["ES256"],
    maxAgeSeconds: 3_600,
    emailsAreVerified: false,
    roleClaim: "groups",
  },
  keys: { keysFor: async () => KEYS },
  roleMap: new Map([[ACCOUNT_ID, [["x", "a role"]]]]),
};
const entry: OperatorEntry = {
  ...{ account: { id: ACCOUNT_ID, name: "An account" }, expiresAt: null, hasRole: true },
  decode: () => ({ ...aKey(), kind: "operator", mapped: null }),
};
const operators: OperatorAuthentication = {
  ...{ bearer: verifier, access: null },
  finder: { find: async () => [entry] },
};

const SECONDS = NOW / 1_000;
const HEADER = { alg: '"ES256"', typ: '"JWT"', kid: '"k"' };
const CLAIMS = {
  ...{ iss: JSON.stringify(ISSUER), aud: '"gatehouse"', sub: '"ada"', iat: `${SECONDS - 10}`, exp: `${SECONDS + 600}` },
  ...{ email: '"ada@example.com"', email_verified: "true" },
};
/** A value of every JSON type, and the limits of each, as JSON text. */
const VALUES = [
  ...[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1",
    "1.5",
    "1e400",
    "-1e400",
    "9007199254740993",
    '""',
    '"x"',
    '"\\u0000"',
  ],
  ...['"\\ud800"', `"${"x".repeat(5_000)}"`, "[]", "[1]", '["x"]', "[null]", "[[]]", "{}", '{"a":1}', '{"toString":1}'],
  ...['{"__proto__":null}', `${"[".repeat(500)}${"]".repeat(500)}`],
];

const base64 = (data: string | ArrayBuffer) => Buffer.from(data as string).toString("base64url");

/** A token with a valid signature over any texts. */
async function sign(header: string, payload: string): Promise<string> {
  const text = `${base64(header)}.${base64(payload)}`;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signature = await crypto.subtle.sign(algorithm, privateKey, new TextEncoder().encode(text));
  return `${text}.${base64(signature)}`;
}

const objectOf = (members: Readonly<Record<string, string>>) =>
  `{${Object.entries(members)
    .map(([name, value]) => `${JSON.stringify(name)}:${value}`)
    .join(",")}}`;

async function outcomeOf(token: string): Promise<string> {
  const read = readOperatorToken(aRequest("/a"), token, operators);
  if (read === null) return "no operator token";
  const target = { path: CLUSTERS, query: "", operation: null, params: {}, accountId: ACCOUNT_ID };
  const found = await findOperator(NOW, read, null, target, operators, () => undefined);
  return "reason" in found ? found.reason : "accepted";
}

const DENIALS = ["operator_token_invalid", "operator_token_expired", "no operator token"];

it("accepts the token that the others are changes of", async () => {
  expect(await outcomeOf(await sign(objectOf(HEADER), objectOf(CLAIMS)))).toBe("accepted");
});

it("denies a token whose type is no text", async () => {
  for (const typ of VALUES.filter((value) => !value.startsWith('"'))) {
    expect([typ, await outcomeOf(await sign(objectOf({ ...HEADER, typ }), objectOf(CLAIMS)))]).toEqual([
      ...[typ, "operator_token_invalid"],
    ]);
  }
});

it.each([
  "alg",
  "typ",
  "kid",
  "cty",
  "crit",
  "b64",
  "jku",
  "jwk",
  "x5u",
  "x5c",
  "x5t",
  "zip",
  "enc",
  "__proto__",
  "constructor",
])("answers for every type of the header parameter %s", async (name) => {
  for (const value of VALUES) {
    const outcome = await outcomeOf(await sign(objectOf({ ...HEADER, [name]: value }), objectOf(CLAIMS)));
    expect([...DENIALS, "accepted"]).toContain(outcome);
  }
});

const OTHER_CLAIMS = ["nbf", "jti", "azp", "nonce", "groups", "__proto__", "constructor", "toString"];

it.each([...Object.keys(CLAIMS), ...OTHER_CLAIMS])("answers for every type of the claim %s", async (name) => {
  for (const value of VALUES) {
    const outcome = await outcomeOf(await sign(objectOf(HEADER), objectOf({ ...CLAIMS, [name]: value })));
    expect([...DENIALS, "accepted"]).toContain(outcome);
  }
});

it("denies a token whose header or claims are no object", async () => {
  for (const value of [...VALUES.filter((each) => !each.startsWith("{")), "", "{", "\u0000"]) {
    expect(DENIALS).toContain(await outcomeOf(await sign(value, objectOf(CLAIMS))));
    expect(DENIALS).toContain(await outcomeOf(await sign(objectOf(HEADER), value)));
  }
});
