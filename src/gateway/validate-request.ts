// What a call asks for: the canonical path, known before anybody asks who makes it; then the operation, where the call comes
// from, and what it brings along.

import type { Denial } from "../core/access/decision.ts";
import { type Address, parseAddress } from "../core/ip/ip-address.ts";
import { canonicalPath, queryOf } from "../core/routing/canonical-path.ts";
import { matchOperation, type Target } from "../core/routing/match-operation.ts";
import { METHODS } from "../core/routing/operations.ts";
import type { Routes } from "../core/routing/route-matcher.ts";
import { hasSecondCredential } from "./authentication/bearer-token.ts";
import type { HeaderFields, IncomingRequest } from "./lazy-request.ts";

export type { Target };

const KNOWN_METHODS: ReadonlySet<string> = new Set([...METHODS, "HEAD", "OPTIONS"]);
const ALLOW = [...KNOWN_METHODS];

/** The canonical path of a call, or why it is not let near anything. */
export function readPath(request: IncomingRequest): string | Denial {
  if (!KNOWN_METHODS.has(request.method)) return { reason: "method_not_allowed", allow: ALLOW };
  return canonicalPath(request.url) ?? { reason: "path_not_canonical" };
}

// What a host may be written with: a slash, "?" or "@" in it would move the border between the host and the path.
const HOST = /^[\w.\-:[\]]*$/;

/** Whether a call is for a host of ours; asked of every call that is not refused before. */
export function isAllowedHost(request: IncomingRequest, hosts: ReadonlySet<string>): boolean {
  const host = request.headers.get("host");
  if (host && !HOST.test(host)) return false;
  return hosts.size === 0 || hosts.has(new URL(request.url).host);
}

// RFC 9110 section 9.3.1: content in a GET has no meaning, and is how requests are smuggled. The runtime would not send it.
function isBodyless(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

/** Whether a call comes with content. `Content-Length: 0` is none, though the runtime makes a stream of it. */
function hasBody({ body, headers }: IncomingRequest): boolean {
  return body !== null && headers.get("content-length") !== "0";
}

/** The target behind a method and a canonical path, or the denial of a path that Gatehouse keeps without answering it. */
export function readTarget(request: IncomingRequest, path: string, routes: Routes): Target | Denial {
  return matchOperation(request.method, path, queryOf(request.url), routes);
}

/**
 * What is wrong with what a call brings along, whoever makes it.
 *
 * @param credential what it was recognised by
 */
export function validateRequest(
  request: IncomingRequest,
  credential: string,
  policy: { readonly hosts: ReadonlySet<string>; readonly allowWebSockets: boolean },
): Denial | null {
  if (!isAllowedHost(request, policy.hosts)) return { reason: "host_not_served" };
  if (hasSecondCredential(request, credential)) return { reason: "credential_malformed", what: "two_carriers" };
  if (isBodyless(request.method) && hasBody(request)) return { reason: "body_not_allowed" };
  const upgrading = request.headers.has("upgrade");
  if (upgrading && !(policy.allowWebSockets && asksForWebSocket(request))) return { reason: "upgrade_not_enabled" };
  return null;
}

/** Where a call comes from: as text for the upstream and the log, and as what rules are matched with. */
export interface Client {
  readonly text: string;
  readonly address: Address;
}

/**
 * The caller as Cloudflare saw it; no other header is believed.
 *
 * @returns `null` for what is not strictly one address, which no list allows and nobody is told of
 */
export function readClient(headers: HeaderFields): Client | null {
  const text = headers.get("cf-connecting-ip") ?? "";
  const address = parseAddress(text);
  return address === null ? null : { text, address };
}

/** Whether a call asks for the one protocol that can be relayed (RFC 6455 section 4.1). */
function asksForWebSocket({ method, headers }: IncomingRequest): boolean {
  return method === "GET" && headers.get("upgrade")?.toLowerCase() === "websocket";
}
