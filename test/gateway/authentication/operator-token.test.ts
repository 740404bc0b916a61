// Operators' tokens: which one is read, what is verified, and whose record is found.

import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import type { Denial } from "../../../src/core/access/decision.ts";
import type { OperatorRecord } from "../../../src/core/access/principal.ts";
import { findOperator, readOperatorToken } from "../../../src/gateway/authentication/operator-token.ts";
import type { IssuerVerifier, OperatorAuthentication } from "../../../src/gateway/gateway.ts";
import { createRateLimits } from "../../../src/gateway/rate-limits.ts";
import { ACCOUNT_ID, aKey, NOW } from "../../support/key.ts";
import { aContext, aLimiter, aRequest, CLUSTERS, errorOf, HOST, openGateway, type Wanted } from "../gateway-harness.ts";

const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
const PUBLIC = { ...(await exportJWK(publicKey)), kid: "k" };
const asked: (string | null)[] = [];

function trustIn(issuer: string): IssuerVerifier {
  const keys = {
    keysFor: async (kid: string | null) => {
      asked.push(kid);
      return { keys: [PUBLIC] };
    },
  };
  return {
    issuer: { issuer, audience: "gatehouse", algorithms: ["ES256"], maxAgeSeconds: 3_600, emailsAreVerified: false },
    keys,
  };
}
const BEARER = trustIn("https://bearer.example");
const ACCESS = trustIn("https://access.example");

const token = (issuer = "https://bearer.example", expiresIn = 600, sub = "ada") =>
  new SignJWT({ iss: issuer, aud: "gatehouse", sub, iat: NOW / 1_000 - 700, exp: NOW / 1_000 + expiresIn })
    .setProtectedHeader({ alg: "ES256", kid: "k" })
    .sign(privateKey);

const anOperator = (accountId = ACCOUNT_ID): OperatorRecord => ({
  ...aKey({ id: `operator-of-${accountId}`, accountId, name: "Ada" }),
  kind: "operator",
});

function operatorsOf(
  changes: Partial<OperatorAuthentication> = {},
  records: readonly OperatorRecord[] = [anOperator()],
): OperatorAuthentication {
  return {
    bearer: BEARER,
    access: ACCESS,
    finder: { find: async () => records },
    origins: new Set(["https://page.example"]),
    ...changes,
  };
}

const MISSING: Denial = { reason: "credential_missing" };
const MALFORMED: Denial = { reason: "scheme_not_bearer" };

describe("readOperatorToken", () => {
  const asserted = aRequest("/a", { headers: { "cf-access-jwt-assertion": "x.y.z" } });

  it("reads a JWT from Authorization, or Access's assertion when there is no Authorization", async () => {
    const text = await token();
    expect(readOperatorToken(aRequest("/a"), text, operatorsOf())).toEqual({
      token: text,
      verifier: BEARER,
      fromCookie: false,
    });
    expect(readOperatorToken(asserted, MISSING, operatorsOf())).toEqual({
      token: "x.y.z",
      verifier: ACCESS,
      fromCookie: true,
    });
  });

  it("reads nothing without a configured issuer or without a token", async () => {
    const text = await token();
    expect(readOperatorToken(aRequest("/a"), text, operatorsOf({ bearer: null }))).toBeNull();
    expect(readOperatorToken(aRequest("/a"), "text", operatorsOf())).toBeNull();
    expect(readOperatorToken(asserted, MISSING, operatorsOf({ access: null }))).toBeNull();
    expect(readOperatorToken(aRequest("/a"), MISSING, operatorsOf())).toBeNull();
    expect(readOperatorToken(asserted, MALFORMED, operatorsOf())).toBeNull();
    expect(readOperatorToken(asserted, "text", operatorsOf())).toBeNull();
  });
});

describe("findOperator", () => {
  async function find(
    wanted: {
      text?: string;
      trust?: IssuerVerifier;
      fromCookie?: boolean;
      safe?: boolean;
      headers?: Record<string, string>;
      records?: readonly OperatorRecord[];
      path?: string;
    } = {},
  ) {
    const { trust = BEARER, fromCookie = false, safe = true, headers = {}, records, path = CLUSTERS } = wanted;
    const { gateway, background } = openGateway();
    const { context, target } = aContext(gateway, path, { headers });
    const operatorToken = { token: wanted.text ?? (await token()), verifier: trust, fromCookie };
    const result = await findOperator(context, operatorToken, target, safe, operatorsOf({}, records), background);
    return "reason" in result ? result.reason : result.id;
  }

  it("finds the operator of the account in the path, or the first one", async () => {
    const records = [anOperator("first"), anOperator(), anOperator("third")];
    expect(await find({ records })).toBe(`operator-of-${ACCOUNT_ID}`);
    expect(await find({ records, path: "/elsewhere" })).toBe("operator-of-first");
    expect(await find({ records: [] })).toBe("operator_unknown");
  });

  it("denies an invalid token before D1 is read, and another issuer's before its keys are fetched", async () => {
    asked.length = 0;
    expect(await find({ text: await token("https://access.example") })).toBe("operator_token_invalid");
    expect(await find({ text: "no token" })).toBe("operator_token_invalid");
    expect(asked).toEqual([]);
    const good = await token();
    expect(await find({ text: good.slice(0, -4) })).toBe("operator_token_invalid");
    expect(await find({ text: await token("https://bearer.example", -60) })).toBe("operator_token_expired");
    expect(asked).toEqual(["k", "k"]);
  });

  it.each([
    [{}, true],
    [{ origin: HOST }, true],
    [{ origin: "https://page.example" }, true],
    [{ "sec-fetch-site": "same-origin" }, true],
    [{ origin: HOST, "sec-fetch-site": "cross-site" }, true],
    [{ origin: "https://evil.example" }, false],
    [{ origin: "null" }, false],
    [{ origin: "https://evil.example", "sec-fetch-site": "same-origin" }, false],
    [{ "sec-fetch-site": "same-site" }, false],
    [{ "sec-fetch-site": "cross-site" }, false],
    [{ "sec-fetch-site": "none" }, false],
  ])("allows a change with a browser's cookie and the headers %j: %j", async (headers, may) => {
    const there = `operator-of-${ACCOUNT_ID}`;
    expect(await find({ fromCookie: true, safe: false, headers: headers as Record<string, string> })).toBe(
      may ? there : "cross_site",
    );
    expect(await find({ fromCookie: true, safe: true, headers: headers as Record<string, string> })).toBe(there);
    expect(await find({ fromCookie: false, safe: false, headers: headers as Record<string, string> })).toBe(there);
  });
});

describe("a request of an operator", () => {
  async function ask(path = CLUSTERS, init: RequestInit = {}, wanted: Wanted = {}, text?: string) {
    const opened = openGateway({ operators: async () => operatorsOf(), ...wanted });
    const answer = await opened.ask(path, init, text ?? (await token()));
    return { ...opened, answer, code: answer.ok ? null : (await errorOf(answer)).code };
  }

  it("is forwarded with the operator's identity", async () => {
    const { answer, sent, lines, used } = await ask();
    expect(answer.status).toBe(200);
    expect(sent[0]?.url).toBe(`https://upstream.example${CLUSTERS}`);
    expect(lines[0]?.facts).toMatchObject({
      verdict: "allow",
      key_id: `operator-of-${ACCOUNT_ID}`,
      source: "d1",
      age_ms: 0,
      degraded: false,
    });
    expect(used).toEqual([]);
  });

  it("is served by Gatehouse when its operation is Gatehouse's own", async () => {
    const { answer, sent, served } = await ask(`/api/public/v1/accounts/${ACCOUNT_ID}/api-keys`);
    expect([answer.status, sent.length, served[0]?.principal.name]).toEqual([201, 0, "Ada"]);
  });

  it("is denied for the same reasons as a request with a key", async () => {
    expect((await ask(CLUSTERS, { headers: { upgrade: "websocket" } })).code).toBe("upgrade_not_enabled");
    expect((await ask(`${CLUSTERS}?t=${await token()}`)).answer.status).toBe(200);
    const text = await token();
    expect((await ask(`${CLUSTERS}?t=${text}`, {}, {}, text)).code).toBe("credential_malformed");
    expect((await ask("/console-api", { method: "GET" })).code).toBe("permission_missing");
    expect((await ask("/.well-known/gatehouse/none")).code).toBe("not_found");
    expect((await ask(CLUSTERS.replace(ACCOUNT_ID, "another"))).code).toBe("account_mismatch");
    expect((await ask(CLUSTERS, {}, { policy: { blockedKeyIds: new Set([`operator-of-${ACCOUNT_ID}`]) } })).code).toBe(
      "key_denied",
    );
  });

  it("is rate limited by operator, and by address while its tokens are invalid", async () => {
    expect((await ask(CLUSTERS, {}, { limits: createRateLimits(null, aLimiter(0)) })).code).toBe("rate_limited");
    const from = { headers: { "cf-connecting-ip": "192.0.2.1" } };
    const limits = createRateLimits(aLimiter(0), null);
    const bad = `${(await token()).slice(0, -4)}AAAA`;
    expect((await ask(CLUSTERS, from, { limits }, bad)).code).toBe("rate_limited");
    asked.length = 0;
    expect((await ask(CLUSTERS, from, { limits })).code).toBe("rate_limited");
    expect(asked).toEqual([]);
    expect((await ask(CLUSTERS, from, { limits: createRateLimits(aLimiter(1), null) }, bad)).code).toBe(
      "invalid_token",
    );
  });

  it("is answered 503 when the issuer's keys or D1 are unavailable", async () => {
    const operators = operatorsOf({ finder: { find: () => Promise.reject(new Error("D1 is away")) } });
    const { answer, lines } = await ask(CLUSTERS, {}, { operators: async () => operators });
    expect([answer.status, lines[0]?.facts.error]).toEqual([503, "Error: D1 is away"]);
  });
});
