// A whole request: which storage is read, in which order, what is forwarded, logged and recorded.
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/core/ip/ip-address.ts";
import { compileTable } from "../../src/core/routing/operation-table.ts";
import { OPERATIONS } from "../../src/core/routing/operations.ts";
import type { Policy } from "../../src/gateway/gateway.ts";
import { handleRequest } from "../../src/gateway/handle-request.ts";
import { createRateLimits } from "../../src/gateway/rate-limits.ts";
import type { Need, PendingKey, ResolvedKey } from "../../src/store/key-cache/ports.ts";
import { ACCOUNT_ID, aKey, aRole, NOW } from "../support/key.ts";
import {
  aLimiter,
  aRequest,
  CLUSTERS,
  errorOf,
  FORGED,
  found,
  openGateway,
  TOKEN,
  type Wanted,
} from "./gateway-harness.ts";

const KEYS = `/api/public/v1/accounts/${ACCOUNT_ID}/api-keys`;
const FROM_HERE = { headers: { "cf-connecting-ip": "192.0.2.1" } };

async function ask(path: string, init: RequestInit = {}, wanted: Wanted = {}, token: string | null = TOKEN) {
  const opened = openGateway(wanted);
  const answer = await opened.ask(path, init, token);
  const error = answer.ok || answer.status === 308 ? null : await errorOf(answer.clone());
  return { ...opened, answer, code: error?.code ?? null, line: opened.lines[0]?.facts };
}

const CACHED = found(aKey());
const fromD1 = found(aKey(), { source: "d1", ageMs: 0 });

describe("an allowed request", () => {
  it("is forwarded on the cached record, and its use is recorded", async () => {
    const { answer, sent, asked, used, line, denied } = await ask(`${CLUSTERS}?a=b`, FROM_HERE, {
      cached: CACHED,
    });
    expect(await answer.json()).toEqual({ from: "upstream" });
    expect(asked).toEqual(["getCached"]);
    expect(sent.map(({ url }) => url)).toEqual([`https://upstream.example${CLUSTERS}?a=b`]);
    expect(sent[0]?.call.headers).toMatchObject({
      "gatehouse-operation": "listClusters",
      "gatehouse-request-id": "request-1",
      "x-forwarded-for": "192.0.2.1",
    });
    expect(decodeJwt(sent[0]?.call.headers["gatehouse-identity"] ?? "")).toMatchObject({ sub: aKey().id });
    const client = { text: "192.0.2.1", address: parseAddress("192.0.2.1") };
    expect(used).toEqual([[aKey().id, NOW, client, expect.any(Request), expect.any(Function)]]);
    expect(line).toMatchObject({ verdict: "allow", source: "memory", status: 200, authorize_ms: 0 });
    expect(line).not.toHaveProperty("speculated");
    expect(denied).toEqual([]);
  });

  it("has no log event when it is not sampled", async () => {
    expect((await ask(CLUSTERS, FROM_HERE, { cached: CACHED, samples: false })).lines).toEqual([]);
  });

  it("logs and forwards neither an unknown operation nor an unknown address", async () => {
    const admin = found(aKey({ role: { ...aRole(), grant: { everything: true, permissions: new Set() } } }));
    const { sent } = await ask("/elsewhere", {}, { cached: admin });
    expect(sent[0]?.call.headers["gatehouse-operation"]).toBe("unknown");
    expect(sent[0]?.call.headers).not.toHaveProperty("x-forwarded-for");
  });

  it("is served by Gatehouse, and not forwarded, when its operation is Gatehouse's own", async () => {
    const { answer, sent, served, used, lines } = await ask(`${KEYS}?limit=5`, FROM_HERE, {
      cached: CACHED,
      samples: true,
    });
    expect([answer.status, sent.length, used.length]).toEqual([201, 0, 1]);
    expect(served[0]).toMatchObject({
      path: KEYS,
      query: "?limit=5",
      principal: aKey(),
      address: "192.0.2.1",
      requestId: "request-1",
      now: NOW,
      operation: { operationId: "listApiKeys" },
    });
    expect(lines[0]?.facts).toMatchObject({ resource_id: "made", count: 1 });
    const nowhere = await ask(KEYS, {}, { cached: CACHED });
    expect(nowhere.served[0]?.address).toBeNull();
  });

  it("gets the upstream's response without the stripped headers", async () => {
    const answer = () => new Response("ok", { headers: { server: "nginx" } });
    const out = await ask(CLUSTERS, {}, { cached: CACHED, answer });
    expect(out.answer.headers.has("server")).toBe(false);
  });

  it("gets CORS headers for allowed origins only", async () => {
    const policy = { origins: new Set(["https://page.example"]) };
    const from = async (origin: string, wanted: Wanted) =>
      (await ask(CLUSTERS, { headers: { origin } }, { policy, ...wanted })).answer.headers.get(
        "access-control-allow-origin",
      );
    expect(await from("https://page.example", { cached: CACHED })).toBe("https://page.example");
    expect(await from("https://evil.example", { cached: CACHED })).toBeNull();
    const keyless = await ask(CLUSTERS, { headers: { origin: "https://page.example" } }, { policy }, null);
    expect([keyless.code, keyless.answer.headers.get("access-control-allow-origin")]).toEqual([
      "credential_missing",
      "https://page.example",
    ]);
  });
});

it("answers preflights on allowed hosts, except on public documents", async () => {
  const policy = { origins: new Set(["https://page.example"]) };
  const headers = { origin: "https://page.example", "access-control-request-method": "POST" };
  const preflight = (path: string, more: Partial<Policy> = {}) =>
    ask(path, { method: "OPTIONS", headers }, { policy: { ...policy, ...more } }, null);
  for (const path of [CLUSTERS, "/.well-known/gatehouse/none"]) {
    expect((await preflight(path)).answer.status).toBe(204);
    expect((await preflight(path, { hosts: new Set(["another.example"]) })).code).toBe("host_not_served");
    expect((await preflight(path, { origins: new Set() })).code).toBe("preflight_origin_not_allowed");
  }
});

describe("the records that a request is authorized on", () => {
  const asks = async (method: string, wanted: Wanted = {}, path = CLUSTERS) =>
    (await ask(path, { method }, wanted)).asked;
  const fromPrimary = { fromPrimary: true, allowUnconfirmed: false };

  it("looks up the key cache first, and reads the primary for a change", async () => {
    expect(await asks("GET")).toEqual(["getCached", { fromPrimary: false, allowUnconfirmed: false }]);
    expect(await asks("GET", { cached: CACHED })).toEqual(["getCached"]);
    expect(await asks("POST", { cached: CACHED })).toEqual(["getCached", fromPrimary]);
  });

  it("reads the primary for every request with STRONG_CHECK=all", async () => {
    expect(await asks("GET", { cached: CACHED, policy: { strongCheck: "all" } })).toEqual(["getCached", fromPrimary]);
    expect(await asks("POST", { cached: CACHED, policy: { strongCheck: "all" } })).toEqual(["getCached", fromPrimary]);
  });

  it("accepts an unconfirmed record only for reads that are forwarded and can be repeated", async () => {
    const policy = { speculativeForwarding: true };
    const ahead = async (method: string, path?: string) =>
      ((await asks(method, { policy }, path)).at(-1) as Need).allowUnconfirmed;
    expect(await ahead("GET")).toBe(true);
    expect(await ahead("HEAD")).toBe(true);
    expect(await ahead("POST")).toBe(false);
    expect(await ahead("GET", KEYS)).toBe(false);
    expect(await ahead("OPTIONS", "/elsewhere")).toBe(false);
    expect(await ahead("GET", "/elsewhere")).toBe(true);
  });

  it("waits for the record of a POST that reads, since its body can be sent only once", async () => {
    const search = {
      operationId: "search",
      method: "POST",
      path: "/search",
      permission: null,
      effect: "safe",
    } as const;
    const operations = compileTable([...OPERATIONS, { ...search, handledBy: "upstream" }], "/");
    const wanted = { policy: { speculativeForwarding: true }, operations };
    const find = () => ({ cached: aKey(), result: Promise.resolve(fromD1) });
    const { asked, sent } = await ask("/search", { method: "POST", body: "{}" }, { ...wanted, find });
    expect(asked).toEqual(["getCached", { fromPrimary: false, allowUnconfirmed: false }]);
    expect(sent.map(({ call }) => call.body)).toEqual([expect.anything()]);
  });

  it("denies on the cached record before it validates the rest of the request", async () => {
    const dead = { cached: found(aKey({ revokedAt: NOW })) };
    const odd = { headers: { "x-api-key": "a", upgrade: "websocket", host: "a/b" } };
    const refused = await ask(CLUSTERS, odd, dead);
    expect([refused.code, refused.asked, refused.sent]).toEqual(["key_revoked", ["getCached"], []]);
    expect((await ask(CLUSTERS, { method: "POST" }, dead)).asked).toEqual(["getCached", fromPrimary]);
    // An allowed principal is told what else is wrong with the request.
    expect((await ask(CLUSTERS, odd, { cached: CACHED })).code).toBe("host_not_served");
    // Denied without its record, which is read behind the denial: it may be that of a canary key.
    const behind = { fromPrimary: false, allowUnconfirmed: false };
    expect((await ask(CLUSTERS, odd)).asked).toEqual(["getCached", behind]);
  });

  it("reads no storage for a malformed key, and logs the exact reason", async () => {
    const [header] = TOKEN.split(".");
    const code = async (token: string) => {
      const { lines, asked, sent } = await ask(CLUSTERS, {}, {}, token);
      return [lines[0]?.facts.reason, asked, sent];
    };
    expect(await code(`${header}.x`)).toEqual(["token_malformed", ["getCached"], []]);
    expect(await code(`${TOKEN} x`)).toEqual(["credential_malformed", ["getCached"], []]);
    expect(await code(`${header}.${"\u00e9".repeat(9)}`)).toEqual(["token_malformed", ["getCached"], []]);
  });

  it("answers 503 and forwards nothing when the key cache throws", async () => {
    const { gateway, background, sent, lines } = openGateway();
    const broken = () => {
      throw new Error("an internal error");
    };
    const request = aRequest(CLUSTERS, { headers: { authorization: `Bearer ${TOKEN}` } });
    const answer = await handleRequest(
      request,
      { ...gateway, keys: { ...gateway.keys, getCached: broken } },
      background,
    );
    expect([answer.status, sent, lines[0]?.kind]).toEqual([503, [], "fault"]);
  });

  it("counts a WebSocket handshake as a request of its key", async () => {
    const names: string[] = [];
    const limits = createRateLimits(null, aLimiter(1, names));
    const wanted = { limits, cached: CACHED, policy: { allowWebSockets: true } };
    const socket = { headers: { upgrade: "websocket" } };
    const first = await ask(CLUSTERS, socket, wanted);
    expect([first.answer.status, first.used.length, names]).toEqual([200, 1, [aKey().id]]);
    expect((await ask(CLUSTERS, socket, wanted)).answer.status).toBe(429);
  });

  it("forwards no operation of Gatehouse's own as a WebSocket", async () => {
    const socket = { headers: { upgrade: "websocket" } };
    const { code, sent, served } = await ask(KEYS, socket, { cached: CACHED, policy: { allowWebSockets: true } });
    expect([code, sent, served]).toEqual(["upgrade_not_enabled", [], []]);
  });

  it("reads the primary for a WebSocket handshake, even with a cached record", async () => {
    const policy = { allowWebSockets: true };
    const socket = { headers: { upgrade: "websocket" } };
    const answer = () => new Response("no");
    expect((await ask(CLUSTERS, socket, { cached: CACHED, policy, answer })).asked).toEqual(["getCached", fromPrimary]);
  });

  it("reads no storage for a forged, missing or malformed credential", async () => {
    expect((await ask(CLUSTERS, {}, {}, FORGED)).asked).toEqual(["getCached"]);
    expect((await ask(CLUSTERS, {}, {}, "text")).asked).toEqual([]);
    expect((await ask(CLUSTERS, {}, {}, null)).asked).toEqual([]);
  });
});

describe("a denied request", () => {
  const refusedAs = async (path: string, init: RequestInit = {}, wanted: Wanted = {}, token: string | null = TOKEN) => {
    const { code, sent, used, denied, line } = await ask(path, init, wanted, token);
    expect([sent, used]).toEqual([[], []]);
    expect(line).toMatchObject({ verdict: "deny", reason: denied[0]?.reason });
    return [code, denied[0]?.reason];
  };

  it.each([
    ["/a%2fb", {}, "path_not_canonical"],
    ["/.well-known/gatehouse/none", {}, "not_found"],
    ["/console/none", {}, "not_found"],
    ["/.well-known/gatehouse/health", { method: "POST" }, "method_not_allowed"],
    [`${CLUSTERS}?key=${TOKEN}`, {}, "credential_malformed"],
    [CLUSTERS, { headers: { "x-api-key": "x" } }, "credential_malformed"],
    [CLUSTERS, { headers: { upgrade: "websocket" } }, "upgrade_not_enabled"],
    [
      CLUSTERS,
      { method: "OPTIONS", headers: { origin: "https://evil.example", "access-control-request-method": "GET" } },
      "preflight_origin_not_allowed",
    ],
    [CLUSTERS.replace(ACCOUNT_ID, "another"), {}, "account_mismatch"],
    ["/elsewhere", {}, "permission_missing"],
  ])("is denied at %s with %j: %s", async (path, init, reason) => {
    expect(await refusedAs(path, init as RequestInit)).toEqual([reason, reason]);
  });

  it("gets one answer for every invalid key, and the log the exact reason", async () => {
    expect(await refusedAs(CLUSTERS, {}, {}, "text")).toEqual(["invalid_token", "token_malformed"]);
    expect(await refusedAs(CLUSTERS, {}, {}, FORGED)).toEqual(["invalid_token", "signature_invalid"]);
    expect(await refusedAs(CLUSTERS, {}, { find: () => found(null) })).toEqual(["invalid_token", "key_unknown"]);
    expect(await refusedAs(CLUSTERS, { headers: { authorization: "Basic x" } }, {}, null)).toEqual([
      "scheme_not_bearer",
      "scheme_not_bearer",
    ]);
  });

  it("is denied a WebSocket that is none, even where WebSockets are enabled", async () => {
    const policy = { allowWebSockets: true };
    expect(await refusedAs(CLUSTERS, { headers: { upgrade: "h2c, websocket" } }, { policy })).toEqual([
      "upgrade_not_enabled",
      "upgrade_not_enabled",
    ]);
    expect(await refusedAs(CLUSTERS, { method: "POST", headers: { upgrade: "websocket" } }, { policy })).toEqual([
      "upgrade_not_enabled",
      "upgrade_not_enabled",
    ]);
  });

  it("answers the preflight of an allowed origin without a credential", async () => {
    const policy = { origins: new Set(["https://page.example"]) };
    const headers = { origin: "https://page.example", "access-control-request-method": "PUT" };
    const { answer, line, asked } = await ask(CLUSTERS, { method: "OPTIONS", headers }, { policy }, null);
    expect([answer.status, asked, line?.verdict]).toEqual([204, [], "allow"]);
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://page.example");
  });
});

describe("rate limits", () => {
  it("count what is sent without a valid signature, and no other denial", async () => {
    for (const [token, wanted, counted] of [
      ["text", {}, 1],
      [FORGED, {}, 1],
      [TOKEN, { find: () => found(null) }, 0],
      [TOKEN, { find: () => found(aKey({ revokedAt: NOW })) }, 0],
      [TOKEN, {}, 0],
      [null, {}, 0],
    ] as const) {
      const names: string[] = [];
      await ask(CLUSTERS, FROM_HERE, { ...wanted, limits: createRateLimits(aLimiter(9, names), null) }, token);
      expect(names.length).toBe(counted);
    }
  });

  it("never limit a key whose signature is valid by what others send from its address", async () => {
    const limits = createRateLimits(aLimiter(0), null);
    const forged = await ask(CLUSTERS, FROM_HERE, { limits }, FORGED);
    expect([forged.code, forged.asked]).toEqual(["rate_limited", ["getCached"]]);
    for (const method of ["GET", "POST"]) {
      expect((await ask(CLUSTERS, { ...FROM_HERE, method }, { limits })).answer.status).toBe(200);
    }
    expect((await ask(CLUSTERS, FROM_HERE, { limits, find: () => found(null) })).code).toBe("invalid_token");
  });

  it("deny a key beyond its limit, and record no use", async () => {
    const { code, sent, used } = await ask(
      CLUSTERS,
      {},
      { limits: createRateLimits(null, aLimiter(0)), cached: CACHED },
    );
    expect([code, sent, used]).toEqual(["rate_limited", [], []]);
  });
});

describe("an internal error", () => {
  it("is answered 503, and logged with its cause", async () => {
    const find = () => Promise.reject(new Error("D1 is away"));
    const { answer, sent, lines } = await ask(CLUSTERS, {}, { find });
    expect([answer.status, sent]).toEqual([503, []]);
    expect(await errorOf(answer)).toMatchObject({
      code: "unavailable",
      detail: "The request cannot be processed right now. Retry later.",
    });
    expect(lines).toEqual([
      expect.objectContaining({
        kind: "fault",
        facts: expect.objectContaining({ error: "Error: D1 is away", status: 503 }),
      }),
    ]);
  });

  it("is not raised for a read within the stale-if-error window", async () => {
    expect((await ask(CLUSTERS, {}, { cached: found(aKey(), { degraded: true }) })).answer.status).toBe(200);
  });

  it("of the upstream is answered 502", async () => {
    const answer = () => Promise.reject(new Error("refused"));
    const { answer: out, code, line } = await ask(CLUSTERS, {}, { cached: CACHED, answer });
    expect([out.status, code]).toEqual([502, "upstream_unreachable"]);
    expect(line).toMatchObject({
      verdict: "fault",
      error: "Error: the upstream gave no answer: unreachable <- Error: refused",
    });
  });
});

describe("speculative forwarding", () => {
  const policy = { speculativeForwarding: true };
  /** The record at hand, and what the check then says. */
  const ahead = (confirmed: () => Promise<ResolvedKey>, cached = aKey()): Wanted => ({
    policy,
    find: (): PendingKey => ({ cached: cached, result: confirmed() }),
  });
  const agrees = async () => fromD1;

  it("returns the upstream's response when the record is confirmed", async () => {
    const { answer, sent, used, line } = await ask(CLUSTERS, {}, ahead(agrees));
    expect([answer.status, sent.length, used.length]).toEqual([200, 1, 1]);
    expect(line).toMatchObject({ speculated: true, source: "d1" });
    expect(sent[0]?.call.signal?.aborted).toBe(false);
  });

  it("forwards while the record is being confirmed", async () => {
    let agree: (found: ResolvedKey) => void = () => undefined;
    const opened = openGateway(
      ahead(
        () =>
          new Promise((done) => {
            agree = done;
          }),
      ),
    );
    const answered = opened.ask(CLUSTERS);
    for (let i = 0; i < 100 && opened.sent.length === 0; i++) await new Promise((done) => setTimeout(done, 1));
    expect(opened.sent.length).toBe(1);
    agree(fromD1);
    expect((await answered).status).toBe(200);
  });

  it("cancels the upstream request and withholds its response when the confirmed record denies it", async () => {
    const { code, sent, used, line } = await ask(
      CLUSTERS,
      {},
      ahead(async () => found(aKey({ revokedAt: NOW }))),
    );
    expect([code, sent.length, used]).toEqual(["key_revoked", 1, []]);
    expect(sent[0]?.call.signal?.aborted).toBe(true);
    expect(line).toMatchObject({ verdict: "deny", speculated: true });
  });

  it("cancels the upstream request when confirmation fails, and sends none beyond the rate limit of the key", async () => {
    const away = Promise.reject(new Error("D1 is away"));
    away.catch(() => undefined);
    const failed = await ask(
      CLUSTERS,
      {},
      ahead(() => away),
    );
    expect([failed.answer.status, failed.sent[0]?.call.signal?.aborted]).toEqual([503, true]);
    const often = await ask(CLUSTERS, {}, { ...ahead(agrees), limits: createRateLimits(null, aLimiter(0)) });
    expect([often.code, often.sent, often.used]).toEqual(["rate_limited", [], []]);
  });

  it("forwards again with the current identity when the record has changed", async () => {
    const role = aRole("CLUSTER.READ" as never);
    const { answer, sent } = await ask(
      CLUSTERS,
      {},
      ahead(
        async () => found(aKey({ version: 2, name: "x" })),
        aKey({ role: { ...aKey().role, ...{ name: role.name } } }),
      ),
    );
    expect([answer.status, sent.length, sent[0]?.call.signal?.aborted]).toEqual([200, 2, true]);
    const roles = sent.map(({ call }) => decodeJwt(call.headers["gatehouse-identity"] ?? "").role);
    expect(roles).toEqual(["custom", aKey().role.name]);
  });

  it("does not forward speculatively when the cached record denies it or the request is a change", async () => {
    const revoked = aKey({ revokedAt: NOW });
    const waits = await ask(CLUSTERS, {}, ahead(agrees, revoked));
    expect([waits.answer.status, waits.sent.length, waits.line?.speculated]).toEqual([200, 1, undefined]);
    const change = await ask(
      CLUSTERS,
      { method: "POST" },
      ahead(async () => found(aKey({ revokedAt: NOW }))),
    );
    expect([change.code, change.sent]).toEqual(["key_revoked", []]);
  });
});

it("forwards no request with its key in the URL, with any method", async () => {
  const request = aRequest(`${CLUSTERS}?a=${TOKEN}`, {}, TOKEN);
  expect(request.url).toContain(TOKEN);
  expect((await ask(`${CLUSTERS}?a=${TOKEN}`, { method: "POST" })).code).toBe("credential_malformed");
});
