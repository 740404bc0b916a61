// Permissions as the wire has them: grouped by resource, with descriptions.
import { type Permission, permissionCatalog } from "../../core/access/permissions.ts";
import type { PermissionData, ResourcePermissions } from "./schema.ts";

/** The whole permission catalog, with the tags for which clients ask for confirmation. */
export function toPermissionCatalog(): readonly PermissionData[] {
  return permissionCatalog().map(({ resourceType, resourceName, operationGroups }) => ({
    info: {
      resource_type: resourceType,
      resource_name: resourceName,
      operation_groups: operationGroups.map(({ operationGroup, description, tags }) => ({
        operation_group: operationGroup,
        operation_group_description: description,
        tags: [...tags],
      })),
    },
  }));
}

/** A set of permissions in the order of the catalog; resources without a permission are left out. */
export function toResourcePermissions(permissions: Iterable<Permission>): ResourcePermissions[] {
  const included: ReadonlySet<string> = new Set(permissions);
  return permissionCatalog().flatMap(({ resourceType, resourceName, operationGroups }) => {
    const groups = operationGroups.filter((group) => included.has(`${resourceType}:${group.operationGroup}`));
    if (groups.length === 0) return [];
    const operation_groups = groups.map(({ operationGroup, description }) => ({
      operation_group: operationGroup,
      operation_group_description: description,
    }));
    return [{ resource_type: resourceType, resource_name: resourceName, operation_groups }];
  });
}
