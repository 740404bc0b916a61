// What pages of ALLOWED_ORIGINS may send and read: useful defaults, to which a deployment adds its API's own headers.
import type { CorsHeaders } from "../gateway/gateway.ts";
import type { ConfigReader } from "./reader.ts";

/** What pages send to an API, besides what the Fetch standard lets every page send. */
const ALLOWED = [
  ...["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "If-Modified-Since"],
  ...["If-Unmodified-Since", "If-Range", "Range", "Prefer", "Cache-Control", "X-Request-Id", "X-Requested-With"],
  ...["Traceparent", "Tracestate", "Gatehouse-Account"],
];

/** What pages read of an API's responses, besides what the Fetch standard lets every page read. */
const EXPOSED = [
  ...["ETag", "Link", "Location", "Content-Location", "Content-Disposition", "Content-Range", "Accept-Ranges"],
  ...["Retry-After", "Allow", "WWW-Authenticate", "Operation-Location", "Azure-AsyncOperation", "Preference-Applied"],
  ...["Deprecation", "Sunset", "RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining"],
  ...[
    "X-RateLimit-Reset",
    "X-Total-Count",
    "X-Request-Id",
    "Gatehouse-Request-Id",
    "Gatehouse-Key-Expires-In",
    "Sunset",
  ],
];

// RFC 9110 section 5.6.2.
const parseFieldName = (text: string): string | null => (/^[\w!#$%&'*+.^`|~-]+$/.test(text) ? text : null);

export function readCorsHeaders(read: ConfigReader): CorsHeaders {
  const names = (name: string, standard: readonly string[]) =>
    [...standard, ...read.list(name, parseFieldName, "names of headers")].join(", ");
  return { allowed: names("CORS_ALLOWED_HEADERS", ALLOWED), exposed: names("CORS_EXPOSED_HEADERS", EXPOSED) };
}
