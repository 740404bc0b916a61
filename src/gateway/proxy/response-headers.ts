// What is done with each header of the upstream's responses.
import { LINKING_HEADERS } from "./upstream-links.ts";

const DROPPED: readonly string[] = [
  // Hop by hop: RFC 9110 section 7.6.1.
  ...["keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authentication-info", "te", "trailer", "upgrade"],
  // State that a browser would keep for the gateway's origin, and hosts that it would use in place of this one.
  ...["set-cookie", "set-cookie2", "clear-site-data", "alt-svc", "strict-transport-security", "public-key-pins"],
  ...[
    "public-key-pins-report-only",
    "expect-ct",
    "nel",
    "report-to",
    "reporting-endpoints",
    "accept-ch",
    "critical-ch",
  ],
  ...["accept-ch-lifetime", "service-worker-allowed", "speculation-rules", "set-login", "activate-storage-access"],
  ...["observe-browsing-topics", "origin-agent-cluster", "dictionary-location", "use-as-dictionary"],
  // The gateway alone says which pages may read its responses.
  ...["access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods"],
  ...["access-control-allow-headers", "access-control-expose-headers", "access-control-max-age"],
  ...["access-control-allow-private-network", "timing-allow-origin"],
  // Orders to a proxy or a cache in front.
  ...["x-accel-redirect", "x-accel-buffering", "x-accel-charset", "x-accel-expires", "x-accel-limit-rate"],
  ...["x-sendfile", "x-lighttpd-send-file", "x-reproxy-url", "surrogate-control", "cdn-cache-control"],
  ...["cloudflare-cdn-cache-control", "edge-control", "cache-tag", "surrogate-key"],
  // Speaks for this server.
  ...["server", "x-powered-by", "gatehouse-identity", "gatehouse-operation", "gatehouse-request-id"],
  "gatehouse-key-expires-in",
];

export type ResponseHeaderAction = "drop" | "connection" | "coding" | "length" | "chunks" | "link" | "caching";

/** By lower-case name; every other header goes out as it came. */
export const RESPONSE_HEADER_ACTIONS: ReadonlyMap<string, ResponseHeaderAction> = new Map<string, ResponseHeaderAction>(
  [
    ...DROPPED.map((name) => [name, "drop"] as const),
    ...LINKING_HEADERS.map((name) => [name, "link"] as const),
    ["connection", "connection"],
    ["content-encoding", "coding"],
    ["content-length", "length"],
    ["transfer-encoding", "chunks"],
    ["cache-control", "caching"],
  ],
);

/** What lets a shared cache store the response to a request with `Authorization`: RFC 9111 section 3.5. */
const SHARED = /^(?:public|must-revalidate|proxy-revalidate|s-maxage\s*=.*)$/i;

/**
 * A `Cache-Control` without leave for shared caches: two clients may get two responses from one URL.
 *
 * @returns the value as it came when no shared cache may store the response
 */
export function privateCaching(value: string): string {
  const directives = value.split(",").map((each) => each.trim());
  if (!directives.some((each) => SHARED.test(each))) return value;
  const kept = directives.filter((each) => !/^(?:public|proxy-revalidate|s-maxage\s*=.*)$/i.test(each));
  return kept.some((each) => /^(?:private|no-store)$/i.test(each)) ? kept.join(", ") : ["private", ...kept].join(", ");
}
