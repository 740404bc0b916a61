// Threats A and B (docs/threats.md): paths and methods that two servers could read differently, over a raw socket.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ACCOUNT, CLUSTERS } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { FORWARD_ALL, startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

const ACCOUNT_PATH = `/api/public/v1/accounts/${ACCOUNT}`;
/** Requires a permission that Viewer lacks. */
const ADMIN = `${ACCOUNT_PATH}/users/u1/roles`;

let gateway: WorkerdGateway;
let admin: string;
let viewer: string;
beforeAll(async () => {
  gateway = await startWorkerdGateway({ vars: FORWARD_ALL });
  admin = (await gateway.key()).token;
  viewer = (await gateway.key({ role: "Viewer" })).token;
});
afterAll(() => gateway.close());
beforeEach(() => gateway.upstream.reset());

const send = (line: string, token: string | null, headers: readonly string[] = [], body = "") => {
  const credential = token === null ? [] : [`Authorization: Bearer ${token}`];
  return sendRaw(gateway.port, rawRequest(line, [...credential, ...headers], body), { quietMs: 1_000 });
};

/** Rejected for every key, Admin keys included. */
const AMBIGUOUS_PATHS: readonly (readonly [row: string, targets: readonly string[]])[] = [
  ["1 encoded letters", ["/%61dmin/keys", "/api/public/v1/%70ing", "/%41", "/a%7Eb", "/a%2Db", "/%2561dmin"]],
  ["2 empty segments", ["//admin/keys", "/api//clusters", "///", "/api/public/v1//ping", "/x//", "//"]],
  ["3 path as authority", ["//evil.example/x", "/\\evil.example/x", "/\\/evil.example", "//@evil.example", "//\\evil"]],
  ["4 dot segments", ["/public/../admin/keys", "/./x", "/x/.", "/x/..", "/../../etc/passwd", "/x/.../y", "/x/..../y"]],
  ["5 encoded dots", ["/x/%2e%2e/admin/keys", "/x/.%2e/admin", "/x/%2E./admin", "/%2e/x", "/x/%252e%252e/admin"]],
  [
    "6 encoded slashes",
    ["/x/..%2fadmin/keys", "/admin%2fkeys", "/api/clusters/..%2f..%2fadmin%2fkeys", "/a%2Fb", "/a%252fb"],
  ],
  ["8 backslashes", ["/x\\..\\admin\\keys", "/admin%5ckeys", "/x\\y", "/x/..\\admin", "\\x", "/%5C%5Cevil"]],
  ["9 matrix parameters", ["/x/..;/admin/keys", "/admin;x=1/keys", "/;/x", "/x;", "/x/.;a/y", "/x%3b/y"]],
  [
    "12 NUL and controls",
    ["/admin%00/keys", "/a%0d%0aX:1", "/a%09b", "/a%7fb", "/a\x00b", "/a\x01b", "/a\x7fb", "/a%0ab"],
  ],
  ["13 bad UTF-8 and percent", ["/%c0%ae%c0%ae/admin", "/%zz", "/%", "/%2", "/%u002e", "/\xc0\xae/x", "/\xe9", "/%ff"]],
  ["13 lookalikes", ["/x/%ef%bc%8e%ef%bc%8e/admin", "/%e2%88%95admin", "/%c2%a0", "/caf%c3%a9"]],
  ["17 asterisk and relative", ["*", "admin/keys", "?x", "#", ":80/x", "@evil.example/x", ""]],
  ["19 encoded parameters", [`${ACCOUNT_PATH}/clusters/a%2fb`, `${ACCOUNT_PATH}/projects/%2e%2e`]],
  [
    "file-system names",
    ["/x.", "/x./y", "/x..", "/a b", "/a%20b", "/a+b%20", '/a"b', "/a<b>", "/a|b", "/a^b", "/a`b", "/a{b}", "/a[b]"],
  ],
  ["too long", [`/${"a".repeat(2_048)}`, `/${"a/".repeat(1_024)}b`]],
];

describe("ambiguous path", () => {
  it.each(AMBIGUOUS_PATHS)(
    "rejects an ambiguous path in every spelling and does not forward it: %s",
    async (_, targets) => {
      for (const target of targets) {
        const response = await send(`GET ${target} HTTP/1.1`, admin);
        expect([400, 404, 421], target).toContain(response.status);
      }
      expect(gateway.upstream.reached).toEqual([]);
    },
  );

  it.each([
    ["4 dot segments", `/x/../${ADMIN.slice(1)}`],
    ["5 encoded dots", `/x/%2e%2e${ADMIN}`],
    ["11 case", ADMIN.toUpperCase()],
    ["11 case", ADMIN.replace("api", "API")],
    ["15 fragment", `/api/public/v1/ping#/..${ADMIN}`],
    ["16 absolute form", `http://evil.example${ADMIN}`],
    ["16 absolute form", `https://user:pass@evil.example${ADMIN}`],
    ["16 absolute form", `http://127.0.0.1:1${ADMIN}`],
    ["21 a path next to a public one", `/healthz/..${ADMIN}`],
    ["21 a path next to a public one", `/.well-known/acme-challenge/..${ADMIN}`],
    ["21 a path next to a public one", `/.well-known/gatehouse/health/../../..${ADMIN}`],
    ["21 a path next to a public one", "/public.json/x"],
    ["a trailing slash", `${ADMIN}/`],
    ["a suffix", `${ADMIN}.json`],
  ])("grants no permission by the spelling of a path: row %s: %s", async (_, target) => {
    const response = await send(`PUT ${target} HTTP/1.1`, viewer, ["Content-Length: 2"], "{}");
    expect([400, 401, 403, 404, 421]).toContain(response.status);
    expect(gateway.upstream.reached).toEqual([]);
  });

  it("15: forwards exactly the path that was authorized and never a fragment", async () => {
    await send("GET /public#/../admin/keys HTTP/1.1", admin);
    for (const { url } of gateway.upstream.reached) expect(url).toBe("/public");
  });

  // workerd takes the host from the Host header and drops that of the request line before the Worker runs.
  it.each([
    ["http://evil.example/x", "/x"],
    ["https://evil.example/x", "/x"],
    ["http://user@gatehouse.test/x", "/x"],
    ["http://127.0.0.1:1/x?a", "/x?a"],
    ["evil.example:80", "/"],
    ["x:80", "/"],
    [".", "/"],
  ])("16: ignores the host of an absolute request target: %s", async (target, path) => {
    await send(`GET ${target} HTTP/1.1`, admin);
    for (const { url, headers } of gateway.upstream.reached) {
      expect(url).toBe(path);
      expect(`http://${headers.host}`).toBe(gateway.upstream.url);
    }
  });

  it.each([
    "/Console",
    "/Console/x",
    "/CONSOLE/",
    "/.well-known/GATEHOUSE/x",
    "/.Well-Known/Gatehouse",
    `${ACCOUNT_PATH}/API-KEYS`,
  ])("11: reserves Gatehouse's paths in any case and serves them in one case: %s", async (target) => {
    expect([404, 405]).toContain((await send(`GET ${target} HTTP/1.1`, admin)).status);
    expect(gateway.upstream.reached).toEqual([]);
  });

  it.each([["access_token"], ["api_key"], ["apikey"], ["token"], ["key"], ["authorization"]])(
    "22: accepts no key in the query: ?%s=",
    async (name) => {
      const response = await send(`GET /api/public/v1/ping?${name}=${admin} HTTP/1.1`, null);
      expect(response.status).toBe(401);
      expect(response.text).not.toContain(admin);
      expect(JSON.stringify(await gateway.logs())).not.toContain(admin);
      expect(gateway.upstream.reached).toEqual([]);
    },
  );
});

/** The path that the identity of the only request that reached the upstream was signed for. */
function signedPath(): unknown {
  const token = String(gateway.upstream.reached[0]?.headers["gatehouse-identity"]);
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).path;
}

describe("value of a parameter", () => {
  it.each([
    ["a%20b", "a%20b"],
    ["%c3%a9", "%C3%A9"],
    ["user%40x", "user%40x"],
    ["sha256%3Aabc", "sha256%3Aabc"],
    ["a%2bb", "a%2Bb"],
    ["a%3Bb%3F%23", "a%3Bb%3F%23"],
    ["%22%3C%7c%3E%5B%5D", "%22%3C%7C%3E%5B%5D"],
    ["a.", "a."],
    ["a'b", "a'b"],
  ])("6, 13: is forwarded and signed as it was authorized: %s as %s", async (value, canonical) => {
    expect((await send(`GET ${CLUSTERS}/${value} HTTP/1.1`, viewer)).status).toBe(200);
    expect(gateway.upstream.reached.map(({ url }) => url)).toEqual([`${CLUSTERS}/${canonical}`]);
    expect(signedPath()).toBe(`${CLUSTERS}/${canonical}`);
    expect(gateway.upstream.reached[0]?.headers["gatehouse-operation"]).toBe("getCluster");
  });

  it.each([
    ["1 encoded letters", ["%41", "a%2Db", "%7e", "a%5Fb"]],
    ["2 empty segments", ["", "/x"]],
    ["4, 5 dot segments", ["%2e", "%2e%2e", ".%2E", "..", ".", "...", ".%20."]],
    ["6 encoded slashes", ["a%2Fb", "a%2fb", "%2F", "x%2F..%2Fy", "..%2f", "%2e%2e%2fx"]],
    ["8 backslashes", ["a%5Cb", "a\\b", "..%5C"]],
    ["9 matrix parameters", ["a;b", "..;"]],
    ["12 controls", ["a%00", "a%0A", "a%7F", "a%C2%85", "a\tb"]],
    ["13 bad UTF-8 and percent", ["%FF", "%C3", "%C0%AE", "%ED%A0%80", "%", "%zz", "a%2", "\xc3\xa9", "\xe9"]],
    ["13 lookalikes", ["%EF%BC%8E%EF%BC%8E", "a%EF%BC%8Fb", "a%EF%BC%BCb", ".%E2%80%8B."]],
    ["19 decoded twice", ["%2541", "%252F", "a%EF%BC%85b"]],
    ["characters that URLs do not have", ['a"b', "a<b", "a>b", "a|b", "a^b", "a`b", "a{b}", "a[b]", "a b"]],
  ])("is rejected and not forwarded where servers could differ: %s", async (_, values) => {
    for (const value of values) {
      const response = await send(`GET ${CLUSTERS}/${value} HTTP/1.1`, admin);
      expect([400, 404], value).toContain(response.status);
    }
    expect(gateway.upstream.reached).toEqual([]);
  });

  it.each([
    ["an operation of Gatehouse", `${ACCOUNT_PATH}/api-keys/%C3%A9`],
    ["an operation of Gatehouse", `${ACCOUNT_PATH}/api-keys/x.`],
    ["an operation of Gatehouse", `${ACCOUNT_PATH}/api-keys/%20/rotation`],
    ["an operation of Gatehouse, spelled otherwise", `${ACCOUNT_PATH}/api-key%C5%BF`],
    ["the account", `/api/public/v1/accounts/${ACCOUNT}%20/projects`],
    ["the account", `/api/public/v1/accounts/%C3%A9/projects`],
    ["the account", `/api/public/v1/account%C5%BF/${ACCOUNT}/projects`],
    ["a literal", `${CLUSTERS}%20`],
    ["a path that the table does not have", "/x/%C3%A9"],
    ["a path that the table does not have", "/x/a."],
    ["a public path", "/console/%C3%A9"],
    ["a public path", "/console/app.js."],
    ["a public path", "/.well-known/gatehouse/health%20"],
    ["a public path, spelled otherwise", "/con%E2%80%8Bsole/x"],
    ["a public path, spelled otherwise", "/console./x"],
  ])("6, 13, 21: is no value of %s: %s", async (_, target) => {
    expect((await send(`GET ${target} HTTP/1.1`, admin)).status).toBe(400);
    expect([400, 405]).toContain((await send(`DELETE ${target} HTTP/1.1`, admin)).status);
    expect(gateway.upstream.reached).toEqual([]);
  });
});

describe("request method", () => {
  it.each(["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Method", "X_HTTP_Method_Override"])(
    "25: uses the method of the request line and ignores %s",
    async (name) => {
      const response = await send(`GET ${CLUSTERS} HTTP/1.1`, viewer, [`${name}: DELETE`]);
      expect(response.status).toBe(200);
      expect(gateway.upstream.reached).toHaveLength(1);
      expect(gateway.upstream.reached[0]?.method).toBe("GET");
      expect(gateway.upstream.reached[0]?.rawHeaders).not.toContain("DELETE");
    },
  );

  it.each(["?_method=GET", "?method=GET", "?x-http-method-override=GET"])(
    "26: ignores a method in the query: %s",
    async (query) => {
      expect((await send(`POST ${CLUSTERS}${query} HTTP/1.1`, viewer, ["Content-Length: 0"])).status).toBe(403);
      expect(gateway.upstream.reached).toEqual([]);
    },
  );

  it.each(["TRACE", "PURGE", "QUERY", "CONNECT", "FOO", "PROPFIND", "LOCK", "get", "GETT", "M-SEARCH", "PRI", "COPY"])(
    "27: rejects a method that no operation has: %s",
    async (method) => {
      const response = await send(`${method} /x HTTP/1.1`, admin);
      expect([400, 405, 500, 501]).toContain(response.status);
      if (response.status === 405) expect(response.headers.allow).toBe("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
      expect(gateway.upstream.reached).toEqual([]);
    },
  );

  it("28: authorizes HEAD as GET and answers without a body", async () => {
    for (const token of [viewer, null, "null"]) {
      const [head, get] = [
        await send(`HEAD ${CLUSTERS} HTTP/1.1`, token),
        await send(`GET ${CLUSTERS} HTTP/1.1`, token),
      ];
      expect(head.status).toBe(get.status);
      expect(head.headers["www-authenticate"]).toBe(get.headers["www-authenticate"]);
      expect(head.body).toBe("");
    }
  });

  it("29: answers preflights itself and authorizes every other OPTIONS request", async () => {
    const preflight = ["Origin: https://evil.example", "Access-Control-Request-Method: GET"];
    expect((await send("OPTIONS /x HTTP/1.1", admin, preflight)).status).toBe(403);
    expect((await send("OPTIONS /x HTTP/1.1", null)).status).toBe(401);
    expect((await send("OPTIONS /x HTTP/1.1", viewer)).status).toBe(403);
    expect((await send(`OPTIONS ${CLUSTERS} HTTP/1.1`, viewer)).status).toBe(403);
    expect(gateway.upstream.reached).toEqual([]);
  });
});
