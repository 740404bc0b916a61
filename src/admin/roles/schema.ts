// The wire contract of roles.
import * as z from "zod/mini";
import { readPermission } from "../../core/access/roles.ts";
import { description, id, name, nameFilter, paging } from "../fields.ts";
import { ResourcePermissions } from "../permissions/schema.ts";
import { ChangeTimes, KeyReferenceData } from "../schema.ts";

export const RoleData = z.object({
  spec: z.object({ name: z.string(), description: z.string(), permissions: z.array(ResourcePermissions) }),
  info: z.object({
    id,
    metadata: ChangeTimes,
    is_active: z.boolean(),
    is_user_defined: z.boolean(),
    account_id: id,
    effective_permissions: z.array(ResourcePermissions),
    users: z.nullable(z.array(z.unknown())),
    /** `null` inside a key; otherwise at most 100 keys, those that are not revoked first. */
    api_keys: z.nullable(z.array(KeyReferenceData)),
    display_name: z.string(),
    /** For `If-Match`: an item of a list need not be read again to be edited. */
    etag: z.string(),
  }),
});

const UNKNOWN_PERMISSION = "The permission catalog does not have this operation group for this resource type.";

// Clients send back the permissions of a response, whose descriptive members are ignored.
const ignored = z.optional(z.unknown());

const PermissionSpec = z
  .strictObject({
    resource_type: z.string(),
    resource_name: ignored,
    operation_groups: z
      .array(z.strictObject({ operation_group: z.string(), operation_group_description: ignored, tags: ignored }))
      .check(z.minLength(1, "At least one operation group is needed.")),
  })
  .check(({ value, issues }) => {
    for (const [i, { operation_group }] of value.operation_groups.entries()) {
      if (readPermission(value.resource_type, operation_group) !== null) continue;
      const path = ["operation_groups", i, "operation_group"];
      issues.push({ code: "custom", message: UNKNOWN_PERMISSION, path, input: null });
    }
  });

/** A custom role as it is created or replaced. */
export const RoleSpec = z.strictObject({
  name,
  description: z.optional(z.nullable(description)),
  permissions: z.array(PermissionSpec).check(z.minLength(1, "At least one permission is needed.")),
});

export const RoleListQuery = z.object({
  role_types: z.optional(z.enum(["ALL", "SYSTEM", "USER_DEFINED"], "This must be ALL, SYSTEM or USER_DEFINED.")),
  display_name: z.optional(nameFilter),
  include_permissions: z.optional(z.boolean()),
  ...paging,
});

export type RoleData = z.infer<typeof RoleData>;
export type RoleSpec = z.infer<typeof RoleSpec>;
