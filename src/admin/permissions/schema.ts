// The wire contract of permissions, grouped by resource.
import * as z from "zod/mini";

/** One resource of the permission catalog with all its operation groups. */
export const PermissionData = z.object({
  info: z.object({
    resource_type: z.string(),
    resource_name: z.string(),
    operation_groups: z.array(
      z.object({
        operation_group: z.string(),
        operation_group_description: z.string(),
        tags: z.array(z.enum(["SENSITIVE"])),
      }),
    ),
  }),
});

/** The permissions that a role has on one resource. */
export const ResourcePermissions = z.object({
  resource_type: z.string(),
  resource_name: z.string(),
  operation_groups: z.array(z.object({ operation_group: z.string(), operation_group_description: z.string() })),
});

export type PermissionData = z.infer<typeof PermissionData>;
export type ResourcePermissions = z.infer<typeof ResourcePermissions>;
