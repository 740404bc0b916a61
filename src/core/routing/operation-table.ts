// The operation table as requests are matched with it: its routes, and the paths that are special in it.
import { compileRoutes, shortestOwnPaths } from "./compile-routes.ts";
import { DEFAULT_MANAGEMENT_PREFIX } from "./gatehouse-operations.ts";
import type { Operation } from "./operations.ts";
import type { RouteParams, Routes } from "./route-matcher.ts";

/** A compiled table. */
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
}

/**
 * Compile the table.
 *
 * @param forwardBelow where unknown operations are forwarded, with a slash at its end; `null`: nowhere
 * @param managementPrefix of the operations of Gatehouse, without a slash at its end
 * @throws Error when an operation of the API is one of Gatehouse's: another management prefix separates them
 */
export function compileTable(
  operations: readonly Operation[],
  forwardBelow: string | null = null,
  managementPrefix: string = DEFAULT_MANAGEMENT_PREFIX,
): OperationTable {
  return {
    routes: compileRoutes(operations),
    managementPrefix,
    forwardBelow,
    accountScopes: accountScopesOf(operations),
    reserved: new RegExp(`^(?:${shortestOwnPaths(operations).map(patternOf).join("|")})(?:/|$)`, "i"),
  };
}

/** The account that a matched operation names, or `null`; in lower case (RFC 9562 section 4). */
export function accountOf({ accountParam }: Operation, params: RouteParams): string | null {
  const accountId = accountParam === undefined ? undefined : params[accountParam];
  return accountId === undefined ? null : lowerCase(accountId);
}

/** The account that the path of an unknown operation names, or `null`. */
export function accountIn(path: string, { accountScopes }: Pick<OperationTable, "accountScopes">): string | null {
  for (const scope of accountScopes) {
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
