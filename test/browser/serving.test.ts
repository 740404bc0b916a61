// The console's files as the Worker serves them.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PAGES } from "../../src/console/pages.ts";
import { type Gatehouse, startGatehouse } from "../support/gatehouse.ts";

const ASSETS = "dist/assets/console/assets";
const KEY_ID = "6f1c4a86-9b21-4b67-8f6e-0a8ce7b0d001";
const POLICY =
  "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; " +
  "require-trusted-types-for 'script'; trusted-types 'none'";

let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await startGatehouse();
});
afterAll(() => gatehouse.close());

const script = () => `/console/assets/${readdirSync(ASSETS).find((name) => name.endsWith(".js"))}`;

describe("the console's files", () => {
  const pages = Object.keys(PAGES).flatMap((page) => [`/console/${page}`, `/console/${page}/${KEY_ID}`]);
  it.each(["/console/", ...pages])("serves index.html at %s to an unauthenticated client", async (path) => {
    const answer = await gatehouse.call(null, path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toMatch(/^text\/html/);
    expect(await answer.text()).toContain('<div id="root">');
  });

  it("sends the strict content security policy with the page and the script", async () => {
    for (const path of ["/console/", script()]) {
      const { headers } = await gatehouse.call(null, path);
      expect(Object.fromEntries(headers)).toMatchObject({
        "content-security-policy": POLICY,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "cross-origin-opener-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "strict-transport-security": "max-age=31536000; includeSubDomains",
      });
    }
  });

  it("responds to HEAD without a body", async () => {
    const answer = await gatehouse.call(null, "/console/", { method: "HEAD" });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe("");
  });

  it("redirects the path without a slash to the console only", async () => {
    const answer = await gatehouse.call(null, "/console?return_to=//evil.example");
    expect(answer.status).toBe(308);
    expect(answer.headers.get("location")).toBe("/console/");
  });

  it.each([
    "/console/index.html",
    "/console/nothing",
    "/console/assets/none.js",
    "/console/keys/a/b",
    "/console/icon.svg",
  ])("responds 404 at %s", async (path) => {
    expect((await gatehouse.call(null, path)).status).toBe(404);
  });

  it("denies POST with 405", async () => {
    const answer = await gatehouse.call(null, "/console/", { method: "POST" });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("GET, HEAD");
  });

  it("never forwards a console path to the upstream, in any spelling", async () => {
    gatehouse.upstream.reset();
    const { token } = await gatehouse.key();
    for (const path of ["/console", "/console/x", "/CONSOLE/", "/Console/keys", "/console/assets/none.js"]) {
      await gatehouse.call(token, path);
    }
    expect(gatehouse.upstream.reached).toEqual([]);
  });

  it("tells a client its own address and nothing else", async () => {
    const headers = { "cf-connecting-ip": "203.0.113.7" };
    const answer = await gatehouse.call(null, "/console/address", { headers });
    expect(await answer.json()).toEqual({ address: "203.0.113.7" });
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("stays within 200 KB of compressed JavaScript", () => {
    const scripts = readdirSync(ASSETS).filter((name) => name.endsWith(".js"));
    const bytes = scripts.map((name) => gzipSync(readFileSync(`${ASSETS}/${name}`), { level: 9 }).byteLength);
    const total = bytes.reduce((sum, size) => sum + size, 0);
    console.log(`console: ${(total / 1_000).toFixed(1)} KB of gzipped JavaScript`);
    expect(total).toBeGreaterThan(0);
    expect(total).toBeLessThanOrEqual(200_000);
  });
});
