// All permissions: those of Gatehouse, then those of the API behind it.
import { api } from "#api";
import type { Api, Placement, Words } from "../routing/api-description.ts";
import {
  GATEHOUSE_PLACEMENT,
  GATEHOUSE_SENSITIVE,
  GATEHOUSE_WORDS,
  type GatehousePermission,
} from "./gatehouse-permissions.ts";

/** The right to one group of operations on one kind of resource, such as `API_KEY:READ`. */
export type Permission = GatehousePermission | (typeof api extends Api<infer P> ? P : never);

/** Marks a group that lets its holder gain or grant access; clients ask for confirmation before they grant one. */
export type PermissionTag = "SENSITIVE";

/** A kind of resource with its groups of operations. */
export interface Resource {
  readonly resourceType: string;
  readonly resourceName: string;
  readonly operationGroups: readonly {
    readonly operationGroup: string;
    readonly description: string;
    readonly tags: readonly PermissionTag[];
  }[];
}

/** The built-in roles of every permission. Those of Gatehouse are not for the API to place. */
export const PLACEMENT: Readonly<Record<Permission, Placement>> = { ...api.placement, ...GATEHOUSE_PLACEMENT };

/** The permissions of each resource, in the order of the catalog. READ comes first where it exists. */
export const PERMISSIONS_BY_RESOURCE: readonly (readonly Permission[])[] = byResource({
  ...GATEHOUSE_PLACEMENT,
  ...PLACEMENT,
});

function byResource(placement: Readonly<Record<string, Placement>>): readonly (readonly Permission[])[] {
  const groups = Map.groupBy(Object.keys(placement) as Permission[], resourceOf);
  const readFirst = (names: Permission[]) => names.sort((a, b) => Number(isRead(b)) - Number(isRead(a)));
  return [...groups.values()].map(readFirst);
}

function resourceOf(permission: string): string {
  return permission.slice(0, permission.indexOf(":"));
}

/** Whether a permission only reads. */
export function isRead(permission: string): boolean {
  return permission.endsWith(":READ");
}

/** Every resource in words for people, in the order of the catalog. */
export function permissionCatalog(): readonly Resource[] {
  const words: Words = { ...api.words, ...GATEHOUSE_WORDS };
  const sensitive: ReadonlySet<string> = new Set([...GATEHOUSE_SENSITIVE, ...api.sensitive]);
  return PERMISSIONS_BY_RESOURCE.map((permissions) => {
    const resourceType = resourceOf(permissions[0] ?? "");
    const operationGroups = permissions.map((permission) => {
      const operationGroup = permission.slice(resourceType.length + 1);
      const description = words[resourceType]?.actions[operationGroup] ?? permission;
      return { operationGroup, description, tags: sensitive.has(permission) ? (["SENSITIVE"] as const) : [] };
    });
    return { resourceType, resourceName: words[resourceType]?.title ?? resourceType, operationGroups };
  });
}
