// A call as it came in: what is read of it, and how often.
import { expect, it } from "vitest";
import { toIncomingRequest } from "../../src/gateway/lazy-request.ts";
import { aRequest } from "./gateway-harness.ts";

/** A request that writes down what is read of its headers. */
function watched(headers: Record<string, string>) {
  const request = aRequest("/a?b", { method: "POST", body: "text", headers });
  const read: string[] = [];
  const { headers: real } = request;
  const get = (name: string) => {
    read.push(name);
    return real.get(name);
  };
  const forEach = (each: (value: string, name: string) => void) => {
    read.push("(all)");
    real.forEach((value, name) => {
      each(value, name);
    });
  };
  Object.defineProperty(request, "headers", { value: { get, forEach } });
  return { request, read };
}

it("has what the request has", () => {
  const { request } = watched({ "x-a": "1" });
  const received = toIncomingRequest(request);
  expect([received.method, received.url]).toEqual(["POST", request.url]);
  expect(received.body).toBe(request.body);
  expect(received.cf).toBeUndefined();
  expect([received.headers.get("x-a"), received.headers.get("x-b")]).toEqual(["1", null]);
  expect([received.headers.has("x-a"), received.headers.has("x-b")]).toEqual([true, false]);
  const all: string[] = [];
  received.headers.forEach((value, name) => {
    all.push(`${name}: ${value}`);
  });
  expect(all.sort()).toEqual(["content-type: text/plain;charset=UTF-8", "x-a: 1"]);
});

it("reads one header by itself", () => {
  const { request, read } = watched({ "x-a": "1" });
  toIncomingRequest(request).headers.get("x-a");
  expect(read).toEqual(["x-a"]);
});

it("reads all of them once, and then none", () => {
  const { request, read } = watched({ "x-a": "1" });
  const { headers } = toIncomingRequest(request);
  expect([headers.has("x-a"), headers.has("x-b"), headers.get("x-a"), headers.get("x-b")]).toEqual([
    true,
    false,
    "1",
    null,
  ]);
  headers.forEach(() => {});
  expect(read).toEqual(["(all)"]);
});
