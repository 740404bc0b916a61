// What a call asks for, before anybody asks who makes it.
import { describe, expect, it } from "vitest";
import type { Policy } from "../../src/gateway/gateway.ts";
import { toIncomingRequest } from "../../src/gateway/lazy-request.ts";
import { readClient, readPath, validateRequest } from "../../src/gateway/validate-request.ts";
import { aRequest, POLICY } from "./gateway-harness.ts";

const path = (target: string, init: RequestInit = {}) => readPath(aRequest(target, init));

describe("the path of a call", () => {
  it.each(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])("is read with %s", (method) => {
    expect(path("/a/b?c=/d", { method })).toBe("/a/b");
  });

  it("is not read with another method, which learns what there is", () => {
    expect(path("/a%2fb", { method: "PROPFIND" })).toEqual({
      reason: "method_not_allowed",
      allow: ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
    });
  });

  it("is refused when it is not canonical", () => {
    expect(path("/a%2fb")).toEqual({ reason: "path_not_canonical" });
  });
});

describe("what a call brings along", () => {
  const unfit = (init: RequestInit = {}, policy: Partial<Policy> = {}, target = "/a") =>
    validateRequest(toIncomingRequest(aRequest(target, init)), "abc", { ...POLICY, ...policy });
  const host_not_served = { reason: "host_not_served" };

  it.each(["door.example/a", "a@door.example", "door.example?", "a b", "x,door.example"])(
    "is refused with the host %j",
    (host) => {
      expect(unfit({ headers: { host } })).toEqual(host_not_served);
    },
  );

  it.each(["door.example", "door.example:8443", "[::1]:80", "", "a_b-c"])("is let on with the host %j", (host) => {
    expect(unfit({ headers: { host } })).toBeNull();
  });

  it("is refused on a host that is not served, and let on by one that is", () => {
    expect(unfit({}, { hosts: new Set(["another.example"]) })).toEqual(host_not_served);
    expect(unfit({}, { hosts: new Set(["door.example"]) })).toBeNull();
    const hosts = new Set(["door.example"]);
    expect(unfit({}, { hosts }, "https://door.example:8443/a")).toEqual(host_not_served);
  });

  it.each([{ "x-api-key": "" }, { "proxy-authorization": "Basic abc" }])("is refused with %j", (headers) => {
    const twice = { reason: "credential_malformed", what: "two_carriers" };
    expect(unfit({ headers: headers as unknown as Record<string, string> })).toEqual(twice);
    expect(unfit({}, {}, "/a?key=abc")).toEqual(twice);
  });

  it("is refused when it asks for another protocol, but for a WebSocket where those are enabled", () => {
    const refused = { reason: "upgrade_not_enabled" };
    const socket = { headers: { upgrade: "WebSocket" } };
    expect(unfit(socket)).toEqual(refused);
    expect(unfit(socket, { allowWebSockets: true })).toBeNull();
    expect(unfit({ ...socket, method: "POST" }, { allowWebSockets: true })).toEqual(refused);
    expect(unfit({ headers: { upgrade: "h2c" } }, { allowWebSockets: true })).toEqual(refused);
  });

  it.each(["GET", "HEAD"])("is refused to a %s with a body, and not to one with a body of nothing", (method) => {
    // No runtime but workerd makes such a request.
    const withBody = (headers: Record<string, string>) => {
      const request = aRequest("/a", { method, headers });
      Object.defineProperty(request, "body", { value: new ReadableStream() });
      return validateRequest(toIncomingRequest(request), "abc", POLICY);
    };
    expect(withBody({})).toEqual({ reason: "body_not_allowed" });
    expect(withBody({ "content-length": "3" })).toEqual({ reason: "body_not_allowed" });
    expect(withBody({ "content-length": "0" })).toBeNull();
    expect(unfit({ method })).toBeNull();
    expect(unfit({ method: "POST", body: "x" })).toBeNull();
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
