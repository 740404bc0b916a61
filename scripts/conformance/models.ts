// What the generated client decodes each operation's answer into.
import { anything, boolean, type Decoder, int32, listOf, nullable, object, oneOf, string, text } from "./client.ts";
import type { KnownNames } from "./known-names.ts";

export const apiError = object({ error: object({ detail: text }, { status: int32 }) });

const keyStatus = oneOf("ApiKeyStatusEnum", ["ACTIVE", "EXPIRED", "REVOKED"]);
const stamps = object({ created_on: text, updated_on: text });
const paging = object({ continuation_token: nullable(text), links: object({ self: text, next: nullable(text) }) });

const one = (data: Decoder) => object({ data });
const many = (data: Decoder) => object({ data: listOf(data) }, { _metadata: paging });

const allowList = object({
  spec: object({ name: text, description: string, allow_list: listOf(text) }),
  info: object(
    {
      id: text,
      project_id: text,
      cluster_ids: listOf(text),
      cluster_list: listOf(object({ id: text, name: text })),
    },
    { peering_id: nullable(text), api_key_list: listOf(object({ name: text }, { id: text, status: keyStatus })) },
  ),
});

function permissionModels(known: KnownNames) {
  const group = oneOf("OperationGroupEnum", known.operationGroups);
  const tags = listOf(oneOf("OperationGroupTagEnum", ["SENSITIVE"]));
  return object(
    {
      resource_type: oneOf("ResourceTypeEnum", known.resourceTypes),
      operation_groups: listOf(object({ operation_group: group }, { operation_group_description: string, tags })),
    },
    { resource_name: string },
  );
}

function roleModel(permission: Decoder) {
  const user = object({ email: text }, { first_name: string, last_name: string, state: text });
  const key = object({ name: text, issuer: text, status: keyStatus });
  return object({
    spec: object({ name: text, permissions: listOf(permission) }, { description: string }),
    info: object(
      {
        id: text,
        display_name: text,
        is_user_defined: boolean,
        effective_permissions: listOf(permission),
        users: nullable(listOf(user)),
        api_keys: nullable(listOf(key)),
      },
      { metadata: nullable(stamps), is_active: boolean, account_id: nullable(text) },
    ),
  });
}

function apiKeyModel(role: Decoder) {
  return object({
    spec: object(
      { name: text, expire_after_hours: int32, allow_list_info: listOf(text) },
      { description: string, role_id: text },
    ),
    info: object(
      { id: text, issuer: text, expiry_time: text, status: keyStatus, last_used_time: text, metadata: stamps, role },
      {
        usage_count: int32,
        account_id: text,
        revoked_by_user_id: nullable(text),
        revoked_by_user_email: nullable(text),
        revoked_by_api_key_id: nullable(text),
        revoked_by_api_key_name: nullable(text),
        revoked_at_time: nullable(text),
      },
    ),
  });
}

function clusterModel(known: KnownNames) {
  const region = object({ placement_info: object({ num_nodes: int32 }, { vpc_id: nullable(text) }) });
  return object({
    spec: object({
      name: text,
      cluster_info: object(
        { num_nodes: int32 },
        { node_info: nullable(object({ num_cores: int32 })), num_faults_to_tolerate: nullable(int32) },
      ),
      cluster_region_info: listOf(region),
    }),
    info: object({ id: text }, { state: oneOf("ClusterState", known.states), metadata: nullable(stamps) }),
  });
}

/** A decoder for each operation of the cases; an operation without one is only read as JSON. */
export function modelsOf(known: KnownNames): Readonly<Record<string, Decoder>> {
  const permission = permissionModels(known);
  const role = roleModel(permission);
  const apiKey = apiKeyModel(role);
  const cluster = clusterModel(known);
  const accountRole = object({}, { permissions: nullable(listOf(permission)) });
  const projects = listOf(object({ info: object({ id: text }) }));
  return {
    getCurrentAccount: one(
      object({ spec: object({ name: text }), info: object({ id: text, projects }, { roles: listOf(accountRole) }) }),
    ),
    listApiKeys: many(apiKey),
    createApiKey: object({ data: apiKey, jwt: text }),
    revokeApiKey: anything,
    listNetworkAllowLists: many(allowList),
    listClusterNetworkAllowLists: many(allowList),
    createNetworkAllowList: one(allowList),
    listRbacRoles: many(role),
    getRole: one(role),
    createRole: one(role),
    updateRole: one(role),
    listResourcePermissions: many(object({ info: permission })),
    listClusters: many(cluster),
    getCluster: one(cluster),
    pauseCluster: one(cluster),
    resumeCluster: one(cluster),
    getClusterNodes: many(
      object({ name: text, is_node_up: boolean, cloud_info: object({ region: text, zone: text }) }),
    ),
    getClusterCMK: one(object({ spec: object({ provider_type: text }) })),
    listSingleTenantVpcs: many(object({ spec: object({ name: text }), info: object({ id: text }) })),
  };
}
