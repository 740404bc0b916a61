// What Gatehouse keeps for itself beside the API: resources and paths. And when two templates of a table are in conflict.
import { GATEHOUSE_WORDS } from "../../src/core/access/gatehouse-permissions.ts";
import type { ApiOperation } from "../../src/core/routing/api-description.ts";
import { templateFaults as faultsOfTable, type TemplateFault } from "../../src/core/routing/compile-routes.ts";
import { DEFAULT_MANAGEMENT_PREFIX, gatehouseOperations } from "../../src/core/routing/gatehouse-operations.ts";
import { isReservedPath } from "../../src/core/routing/match-operation.ts";
import { compileTable } from "../../src/core/routing/operation-table.ts";

/** The resources whose permissions let manage keys, roles, operators, audit and allow lists of Gatehouse itself. */
export const OWN_RESOURCES: ReadonlySet<string> = new Set(Object.keys(GATEHOUSE_WORDS));

/**
 * Finds templates whose requests would be served by Gatehouse, or denied, and never reach the API.
 *
 * @param managementPrefix of the operations of Gatehouse, without a slash at its end
 */
export function ownPaths(managementPrefix: string = DEFAULT_MANAGEMENT_PREFIX): (template: string) => boolean {
  const { reserved } = compileTable(gatehouseOperations(managementPrefix));
  return (template) => {
    const path = template.replaceAll(/\{[^}]*\}/g, "x");
    return isReservedPath(path) || reserved.test(path);
  };
}

/** Whatever is wrong with the templates of a table, such as two that match the same paths; not that an id occurs twice. */
export function templateFaults(operations: readonly Omit<ApiOperation, "permission">[]): readonly TemplateFault[] {
  const seen = new Set<string>();
  const rows = operations.map((operation, at) => {
    const isDouble = seen.has(operation.operationId);
    seen.add(operation.operationId);
    const operationId = isDouble ? `${operation.operationId} (row ${at + 1})` : operation.operationId;
    return { ...operation, operationId, permission: null, handledBy: "upstream" } as const;
  });
  return faultsOfTable(rows);
}
