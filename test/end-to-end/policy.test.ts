// Policy that the configuration sets: hosts, origins of browsers, and when storage is asked before a request is forwarded.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CLUSTERS } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { FORWARD_ALL, startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

const PAGE = "https://console.example.com";

let gateway: WorkerdGateway;
let token: string;
beforeAll(async () => {
  gateway = await startWorkerdGateway({
    vars: { ...FORWARD_ALL, ALLOWED_ORIGINS: PAGE, ALLOWED_HOSTS: "api.example.com, API2.example.com:8443" },
  });
  token = (await gateway.key()).token;
});
afterAll(() => gateway.close());
beforeEach(() => gateway.upstream.reset());

const call = (line: string, headers: readonly string[] = []) =>
  sendRaw(
    gateway.port,
    rawRequest(
      `${line} HTTP/1.1`,
      [...headers, "Host: api.example.com"].slice(0, headers.some((h) => h.startsWith("Host")) ? -1 : undefined),
    ),
  );

describe("ALLOWED_HOSTS", () => {
  it.each([
    ["api.example.com", 200],
    ["API.Example.Com", 200],
    ["api2.example.com:8443", 200],
    ["api2.example.com", 421],
    ["api.example.com:8443", 421],
    ["api.example.com.", 421],
    ["evil.example", 421],
    ["api.example.com.evil.example", 421],
    ["api.example.com@evil.example", 421],
    ["evil.example/api.example.com", 421],
    ["127.0.0.1", 421],
  ])("serves the listed hosts and no others: %s", async (host, status) => {
    const response = await call("GET /x", [`Host: ${host}`, `Authorization: Bearer ${token}`]);
    expect([status, 400]).toContain(response.status);
    if (status === 200) expect(response.status).toBe(200);
    expect(gateway.upstream.reached).toHaveLength(status === 200 ? 1 : 0);
  });

  it("checks the host of public paths too", async () => {
    const response = await call("GET /.well-known/gatehouse/health", ["Host: evil.example"]);
    expect(response.status).toBe(421);
  });
});

describe("ALLOWED_ORIGINS", () => {
  it("answers a preflight from a listed origin without a key", async () => {
    const asked = [`Origin: ${PAGE}`, "Access-Control-Request-Method: DELETE"];
    const response = await call("OPTIONS /api/public/v1/ping", [
      ...asked,
      "Access-Control-Request-Headers: authorization",
    ]);
    expect(response).toMatchObject({
      status: 204,
      headers: { "access-control-allow-origin": PAGE, "cache-control": "no-store", vary: "Origin" },
    });
    expect(response.headers["access-control-allow-credentials"]).toBeUndefined();
    expect(gateway.upstream.reached).toEqual([]);
  });

  it("lets pages of a listed origin read responses and errors", async () => {
    for (const key of [token, "null"]) {
      const response = await call("GET /x", [`Origin: ${PAGE}`, `Authorization: Bearer ${key}`]);
      expect(response.headers["access-control-allow-origin"]).toBe(PAGE);
      expect(response.headers.vary).toBe("Origin");
    }
  });

  it.each(["https://evil.example", "null", "http://console.example.com", `${PAGE}.evil.example`, `${PAGE}/`, "*"])(
    "denies preflights and hides responses from any other origin: %s",
    async (origin) => {
      const preflight = await call("OPTIONS /x", [`Origin: ${origin}`, "Access-Control-Request-Method: GET"]);
      expect(preflight.status).toBe(403);
      gateway.upstream.answer((_, response) => response.setHeader("access-control-allow-origin", "*").end());
      const response = await call("GET /x", [`Origin: ${origin}`, `Authorization: Bearer ${token}`]);
      expect(response.headers["access-control-allow-origin"]).toBeUndefined();
    },
  );

  it("requires a key for an OPTIONS request that is not a preflight", async () => {
    expect((await call("OPTIONS /x", [`Origin: ${PAGE}`])).status).toBe(401);
    expect((await call("OPTIONS /x", ["Access-Control-Request-Method: GET"])).status).toBe(401);
    expect(gateway.upstream.reached).toEqual([]);
    expect((await call("OPTIONS /x", [`Authorization: Bearer ${token}`])).status).toBe(200);
  });
});

describe("changed key", () => {
  it("denies mutations of a revoked key at once, whatever is cached", async () => {
    const key = await gateway.key();
    const put = () => call(`DELETE ${CLUSTERS}/c`, [`Authorization: Bearer ${key.token}`]);
    expect((await put()).status).toBe(200);
    await gateway.env.DB.prepare("UPDATE api_keys SET revoked_at = 1, version = 2 WHERE id = ?").bind(key.id).run();
    expect((await put()).status).toBe(401);
    expect(gateway.upstream.reached).toHaveLength(1);
  });

  it("evaluates every request anew, since records are cached and decisions are not", async () => {
    const key = await gateway.key({ role: "Viewer", rules: ["203.0.113.0/24"] });
    const from = (address: string, line: string) =>
      call(line, [`CF-Connecting-IP: ${address}`, `Authorization: Bearer ${key.token}`]);
    expect((await from("203.0.113.9", `GET ${CLUSTERS}`)).status).toBe(200);
    expect((await from("198.51.100.9", `GET ${CLUSTERS}`)).status).toBe(403);
    expect((await from("203.0.113.9", `DELETE ${CLUSTERS}/c`)).status).toBe(403);
    expect((await from("203.0.113.9", "GET /unknown")).status).toBe(403);
    expect((await from("203.0.113.9", `GET ${CLUSTERS}`)).status).toBe(200);
    expect(gateway.upstream.reached).toHaveLength(2);
  });
});
