// The first-start page: shown while values are missing, and until the first account exists; then never again.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newKeyRing } from "../../scripts/secrets.ts";
import { CLUSTERS } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { startWorkerdGateway, type WorkerdGateway, type WorkerdGatewayOptions } from "../support/workerd-gateway.ts";

const SETUP = "/console/setup";
const STATE = `${SETUP}/state`;
const POLICY = /^default-src 'none'; script-src 'self'; connect-src 'self';/;
const FAILURE_LIMIT = 5;
const HTML = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
const PLACEHOLDERS = { KEY_RING: "generate-me", IDENTITY_KEYS: "" };

/** The files that `npm run build` makes, as far as these tests read them. */
const FILES: Readonly<Record<string, readonly [body: string, type: string]>> = {
  "/console/setup.html": ["<!doctype html><title>Set up Gatehouse</title>", "text/html"],
  "/console/assets/setup-1.js": ["export {};", "text/javascript"],
};

async function assets(request: Request): Promise<Response> {
  const [body, type] = FILES[new URL(request.url).pathname] ?? [];
  return type === undefined
    ? new Response(null, { status: 404 })
    : new Response(body, { headers: { "content-type": type } });
}

function start(options: WorkerdGatewayOptions): Promise<WorkerdGateway> {
  const limit = { namespace_id: "1", simple: { limit: FAILURE_LIMIT, period: 60 } };
  const worker = { serviceBindings: { ASSETS: assets }, ratelimits: { AUTH_FAILURE_RATE_LIMIT: limit } };
  return startWorkerdGateway({ database: "tables", ...options, worker });
}

const stateOf = async (gateway: WorkerdGateway) => (await gateway.call(null, STATE)).json();

describe("a Worker without its secrets", () => {
  let gateway: WorkerdGateway;
  beforeAll(async () => {
    gateway = await start({ secrets: PLACEHOLDERS, vars: { UPSTREAM_URL: "" } });
  });
  afterAll(() => gateway.close());

  it("serves the first-start page under the console's content security policy", async () => {
    const response = await gateway.call(null, SETUP, { headers: HTML });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-security-policy")).toMatch(POLICY);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.text()).toContain("Set up Gatehouse");
    expect((await gateway.call(null, "/console/assets/setup-1.js")).status).toBe(200);
  });

  it("names the missing values, a placeholder among them", async () => {
    const missing = ["KEY_RING", "IDENTITY_KEYS", "UPSTREAM_URL"];
    expect(await stateOf(gateway)).toEqual({ state: "values_missing", missing });
  });

  it.each(["/", "/console", "/console/"])("redirects a browser from %s to the first-start page", async (path) => {
    const response = await gateway.call(null, path, { headers: HTML });
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe(SETUP);
    expect((await gateway.call(null, path)).status).toBe(503);
  });

  it.each([
    ["GET", CLUSTERS],
    ["GET", "/console/keys"],
    ["GET", "/console/assets/none.js"],
    ["GET", "/.well-known/gatehouse/health"],
    ["POST", SETUP],
    ["POST", "/"],
    ["DELETE", STATE],
  ])("answers 503 to every other request without its secrets: %s %s", async (method, path) => {
    const response = await gateway.call(null, path, { method, headers: HTML });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: "misconfigured" } });
    expect(gateway.upstream.reached).toEqual([]);
  });
});

describe("a Worker with other errors than missing values", () => {
  it("answers 503 on the first-start page when another setting is invalid", async () => {
    const gateway = await start({ secrets: PLACEHOLDERS, vars: { LOG_SAMPLE: "all" } });
    for (const path of [SETUP, STATE, "/"]) {
      expect([path, (await gateway.call(null, path, { headers: HTML })).status]).toEqual([path, 503]);
    }
    await gateway.close();
  });

  it("answers 503 on the first-start page when a deployment with an account has lost a secret", async () => {
    const gateway = await start({ secrets: PLACEHOLDERS, database: "accounts" });
    for (const path of [SETUP, STATE, "/"]) {
      expect([path, (await gateway.call(null, path, { headers: HTML })).status]).toEqual([path, 503]);
    }
    await gateway.close();
  });
});

interface Created {
  readonly account_id: string;
  readonly api_key_id: string;
  readonly jwt: string;
}

function secretOf(gateway: WorkerdGateway): string {
  const [secret] = Object.values(JSON.parse(gateway.secrets.KEY_RING) as Record<string, string>);
  if (secret === undefined) throw new Error("the key ring is empty");
  return secret;
}

function post(gateway: WorkerdGateway, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  return gateway.call(null, SETUP, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

const claim = (gateway: WorkerdGateway, keyRing = gateway.secrets.KEY_RING) => ({
  account_name: "Müller AG",
  key_ring: keyRing,
});

const rowsOf = async (gateway: WorkerdGateway, table: string) =>
  (await gateway.env.DB.prepare(`SELECT * FROM ${table}`).all()).results;

describe("creation of the first account", () => {
  let gateway: WorkerdGateway;
  beforeEach(async () => {
    gateway = await start({});
  });
  afterEach(() => gateway.close());

  it("creates the account for the holder of KEY_RING, shows its Admin key once, and ends the page", async () => {
    expect(await stateOf(gateway)).toEqual({ state: "account_missing", missing: [] });
    const response = await post(gateway, claim(gateway, ` ${gateway.secrets.KEY_RING}\n`));
    expect(response.status).toBe(201);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const created = (await response.json()) as { account_id: string; api_key_id: string; jwt: string };

    const self = await gateway.call(created.jwt, "/api/public/v1/auth/self");
    expect(await self.json()).toMatchObject({ data: { account_id: created.account_id, role: { name: "Admin" } } });
    expect((await gateway.call(created.jwt, "/api/public/v1/account")).status).toBe(200);
    expect(gateway.upstream.reached).toHaveLength(1);

    for (const [method, path] of [
      ["GET", SETUP],
      ["GET", STATE],
      ["POST", SETUP],
      ["PUT", SETUP],
    ] as const) {
      expect([path, (await gateway.call(null, path, { method })).status]).toEqual([path, 404]);
    }
    expect((await post(gateway, claim(gateway))).status).toBe(404);
    expect(await rowsOf(gateway, "accounts")).toMatchObject([{ name: "Müller AG" }]);
  });

  it("writes the audit event and the log line of the first account, without the key or the key ring", async () => {
    const created = (await (
      await post(gateway, claim(gateway), { "cf-connecting-ip": "203.0.113.7" })
    ).json()) as Created;
    const events = await gateway.call(created.jwt, `/api/public/v1/accounts/${created.account_id}/audit/events`);
    expect(await events.json()).toMatchObject({
      data: [{ event_type: "CREATE", entity_id: created.api_key_id, address: "203.0.113.7" }],
    });
    const lines = await gateway.logs();
    const change = { kind: "change", outcome: "first_account_created", resource_id: created.api_key_id, status: 201 };
    expect(lines).toContainEqual(expect.objectContaining(change));
    const text = JSON.stringify(lines);
    expect(text).not.toContain(created.jwt);
    expect(text).not.toContain(secretOf(gateway));
  });

  it("denies another key ring, counts it as a failed attempt, and never limits the right one", async () => {
    const other = () => post(gateway, claim(gateway, newKeyRing(new Date())), { "cf-connecting-ip": "203.0.113.9" });
    const first = await other();
    expect(first.status).toBe(403);
    expect(await first.json()).toMatchObject({ error: { code: "key_ring_mismatch" } });
    for (let i = 1; i < FAILURE_LIMIT; i++) expect((await other()).status).toBe(403);
    expect((await other()).status).toBe(429);
    expect(await rowsOf(gateway, "accounts")).toEqual([]);
    expect((await post(gateway, claim(gateway), { "cf-connecting-ip": "203.0.113.9" })).status).toBe(201);
  });

  it("gives a key to one of three simultaneous requests", async () => {
    const statuses = (await Promise.all([1, 2, 3].map(() => post(gateway, claim(gateway))))).map(
      ({ status }) => status,
    );
    expect(statuses.sort()).toEqual([201, 404, 404]);
    expect(await rowsOf(gateway, "accounts")).toHaveLength(1);
    expect(await rowsOf(gateway, "api_keys")).toHaveLength(1);
    expect(await rowsOf(gateway, "audit_events")).toHaveLength(1);
  });
});

describe("a configured Worker without an account", () => {
  let gateway: WorkerdGateway;
  beforeAll(async () => {
    gateway = await start({});
  });
  afterAll(() => gateway.close());

  it.each([
    [{ origin: "https://evil.example" }, 403, "cross_site"],
    [{ origin: "null" }, 403, "cross_site"],
    [{ "content-type": "text/plain" }, 415, "unsupported_media_type"],
    [{ "content-type": "application/x-www-form-urlencoded" }, 415, "unsupported_media_type"],
  ])("denies a request that a page of another site can send: %j", async (headers, status, code) => {
    const response = await post(gateway, claim(gateway), headers as Record<string, string>);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
    expect(await rowsOf(gateway, "accounts")).toEqual([]);
  });

  it("denies a cross-site request that has no Origin header", async () => {
    // `fetch` of Node does not send this header.
    const body = JSON.stringify(claim(gateway));
    const headers = [
      "Content-Type: application/json",
      "Sec-Fetch-Site: cross-site",
      `Content-Length: ${body.length + 1}`,
    ];
    const response = await sendRaw(gateway.port, Buffer.from(rawRequest(`POST ${SETUP} HTTP/1.1`, headers, body)));
    expect(response.status).toBe(403);
    expect(await rowsOf(gateway, "accounts")).toEqual([]);
  });

  it.each([
    ["{", 400, "invalid_request"],
    ["[]", 400, "invalid_request"],
    ["null", 400, "invalid_request"],
    [{ account_name: "A" }, 400, "invalid_request"],
    [{ account_name: "", key_ring: "{}" }, 400, "invalid_request"],
    [{ account_name: "a'); DROP TABLE accounts; --", key_ring: "{}" }, 400, "invalid_request"],
    [{ account_name: "A", key_ring: { k1: "x" } }, 400, "invalid_request"],
    [{ account_name: "A", key_ring: "not a ring" }, 403, "key_ring_mismatch"],
  ])("rejects the body %j", async (body, status, code) => {
    const response = await post(gateway, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
    expect(await rowsOf(gateway, "accounts")).toEqual([]);
  });

  it("rejects a body of more than 16 KiB, with or without its length", async () => {
    const body = JSON.stringify(claim(gateway, "x".repeat(20_000)));
    expect((await post(gateway, body)).status).toBe(413);
    const stream = new Blob([body]).stream();
    const headers = { "content-type": "application/json" };
    const init: RequestInit & { duplex: "half" } = { method: "POST", headers, body: stream, duplex: "half" };
    expect((await gateway.call(null, SETUP, init)).status).toBe(413);
  });

  it("denies other methods on the first-start page", async () => {
    for (const [method, path, allow] of [
      ["PUT", SETUP, "GET, HEAD, POST"],
      ["POST", STATE, "GET, HEAD"],
    ] as const) {
      const response = await gateway.call(null, path, { method });
      expect([response.status, response.headers.get("allow")]).toEqual([405, allow]);
    }
  });
});

describe("a configured Worker without tables", () => {
  it("says that the migrations are missing, and creates nothing", async () => {
    const gateway = await start({ database: "empty" });
    expect(await stateOf(gateway)).toEqual({ state: "tables_missing", missing: [] });
    const response = await gateway.call(null, SETUP, { method: "POST", body: "{}" });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ error: { code: "tables_missing" } });
    await gateway.close();
  });
});

describe("a Worker with an account", () => {
  it("answers 404 on the first-start page, to every method", async () => {
    const gateway = await start({ database: "accounts" });
    for (const method of ["GET", "HEAD", "POST", "PUT"]) {
      expect([method, (await gateway.call(null, SETUP, { method, headers: HTML })).status]).toEqual([method, 404]);
    }
    expect((await gateway.call(null, STATE)).status).toBe(404);
    await gateway.close();
  });
});
