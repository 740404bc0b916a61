// The response that the client gets: the upstream's, or an error when the upstream fails.

import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CLUSTERS } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { FORWARD_ALL, startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

let gateway: WorkerdGateway;
let token: string;
beforeAll(async () => {
  gateway = await startWorkerdGateway({ vars: { ...FORWARD_ALL, UPSTREAM_TIMEOUT_SECONDS: "0.5" } });
  token = (await gateway.key()).token;
});
afterAll(() => gateway.close());
beforeEach(() => gateway.upstream.reset());

const call = (line: string, headers: readonly string[] = [], body = "") =>
  sendRaw(gateway.port, rawRequest(`${line} HTTP/1.1`, [`Authorization: Bearer ${token}`, ...headers], body));

describe("upstream response", () => {
  it.each([200, 201, 202, 304, 400, 401, 403, 404, 409, 418, 422, 429, 500, 502, 503])(
    "keeps the upstream's status, headers and body: %i",
    async (status) => {
      const body = status === 304 ? "" : `{"error":{"status":${status},"detail":"of the upstream"}}`;
      gateway.upstream.answer((_, response) => {
        response.writeHead(status, { "content-type": "application/vnd.of-the-upstream", etag: '"1"', "x-own": "1" });
        response.end(body);
      });
      const response = await call("GET /x");
      expect(response.status).toBe(status);
      expect(response.headers).toMatchObject({
        "content-type": "application/vnd.of-the-upstream",
        etag: '"1"',
        "x-own": "1",
      });
      expect(response.body).toContain(body);
      expect(gateway.upstream.reached).toHaveLength(1);
    },
  );

  it("strips response headers that set browser state, grant CORS access, or belong to the hop or to Gatehouse", async () => {
    gateway.upstream.answer((_, response) => {
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      for (const name of [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "server",
        "x-powered-by",
        "alt-svc",
        "clear-site-data",
        "proxy-authenticate",
        "keep-alive",
        "gatehouse-identity",
        "gatehouse-operation",
        "gatehouse-request-id",
      ])
        response.setHeader(name, "of-the-upstream");
      response.setHeader("x-own", "kept");
      response.end("{}");
    });
    const response = await call("GET /x");
    expect(response.status).toBe(200);
    expect(response.text).not.toContain("of-the-upstream");
    expect(response.headers["set-cookie"]).toBeUndefined();
    expect(response.headers["x-own"]).toBe("kept");
    expect(response.text).toContain("{}");
  });

  it("answers HEAD with the headers of a GET and no body", async () => {
    gateway.upstream.answer((_, response) => {
      response.writeHead(200, { "content-length": "5", etag: '"1"' });
      response.end("hello");
    });
    const [head, get] = [await call(`HEAD ${CLUSTERS}`), await call(`GET ${CLUSTERS}`)];
    expect(head).toMatchObject({ status: 200, body: "", headers: { "content-length": "5", etag: '"1"' } });
    expect(get.body).toBe("hello");
  });

  it("keeps the content encoding when headers change", async () => {
    const packed = gzipSync("hello hello hello");
    gateway.upstream.answer((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "set-cookie": "a=1", "content-length": packed.length });
      response.end(packed);
    });
    const response = await fetch(`${gateway.url}/x`, { headers: { authorization: `Bearer ${token}` } });
    expect(response.headers.get("content-encoding")).toBe("gzip");
    expect(await response.text()).toBe("hello hello hello");
  });

  it.each([
    ["gzip", "gzip", true],
    ["gzip", "br, gzip;q=0", false],
    ["gzip", "identity", false],
    ["GZIP", "deflate, gzip;q=0.5", true],
    ["zstd", "identity", true],
  ])(
    "decides whether a response coded as %s stays coded for a client that accepts %s: %s",
    async (coding, accepted, stays) => {
      const body = coding === "zstd" ? Buffer.from("not really zstd") : gzipSync("hello");
      gateway.upstream.answer((_, response) => {
        response.writeHead(200, { "content-encoding": coding }).end(body);
      });
      const response = await call("GET /x", [`Accept-Encoding: ${accepted}`]);
      expect(response.headers["content-encoding"]).toBe(stays ? coding : undefined);
      expect(response.body).toContain(stays ? body.toString("latin1") : "hello");
    },
  );

  it.each([
    ["{up}/moved?a=1#b", "http://gatehouse.test/moved?a=1#b"],
    ["{up}", "http://gatehouse.test/"],
    ["{UP}/case", "http://gatehouse.test/case"],
    ["/relative", "/relative"],
    ["next", "next"],
    ["https://elsewhere.example/x", "https://elsewhere.example/x"],
    ["//elsewhere.example/x", "//elsewhere.example/x"],
    ["{up}.evil.example/x", "{up}.evil.example/x"],
    ["{up}@evil.example/x", "{up}@evil.example/x"],
  ])(
    "never follows a redirect and rewrites a location on the upstream to the gateway: %s",
    async (location, expected) => {
      const fill = (text: string) =>
        text.replace("{up}", gateway.upstream.url).replace("{UP}", gateway.upstream.url.replace("http", "HTTP"));
      for (const status of [201, 302, 307]) {
        gateway.upstream.reset();
        gateway.upstream.answer((_, response) => response.writeHead(status, { location: fill(location) }).end());
        const response = await call("GET /x");
        expect(response.status).toBe(status);
        expect(response.headers.location).toBe(fill(expected));
        expect(gateway.upstream.reached).toHaveLength(1);
      }
    },
  );
});

describe("upstream failure", () => {
  it.each(["GET /x", "POST /x", `DELETE ${CLUSTERS}/c`])(
    "answers 504 when the upstream hangs and sends the request once: %s",
    async (line) => {
      gateway.upstream.answer(() => undefined);
      const started = Date.now();
      const response = await call(line);
      expect(response.status).toBe(504);
      expect(JSON.parse(response.body).error).toMatchObject({ status: 504, code: "upstream_timeout" });
      expect(response.headers["cache-control"]).toBe("no-store");
      expect(Date.now() - started).toBeLessThan(2_500);
      expect(gateway.upstream.reached).toHaveLength(1);
      await expect.poll(() => gateway.upstream.aborted()).toBe(1);
    },
  );

  it.each(["GET /x", "POST /x", `PUT ${CLUSTERS}/c`])(
    "answers 502 when the upstream resets the connection and sends the request once: %s",
    async (line) => {
      gateway.upstream.answer((request) => request.socket.destroy());
      const response = await call(line, ["Content-Length: 0"]);
      expect(response.status).toBe(502);
      expect(JSON.parse(response.body).error).toMatchObject({ status: 502, code: "upstream_unreachable" });
      expect(gateway.upstream.reached).toHaveLength(1);
      const error = (await gateway.logs()).findLast(({ kind }) => kind === "fault");
      expect(error).toMatchObject({ verdict: "fault", status: 502, error: expect.stringContaining("<-") });
    },
  );

  it.each(["HTTP/1.1 abc Nonsense\r\n\r\n", "not http at all", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"])(
    "answers 502 or forwards the status when the upstream does not speak HTTP: %j",
    async (bytes) => {
      gateway.upstream.answer((request) => request.socket.end(bytes));
      const response = await call("GET /x");
      expect([502, 999]).toContain(response.status);
    },
  );
});

describe("upstream response in bytes that no library sends", () => {
  /** What a client gets of an upstream that answers every request with these bytes and leaves the connection open. */
  async function answered(bytes: string) {
    const upstream = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.write(Buffer.from(bytes, "latin1")));
    });
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    const { port } = upstream.address() as AddressInfo;
    const front = await startWorkerdGateway({ vars: { ...FORWARD_ALL, UPSTREAM_URL: `http://127.0.0.1:${port}` } });
    const key = await front.key();
    const request = rawRequest("GET /x HTTP/1.1", [`Authorization: Bearer ${key.token}`, "X-Own: \xe9"]);
    const response = await sendRaw(front.port, request);
    await front.close();
    await new Promise((resolve) => upstream.close(resolve));
    return response;
  }

  it.each([
    ["two equal lengths", "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"],
    ["a length that chunks override", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
    ["a Connection that lists no names", "Connection: foo bar,,\r\nContent-Length: 5\r\n\r\nhello"],
  ])("arrives whole with %s", async (_, rest) => {
    const response = await answered(`HTTP/1.1 200 OK\r\n${rest}`);
    expect(response.status).toBe(200);
    expect(response.body).toContain("hello");
  });

  it("is a 502, and no broken connection, when its coded content cannot be decoded", async () => {
    const response = await answered("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello");
    expect(response.status).toBe(502);
    expect(response.body).toContain("upstream_invalid");
  });
});

describe("unreachable upstream", () => {
  it("answers 502 when the upstream cannot be reached", async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, "127.0.0.1", resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const orphan = await startWorkerdGateway({ vars: { ...FORWARD_ALL, UPSTREAM_URL: `http://127.0.0.1:${port}` } });
    const key = await orphan.key();
    const response = await orphan.call(key.token, "/x");
    expect(response.status).toBe(502);
    expect(((await response.json()) as { error: object }).error).toMatchObject({ code: "upstream_unreachable" });
    await orphan.close();
  });
});
