// What a call asks for, before anybody asks who makes it.
import { describe, expect, it } from "vitest";
import type { Policy } from "../../src/gateway/gateway.ts";
import { readClient, toIncomingRequest } from "../../src/gateway/incoming-request.ts";
import { readRequestLine, validateRequest } from "../../src/gateway/validate-request.ts";
import { anIncomingRequest, aRequest, HASH, POLICY } from "./gateway-harness.ts";

const CREDENTIAL = { text: "abc", keyHash: HASH };

const line = (target: string, init: RequestInit = {}) => readRequestLine(anIncomingRequest(target, init));

describe("the path of a call", () => {
  it.each(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])("is read with %s", (method) => {
    expect(line("/a/b?c=/d", { method })).toEqual({ path: "/a/b", query: "?c=/d" });
  });

  it("is not read with another method, which learns what there is", () => {
    expect(line("/a%2fb", { method: "PROPFIND" })).toEqual({
      reason: "method_not_allowed",
      allow: ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
    });
  });

  it("is refused when it is not canonical", () => {
    expect(line("/a%2fb")).toEqual({ reason: "path_not_canonical" });
  });
});

describe("what a call brings along", () => {
  const validate = (init: RequestInit = {}, policy: Partial<Policy> = {}, target = "/a", credential = CREDENTIAL) => {
    const request = anIncomingRequest(target, init);
    return validateRequest(request, credential, request.headers.has("upgrade"), { ...POLICY, ...policy });
  };
  const host_not_served = { reason: "host_not_served" };

  it.each(["door.example/a", "a@door.example", "door.example?", "a b", "x,door.example"])(
    "is refused with the host %j",
    (host) => {
      expect(validate({ headers: { host } })).toEqual(host_not_served);
    },
  );

  it.each(["door.example", "door.example:8443", "[::1]:80", "", "a_b-c"])("is let on with the host %j", (host) => {
    expect(validate({ headers: { host } })).toBeNull();
  });

  it("is refused on a host that is not served, and let on by one that is", () => {
    expect(validate({}, { hosts: new Set(["another.example"]) })).toEqual(host_not_served);
    expect(validate({}, { hosts: new Set(["door.example"]) })).toBeNull();
    const hosts = new Set(["door.example"]);
    expect(validate({}, { hosts }, "https://door.example:8443/a")).toEqual(host_not_served);
  });

  it.each([{ "x-api-key": "" }, { "proxy-authorization": "Basic abc" }])("is refused with %j", (headers) => {
    const twice = { reason: "credential_malformed", what: "two_carriers" };
    expect(validate({ headers: headers as unknown as Record<string, string> })).toEqual(twice);
    expect(validate({}, {}, "/a?key=abc")).toEqual(twice);
    expect(validate({}, {}, "/a?key=ab")).toBeNull();
  });

  it("is refused when it asks for another protocol, but for a WebSocket where those are enabled", () => {
    const refused = { reason: "upgrade_not_enabled" };
    const socket = { headers: { upgrade: "WebSocket" } };
    expect(validate(socket)).toEqual(refused);
    expect(validate(socket, { allowWebSockets: true })).toBeNull();
    expect(validate(socket, { allowWebSockets: true }, "/a", { text: "abc", keyHash: null as never })).toEqual(refused);
    expect(validate({ ...socket, method: "POST" }, { allowWebSockets: true })).toEqual(refused);
    expect(validate({ headers: { upgrade: "h2c" } }, { allowWebSockets: true })).toEqual(refused);
  });

  it.each(["GET", "HEAD"])("is refused to a %s with a body, and not to one with a body of nothing", (method) => {
    // No runtime but workerd makes such a request.
    const withBody = (headers: Record<string, string>) => {
      const request = aRequest("/a", { method, headers });
      Object.defineProperty(request, "body", { value: new ReadableStream() });
      return validateRequest(toIncomingRequest(request), CREDENTIAL, false, POLICY);
    };
    expect(withBody({})).toEqual({ reason: "body_not_allowed" });
    expect(withBody({ "content-length": "3" })).toEqual({ reason: "body_not_allowed" });
    expect(withBody({ "content-length": "0" })).toBeNull();
    expect(validate({ method })).toBeNull();
    expect(validate({ method: "POST", body: "x" })).toBeNull();
  });
});

describe("the caller", () => {
  it("is the address that Cloudflare saw, as text and as a number", () => {
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
  ])("is nobody with %j", (headers) => {
    expect(readClient(new Headers(headers as Record<string, string>))).toBeNull();
  });
});
