// Matches a method and a canonical path: an operation of the table, an unknown operation of the upstream where these are
// forwarded, or a denial.

import type { Denial } from "../access/decision.ts";
import { accountIn, accountOf, type Operation, type OperationTable } from "./operations.ts";
import { matchRoute, type RouteParams } from "./route-matcher.ts";

/** The target of a request: what is authorized, logged and forwarded. */
export interface Target {
  readonly path: string;
  readonly query: string;
  readonly operation: Operation | null;
  readonly params: RouteParams;
  readonly accountId: string | null;
}

/**
 * Finds the operation of a method and a canonical path.
 *
 * @returns a target, whose operation is `null` when the table has none and unknown operations are forwarded; or the denial
 */
export function matchOperation(method: string, path: string, query: string, table: OperationTable): Target | Denial {
  const { routes, forwardBelow, accountScopes, reserved, overlaps } = table;
  const match = matchRoute(routes, method, path);
  if (match.kind === "operation") {
    const { operation, params } = match;
    const isTheirs = operation.handledBy === "upstream";
    if (overlaps && isTheirs && (isReservedPath(path) || reserved.test(path))) return { reason: "not_found" };
    return { path, query, operation, params, accountId: accountOf(operation, params) };
  }
  // To the upstream this may be the operation without the slash, which would be authorized as an unknown one here.
  if (path.endsWith("/") && matchRoute(routes, method, path.slice(0, -1)).kind !== "unknown") {
    return { reason: "not_found" };
  }
  // A reserved path is never forwarded, with any method and in any case.
  const isOurs = isReservedPath(path) || reserved.test(path);
  // Whatever else an upstream serves beside its API (management, metrics, another version) is never forwarded either.
  if (isOurs || forwardBelow === null || !path.startsWith(forwardBelow)) {
    if (match.kind === "other_methods") return { reason: "method_not_allowed", allow: match.allow };
    return { reason: isOurs ? "not_found" : "operation_unknown" };
  }
  return { path, query, operation: null, params: {}, accountId: accountIn(path, accountScopes) };
}

/** Whether a path is one of the public paths of Gatehouse. They are reserved in any case, and served in lower case only. */
export function isReservedPath(path: string): boolean {
  // Nearly every other path ends here, without a copy in lower case.
  if (!/^\/[c.]/i.test(path)) return false;
  const lower = path.toLowerCase();
  return (
    lower === "/console" ||
    lower.startsWith("/console/") ||
    lower === "/.well-known/gatehouse" ||
    lower.startsWith("/.well-known/gatehouse/")
  );
}
