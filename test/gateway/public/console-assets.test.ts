// The console's files and the public documents.
import { describe, expect, it } from "vitest";
import { serveConsole } from "../../../src/gateway/public/console-assets.ts";
import { serveWellKnown } from "../../../src/gateway/public/well-known.ts";
import { createContext } from "../../../src/gateway/request-context.ts";
import { aRequest, errorOf, openGateway, type Wanted } from "../gateway-harness.ts";

const SECURED = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

const NO_ACCOUNT = { state: async () => "account_missing" as const, create: async () => false };

async function open(path: string, init: RequestInit = {}, wanted: Wanted = {}, text = "file") {
  const files: Request[] = [];
  const assets = {
    fetch: async (request: Request) => {
      files.push(request);
      return new Response(text, { headers: { "content-type": "text/html", server: "x" } });
    },
  };
  const { gateway, background } = openGateway({ assets, ...wanted });
  const context = createContext(aRequest(path, init), gateway);
  const answer = path.startsWith("/console")
    ? await serveConsole(context, path, gateway)
    : await serveWellKnown(context, path, gateway, background);
  return {
    context,
    answer: answer as Response,
    files: files.map(({ method, url, headers }) => [method, new URL(url).pathname, [...headers].length]),
  };
}

describe("the console's files", () => {
  it.each(["/consoles", "/console-x", "/a/console/"])("leaves the path %s to the next step", async (path) => {
    const { gateway } = openGateway();
    expect(await serveConsole(createContext(aRequest(path), gateway), path, gateway)).toBeNull();
  });

  it("says in the page where the operations of Gatehouse are, and what the API is called", async () => {
    const { answer } = await open("/console/", {}, {}, '<!doctype html>\n<html lang="en">\n<head></head></html>');
    const attributes =
      'data-management-prefix="/api/public/v1" data-api="YugabyteDB Aeon" data-key-variables="YBM_HOST YBM_APIKEY"';
    expect(await answer.text()).toBe(`<!doctype html>\n<html lang="en" ${attributes}>\n<head></head></html>`);
  });

  const ID = "a-Z_9".padEnd(64, "x");
  it.each([
    "/console/",
    "/console/keys",
    `/console/keys/${ID}`,
    "/console/allow-lists",
    "/console/roles/x",
    "/console/activity",
  ])("serves the HTML page at %s", async (path) => {
    const { answer, files } = await open(path, { headers: { range: "bytes=0-1", authorization: "Bearer x" } });
    expect(files).toEqual([["GET", "/console/index.html", 0]]);
    expect([answer.status, await answer.text()]).toEqual([200, "file"]);
    expect(Object.fromEntries(answer.headers)).toEqual({ ...SECURED, "content-type": "text/html" });
  });

  it.each(["a.js", "a-B_9.css", "a.svg", `${"a".repeat(80)}.woff2`])("serves the file %s", async (name) => {
    expect((await open(`/console/assets/${name}`, { method: "HEAD" })).files).toEqual([
      ["HEAD", `/console/assets/${name}`, 0],
    ]);
  });

  it.each([
    ...[
      "/console/keys/",
      "/console/keys/a/b",
      `/console/keys/${ID}x`,
      "/console/others",
      "/console/index.html",
      "/console/x/keys",
    ],
    ...[
      "/console/assets/a.html",
      "/console/assets/.js",
      "/console/assets/a.jsx",
      "/console/assets/a.b.js",
      "/console/assets/b/a.js",
    ],
    ...[`/console/assets/${"a".repeat(81)}.js`, "/console/assets/axjs", "/console/assets/a@.js", "/console/keys/a@"],
  ])("denies %s with not_found", async (path) => {
    const { answer, context, files } = await open(path);
    expect([answer.status, context.denial, files]).toEqual([404, { reason: "not_found" }, []]);
  });

  it.each(["/console/", "/console", "/console/assets/main.js", "/console/address", "/console/setup"])(
    "is served at %s on the console's host only",
    async (path) => {
      const policy = { consoleHost: "console.example" };
      const assets = { fetch: async () => new Response("file") };
      const { ask } = openGateway({ assets, policy, firstAccount: async () => ({ ...NO_ACCOUNT }) });
      const elsewhere = await ask(path, {}, null);
      expect([elsewhere.status, (await errorOf(elsewhere)).code]).toEqual([421, "host_not_served"]);
      expect((await ask(`https://console.example${path}`, {}, null)).status).toBeLessThan(400);
      expect(
        (await openGateway({ assets, firstAccount: async () => ({ ...NO_ACCOUNT }) }).ask(path, {}, null)).status,
      ).toBeLessThan(400);
      expect((await ask("/.well-known/gatehouse/jwks.json", {}, null)).status).toBe(200);
    },
  );

  it.each(["/console/assets/main.js", "/console/", "/.well-known/gatehouse/jwks.json"])(
    "is no script of a service worker: %s",
    async (path) => {
      const { ask } = openGateway({ assets: { fetch: async () => new Response("file") } });
      const answer = await ask(path, { headers: { "service-worker": "script" } }, null);
      expect([answer.status, (await errorOf(answer)).code]).toEqual([403, "service_worker_not_allowed"]);
    },
  );

  it("denies every method but GET and HEAD", async () => {
    const { answer, context } = await open("/console/", { method: "POST" });
    expect([answer.status, context.denial]).toEqual([405, { reason: "method_not_allowed", allow: ["GET", "HEAD"] }]);
    expect(answer.headers.get("allow")).toBe("GET, HEAD");
  });

  it("redirects /console to /console/", async () => {
    const { answer } = await open("/console");
    expect([answer.status, Object.fromEntries(answer.headers)]).toEqual([308, { ...SECURED, location: "/console/" }]);
  });

  it("returns the client's own address", async () => {
    const { answer } = await open("/console/address", { headers: { "cf-connecting-ip": "192.0.2.1" } });
    expect([answer.status, await answer.json()]).toEqual([200, { address: "192.0.2.1" }]);
    expect(Object.fromEntries(answer.headers)).toEqual({ ...SECURED, "content-type": "application/json" });
    expect(await (await open("/console/address")).answer.json()).toEqual({ address: null });
  });

  it.each([null, { fetch: async () => new Response("none", { status: 404 }) }])(
    "answers 503 when the console is not deployed",
    async (assets) => {
      const { answer } = await open("/console/", {}, { assets });
      expect([answer.status, await answer.text()]).toEqual([
        503,
        "The console is not part of this deployment: `npm run build` makes it.\n",
      ]);
      expect(Object.fromEntries(answer.headers)).toEqual({ ...SECURED, "content-type": "text/plain;charset=UTF-8" });
      const file = await open("/console/assets/a.js", {}, { assets });
      expect([file.answer.status, file.context.denial]).toEqual([404, { reason: "not_found" }]);
    },
  );

  it("sets a content type on a file that has none", async () => {
    const assets = { fetch: async () => new Response(null) };
    const { answer } = await open("/console/assets/a.js", {}, { assets });
    expect(answer.headers.get("content-type")).toBe("text/plain;charset=utf-8");
  });
});

describe("the public documents", () => {
  const HOME = "/.well-known/gatehouse/";
  it.each([
    ["jwks.json", "public, max-age=300", { keys: expect.arrayContaining([expect.objectContaining({ kid: "new" })]) }],
    ["openapi.json", "no-store", { openapi: "3.1.0" }],
    ["scanners.json", "no-store", expect.objectContaining({ gitleaks: expect.stringContaining("gatehouse-api-key") })],
    ["health", "no-store", { status: "ok" }],
  ])("serves %s without a credential", async (name, cacheControl, body) => {
    for (const method of ["GET", "HEAD"]) {
      const { answer } = await open(HOME + name, { method });
      expect([answer.status, await answer.json()]).toEqual([200, body]);
      expect(Object.fromEntries(answer.headers)).toEqual({
        "cache-control": cacheControl,
        "content-type": "application/json",
      });
    }
  });

  it.each(["jwks.json/", "JWKS.json", "", "health/x", "jwks"])(
    "leaves the near match %j to the next step",
    async (name) => {
      expect((await open(HOME + name)).answer).toBeNull();
    },
  );

  it("denies every method but GET and HEAD", async () => {
    const { answer, context } = await open(`${HOME}health`, { method: "PUT" });
    expect([answer.status, context.denial]).toEqual([405, { reason: "method_not_allowed", allow: ["GET", "HEAD"] }]);
  });

  it("answers 503 and logs the error when storage is unavailable", async () => {
    const away = new Error("D1 is away");
    const { answer, context } = await open(`${HOME}health`, {}, { ready: () => Promise.reject(away) });
    expect([answer.status, context.error]).toEqual([503, away]);
    expect(await errorOf(answer)).toMatchObject({
      code: "storage_unavailable",
      detail: "Storage is unavailable.",
    });
  });
});
