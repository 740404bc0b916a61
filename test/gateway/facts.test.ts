// What a call asks for, before anybody asks who makes it.
import { describe, expect, it } from "vitest";
import { factsOf, readCaller, readPath, readTarget } from "../../src/gateway/facts.ts";
import { ACCOUNT_ID } from "../support/key.ts";
import { aCall, aRequest, CLUSTERS, openDoor } from "./a-door.ts";

const ANY = new Set<string>();
const ROUTES = openDoor().door.routes;
const path = (target: string, init: RequestInit = {}, hosts: ReadonlySet<string> = ANY) =>
  readPath(aRequest(target, init), hosts);

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

  it("is refused when it is not canonical, before the host is looked at", () => {
    expect(path("/a%2fb", {}, new Set(["another"]))).toEqual({ reason: "path_not_canonical" });
  });

  it.each(["door.example/a", "a@door.example", "door.example?", "a b", "x,door.example"])(
    "is refused with the host %j",
    (host) => {
      expect(path("/a", { headers: { host } })).toEqual({ reason: "host_not_served" });
    },
  );

  it.each(["door.example", "door.example:8443", "[::1]:80", "", "a_b-c"])("is read with the host %j", (host) => {
    expect(path("/a", { headers: { host } })).toBe("/a");
  });

  it("is refused on a host that is not served, and read on one that is", () => {
    expect(path("/a", {}, new Set(["another.example"]))).toEqual({ reason: "host_not_served" });
    expect(path("/a", {}, new Set(["door.example"]))).toBe("/a");
    expect(path("https://door.example:8443/a", {}, new Set(["door.example"]))).toEqual({ reason: "host_not_served" });
  });

  it.each(["GET", "HEAD"])("is refused to a %s with a body, and not to one with a body of nothing", (method) => {
    // No runtime but workerd makes such a request.
    const withBody = (headers: Record<string, string>) => {
      const request = aRequest("/a", { method, headers });
      Object.defineProperty(request, "body", { value: new ReadableStream() });
      return readTarget(request, "/a", ROUTES);
    };
    expect(withBody({})).toEqual({ reason: "body_not_allowed" });
    expect(withBody({ "content-length": "3" })).toEqual({ reason: "body_not_allowed" });
    expect(withBody({ "content-length": "0" })).toMatchObject({ path: "/a" });
    expect(readTarget(aRequest("/a", { method }), "/a", ROUTES)).toMatchObject({ path: "/a" });
    expect(readTarget(aRequest("/a", { method: "POST", body: "x" }), "/a", ROUTES)).toMatchObject({ path: "/a" });
  });
});

describe("the caller", () => {
  it("is the address that Cloudflare saw, as text and as a number", () => {
    expect(readCaller(new Headers({ "cf-connecting-ip": "192.0.2.1" }))).toEqual({
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
    expect(readCaller(new Headers(headers as Record<string, string>))).toBeNull();
  });
});

it("weighs the address, the account, the operation and the parameters", () => {
  const { door } = openDoor();
  const { call, target } = aCall(door, CLUSTERS, { headers: { "cf-connecting-ip": "192.0.2.1" } });
  expect(factsOf(call, target)).toEqual({
    address: 0xc0000201,
    accountId: ACCOUNT_ID,
    operation: target.operation,
    params: { accountId: ACCOUNT_ID, projectId: "p" },
  });
  expect(target.operation?.operationId).toBe("listClusters");
  expect(factsOf({ caller: null }, target).address).toBeNull();
});
