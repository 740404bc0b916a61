// The OpenAPI document of the operations that Gatehouse serves, as it is published.
import { permissionCatalog } from "../core/access/permissions.ts";
import { DEFAULT_MANAGEMENT_PREFIX } from "../core/routing/gatehouse-operations.ts";
import document from "./openapi.json";

/**
 * @param managementPrefix of the operations, without a slash at its end
 * @returns the document with the paths of this gateway, and with the permissions of the API behind it
 */
export function openapiDocument(managementPrefix: string): object {
  const { paths, ...rest } = structuredClone(document);
  const catalog = permissionCatalog();
  const groups = catalog.flatMap(({ operationGroups }) => operationGroups.map(({ operationGroup }) => operationGroup));
  const permission = rest.components.schemas.RoleSpec.properties.permissions.items.properties;
  Object.assign(permission.resource_type, { enum: catalog.map(({ resourceType }) => resourceType) });
  Object.assign(permission.operation_groups.items.properties.operation_group, { enum: [...new Set(groups)] });
  const moved = Object.entries(paths).map(([path, item]) => [
    managementPrefix + path.slice(DEFAULT_MANAGEMENT_PREFIX.length),
    item,
  ]);
  return { ...rest, paths: Object.fromEntries(moved) };
}
