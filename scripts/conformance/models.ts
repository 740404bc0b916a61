// What the generated client decodes the response of each operation into that Gatehouse serves. Members that the CLI dereferences
// are required, also where the client itself would do without them.
import * as z from "zod";
import type { KnownNames } from "./cases.ts";

const string = z.string();
const text = string.min(1);
const nullable = text.nullable().optional();

export const apiError = z.object({ error: z.object({ detail: text, status: z.int32().optional() }) });

/** A response that the CLI does not read, or that has no body. */
export const anything: z.ZodType = z.unknown();

const keyStatus = z.enum(["ACTIVE", "EXPIRED", "REVOKED"]);
const metadata = z.object({ created_on: text, updated_on: text });
const links = z.object({ self: text, next: text.nullable() });
const paging = z.object({ continuation_token: text.nullable(), links });

const one = (data: z.ZodType) => z.object({ data });
const many = (data: z.ZodType) => z.object({ data: z.array(data), _metadata: paging.optional() });

const allowList = z.object({
  spec: z.object({ name: text, description: string, allow_list: z.array(text) }),
  info: z.object({
    id: text,
    project_id: text,
    cluster_ids: z.array(text),
    cluster_list: z.array(z.object({ id: text, name: text })),
    api_key_list: z.array(z.object({ name: text, status: keyStatus, id: text.optional() })),
    peering_id: nullable,
  }),
});

/** @param description of resource types and operation groups, which the CLI prints for the catalog only */
function permissionModel({ operationGroups, resourceTypes }: KnownNames, description: z.ZodType) {
  const group = z.object({
    operation_group: z.enum(operationGroups),
    operation_group_description: description,
    tags: z.array(z.literal("SENSITIVE")).optional(),
  });
  return z.object({
    resource_type: z.enum(resourceTypes),
    resource_name: description,
    operation_groups: z.array(group),
  });
}

/** @param description which the CLI prints where the role is the subject of the response, not a member of a key */
function roleModel(permission: z.ZodType, description: z.ZodType) {
  const person = { first_name: string.optional(), last_name: string.optional(), state: text.optional() };
  const user = z.object({ email: text, ...person });
  const key = z.object({ name: text, issuer: text, status: keyStatus });
  const permissions = z.array(permission);
  return z.object({
    spec: z.object({ name: text, permissions, description }),
    info: z.object({
      id: text,
      display_name: text,
      is_user_defined: z.boolean(),
      effective_permissions: permissions,
      users: z.array(user).nullable(),
      api_keys: z.array(key).nullable(),
      metadata: metadata.nullable().optional(),
      is_active: z.boolean().optional(),
      account_id: nullable,
    }),
  });
}

function apiKeyModel(role: z.ZodType) {
  const spec = { name: text, expire_after_hours: z.int32(), allow_list_info: z.array(text) };
  const times = { expiry_time: text, last_used_time: text, metadata, revoked_at_time: nullable };
  const revokedBy = ["user_id", "user_email", "api_key_id", "api_key_name"].map((name) => [
    `revoked_by_${name}`,
    nullable,
  ]);
  const use = { usage_count: z.int32().optional(), account_id: text.optional() };
  return z.object({
    spec: z.object({ ...spec, description: string.optional(), role_id: text.optional() }),
    info: z.object({
      id: text,
      issuer: text,
      status: keyStatus,
      role,
      ...times,
      ...use,
      ...Object.fromEntries(revokedBy),
    }),
  });
}

/** A model for each operation of the cases that Gatehouse serves; it forwards all others. */
export function modelsOf(known: KnownNames): Readonly<Record<string, z.ZodType>> {
  const permission = permissionModel(known, string.optional());
  const role = roleModel(permission, string);
  const apiKey = apiKeyModel(roleModel(permission, string.optional()));
  return {
    listApiKeys: many(apiKey),
    createApiKey: z.object({ data: apiKey, jwt: text }),
    revokeApiKey: anything,
    listNetworkAllowLists: many(allowList),
    createNetworkAllowList: one(allowList),
    deleteNetworkAllowList: anything,
    listRbacRoles: many(role),
    getRole: one(role),
    createRole: one(role),
    updateRole: one(role),
    deleteRole: anything,
    listResourcePermissions: many(z.object({ info: permissionModel(known, string) })),
  };
}
