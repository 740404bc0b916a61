// Operators behind Cloudflare Access, over a raw socket. A browser attaches the assertion's cookie to requests of any site and
// of any kind, so the assertion alone authorizes nothing but the fetches of the console's own pages.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AccessProxy, startAccessProxy } from "../support/access-proxy.ts";
import { clientOf, LISTS_PATH, V1 } from "../support/admin-client.ts";
import { ACCOUNT, CLUSTERS, type Gatehouse, startGatehouse } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { ROLE_IDS } from "../support/seed.ts";

let proxy: AccessProxy;
let gatehouse: Gatehouse;
let assertion: string;
beforeAll(async () => {
  proxy = await startAccessProxy();
  gatehouse = await startGatehouse(proxy.vars);
  const admin = clientOf(gatehouse, (await gatehouse.key({ name: "admin" })).token);
  const spec = { name: "ada", email: "ada@example.com", role_id: ROLE_IDS.Admin };
  expect((await admin("POST", `${V1}/accounts/${ACCOUNT}/operators`, spec)).status).toBe(200);
  assertion = await proxy.assertionOf("ada@example.com");
});
afterAll(async () => {
  await gatehouse.close();
  await proxy.close();
});

function send(method: string, path: string, headers: readonly string[], body = "") {
  const type = body === "" ? [] : ["Content-Type: application/json", `Content-Length: ${body.length}`];
  const host = `Host: 127.0.0.1:${gatehouse.port}`;
  const lines = [host, `Cf-Access-Jwt-Assertion: ${assertion}`, ...headers, ...type];
  return sendRaw(gatehouse.port, rawRequest(`${method} ${path} HTTP/1.1`, lines, body));
}

const countLists = async () => (await gatehouse.env.DB.prepare("SELECT id FROM allow_lists").all()).results.length;
const createList = (headers: readonly string[]) =>
  send("POST", LISTS_PATH, headers, JSON.stringify({ name: crypto.randomUUID(), allow_list: ["203.0.113.0/24"] }));

const SITE = "Sec-Fetch-Site: same-origin";
const OWN = [SITE, "Sec-Fetch-Dest: empty"];

describe("Cloudflare Access assertion", () => {
  it("authenticates an operator by a fetch of this origin's page", async () => {
    const { status, text } = await send("GET", `${V1}/auth/self`, OWN);
    expect(status).toBe(200);
    for (const member of ['"type":"OPERATOR"', '"name":"ada@example.com"', ACCOUNT, '"API_KEY:CREATE"']) {
      expect(text).toContain(member);
    }
    expect((await createList([...OWN, `Origin: ${gatehouse.url}`])).status).toBe(200);
  });

  it.each([
    ["a page of another site", ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: empty"]],
    [
      "a page of a sibling domain",
      ["Origin: https://other.example.com", "Sec-Fetch-Site: same-site", "Sec-Fetch-Dest: empty"],
    ],
    ["a page that hides its origin", ["Origin: null", ...OWN]],
    ["a page of another origin whose browser sends no Sec-Fetch-Site", ["Origin: https://evil.example"]],
    ["another port of this host", ["Origin: http://127.0.0.1:1", ...OWN]],
    ["a typed or linked address", ["Sec-Fetch-Site: none", "Sec-Fetch-Dest: document"]],
    ["a link or a form of this origin", [SITE, "Sec-Fetch-Dest: document"]],
    ["a frame of this origin", [SITE, "Sec-Fetch-Dest: iframe"]],
    ["an image of this origin", [SITE, "Sec-Fetch-Dest: image"]],
    ["a script of this origin", [SITE, "Sec-Fetch-Dest: script"]],
    ["a worker of this origin", [SITE, "Sec-Fetch-Dest: worker"]],
    ["a service worker of this origin", [SITE, "Sec-Fetch-Dest: serviceworker", "Service-Worker: script"]],
    ["a WebSocket of this origin", [SITE, "Sec-Fetch-Dest: websocket"]],
    ["a client that sends no Fetch Metadata", []],
  ])("authenticates no read and no change of %s", async (_, headers) => {
    const before = await countLists();
    gatehouse.upstream.reset();
    for (const response of [
      await createList(headers),
      await send("GET", `${V1}/auth/self`, headers),
      await send("GET", LISTS_PATH, headers),
      await send("GET", CLUSTERS, headers),
      await send("GET", "/page-of-the-upstream?q=%3Cscript%3E", headers),
    ]) {
      expect([response.status, /"code":"(\w+)"/.exec(response.text)?.[1]]).toEqual([403, "cross_site"]);
    }
    expect(await countLists()).toBe(before);
    expect(gatehouse.upstream.reached).toEqual([]);
  });

  it("is not needed by a key, which is accepted from anywhere", async () => {
    const { token } = await gatehouse.key();
    const headers = [`Authorization: Bearer ${token}`, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: document"];
    expect((await send("GET", CLUSTERS, headers)).status).toBe(200);
  });
});
