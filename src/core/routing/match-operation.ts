// What a method and a canonical path ask for: an operation of the table, a call that it does not know, or a path that
// Gatehouse keeps for itself. Knows no request.

import type { Denial } from "../access/decision.ts";
import { accountIn, isGatehousePath, type Operation } from "./operations.ts";
import { matchRoute, type RouteParams, type Routes } from "./route-matcher.ts";

/** The target of a call: what is decided on, logged and forwarded. */
export interface Target {
  readonly path: string;
  readonly query: string;
  readonly operation: Operation | null;
  readonly params: RouteParams;
  readonly accountId: string | null;
}

/**
 * Find the operation behind a method and a canonical path.
 *
 * @returns a target whose operation is `null` when the table does not know the call, or the denial of a path that
 *   Gatehouse keeps for itself without answering it
 */
export function matchOperation(method: string, path: string, query: string, routes: Routes): Target | Denial {
  const match = matchRoute(routes, method, path);
  if (match.kind === "operation") {
    return { path, query, operation: match.operation, params: match.params, accountId: accountIn(path) };
  }
  // A path of Gatehouse's own is never the upstream's, with whatever method and in whatever spelling.
  if (isPublicPath(path) || isGatehousePath(path)) {
    return match.kind === "other_methods"
      ? { reason: "method_not_allowed", allow: match.allow }
      : { reason: "not_found" };
  }
  return { path, query, operation: null, params: {}, accountId: accountIn(path) };
}

/** The paths that Gatehouse takes from the upstream besides its operations. Any case blocks; only exact case serves. */
export function isPublicPath(path: string): boolean {
  // Nearly every path begins otherwise, and needs no copy in lower case.
  if (!/^\/[c.]/i.test(path)) return false;
  const lower = path.toLowerCase();
  return (
    lower === "/console" ||
    lower.startsWith("/console/") ||
    lower === "/.well-known/gatehouse" ||
    lower.startsWith("/.well-known/gatehouse/")
  );
}
