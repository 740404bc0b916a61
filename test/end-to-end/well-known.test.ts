// The paths that anybody may read, and how exact they are.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Bare, startBare } from "../support/bare.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";

const HOME = "/.well-known/gatehouse";

let bare: Bare;
beforeAll(async () => {
  bare = await startBare();
});
afterAll(() => bare.close());
beforeEach(() => bare.upstream.reset());

describe("a public path", () => {
  it.each([
    [`${HOME}/jwks.json`, "public, max-age=300"],
    [`${HOME}/openapi.json`, "no-store"],
    [`${HOME}/health`, "no-store"],
  ])("is read without a key, by GET and by HEAD: %s", async (path, cacheControl) => {
    const get = await sendRaw(bare.port, rawRequest(`GET ${path} HTTP/1.1`));
    expect(get).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
    expect(get.headers["cache-control"]).toBe(cacheControl);
    expect(() => JSON.parse(get.body)).not.toThrow();
    expect(await sendRaw(bare.port, rawRequest(`HEAD ${path} HTTP/1.1`))).toMatchObject({ status: 200, body: "" });
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("takes no other method: %s", async (method) => {
    const answer = await sendRaw(bare.port, rawRequest(`${method} ${HOME}/jwks.json HTTP/1.1`, ["Content-Length: 0"]));
    expect(answer).toMatchObject({ status: 405, headers: { allow: "GET, HEAD", "cache-control": "no-store" } });
  });

  it("may have a query, which changes nothing", async () => {
    expect((await sendRaw(bare.port, rawRequest(`GET ${HOME}/health?x=/../y HTTP/1.1`))).status).toBe(200);
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
  ])("is exact: without a key, nothing else is let through: %s", async (path) => {
    const answer = await sendRaw(bare.port, rawRequest(`GET ${path} HTTP/1.1`));
    expect([400, 401]).toContain(answer.status);
    expect(bare.upstream.reached).toEqual([]);
  });

  it.each([`${HOME}/health/`, `${HOME}/Health`, "/.WELL-KNOWN/GATEHOUSE/health", "/Console/x"])(
    "has no neighbour that is the upstream's, not even for an Admin key: %s",
    async (path) => {
      const { token } = await bare.key();
      expect((await bare.call(token, path)).status).toBe(404);
      expect(bare.upstream.reached).toEqual([]);
    },
  );
});

describe("the health check", () => {
  it("is a 503 that is logged when storage does not answer", async () => {
    const broken = await startBare();
    await broken.env.DB.prepare("DROP TABLE key_changes").bind().run();
    const answer = await fetch(`${broken.url}${HOME}/health`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(await answer.json()).toMatchObject({ error: { status: 503, code: "storage_unavailable" } });
    expect(await broken.logs()).toContainEqual(expect.objectContaining({ kind: "fault", status: 503 }));
    await broken.close();
  });
});
