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
  /** The path parameter with the id of an account. */
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
  const theirs = operations.map((row) => withAccount({ ...row, handledBy: "upstream" }, parameters.account));
  const ours = gatehouseOperations(managementPrefix).map((row) => withAccount(row, "accountId"));
  return [...theirs, ...ours];
}

function withAccount(row: Operation, parameter: string | null): Operation {
  return parameter !== null && row.path.includes(`/{${parameter}}`) ? { ...row, accountParam: parameter } : row;
}
