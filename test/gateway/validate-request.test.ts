// The request line, and the rest of the request.
import { describe, expect, it } from "vitest";
import type { Target } from "../../src/core/routing/match-operation.ts";
import { OPERATIONS } from "../../src/core/routing/operations.ts";
import type { Policy } from "../../src/gateway/gateway.ts";
import { readClient, toIncomingRequest } from "../../src/gateway/incoming-request.ts";
import { asksForWebSocket, readRequestLine, validateRequest } from "../../src/gateway/validate-request.ts";
import { anIncomingRequest, aRequest, HASH, POLICY } from "./gateway-harness.ts";

const CREDENTIAL = { text: "abc", keyHash: HASH };
const UNKNOWN: Pick<Target, "operation"> = { operation: null };

const line = (target: string, init: RequestInit = {}) => readRequestLine(anIncomingRequest(target, init));

describe("readRequestLine", () => {
  it.each(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])(
    "reads the path and the query of a %s",
    (method) => {
      expect(line("/a/b?c=/d", { method })).toEqual({ path: "/a/b", query: "?c=/d" });
    },
  );

  it("denies an unknown method and lists the known ones", () => {
    expect(line("/a%2fb", { method: "PROPFIND" })).toEqual({
      reason: "method_not_allowed",
      allow: ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
    });
  });

  it("denies a path that is not canonical", () => {
    expect(line("/a%2fb")).toEqual({ reason: "path_not_canonical" });
  });
});

describe("validateRequest", () => {
  const validate = (
    init: RequestInit = {},
    policy: Partial<Policy> = {},
    path = "/a",
    credential = CREDENTIAL,
    target = UNKNOWN,
  ) => {
    const request = anIncomingRequest(path, init);
    const upgrading = asksForWebSocket(request.headers);
    return validateRequest(request, request.headers, credential, target, upgrading, { ...POLICY, ...policy });
  };
  const host_not_served = { reason: "host_not_served" };

  it.each(["gateway.example/a", "a@gateway.example", "gateway.example?", "a b", "x,gateway.example"])(
    "denies the host %j",
    (host) => {
      expect(validate({ headers: { host } })).toEqual(host_not_served);
    },
  );

  it.each(["gateway.example", "gateway.example:8443", "[::1]:80", "", "a_b-c"])("accepts the host %j", (host) => {
    expect(validate({ headers: { host } })).toBeNull();
  });

  it("accepts only the configured hosts, ports included", () => {
    expect(validate({}, { hosts: new Set(["another.example"]) })).toEqual(host_not_served);
    expect(validate({}, { hosts: new Set(["gateway.example"]) })).toBeNull();
    const hosts = new Set(["gateway.example"]);
    expect(validate({}, { hosts }, "https://gateway.example:8443/a")).toEqual(host_not_served);
  });

  it.each([{ "x-api-key": "" }, { "proxy-authorization": "Basic abc" }])(
    "denies a second credential in %j or in the URL",
    (headers) => {
      const twice = { reason: "credential_malformed", what: "two_carriers" };
      expect(validate({ headers: headers as unknown as Record<string, string> })).toEqual(twice);
      expect(validate({}, {}, "/a?key=abc")).toEqual(twice);
      expect(validate({}, {}, "/a?key=ab")).toBeNull();
    },
  );

  it("forwards nothing on the console's host, and serves Gatehouse's own operations there", () => {
    const consoleHost = "gateway.example";
    const own = { operation: OPERATIONS.find(({ operationId }) => operationId === "listApiKeys") ?? null };
    const upstreams = { operation: OPERATIONS.find(({ operationId }) => operationId === "listClusters") ?? null };
    expect(validate({}, { consoleHost })).toEqual(host_not_served);
    expect(validate({}, { consoleHost }, "/a", CREDENTIAL, upstreams)).toEqual(host_not_served);
    expect(validate({}, { consoleHost }, "/a", CREDENTIAL, own)).toBeNull();
    for (const path of ["https://another.example/a", "https://gateway.example:8443/a"]) {
      expect(validate({}, { consoleHost }, path, CREDENTIAL, upstreams)).toBeNull();
    }
  });

  it("denies the script of a service worker", () => {
    expect(validate({ headers: { "service-worker": "script" } })).toEqual({ reason: "service_worker_not_allowed" });
    expect(validate({ headers: { "service-worker-navigation-preload": "true" } })).toBeNull();
  });

  it("denies an upgrade, except a WebSocket of a key where WebSockets are enabled", () => {
    const refused = { reason: "upgrade_not_enabled" };
    const socket = { headers: { upgrade: "WebSocket" } };
    expect(validate(socket)).toEqual(refused);
    expect(validate(socket, { allowWebSockets: true })).toBeNull();
    expect(validate(socket, { allowWebSockets: true }, "/a", { text: "abc", keyHash: null as never })).toEqual(refused);
    expect(validate({ ...socket, method: "POST" }, { allowWebSockets: true })).toEqual(refused);
    expect(validate({ headers: { upgrade: "h2c, websocket" } }, { allowWebSockets: true })).toEqual(refused);
  });

  it.each(["h2c", "TLS/1.2", "HTTP/2.0", ""])("ignores an upgrade to %j, as a server may", (upgrade) => {
    expect(validate({ headers: { upgrade } })).toBeNull();
  });

  it("denies a WebSocket on an operation that Gatehouse serves, where WebSockets are enabled", () => {
    const own = OPERATIONS.find(({ operationId }) => operationId === "listApiKeys") ?? null;
    const socket = { headers: { upgrade: "websocket" } };
    const reason = { reason: "upgrade_not_enabled" };
    expect(validate(socket, { allowWebSockets: true }, "/a", CREDENTIAL, { operation: own })).toEqual(reason);
  });

  it.each(["GET", "HEAD"])("denies a %s with a body, and accepts an empty one", (method) => {
    // Only workerd creates such a request.
    const withBody = (headers: Record<string, string>) => {
      const request = aRequest("/a", { method, headers });
      Object.defineProperty(request, "body", { value: new ReadableStream() });
      return validateRequest(toIncomingRequest(request), request.headers, CREDENTIAL, UNKNOWN, false, POLICY);
    };
    expect(withBody({})).toEqual({ reason: "body_not_allowed" });
    expect(withBody({ "content-length": "3" })).toEqual({ reason: "body_not_allowed" });
    expect(withBody({ "content-length": "0" })).toBeNull();
    expect(validate({ method })).toBeNull();
    expect(validate({ method: "POST", body: "x" })).toBeNull();
  });
});

describe("readClient", () => {
  it("reads the client address from CF-Connecting-IP", () => {
    expect(readClient(new Headers({ "cf-connecting-ip": "192.0.2.1" }))).toEqual({
      text: "192.0.2.1",
      address: 0xc0000201,
    });
  });

  it.each([
    {},
    { "x-forwarded-for": "192.0.2.1" },
    { "cf-connecting-ip": "192.0.2.1, 10.0.0.1" },
    { "cf-connecting-ip": "" },
  ])("finds no client address in %j", (headers) => {
    expect(readClient(new Headers(headers as Record<string, string>))).toBeNull();
  });
});
