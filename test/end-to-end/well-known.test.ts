// The public paths: readable without a key, and matched exactly.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

const HOME = "/.well-known/gatehouse";

let gateway: WorkerdGateway;
beforeAll(async () => {
  gateway = await startWorkerdGateway();
});
afterAll(() => gateway.close());
beforeEach(() => gateway.upstream.reset());

describe("public paths", () => {
  it.each([
    [`${HOME}/jwks.json`, "public, max-age=300"],
    [`${HOME}/openapi.json`, "no-store"],
    [`${HOME}/health`, "no-store"],
  ])("serves a public path without a key by GET and HEAD: %s", async (path, cacheControl) => {
    const get = await sendRaw(gateway.port, rawRequest(`GET ${path} HTTP/1.1`));
    expect(get).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
    expect(get.headers["cache-control"]).toBe(cacheControl);
    expect(() => JSON.parse(get.body)).not.toThrow();
    expect(await sendRaw(gateway.port, rawRequest(`HEAD ${path} HTTP/1.1`))).toMatchObject({ status: 200, body: "" });
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("rejects another method on a public path: %s", async (method) => {
    const response = await sendRaw(
      gateway.port,
      rawRequest(`${method} ${HOME}/jwks.json HTTP/1.1`, ["Content-Length: 0"]),
    );
    expect(response).toMatchObject({ status: 405, headers: { allow: "GET, HEAD", "cache-control": "no-store" } });
  });

  it("ignores a query on a public path", async () => {
    expect((await sendRaw(gateway.port, rawRequest(`GET ${HOME}/health?x=/../y HTTP/1.1`))).status).toBe(200);
  });

  it.each([
    `${HOME}`,
    `${HOME}/`,
    `${HOME}/health/`,
    `${HOME}/health/x`,
    `${HOME}/healthz`,
    `${HOME}/Health`,
    `${HOME}/jwks.json/x`,
    `${HOME}/../../api/public/v1/ping`,
    `${HOME}/health/../../../api/public/v1/ping`,
    `${HOME}/%68ealth`,
    `/.Well-Known/gatehouse/health`,
    `//.well-known/gatehouse/health`,
    `/x${HOME}/health`,
    "/.well-known/acme-challenge/x",
    "/.well-known/",
    "/healthz",
    "/favicon.ico",
    "/robots.txt",
    "/Console/",
    "/console.js",
    "/consoles/app.js",
    "/api/public/v1/ping",
  ])("requires a key for every path that is not exactly public: %s", async (path) => {
    const response = await sendRaw(gateway.port, rawRequest(`GET ${path} HTTP/1.1`));
    expect([400, 401]).toContain(response.status);
    expect(gateway.upstream.reached).toEqual([]);
  });

  it.each([`${HOME}/health/`, `${HOME}/Health`, "/.WELL-KNOWN/GATEHOUSE/health", "/Console/x"])(
    "answers 404 for a path next to a public one, even for an Admin key: %s",
    async (path) => {
      const { token } = await gateway.key();
      expect((await gateway.call(token, path)).status).toBe(404);
      expect(gateway.upstream.reached).toEqual([]);
    },
  );
});

describe("health check", () => {
  it("answers 503 and logs an internal error when storage is unavailable", async () => {
    const broken = await startWorkerdGateway();
    await broken.env.DB.prepare("DROP TABLE key_changes").bind().run();
    const response = await fetch(`${broken.url}${HOME}/health`);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await response.json()).toMatchObject({ error: { status: 503, code: "storage_unavailable" } });
    expect(await broken.logs()).toContainEqual(expect.objectContaining({ kind: "fault", status: 503 }));
    await broken.close();
  });
});
