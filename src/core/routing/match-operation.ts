// Matches a method and a canonical path: an operation of the table, an unknown operation of the upstream where these are
// forwarded, or a denial.

import type { Denial } from "../access/decision.ts";
import { isPlainPath, lenientReading } from "./canonical-path.ts";
import { accountIn, accountOf, type OperationTable } from "./operation-table.ts";
import type { Operation } from "./operations.ts";
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
  const { routes, forwardBelow } = table;
  const match = matchRoute(routes, method, path);
  if (match.kind === "operation") {
    const { operation, params } = match;
    const denial = match.ambiguous ? denialOfReading(method, path, operation, table) : null;
    return (
      denial ?? {
        path,
        query,
        operation,
        params,
        accountId: accountOf(operation, params) ?? (match.ambiguous ? accountIn(path, table) : null),
      }
    );
  }
  // To the upstream this may be the operation without the slash, or with one, which would be authorized as an unknown one here.
  const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
  if (match.kind === "unknown" && matchRoute(routes, method, other).kind !== "unknown") return { reason: "not_found" };
  // A reserved path is never forwarded, with any method and in any case.
  const reserved = isReserved(path, table);
  if (!isPlainPath(path)) {
    // Encoded octets, and dots at the end of a segment, are for the values of an operation's parameters only.
    const known = match.kind === "other_methods" && !isReserved(lenientReading(path), table);
    return known ? { reason: "method_not_allowed", allow: match.allow } : NOT_CANONICAL;
  }
  // Whatever else an upstream serves beside its API (management, metrics, another version) is never forwarded either.
  if (reserved || forwardBelow === null || !path.startsWith(forwardBelow)) {
    if (match.kind === "other_methods") return { reason: "method_not_allowed", allow: match.allow };
    return { reason: reserved ? "not_found" : "operation_unknown" };
  }
  return { path, query, operation: null, params: {}, accountId: accountIn(path, table) };
}

const NOT_CANONICAL: Denial = { reason: "path_not_canonical" };

/** The denial of a request whose path another server could read as that of something else; `null`: it is allowed to go on. */
function denialOfReading(method: string, path: string, operation: Operation, table: OperationTable): Denial | null {
  // The ids of Gatehouse are never encoded.
  if (operation.handledBy === "gatehouse") return isPlainPath(path) ? null : NOT_CANONICAL;
  const reading = lenientReading(path);
  if (isReserved(reading, table)) return isPlainPath(path) ? { reason: "not_found" } : NOT_CANONICAL;
  if (accountIn(reading, table) !== accountIn(path, table)) return NOT_CANONICAL;
  const isOther = [DELIMITERS, DELIMITERS_AND_SLASHES].some((octets) => {
    const read = path.replace(octets, decodeURIComponent);
    const match = read === path ? null : matchRoute(table.routes, method, read);
    return match?.kind === "operation" && !isSameAccess(match.operation, operation);
  });
  return isOther ? NOT_CANONICAL : null;
}

// What a literal of a template, or the border between two segments, can consist of (RFC 3986 section 2.2).
const DELIMITERS = /%(?:2[1467-9A-C]|3[AD]|40)/g;
const DELIMITERS_AND_SLASHES = /%(?:2[1467-9A-CF]|3[AD]|40)/g;

function isSameAccess(a: Operation, b: Operation): boolean {
  return a.permission === b.permission && a.effect === b.effect && a.handledBy === b.handledBy;
}

function isReserved(path: string, { reserved }: OperationTable): boolean {
  return isReservedPath(path) || reserved.test(path);
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
