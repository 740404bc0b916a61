// The operation table: every operation of the API behind the gateway and of Gatehouse, the permission that it requires, and
// who serves it. Any other path and method is denied, or reaches the upstream with the Admin role only where
// UNKNOWN_OPERATIONS says so.
import { api } from "#api";
import type { Permission } from "../access/permissions.ts";
import type { Api, DescribedOperation } from "./api-description.ts";
import { DEFAULT_MANAGEMENT_PREFIX, type GatehouseOperation, gatehouseOperations } from "./gatehouse-operations.ts";
import { compileRoutes, type RouteParams, type Routes } from "./route-matcher.ts";

/** One row of the table. */
export interface Operation
  extends DescribedOperation<Permission>,
    Pick<GatehouseOperation, "selfParam" | "selfAlways"> {
  readonly handledBy: "upstream" | "gatehouse";
  /** The path parameter with the id of an account. */
  readonly accountParam?: string;
}

/** A compiled table, and the paths that are special in it. */
export interface OperationTable {
  readonly routes: Routes<Operation>;
  /** The operations of Gatehouse are below this path, without a slash at its end. */
  readonly managementPrefix: string;
  /** Below this path, which ends in a slash, operations that the table does not have are forwarded; `null`: nowhere. */
  readonly forwardBelow: string | null;
  /** Lower case, each with a slash at its end: the next segment is an account id, also of unknown operations. */
  readonly accountScopes: readonly string[];
  /**
   * The paths that are reserved for Gatehouse, with everything beneath them and in any case: the shortest that it serves. A
   * request there that matches no operation is not forwarded.
   */
  readonly reserved: RegExp;
  /** Whether a template of the upstream could match a reserved path: then each of its paths is compared with those. */
  readonly overlaps: boolean;
}

/** Every operation, with those of Gatehouse where existing clients look for them. */
export const OPERATIONS: readonly Operation[] = operationsOf(api, DEFAULT_MANAGEMENT_PREFIX);

/**
 * Compile the table.
 *
 * @param managementPrefix of the operations of Gatehouse, without a slash at its end
 * @param forwardBelow where unknown operations are forwarded, with a slash at its end; `null`: nowhere
 * @param described the API behind the gateway
 * @throws Error when an operation of the API is one of Gatehouse's: another management prefix separates them
 */
export function compileTable(
  managementPrefix: string,
  forwardBelow: string | null,
  described: Pick<Api<Permission>, "operations" | "parameters"> = api,
): OperationTable {
  const isDefault = described === api && managementPrefix === DEFAULT_MANAGEMENT_PREFIX;
  const operations = isDefault ? OPERATIONS : operationsOf(described, managementPrefix);
  const own = [...new Set(operations.filter(isOurs).map(({ path }) => path))];
  const shortest = own.filter((path) => !own.some((other) => path.startsWith(`${other}/`)));
  const theirs = operations.filter((operation) => !isOurs(operation));
  return {
    routes: compileRoutes(operations),
    managementPrefix,
    forwardBelow,
    accountScopes: accountScopesOf(operations),
    reserved: new RegExp(`^(?:${shortest.map(patternOf).join("|")})(?:/|$)`, "i"),
    overlaps: theirs.some(({ path }) => [...shortest, ...PUBLIC_PATHS].some((ours) => couldBeBelow(path, ours))),
  };
}

function operationsOf(
  { operations, parameters }: Pick<Api<Permission>, "operations" | "parameters">,
  managementPrefix: string,
): readonly Operation[] {
  const theirs = operations.map((row) => withAccount({ ...row, handledBy: "upstream" }, parameters.account));
  const ours = gatehouseOperations(managementPrefix).map((row) => withAccount(row, "accountId"));
  return [...theirs, ...ours];
}

const PUBLIC_PATHS = ["/console", "/.well-known/gatehouse"];

function isOurs({ handledBy }: Operation): boolean {
  return handledBy === "gatehouse";
}

/** Whether a template could match a path of a template, or one beneath it. */
function couldBeBelow(template: string, above: string): boolean {
  const segments = template.toLowerCase().split("/");
  const isCatchAll = template.endsWith("...}");
  return above
    .toLowerCase()
    .split("/")
    .every((part, i) => {
      const segment = segments[i] ?? (isCatchAll ? "{}" : null);
      return segment !== null && (part === segment || part.startsWith("{") || segment.startsWith("{"));
    });
}

/** The account that a matched operation names, or `null`; in lower case (RFC 9562 section 4). */
export function accountOf({ accountParam }: Operation, params: RouteParams): string | null {
  const accountId = accountParam === undefined ? undefined : params[accountParam];
  return accountId === undefined ? null : lowerCase(accountId);
}

/** The account that the path of an unknown operation names, or `null`. */
export function accountIn(path: string, scopes: readonly string[]): string | null {
  for (const scope of scopes) {
    // An upstream may ignore case, so another case of the prefix must not bypass the account check.
    if (path.slice(0, scope.length).toLowerCase() !== scope) continue;
    const end = path.indexOf("/", scope.length);
    const accountId = path.slice(scope.length, end === -1 ? undefined : end);
    if (accountId !== "") return lowerCase(accountId);
  }
  return null;
}

const CAPITAL = /[A-Z]/;

function lowerCase(id: string): string {
  return CAPITAL.test(id) ? id.toLowerCase() : id;
}

function withAccount(row: Operation, parameter: string | null): Operation {
  return parameter !== null && row.path.includes(`/{${parameter}}`) ? { ...row, accountParam: parameter } : row;
}

function accountScopesOf(operations: readonly Operation[]): readonly string[] {
  const scopes = operations.flatMap(({ path, accountParam }) =>
    accountParam === undefined ? [] : [path.slice(0, path.indexOf(`{${accountParam}}`)).toLowerCase()],
  );
  return [...new Set(scopes)];
}

function patternOf(template: string): string {
  return template
    .split("/")
    .map((segment) => (segment.startsWith("{") ? "[^/]+" : RegExp.escape(segment)))
    .join("/");
}
