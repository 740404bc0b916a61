// Threats D, E and F (docs/threats.md): headers that impersonate another party, request smuggling, caches.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CLUSTERS } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { FORWARD_ALL, startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

let gateway: WorkerdGateway;
let viewer: string;
let bound: string;
let admin: string;
beforeAll(async () => {
  gateway = await startWorkerdGateway({ vars: FORWARD_ALL });
  viewer = (await gateway.key({ role: "Viewer" })).token;
  admin = (await gateway.key()).token;
  bound = (await gateway.key({ role: "Viewer", rules: ["10.0.0.0/8"] })).token;
});
afterAll(() => gateway.close());
beforeEach(() => gateway.upstream.reset());

const send = (token: string, headers: readonly string[], line = `GET ${CLUSTERS} HTTP/1.1`, body = "") =>
  sendRaw(gateway.port, rawRequest(line, [`Authorization: Bearer ${token}`, ...headers], body), { quietMs: 1_000 });

/** Sends the header lines with a Viewer key. @returns the request as the upstream received it */
async function forwarded(headers: readonly string[]) {
  expect((await send(viewer, headers)).status).toBe(200);
  expect(gateway.upstream.reached).toHaveLength(1);
  return gateway.upstream.reached[0];
}

describe("client header", () => {
  it("45: keeps the gateway's own headers when Connection lists them", async () => {
    const names = "close, gatehouse-identity, gatehouse-operation, gatehouse-request-id, x-forwarded-for, host";
    const seen = await forwarded([`Connection: ${names}`, "CF-Connecting-IP: 203.0.113.1"]);
    expect(seen?.headers).toMatchObject({
      "gatehouse-identity": expect.stringMatching(/^eyJ/),
      "gatehouse-operation": "listClusters",
      "gatehouse-request-id": expect.any(String),
      "x-forwarded-for": "203.0.113.1",
    });
  });

  it("45: strips the headers that Connection lists", async () => {
    const seen = await forwarded([
      "Connection: close, X-Hop",
      "X-Hop: evil",
      "Keep-Alive: evil",
      "TE: evil",
      "Trailer: evil",
    ]);
    expect(seen?.rawHeaders).not.toContain("evil");
  });

  it.each([
    ["46", "Gatehouse-Identity"],
    ["46", "Gatehouse-Role"],
    ["46", "gatehouse-anything"],
    ["46", "X-Gatehouse-Identity"],
    ["46", "Gatehouse_Identity"],
    ["47", "X_Gw_Role"],
    ["47", "X_Forwarded_For"],
    ["47", "Content_Length"],
    ["40", "Cookie"],
    ["40", "Cf-Access-Jwt-Assertion"],
    ["40", "Cf-Access-Authenticated-User-Email"],
    ["51", "X-Real-IP"],
    ["51", "True-Client-IP"],
    ["51", "X-Client-IP"],
    ["51", "X-Cluster-Client-IP"],
    ["51", "Fastly-Client-IP"],
    ["51", "Forwarded"],
    ["51", "X-Forwarded-For"],
    ["51", "X-Original-Forwarded-For"],
    ["51", "Client-IP"],
    ["52", "X-Forwarded-Host"],
    ["52", "X-Forwarded-Proto"],
    ["52", "X-Forwarded-Server"],
    ["52", "X-Host"],
    ["52", "X-Original-Host"],
    ["52", "X-Original-URL"],
    ["52", "X-Rewrite-URL"],
    ["52", "X-Forwarded-Prefix"],
    ["52", "X-Forwarded-Uri"],
    ["54", "X-Middleware-Subrequest"],
    ["54", "X-Middleware-Rewrite"],
    ["54", "X-Envoy-Original-Path"],
    ["54", "Proxy-Connection"],
    ["54", "Remote-User"],
    ["54", "X-Remote-User"],
    ["54", "X-Auth-Request-User"],
    ["54", "CF-Worker"],
    ["54", "CDN-Loop"],
    ["56", "Expect"],
  ])("row %s: strips a client header that could impersonate another party: %s", async (_, name) => {
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
      gateway.upstream.reset();
      const value = name === "Expect" ? "100-continue" : "evil";
      const response = await send(viewer, [`${spelling}: ${value}`]);
      expect(gateway.upstream.reached).toHaveLength(1);
      expect(response.text).toMatch(/HTTP\/1.1 200/);
      expect(gateway.upstream.reached[0]?.rawHeaders).not.toContain(value);
    }
  });

  it.each(["X A: 1", "X(A): 1", "X@A: 1", ": 1", "X\x00A: 1", "X\xe9: 1", "X-A\t: 1", '"X": 1'])(
    "47: never forwards a header whose name is not a token: %s",
    async (line) => {
      const response = await send(viewer, [line]);
      for (const call of gateway.upstream.reached) expect(call.rawHeaders.join()).not.toContain("1,X");
      expect([200, 400]).toContain(response.status);
      if (response.status === 200) expect(gateway.upstream.reached[0]?.rawHeaders.join("\n")).not.toMatch(/^x.*a$/im);
    },
  );

  it.each([
    "X-Forwarded-For: 10.0.0.1",
    "X-Real-IP: 10.0.0.1",
    "True-Client-IP: 10.0.0.1",
    "Forwarded: for=10.0.0.1",
    "X_Forwarded_For: 10.0.0.1",
    "CF-Connecting-IPv6: ::ffff:10.0.0.1",
    "CF-Pseudo-IPv4: 10.0.0.1",
  ])("48: ignores client headers that claim an allowed address: %s", async (line) => {
    expect((await send(bound, [line, "CF-Connecting-IP: 203.0.113.1"])).status).toBe(403);
    expect((await send(bound, [line])).status).toBe(403);
    expect(gateway.upstream.reached).toEqual([]);
  });

  it.each(["evil.example/admin?", "evil/x", "a@b", "a b", "a,b", "a#b", "a?b", "a\\b"])(
    "52: rejects a Host that moves the boundary between host and path: %s",
    async (host) => {
      // An Admin key is allowed on every path, so only the check of the Host itself can reject this.
      expect([400, 421]).toContain((await send(admin, [`Host: ${host}`])).status);
      for (const path of [CLUSTERS, "/console/", "/.well-known/gatehouse/jwks.json"]) {
        expect([400, 403, 421]).toContain((await send(viewer, [`Host: ${host}`], `GET ${path} HTTP/1.1`)).status);
      }
      expect(gateway.upstream.reached).toEqual([]);
    },
  );

  it("52: keeps the client's Host from the upstream, except as what the client has asked for", async () => {
    const seen = await forwarded(["Host: evil.example"]);
    expect(`http://${seen?.headers.host}`).toBe(gateway.upstream.url);
    const { "x-forwarded-host": host, forwarded: node, ...others } = seen?.headers ?? {};
    expect([host, node]).toEqual(["evil.example", expect.stringContaining('host="evil.example"')]);
    expect(JSON.stringify(others)).not.toContain("evil.example");
  });
});

describe("request smuggling", () => {
  const smuggled = `GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n`;
  it.each([
    ["a length and chunks", ["Content-Length: 4", "Transfer-Encoding: chunked"], `0\r\n\r\n${smuggled}`],
    ["an unknown final coding", ["Transfer-Encoding: chunked, identity"], `0\r\n\r\n${smuggled}`],
    ["a coding that contains the word chunked", ["Transfer-Encoding: xchunked"], `0\r\n\r\n${smuggled}`],
    ["chunked as one of two codings", ["Transfer-Encoding: gzip, chunked"], `0\r\n\r\n${smuggled}`],
    ["Transfer-Encoding with a space before the colon", ["Transfer-Encoding : chunked"], `0\r\n\r\n${smuggled}`],
    ["two lengths", ["Content-Length: 0", "Content-Length: 5"], smuggled],
    ["a length with a sign", ["Content-Length: +0"], smuggled],
    ["a negative length", ["Content-Length: -1"], smuggled],
    ["a length in hexadecimal", ["Content-Length: 0x0"], smuggled],
    ["a length in a list", ["Content-Length: 0, 0"], smuggled],
    ["a huge length", ["Content-Length: 99999999999999999999"], smuggled],
    ["a chunk with a bad size", ["Transfer-Encoding: chunked"], `zz\r\n${smuggled}`],
    ["a chunk with a huge size", ["Transfer-Encoding: chunked"], `fffffffffffffffff\r\n${smuggled}`],
    ["a folded header", ["X-A: 1", " Content-Length: 0"], smuggled],
    ["a lone carriage return", ["X-A: 1\rTransfer-Encoding: chunked"], smuggled],
    ["a length on a GET", ["Content-Length: 3"], `abc${smuggled}`, "GET"],
  ])("56: forwards at most one request for %s", async (_, headers, body, method = "POST") => {
    await send((await gateway.key()).token, [...headers, "Connection: keep-alive"], `${method} /x HTTP/1.1`, body);
    expect(gateway.upstream.reached.filter(({ url }) => url !== "/x")).toEqual([]);
    expect(gateway.upstream.reached.length).toBeLessThanOrEqual(1);
  });

  it("56: authorizes pipelined requests one by one", async () => {
    const second = rawRequest(`GET ${CLUSTERS} HTTP/1.1`);
    const response = await send(viewer, ["Connection: keep-alive"], `GET ${CLUSTERS} HTTP/1.1`, second);
    expect(response.text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 401"]);
    expect(gateway.upstream.reached).toHaveLength(1);
  });

  const upgradeTo = (protocol: string) =>
    send(viewer, [`Upgrade: ${protocol}`, "Connection: Upgrade, HTTP2-Settings, close", "HTTP2-Settings: AAMAAABk"]);

  it.each(["websocket", "websocket, h2c", "WebSocket"])("57: denies an upgrade to %s", async (protocol) => {
    expect((await upgradeTo(protocol)).status).toBe(501);
    expect(gateway.upstream.reached).toEqual([]);
  });

  it.each(["h2c", "HTTP/2.0", "TLS/1.2"])(
    "57: ignores an upgrade to %s and forwards nothing of it",
    async (protocol) => {
      expect(await upgradeTo(protocol)).toMatchObject({ status: 200, answers: 1 });
      expect(gateway.upstream.reached).toHaveLength(1);
      const names = Object.keys(gateway.upstream.reached[0]?.headers ?? {});
      expect(names.filter((name) => ["upgrade", "http2-settings"].includes(name))).toEqual([]);
    },
  );

  it.each(["HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/3", "http/1.1", "", "HTTP/1.1 x"])(
    "58: rejects a request in another HTTP version: %s",
    async (version) => {
      const response = await send(viewer, [], `GET /x ${version}`);
      expect([0, 400, 403, 505]).toContain(response.status);
      expect(gateway.upstream.reached).toEqual([]);
    },
  );
});

describe("response", () => {
  it("63: never answers one client's response to another client of the same address", async () => {
    const other = (await gateway.key({ role: "Viewer" })).token;
    gateway.upstream.answer((request, response) => {
      response.setHeader("cache-control", "public, max-age=3600");
      response.end(String(request.headers["gatehouse-request-id"]));
    });
    const bodies = [await send(viewer, []), await send(other, []), await send(viewer, [])].map(({ body }) => body);
    expect(new Set(bodies).size).toBe(3);
    expect(gateway.upstream.reached).toHaveLength(3);
  });

  it("67: never follows a redirect of the upstream", async () => {
    for (const location of [
      "http://169.254.169.254/",
      "https://evil.example/",
      "file:///etc/passwd",
      "//evil.example",
    ]) {
      gateway.upstream.reset();
      gateway.upstream.answer((_, response) => response.writeHead(302, { location }).end());
      const response = await send(viewer, []);
      expect(response).toMatchObject({ status: 302, headers: { location } });
      expect(response.text).not.toMatch(/eyJ/);
      expect(gateway.upstream.reached).toHaveLength(1);
    }
  });
});
