// What is checked of a request itself: its request line before anything else, the rest once its principal may go on.
import type { Denial } from "../core/access/decision.ts";
import { canonicalPath, queryOf } from "../core/routing/canonical-path.ts";
import type { Target } from "../core/routing/match-operation.ts";
import { METHODS } from "../core/routing/operations.ts";
import type { Credential } from "./authentication/credential.ts";
import type { Policy } from "./gateway.ts";
import type { Fields, IncomingRequest } from "./incoming-request.ts";

const KNOWN_METHODS: ReadonlySet<string> = new Set([...METHODS, "HEAD", "OPTIONS"]);
const ALLOW = [...KNOWN_METHODS];

/** @returns the canonical path and the query with its "?"; or the denial of a method or path that is never forwarded */
export function readRequestLine({
  method,
  url,
}: IncomingRequest): { readonly path: string; readonly query: string } | Denial {
  if (!KNOWN_METHODS.has(method)) return { reason: "method_not_allowed", allow: ALLOW };
  const path = canonicalPath(url);
  return path === null ? { reason: "path_not_canonical" } : { path, query: queryOf(url) };
}

// A slash, "?" or "@" in a host would move the border between the host and the path.
const HOST = /^[\w.\-:[\]]*$/;

/**
 * Whether a request is for a host that is served.
 *
 * @param hosts lower case, with the port where it is not the scheme's default; empty: any
 */
export function isAllowedHost(fields: Fields, url: string, hosts: ReadonlySet<string>): boolean {
  const host = fields.get("host");
  if (host && !HOST.test(host)) return false;
  return hosts.size === 0 || hosts.has(new URL(url).host);
}

/** Whether the console and a browser's cookie are accepted on the host of a request: everywhere, unless `CONSOLE_HOST` is set. */
export function isConsoleHost({ url }: IncomingRequest, { consoleHost }: Pick<Policy, "consoleHost">): boolean {
  return consoleHost === null || new URL(url).host === consoleHost;
}

// Other header fields in which clients send keys.
const OTHER_CREDENTIALS = ["x-api-key", "proxy-authorization"] as const;

/**
 * Whether a request asks for a WebSocket. Any other `Upgrade`, as the `h2c` of Java's client, is ignored and not forwarded: RFC
 * 9110 section 7.8 lets a server continue with the protocol of the request.
 */
export function asksForWebSocket(fields: Fields): boolean {
  const protocols = fields.get("upgrade");
  return !!protocols && /websocket/i.test(protocols);
}

/**
 * Whether a browser asks for the script of a service worker, which would answer for all pages of the origin and outlive the page
 * that has registered it. Service Workers, "Update": browsers set this header, and pages cannot leave it out.
 */
export function isServiceWorkerScript(fields: Fields): boolean {
  return fields.get("service-worker") === "script";
}

/**
 * Validate what a request brings besides its request line and its credential.
 *
 * @param fields all of its header fields
 * @param target what it is for
 * @param upgrading whether it asks for a WebSocket
 * @returns the denial of a request that must not be forwarded as it is; `null` when it may be
 */
export function validateRequest(
  request: IncomingRequest,
  fields: Fields,
  { text, keyHash }: Pick<Credential, "text" | "keyHash">,
  { operation }: Pick<Target, "operation">,
  upgrading: boolean,
  policy: Pick<Policy, "hosts" | "consoleHost" | "allowWebSockets">,
): Denial | null {
  const { method, url } = request;
  if (!isAllowedHost(fields, url, policy.hosts)) return { reason: "host_not_served" };
  // No response of the upstream is ever of the console's origin.
  const isOurs = operation?.handledBy === "gatehouse";
  if (policy.consoleHost !== null && !isOurs && isConsoleHost(request, policy)) return { reason: "host_not_served" };
  // Two servers could see two clients. In the URL a key would end in the logs of every server behind the gateway.
  // RFC 6750 section 2: clients use one method to send a token.
  for (const name of OTHER_CREDENTIALS) {
    if (fields.has(name)) return { reason: "credential_malformed", what: "two_carriers" };
  }
  if (url.includes(text)) return { reason: "credential_malformed", what: "two_carriers" };
  // RFC 9110 section 9.3.1: content in a GET has no meaning, and is used for request smuggling.
  const bodyless = method === "GET" || method === "HEAD";
  // The runtime makes a stream even of `Content-Length: 0`.
  if (bodyless && request.raw.body !== null && fields.get("content-length") !== "0") {
    return { reason: "body_not_allowed" };
  }
  if (isServiceWorkerScript(fields)) return { reason: "service_worker_not_allowed" };
  if (!upgrading) return null;
  // RFC 6455 section 4.1. An operation that Gatehouse serves is never the upstream's; operators have no connections.
  const isWebSocket = method === "GET" && fields.get("upgrade")?.toLowerCase() === "websocket";
  const isRelayed = isWebSocket && keyHash !== null && !isOurs;
  return policy.allowWebSockets && isRelayed ? null : { reason: "upgrade_not_enabled" };
}
