// Cross-origin requests: allowed origins, preflights and response headers.
import { expect, it } from "vitest";
import { allowedOrigin, isPreflight, preflightResponse, withCorsHeaders } from "../../../src/gateway/public/cors.ts";
import { anIncomingRequest } from "../gateway-harness.ts";

const PAGE = "https://page.example";
const CORS = { allowed: "Authorization, If-Match", exposed: "ETag, Link" };
const ORIGINS = new Set([PAGE]);
const asked = { origin: PAGE, "access-control-request-method": "PUT" };

it("treats only an OPTIONS with an origin and a method as a preflight", () => {
  const is = (method: string, headers: Record<string, string>) =>
    isPreflight(anIncomingRequest("/a", { method, headers }));
  expect(is("OPTIONS", asked)).toBe(true);
  expect(is("GET", asked)).toBe(false);
  expect(is("OPTIONS", { origin: PAGE })).toBe(false);
  expect(is("OPTIONS", { "access-control-request-method": "PUT" })).toBe(false);
});

it("allows exactly the configured origins", () => {
  const allowed = (origin: string | null, origins: ReadonlySet<string> = ORIGINS) =>
    allowedOrigin(new Headers(origin === null ? {} : { origin }), origins);
  expect(allowed(PAGE)).toBe(PAGE);
  expect(allowed("https://page.example.evil.example")).toBeNull();
  expect(allowed(null)).toBeNull();
  expect(allowed("null")).toBeNull();
  expect(allowed(PAGE, new Set())).toBeNull();
});

it("answers the preflight of an allowed origin, and denies every other", async () => {
  const answer = preflightResponse(new Headers(asked), ORIGINS, CORS);
  if (!(answer instanceof Response)) throw new Error(answer.reason);
  expect([answer.status, await answer.text()]).toEqual([204, ""]);
  expect(Object.fromEntries(answer.headers)).toEqual({
    "access-control-allow-headers": "Authorization, If-Match",
    "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "access-control-max-age": "600",
    "cache-control": "no-store",
  });
  expect(preflightResponse(new Headers({ ...asked, origin: "https://evil.example" }), ORIGINS, CORS)).toEqual({
    reason: "preflight_origin_not_allowed",
  });
});

it("adds the CORS headers for one origin, and Vary", async () => {
  const given = new Response("text", { status: 418, headers: { vary: "Accept", "x-a": "b" } });
  const answer = withCorsHeaders(PAGE, given, CORS);
  expect([answer.status, await answer.text()]).toEqual([418, "text"]);
  expect(answer.headers.get("access-control-allow-origin")).toBe(PAGE);
  expect(answer.headers.get("access-control-expose-headers")).toBe("ETag, Link");
  expect(answer.headers.get("vary")).toBe("Accept, Origin");
  expect(answer.headers.get("x-a")).toBe("b");
});

it("varies by the origin also for one that is not allowed, and lets it read nothing", () => {
  const answer = withCorsHeaders(null, new Response("text"), CORS);
  expect(Object.fromEntries(answer.headers)).toEqual({ "content-type": "text/plain;charset=UTF-8", vary: "Origin" });
});
