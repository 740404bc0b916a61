// Which headers pass the door. Whatever could speak for the gateway, for the client's address or for another request
// is dropped on the way in; on the way out, whatever could set state in a browser or speak for this hop.
import type { HeaderFields } from "../lazy-request.ts";

// RFC 9110 section 7.6.1, and what carries a credential or names another method, path or address than the one judged.
const STRIPPED_REQUEST_HEADERS = new Set([
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  // Answered by the runtime already; a second "100 Continue" has nobody waiting for it.
  "expect",
  "host",
  "authorization",
  "cookie",
  "x-api-key",
  "x-http-method",
  "x-http-method-override",
  "x-method",
  "x-method-override",
  "x-override-url",
  "x-forwarded",
  "forwarded",
  "forwarded-for",
  "via",
  "client-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-real-ip",
  "x-real-port",
  "x-real-host",
  "x-originating-ip",
  "x-host",
  "x-proxyuser-ip",
  "x-appengine-user-ip",
  "x-azure-clientip",
  "x-azure-socketip",
  "x-true-client-ip",
  "true-client-ip",
  "fastly-client-ip",
  "fly-client-ip",
  "wl-proxy-client-ip",
  "cdn-loop",
  "remote-user",
  "remote-addr",
]);

const STRIPPED_REQUEST_PREFIXES = [
  "gatehouse-",
  "x-gatehouse-",
  "x-forwarded-",
  "x-original-",
  "x-rewrite-",
  "x-remote-",
  "x-auth-request-",
  "cf-",
  "x-middleware-",
  "x-envoy-",
  "proxy-",
];

// RFC 9110 section 5.6.2, less the underscore: many servers read `X_Forwarded_For` as `X-Forwarded-For`.
const PLAIN_NAME = /^[a-z0-9!#$%&'*+.^`|~-]+$/;

/** Whether a header of the client may reach the upstream. The name is lower case, as `Headers` gives it. */
export function mayForward(name: string): boolean {
  if (STRIPPED_REQUEST_HEADERS.has(name) || !PLAIN_NAME.test(name)) return false;
  for (const prefix of STRIPPED_REQUEST_PREFIXES) {
    if (name.startsWith(prefix)) return false;
  }
  return true;
}

/**
 * The client's headers that may go on, to which the gateway adds its own.
 *
 * Names that the client listed in `Connection` go too (RFC 9110 section 7.6.1); the gateway's own are set afterwards,
 * so that nobody can list those away. No name here can be `__proto__`: one with an underscore does not pass.
 *
 * @returns a plain object, which `fetch` takes for less than a `Headers` that is filled, or a copy that is deleted from
 *   (npm run bench:forward)
 */
export function upstreamRequestHeaders(client: HeaderFields): Record<string, string> {
  const kept: Record<string, string> = {};
  const hops = listedHops(client.get("connection"));
  // Whatever else a client has put its key into: nobody behind the door may learn it.
  const token = client.get("authorization")?.slice("Bearer ".length) || null;
  client.forEach((value, name) => {
    if (mayForward(name) && !hops.has(name) && !containsSecret(value, token)) kept[name] = value;
  });
  return kept;
}

function containsSecret(value: string, token: string | null): boolean {
  return token !== null && value.length >= token.length && value.includes(token);
}

const NO_HOPS: ReadonlySet<string> = new Set();

function listedHops(connection: string | null): ReadonlySet<string> {
  // What nearly every client says; `keep-alive` is dropped in any case.
  if (connection === null || connection === "" || connection.toLowerCase() === "keep-alive") return NO_HOPS;
  const names = connection.toLowerCase().split(",");
  return new Set(names.map((name) => name.trim()));
}

const STRIPPED_RESPONSE_HEADERS = [
  "set-cookie",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authentication-info",
  "te",
  "trailer",
  "upgrade",
  // Says that another host may be asked in this one's place.
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

/** What the door does with a header of an upstream's answer. */
export type ResponseHeaderAction = "drop" | "connection" | "content-encoding" | "location";

const RESPONSE_HEADER_ACTIONS: ReadonlyMap<string, ResponseHeaderAction> = new Map<string, ResponseHeaderAction>([
  ...STRIPPED_RESPONSE_HEADERS.map((name) => [name, "drop"] as const),
  ["connection", "connection"],
  ["content-encoding", "content-encoding"],
  ["location", "location"],
]);

/** What is done with a header of an upstream's answer, by its lower-case name; `undefined`: it goes out as it came. */
export function responseHeaderAction(name: string): ResponseHeaderAction | undefined {
  return RESPONSE_HEADER_ACTIONS.get(name);
}
