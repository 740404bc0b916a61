// Pages in a browser: which origins may call, and the preflights that ask. Answered here, never by the upstream.
import type { Denial } from "../../core/access/decision.ts";
import type { HeaderFields, IncomingRequest } from "../lazy-request.ts";

/** Fetch standard, "CORS-preflight request": an OPTIONS that names an origin and the method it would like. */
export function isPreflight(request: IncomingRequest): boolean {
  const { method, headers } = request;
  return method === "OPTIONS" && headers.has("origin") && headers.has("access-control-request-method");
}

/** The caller's origin when its pages may call; `null` otherwise. */
export function allowedOrigin(headers: HeaderFields, origins: ReadonlySet<string>): string | null {
  if (origins.size === 0) return null;
  const origin = headers.get("origin");
  return origin && origins.has(origin) ? origin : null;
}

/** The answer to a preflight, which `readableBy` completes as any other, or the denial of an origin that is not on the list. */
export function answerPreflight(headers: HeaderFields, origins: ReadonlySet<string>): Response | Denial {
  if (allowedOrigin(headers, origins) === null) return { reason: "preflight_origin_not_allowed" };
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
      "access-control-allow-headers": "Authorization, Content-Type, Idempotency-Key",
      "access-control-max-age": "600",
      "cache-control": "no-store",
    },
  });
}

/** The same answer, readable by pages of this origin. */
export function withCorsHeaders(origin: string, answer: Response): Response {
  const copy = new Response(answer.body, answer);
  copy.headers.set("access-control-allow-origin", origin);
  copy.headers.append("vary", "Origin");
  return copy;
}
