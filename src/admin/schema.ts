// The wire contract of the operations that Gatehouse answers: what is accepted and what comes back, as schemas and as
// types. The OpenAPI document and the console are made from it. The shapes are Aeon's; what is more, its clients ignore.
import * as z from "zod/mini";
import { KEY_STATUSES } from "../core/access/principal.ts";
import { readPermission } from "../core/access/roles.ts";
import { MAX_RULES } from "../core/ip/cidr.ts";
import { parseCidr } from "../core/ip/operator-cidr.ts";
import { description, id, name, nameFilter, order, paging, timestamp } from "./fields.ts";

const nothing = z.null();
const nullableText = z.nullable(z.string());

export const Metadata = z.object({
  continuation_token: nullableText,
  links: z.object({ self: z.string(), next: nullableText }),
});

const Stamps = z.object({ created_on: timestamp, updated_on: timestamp });

const FaultSchema = z.object({ field: z.string(), message: z.string() });

export const ErrorAnswer = z.object({
  error: z.object({
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    request_id: z.string(),
    faults: z.optional(z.array(FaultSchema)),
  }),
});

// ---- Permissions and roles ------------------------------------------------------------------------------------------

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

const ResourcePermissions = z.object({
  resource_type: z.string(),
  resource_name: z.string(),
  operation_groups: z.array(z.object({ operation_group: z.string(), operation_group_description: z.string() })),
});

export const KeyReferenceData = z.object({ id, name: z.string(), issuer: z.string(), status: z.enum(KEY_STATUSES) });

export const RoleData = z.object({
  spec: z.object({ name: z.string(), description: z.string(), permissions: z.array(ResourcePermissions) }),
  info: z.object({
    id,
    metadata: Stamps,
    is_active: z.boolean(),
    is_user_defined: z.boolean(),
    account_id: id,
    effective_permissions: z.array(ResourcePermissions),
    users: z.nullable(z.array(z.unknown())),
    /** `null` inside a key; otherwise at most 100, those that are not revoked first. */
    api_keys: z.nullable(z.array(KeyReferenceData)),
    display_name: z.string(),
  }),
});

const PERMISSION_TEXT = "The permission catalogue does not have this operation group for this resource type.";

const ignored = z.optional(z.unknown());

/** The members that describe are taken from an answer that is sent back, and ignored. */
export const RoleSpec = z.strictObject({
  name,
  description: z.optional(z.nullable(description)),
  permissions: z
    .array(
      z
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
            issues.push({ code: "custom", message: PERMISSION_TEXT, path, input: null });
          }
        }),
    )
    .check(z.minLength(1, "At least one permission is needed.")),
});

export const RoleListQuery = z.object({
  role_types: z.optional(z.enum(["ALL", "SYSTEM", "USER_DEFINED"], "This must be ALL, SYSTEM or USER_DEFINED.")),
  display_name: z.optional(nameFilter),
  include_permissions: z.optional(z.boolean()),
  ...paging,
});

export const ForceQuery = z.object({ force: z.optional(z.boolean()) });

/** Whoever calls, and what they may do. */
export const SelfData = z.object({
  type: z.enum(["API_KEY", "OPERATOR"]),
  id,
  name: z.string(),
  account_id: id,
  role: z.object({ id, name: z.string() }),
  /** Effective permissions, such as `API_KEY:CREATE`. */
  permissions: z.array(z.string()),
});

// ---- API keys -------------------------------------------------------------------------------------------------------

const MAX_HOURS = 87_600;
const HOURS_TEXT = `This must be a whole number of hours from 0 (never expires) to ${MAX_HOURS} (10 years).`;

export const ApiKeySpec = z.strictObject({
  name,
  description: z.optional(z.nullable(description)),
  expire_after_hours: z.int(HOURS_TEXT).check(z.minimum(0, HOURS_TEXT), z.maximum(MAX_HOURS, HOURS_TEXT)),
  role_id: z.optional(z.nullable(id)),
  allow_list_info: z.optional(z.nullable(z.array(id).check(z.maxLength(100, "This holds at most 10 different ids.")))),
});

export const ApiKeyData = z.object({
  spec: z.object({
    name: z.string(),
    description: z.string(),
    expire_after_hours: z.int(),
    role_id: id,
    allow_list_info: z.array(id),
  }),
  info: z.object({
    id,
    issuer: z.string(),
    metadata: Stamps,
    expiry_time: timestamp,
    status: z.enum(KEY_STATUSES),
    last_used_time: z.string(),
    /** From where; `null` when it was not yet used, or the address is not known. */
    last_used_address: nullableText,
    usage_count: z.int(),
    account_id: id,
    revoked_by_user_id: nullableText,
    revoked_by_user_email: nullableText,
    revoked_by_api_key_id: nullableText,
    revoked_by_api_key_name: nullableText,
    revoked_at_time: z.nullable(timestamp),
    role: RoleData,
  }),
});

export const ApiKeyListQuery = z.object({
  api_key_name: z.optional(nameFilter),
  status: z.optional(z.array(z.enum(KEY_STATUSES, "This must be ACTIVE, EXPIRED or REVOKED."))),
  order,
  ...paging,
});

export const RevokeBody = z.strictObject({ force: z.optional(z.nullable(z.boolean())) });

/** How soon the revocation is felt. */
export const Effective = z.object({
  mutations: z.union([z.literal("now"), z.number()]),
  reads_within_s: z.number(),
  degraded_reads_within_s: z.number(),
});

export const CreatedApiKey = z.object({ data: ApiKeyData, jwt: z.string() });
export const RevokedApiKey = z.object({ data: ApiKeyData, effective: Effective });

// ---- IP allow lists -------------------------------------------------------------------------------------------------

/** An address or a range in CIDR notation. */
const rule = z.string().check(({ value, issues }) => {
  const read = parseCidr(value);
  if ("error" in read) issues.push({ code: "custom", message: read.error, input: null });
});

export const AllowListSpec = z.strictObject({
  name,
  description: z.optional(z.nullable(description)),
  allow_list: z
    .array(rule)
    .check(
      z.minLength(1, "At least one address or CIDR range is needed."),
      z.maxLength(MAX_RULES, `A list has at most ${MAX_RULES} rules.`),
    ),
});

export const AllowListData = z.object({
  spec: z.object({ name: z.string(), description: z.string(), allow_list: z.array(z.string()) }),
  info: z.object({
    id,
    project_id: id,
    cluster_ids: z.array(id),
    cluster_list: z.array(z.object({ id, name: z.string() })),
    peering_id: nothing,
    /** At most 100, those that are not revoked first. */
    api_key_list: z.array(KeyReferenceData),
  }),
});

export const CreatedAllowList = z.object({ data: AllowListData, warnings: z.array(FaultSchema) });

export const AllowListQuery = z.object({
  name: z.optional(nameFilter),
  api_key_ids: z.optional(z.array(id).check(z.maxLength(100, "At most 100 ids can be asked for at once."))),
  order,
  ...paging,
});

// ---- Types, for the console -------------------------------------------------------------------------------------------

export type Metadata = z.infer<typeof Metadata>;
export type ErrorAnswer = z.infer<typeof ErrorAnswer>;
export type PermissionData = z.infer<typeof PermissionData>;
export type ResourcePermissions = z.infer<typeof ResourcePermissions>;
export type KeyReferenceData = z.infer<typeof KeyReferenceData>;
export type RoleData = z.infer<typeof RoleData>;
export type RoleSpec = z.infer<typeof RoleSpec>;
export type SelfData = z.infer<typeof SelfData>;
export type ApiKeySpec = z.infer<typeof ApiKeySpec>;
export type ApiKeyData = z.infer<typeof ApiKeyData>;
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;
export type RevokedApiKey = z.infer<typeof RevokedApiKey>;
export type AllowListSpec = z.infer<typeof AllowListSpec>;
export type AllowListData = z.infer<typeof AllowListData>;
export type CreatedAllowList = z.infer<typeof CreatedAllowList>;
export interface ListOf<T> {
  readonly data: readonly T[];
  readonly _metadata: Metadata;
}
