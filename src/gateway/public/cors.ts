// Cross-origin requests (Fetch standard): which origins are allowed, and their preflights. Served here, never by the upstream.
import type { Denial } from "../../core/access/decision.ts";
import type { CorsHeaders } from "../gateway.ts";
import type { IncomingRequest } from "../incoming-request.ts";

/** Fetch standard, "CORS-preflight request": an OPTIONS that names an origin and the method it would use. */
export function isPreflight({ method, headers }: IncomingRequest): boolean {
  return method === "OPTIONS" && headers.has("origin") && headers.has("access-control-request-method");
}

/** The request's origin when it is allowed; `null` otherwise. */
export function allowedOrigin(headers: Headers, origins: ReadonlySet<string>): string | null {
  const origin = headers.get("origin");
  return origin && origins.has(origin) ? origin : null;
}

/** The response to a preflight, to be completed by `withCorsHeaders`; or the denial of an origin that is not allowed. */
export function preflightResponse(
  headers: Headers,
  origins: ReadonlySet<string>,
  { allowed }: CorsHeaders,
): Response | Denial {
  if (allowedOrigin(headers, origins) === null) return { reason: "preflight_origin_not_allowed" };
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
      "access-control-allow-headers": allowed,
      "access-control-max-age": "600",
      "cache-control": "no-store",
    },
  });
}

/**
 * The same response, readable by pages of an allowed origin.
 *
 * @param origin `null` when there is none, or it is not allowed. The response still varies by it: a cache must not use it for
 *   a page of an allowed origin (Fetch standard, "CORS protocol and HTTP caches")
 */
export function withCorsHeaders(origin: string | null, response: Response, { exposed }: CorsHeaders): Response {
  const { headers } = response;
  if (origin !== null) {
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-expose-headers", exposed);
  }
  headers.append("vary", "Origin");
  return response;
}
