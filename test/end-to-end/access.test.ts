// Operators behind Cloudflare Access, over a raw socket. A browser attaches the assertion's cookie to requests of any site, so
// the assertion alone does not authorize a change that a page of another site asks for.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AccessProxy, startAccessProxy } from "../support/access-proxy.ts";
import { clientOf, LISTS_PATH, V1 } from "../support/admin-client.ts";
import { ACCOUNT, type Gatehouse, startGatehouse } from "../support/gatehouse.ts";
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

describe("Cloudflare Access assertion", () => {
  it("authenticates an operator by the assertion alone", async () => {
    const { status, text } = await send("GET", `${V1}/auth/self`, []);
    expect(status).toBe(200);
    for (const member of ['"type":"OPERATOR"', '"name":"ada@example.com"', ACCOUNT, '"API_KEY:CREATE"']) {
      expect(text).toContain(member);
    }
  });

  it.each([
    ["a page of this origin", () => [`Origin: ${gatehouse.url}`, "Sec-Fetch-Site: same-origin"]],
    ["a browser that sends Sec-Fetch-Site only", () => ["Sec-Fetch-Site: same-origin"]],
    ["a client other than a browser", () => []],
  ])("allows a change with an assertion from %s", async (_, headers) => {
    expect((await createList(headers())).status).toBe(200);
  });

  it.each([
    ["a page of another site", ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"]],
    ["a page of a sibling domain", ["Origin: https://other.example.com", "Sec-Fetch-Site: same-site"]],
    ["a page that hides its origin", ["Origin: null", "Sec-Fetch-Site: cross-site"]],
    ["a page that sends only a foreign Origin", ["Origin: https://evil.example"]],
    ["a page of another site without an Origin", ["Sec-Fetch-Site: cross-site"]],
    ["a typed or linked address", ["Sec-Fetch-Site: none"]],
    ["another port of this host", ["Origin: http://127.0.0.1:1", "Sec-Fetch-Site: same-site"]],
  ])("denies a change with an assertion from %s", async (_, headers) => {
    const before = await countLists();
    const { status, text } = await createList(headers);
    expect([status, /"code":"(\w+)"/.exec(text)?.[1]]).toEqual([403, "cross_site"]);
    expect(await countLists()).toBe(before);
  });
});
