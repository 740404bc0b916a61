// Operators' tokens: which one is read, what is verified, and whose record is found.

import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import type { Denial } from "../../../src/core/access/decision.ts";
import type { Credential } from "../../../src/gateway/authentication/credential.ts";
import { authenticateOperator } from "../../../src/gateway/authentication/operator.ts";
import { findOperator, readOperatorToken } from "../../../src/gateway/authentication/operator-token.ts";
import type { IssuerVerifier, OperatorAuthentication } from "../../../src/gateway/gateway.ts";
import { reauthorize } from "../../../src/gateway/proxy/reauthorize.ts";
import { createRateLimits } from "../../../src/gateway/rate-limits.ts";
import type { OperatorEntry } from "../../../src/store/operators/port.ts";
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
    issuer: {
      issuer,
      audience: "gatehouse",
      algorithms: ["ES256"],
      maxAgeSeconds: 3_600,
      emailsAreVerified: false,
      roleClaim: "groups",
    },
    keys,
    roleMap: new Map(),
  };
}
const BEARER = trustIn("https://bearer.example");
const ACCESS = trustIn("https://access.example");

const token = (issuer = "https://bearer.example", expiresIn = 600, sub = "ada") =>
  new SignJWT({ iss: issuer, aud: "gatehouse", sub, iat: NOW / 1_000 - 700, exp: NOW / 1_000 + expiresIn })
    .setProtectedHeader({ alg: "ES256", kid: "k" })
    .sign(privateKey);

const OTHER_ID = "00000000-0000-4000-8000-00000000000b";

const anEntry = (accountId = ACCOUNT_ID, expiresAt: number | null = null): OperatorEntry => ({
  account: { id: accountId, name: `Account ${accountId}` },
  expiresAt,
  hasRole: true,
  decode: () => ({
    ...aKey({ id: `operator-of-${accountId}`, accountId, name: "Ada", expiresAt }),
    kind: "operator",
    mapped: null,
  }),
});
const UNREADABLE: OperatorEntry = {
  ...anEntry(OTHER_ID),
  decode: () => {
    throw new Error("the row cannot be read");
  },
};

function operatorsOf(
  changes: Partial<OperatorAuthentication> = {},
  entries: readonly OperatorEntry[] = [anEntry()],
): OperatorAuthentication {
  return {
    bearer: BEARER,
    access: ACCESS,
    finder: { find: async () => entries },
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
      isAmbient: false,
    });
    expect(readOperatorToken(asserted, MISSING, operatorsOf())).toEqual({
      token: "x.y.z",
      verifier: ACCESS,
      isAmbient: true,
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
      entries?: readonly OperatorEntry[];
      path?: string;
      named?: string | null;
    } = {},
  ) {
    const { trust = BEARER, entries, path = CLUSTERS, named = null } = wanted;
    const { gateway, background } = openGateway();
    const { target } = aContext(gateway, path);
    const operatorToken = { token: wanted.text ?? (await token()), verifier: trust, isAmbient: false };
    const operators = operatorsOf({}, entries);
    const result = await findOperator(NOW, operatorToken, named, target, operators, background);
    return "reason" in result ? result.reason : result.id;
  }

  it("finds the operator of the account in the path, of the named account, or the only one", async () => {
    const [here, there] = [`operator-of-${ACCOUNT_ID}`, `operator-of-${OTHER_ID}`];
    const entries = [anEntry(OTHER_ID), anEntry()];
    expect(await find({ entries })).toBe(here);
    expect(await find({ entries, named: OTHER_ID })).toBe(here);
    expect(await find({ entries, path: "/elsewhere" })).toBe("account_required");
    expect(await find({ entries, path: "/elsewhere", named: OTHER_ID })).toBe(there);
    expect(await find({ path: "/elsewhere" })).toBe(here);
    expect(await find({ path: "/elsewhere", named: OTHER_ID })).toBe("account_mismatch");
    expect(await find({ path: "/elsewhere", named: "" })).toBe("account_mismatch");
    expect(await find({ entries: [] })).toBe("operator_unknown");
  });

  it("passes over an expired entry of another account, and over one that cannot be read", async () => {
    const here = `operator-of-${ACCOUNT_ID}`;
    expect(await find({ entries: [anEntry(OTHER_ID, NOW), anEntry()], path: "/elsewhere" })).toBe(here);
    expect(await find({ entries: [UNREADABLE, anEntry()] })).toBe(here);
    expect(await find({ entries: [UNREADABLE, anEntry()], path: "/elsewhere", named: ACCOUNT_ID })).toBe(here);
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
});

describe("a browser's cookie of an access proxy", () => {
  const OWN = { "sec-fetch-site": "same-origin", "sec-fetch-dest": "empty" };
  async function askWith(headers: Record<string, string>, init: RequestInit = {}, policy: Wanted["policy"] = {}) {
    const assertion = { "cf-access-jwt-assertion": await token("https://access.example") };
    const opened = openGateway({ operators: async () => operatorsOf(), policy: policy ?? {} });
    const answer = await opened.ask(CLUSTERS, { ...init, headers: { ...assertion, ...headers } }, null);
    return answer.ok ? answer.status : (await errorOf(answer)).code;
  }
  const METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"] as const;

  it.each([
    ["without another header", OWN],
    ["with its own Origin", { ...OWN, origin: HOST }],
  ])("authenticates the fetch of a page of this origin %s", async (_, headers) => {
    for (const method of ["GET", "POST"]) expect(await askWith(headers, { method })).toBe(200);
  });

  const DESTINATIONS = [
    "audio",
    "audioworklet",
    "document",
    "embed",
    "fencedframe",
    "font",
    "frame",
    "iframe",
    "image",
  ].concat(
    [
      "json",
      "manifest",
      "object",
      "paintworklet",
      "report",
      "script",
      "serviceworker",
      "sharedworker",
      "speculationrules",
    ],
    ["style", "track", "video", "webidentity", "websocket", "worker", "xslt", "", "Empty", "empty, document"],
  );
  it.each(DESTINATIONS)("authenticates no request with the destination %j", async (destination) => {
    expect(await askWith({ ...OWN, "sec-fetch-dest": destination })).toBe("cross_site");
  });

  it.each(["cross-site", "same-site", "none", "", "same-origin, cross-site"])(
    "authenticates no request of the site %j, whatever its method",
    async (site) => {
      for (const method of METHODS) {
        expect([method, await askWith({ ...OWN, "sec-fetch-site": site }, { method })]).toEqual([method, "cross_site"]);
      }
    },
  );

  it.each([
    ["no metadata", {}],
    ["no destination", { "sec-fetch-site": "same-origin" }],
    ["no site", { "sec-fetch-dest": "empty" }],
    ["the Origin of another site", { ...OWN, origin: "https://evil.example" }],
    ["a hidden Origin", { ...OWN, origin: "null" }],
    ["the Origin of another port", { ...OWN, origin: `${HOST}:8443` }],
  ])("authenticates no request with %s", async (_, headers) => {
    expect(await askWith(headers as Record<string, string>)).toBe("cross_site");
    expect(await askWith(headers as Record<string, string>, {}, { origins: new Set(["https://evil.example"]) })).toBe(
      "cross_site",
    );
  });

  it("is not read on another host than the console's", async () => {
    expect(await askWith(OWN, {}, { consoleHost: "console.example" })).toBe("credential_missing");
  });

  it("authenticates a token in Authorization from anywhere", async () => {
    const { ask } = openGateway({ operators: async () => operatorsOf() });
    const headers = { "sec-fetch-site": "cross-site", "sec-fetch-dest": "document" };
    expect((await ask(CLUSTERS, { headers }, await token())).status).toBe(200);
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

  it("is rate limited by operator; an address only for tokens that are invalid", async () => {
    expect((await ask(CLUSTERS, {}, { limits: createRateLimits(null, aLimiter(0)) })).code).toBe("rate_limited");
    const from = { headers: { "cf-connecting-ip": "192.0.2.1" } };
    const limits = createRateLimits(aLimiter(0), null);
    const bad = `${(await token()).slice(0, -4)}AAAA`;
    expect((await ask(CLUSTERS, from, { limits }, bad)).code).toBe("rate_limited");
    expect((await ask(CLUSTERS, from, { limits })).answer.status).toBe(200);
    expect((await ask(CLUSTERS, from, { limits: createRateLimits(aLimiter(1), null) }, bad)).code).toBe(
      "invalid_token",
    );
  });

  it("stays in its account when another account adds the same person while it is open", async () => {
    const entries = [anEntry()];
    const { gateway, background } = openGateway({ operators: async () => operatorsOf({}, entries) });
    const { context, target } = aContext(gateway, "/elsewhere", {
      headers: { authorization: `Bearer ${await token()}` },
    });
    context.credential = (await authenticateOperator(context, gateway, background)) as Credential;
    const first = await context.credential.resolve(target, { fromPrimary: true, allowUnconfirmed: false });
    entries.unshift(anEntry(OTHER_ID));
    const again = await reauthorize(context, target, gateway, background);
    expect([first, again]).toMatchObject([
      { record: { accountId: ACCOUNT_ID } },
      { denial: { reason: "permission_missing" } },
    ]);
  });

  it("ends when its token expires while it is open", async () => {
    const { gateway, background, clock } = openGateway({ operators: async () => operatorsOf() });
    const { context, target } = aContext(gateway, CLUSTERS, { headers: { authorization: `Bearer ${await token()}` } });
    context.credential = (await authenticateOperator(context, gateway, background)) as Credential;
    expect(await reauthorize(context, target, gateway, background)).toMatchObject({ allow: true });
    clock.now += 631_000;
    expect(await reauthorize(context, target, gateway, background)).toEqual({
      allow: false,
      denial: { reason: "operator_token_expired" },
    });
  });

  it("varies by the header that names the account, and a request with a key does not", async () => {
    expect((await ask()).answer.headers.get("vary")).toBe("Gatehouse-Account");
    expect((await openGateway().ask(CLUSTERS)).headers.get("vary")).toBeNull();
  });

  it("of several accounts learns which ones there are when it names none", async () => {
    const operators = operatorsOf({}, [anEntry(OTHER_ID), anEntry()]);
    const { answer, lines } = await ask("/api/public/v1/account", {}, { operators: async () => operators });
    expect([answer.status, lines[0]?.facts.reason]).toEqual([409, "account_required"]);
    const named = { headers: { "gatehouse-account": OTHER_ID.toUpperCase() } };
    const chosen = await ask("/api/public/v1/account", named, { operators: async () => operators });
    expect([chosen.answer.status, chosen.lines[0]?.facts.account_id]).toEqual([200, OTHER_ID]);
    expect(chosen.sent[0]?.call.headers).not.toHaveProperty("gatehouse-account");
  });

  it("is answered 503 when the issuer's keys or D1 are unavailable", async () => {
    const operators = operatorsOf({ finder: { find: () => Promise.reject(new Error("D1 is away")) } });
    const { answer, lines } = await ask(CLUSTERS, {}, { operators: async () => operators });
    expect([answer.status, lines[0]?.facts.error]).toEqual([503, "Error: D1 is away"]);
  });
});
