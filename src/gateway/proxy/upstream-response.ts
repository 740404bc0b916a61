// The upstream's response as the client gets it. No body is read, and a response is copied only when something in it changes.
import type { Upstream } from "../gateway.ts";
import type { IncomingRequest } from "../incoming-request.ts";

const STRIPPED_RESPONSE_HEADERS = [
  "set-cookie",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authentication-info",
  "te",
  "trailer",
  "upgrade",
  // Names another host to be used in place of this one.
  "alt-svc",
  "clear-site-data",
  "server",
  "x-powered-by",
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-expose-headers",
  "access-control-max-age",
  "access-control-allow-private-network",
  "gatehouse-identity",
  "gatehouse-operation",
  "gatehouse-request-id",
] as const;

/** What is done with a header of the upstream's response. */
type ResponseHeaderAction = "drop" | "connection" | "content-encoding" | "location";

/** By lower-case name; every other header goes out as it came. */
const RESPONSE_HEADER_ACTIONS: ReadonlyMap<string, ResponseHeaderAction> = new Map<string, ResponseHeaderAction>([
  ...STRIPPED_RESPONSE_HEADERS.map((name) => [name, "drop"] as const),
  ["connection", "connection"],
  ["content-encoding", "content-encoding"],
  ["location", "location"],
]);

/** The response with its status, headers and body as they came, without the headers that may not go out. */
export function filterUpstreamResponse(request: IncomingRequest, response: Response, upstream: Upstream): Response {
  const forbidden: string[] = [];
  let encoding = "";
  let target: string | null = null;
  // One pass over the names that are there is cheaper than a lookup of each name that matters.
  response.headers.forEach((value, name) => {
    const action = RESPONSE_HEADER_ACTIONS.get(name);
    if (action === undefined) return;
    if (action === "content-encoding") encoding = value.toLowerCase();
    else if (action === "location") target = value;
    // Nearly every server sends `Connection: keep-alive`, and the runtime writes this header itself: not worth a copy.
    else if (action === "drop" || value.toLowerCase() !== "keep-alive") forbidden.push(name);
  });
  const decode = DECODED.has(encoding) && !acceptsEncoding(request, encoding);
  const location = locationWithin(target, upstream.origin);
  if (forbidden.length === 0 && location === null && !decode) return response;
  const copy = new Response(response.body, response);
  for (const name of forbidden) copy.headers.delete(name);
  // The runtime decodes what it reads; without the header it does not encode it again.
  if (decode) copy.headers.delete("content-encoding");
  // It must lead through the gateway, not to a host that the client cannot reach.
  if (location !== null) copy.headers.set("location", location);
  return copy;
}

/** The content codings that the runtime decodes when it reads a body. */
const DECODED: ReadonlySet<string> = new Set(["gzip", "br"]);

/**
 * Whether the client accepts a content coding. The platform asks upstreams for `br, gzip` whatever the client accepts, and
 * keeps the client's own list in `cf`: https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties
 */
function acceptsEncoding(request: IncomingRequest, encoding: string): boolean {
  const { cf } = request.raw as { readonly cf?: { readonly clientAcceptEncoding?: string } };
  const accepted = cf === undefined ? request.headers.get("accept-encoding") : cf.clientAcceptEncoding;
  const codings = (accepted ?? "")
    .toLowerCase()
    .split(",")
    // RFC 9110 section 12.4.2: a weight of nothing means "not acceptable".
    .filter((coding) => !/;\s*q=0(?:\.0*)?\s*$/.test(coding))
    .map((coding) => coding.split(";")[0]?.trim());
  return codings.includes(encoding) || codings.includes("*");
}

/** An absolute URL within the upstream as a path for the client; `null` for every other, which goes out as it is. */
function locationWithin(location: string | null, origin: string): string | null {
  if (location === null || !/^\s*(?:[a-z][a-z0-9+.-]*:|[/\\]{2})/i.test(location)) return null;
  const url = URL.parse(location, origin);
  return url?.origin === origin ? url.pathname + url.search + url.hash : null;
}
