// The operation table: every operation of the API behind the gateway and of Gatehouse, the permission that it requires, and
// who serves it. Any other path and method is denied, or reaches the upstream with the Admin role only where
// UNKNOWN_OPERATIONS says so.
import { api } from "#api";
import type { Permission } from "../access/permissions.ts";
import type { Api, DescribedOperation } from "./api-description.ts";
import { DEFAULT_MANAGEMENT_PREFIX, type GatehouseOperation, gatehouseOperations } from "./gatehouse-operations.ts";

/** One row of the table. */
export interface Operation
  extends DescribedOperation<Permission>,
    Pick<GatehouseOperation, "selfParam" | "selfAlways"> {
  readonly handledBy: "upstream" | "gatehouse";
  /** The path parameter with the id of an account. A catch-all in its place is ambiguous to the matcher, which compares the path. */
  readonly accountParam?: string;
}

/** Every operation, with those of Gatehouse where existing clients look for them. */
export const OPERATIONS: readonly Operation[] = operationsOf(api, DEFAULT_MANAGEMENT_PREFIX);

/**
 * Every operation, of an API and of Gatehouse.
 *
 * @param managementPrefix of those that Gatehouse serves, without a slash at its end
 */
export function operationsOf(
  { operations, parameters }: Pick<Api<Permission>, "operations" | "parameters">,
  managementPrefix: string,
): readonly Operation[] {
  const theirs = operations.map((row) => ({ ...row, handledBy: "upstream" }) as const);
  const ours = gatehouseOperations(managementPrefix);
  const scopes = new Set([...scopesOf(theirs, parameters.account), ...scopesOf(ours, "accountId")]);
  return [...theirs, ...ours].map((row) => withAccount(row, scopes));
}

/** Where the paths of rows have an account: what is before the parameter that names it. */
function scopesOf(rows: readonly Operation[], parameter: string | null): readonly string[] {
  const named = rows.filter(({ path }) => path.includes(`/{${parameter}}`));
  return named.map(({ path }) => path.slice(0, path.indexOf(`{${parameter}}`)));
}

/** A row with the parameter that is in the place of an account, whatever it is called there. */
function withAccount(row: Operation, scopes: ReadonlySet<string>): Operation {
  for (const scope of scopes) {
    // An upstream may ignore case.
    if (row.path.slice(0, scope.length).toLowerCase() !== scope.toLowerCase()) continue;
    const [, accountParam] = /^\{([\w-]+)\}/.exec(row.path.slice(scope.length)) ?? [];
    if (accountParam !== undefined) return { ...row, accountParam };
  }
  return row;
}
