// What the CLI dereferences in the response of each operation that Gatehouse serves, as the generated client decodes it: required
// also where the client itself would do without it. All else is compared with the fixtures.
import * as z from "zod";
import type { KnownNames } from "./cases.ts";

const string = z.string();
const text = string.min(1);
// Minutes at least: "never" comes without seconds.
const time = string.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/, "not a time as in ISO 8601, in UTC");
const keyStatus = z.enum(["ACTIVE", "EXPIRED", "REVOKED"]);

export const apiError = z.object({ error: z.object({ detail: text, status: z.int32().optional() }) });

/** A response that the CLI does not read, or that has no body. */
export const anything: z.ZodType = z.unknown();

const one = (data: z.ZodType) => z.object({ data });
const many = (data: z.ZodType) => one(z.array(data));

const allowList = z.object({
  spec: z.object({ name: text, description: string, allow_list: z.array(text) }),
  info: z.object({
    ...{ id: text, project_id: text, cluster_ids: z.array(text) },
    cluster_list: z.array(z.object({ id: text, name: text })),
    api_key_list: z.array(z.object({ name: text, status: keyStatus })),
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
  const user = z.object({ email: text });
  const key = z.object({ name: text, issuer: text, status: keyStatus });
  const holders = { users: z.array(user).nullable(), api_keys: z.array(key).nullable() };
  const permissions = z.array(permission);
  const identity = { id: text, display_name: text, is_user_defined: z.boolean() };
  return z.object({
    spec: z.object({ name: text, permissions, description }),
    info: z.object({ ...identity, ...holders, effective_permissions: permissions }),
  });
}

function apiKeyModel(role: z.ZodType) {
  const metadata = z.object({ created_on: time, updated_on: time });
  const times = { expiry_time: time, last_used_time: time.or(z.literal("Not yet used")), metadata };
  return z.object({
    spec: z.object({ name: text, expire_after_hours: z.int32(), allow_list_info: z.array(text) }),
    info: z.object({ id: text, issuer: text, status: keyStatus, role, ...times }),
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
