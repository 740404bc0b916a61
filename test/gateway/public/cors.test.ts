// Pages in a browser: who may call, and what a preflight is told.
import { expect, it } from "vitest";
import { allowedOrigin, isPreflight, preflightResponse, withCorsHeaders } from "../../../src/gateway/public/cors.ts";
import { anIncomingRequest } from "../gateway-harness.ts";

const PAGE = "https://page.example";
const ORIGINS = new Set([PAGE]);
const asked = { origin: PAGE, "access-control-request-method": "PUT" };

it("takes for a preflight only an OPTIONS that names an origin and a method", () => {
  const is = (method: string, headers: Record<string, string>) =>
    isPreflight(anIncomingRequest("/a", { method, headers }));
  expect(is("OPTIONS", asked)).toBe(true);
  expect(is("GET", asked)).toBe(false);
  expect(is("OPTIONS", { origin: PAGE })).toBe(false);
  expect(is("OPTIONS", { "access-control-request-method": "PUT" })).toBe(false);
});

it("allows the origins of the list and no others", () => {
  const allowed = (origin: string | null, origins: ReadonlySet<string> = ORIGINS) =>
    allowedOrigin(new Headers(origin === null ? {} : { origin }), origins);
  expect(allowed(PAGE)).toBe(PAGE);
  expect(allowed("https://page.example.evil.example")).toBeNull();
  expect(allowed(null)).toBeNull();
  expect(allowed("null")).toBeNull();
  expect(allowed(PAGE, new Set())).toBeNull();
});

it("answers the preflight of an origin on the list with what pages may send, and nobody else's", async () => {
  const answer = preflightResponse(new Headers(asked), ORIGINS);
  if (!(answer instanceof Response)) throw new Error(answer.reason);
  expect([answer.status, await answer.text()]).toEqual([204, ""]);
  expect(Object.fromEntries(answer.headers)).toEqual({
    "access-control-allow-headers": "Authorization, Content-Type, Idempotency-Key",
    "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "access-control-max-age": "600",
    "cache-control": "no-store",
  });
  expect(preflightResponse(new Headers({ ...asked, origin: "https://evil.example" }), ORIGINS)).toEqual({
    reason: "preflight_origin_not_allowed",
  });
});

it("makes an answer readable by one origin, and says that it depends on it", async () => {
  const given = new Response("text", { status: 418, headers: { vary: "Accept", "x-a": "b" } });
  const answer = withCorsHeaders(PAGE, given);
  expect([answer.status, await answer.text()]).toEqual([418, "text"]);
  expect(answer.headers.get("access-control-allow-origin")).toBe(PAGE);
  expect(answer.headers.get("vary")).toBe("Accept, Origin");
  expect(answer.headers.get("x-a")).toBe("b");
});
