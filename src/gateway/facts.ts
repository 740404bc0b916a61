// What a call asks for, as far as it can be known before anybody asks who makes it: the canonical path, the operation.
import { accountIn, METHODS, type Operation, ownedByGatehouse } from "../core/operations.ts";
import { canonicalPath, queryOf } from "../core/path.ts";
import { matchRoute, type Params, type Routes } from "../core/routes.ts";
import type { Denial } from "../core/verdict.ts";

const KNOWN_METHODS: ReadonlySet<string> = new Set([...METHODS, "HEAD", "OPTIONS"]);
const ALLOW = [...KNOWN_METHODS];

/** The target of a call: what is decided on, logged and forwarded. */
export interface Target {
  readonly path: string;
  readonly query: string;
  readonly operation: Operation | null;
  readonly params: Params;
  readonly accountId: string | null;
}

/** The canonical path of a call, or why it is not let near anything. */
export function readPath(request: Request): string | Denial {
  if (!KNOWN_METHODS.has(request.method)) return { reason: "method_not_allowed", allow: ALLOW };
  return canonicalPath(request.url) ?? { reason: "path_not_canonical" };
}

/**
 * Find the operation behind a method and a canonical path.
 *
 * @returns a target whose operation is `null` when the table does not know the call, or the denial of a path that
 *   Gatehouse keeps for itself without answering it
 */
export function readTarget(request: Request, path: string, routes: Routes): Target | Denial {
  const match = matchRoute(routes, request.method, path);
  const query = queryOf(request.url);
  if (match.kind === "operation") {
    return { path, query, operation: match.operation, params: match.params, accountId: accountIn(path) };
  }
  // A path of Gatehouse's own is never the upstream's, with whatever method and in whatever spelling.
  if (isReserved(path) || ownedByGatehouse(path)) {
    return match.kind === "other_methods"
      ? { reason: "method_not_allowed", allow: match.allow }
      : { reason: "not_found" };
  }
  return { path, query, operation: null, params: {}, accountId: accountIn(path) };
}

/** The paths that Gatehouse takes from the upstream besides its operations. Any case blocks; only exact case serves. */
function isReserved(path: string): boolean {
  const lower = path.toLowerCase();
  return (
    lower === "/console" ||
    lower.startsWith("/console/") ||
    lower === "/.well-known/gatehouse" ||
    lower.startsWith("/.well-known/gatehouse/")
  );
}

/** The caller's address as Cloudflare saw it; no other header is believed (threats.md, rule 5). */
export function callerAddress(headers: Headers): string | null {
  return headers.get("cf-connecting-ip");
}
