// What the generated client decodes the response of each operation into. Members that the CLI dereferences are required,
// also where the client itself would do without them.
import type { KnownNames } from "./cases.ts";
import { anything, boolean, type Decoder, int32, listOf, nullable, object, oneOf, string, text } from "./client.ts";

export const apiError = object({ error: object({ detail: text }, { status: int32 }) });

const keyStatus = oneOf("ApiKeyStatusEnum", ["ACTIVE", "EXPIRED", "REVOKED"]);
const metadata = object({ created_on: text, updated_on: text });
const paging = object({ continuation_token: nullable(text), links: object({ self: text, next: nullable(text) }) });

const one = (data: Decoder) => object({ data });
const many = (data: Decoder) => object({ data: listOf(data) }, { _metadata: paging });
const named = listOf(object({ id: text, name: text }));

function allowListModel(ofCluster: boolean): Decoder {
  const keys = { api_key_list: listOf(object({ name: text, status: keyStatus }, { id: text })) };
  const info = { id: text, project_id: text, cluster_ids: listOf(text), cluster_list: named };
  return object({
    spec: object({ name: text, description: string, allow_list: listOf(text) }),
    info: object({ ...info, ...(ofCluster ? {} : keys) }, { peering_id: nullable(text), ...(ofCluster ? keys : {}) }),
  });
}

/** @param inCatalog whether it is listed as assignable, with the texts that the CLI prints */
function permissionModel({ operationGroups, resourceTypes }: KnownNames, inCatalog: boolean): Decoder {
  const [names, groupTexts] = [{ resource_name: string }, { operation_group_description: string }];
  const group = { operation_group: oneOf("OperationGroupEnum", operationGroups), ...(inCatalog ? groupTexts : {}) };
  const tags = listOf(oneOf("OperationGroupTagEnum", ["SENSITIVE"]));
  const groups = listOf(object(group, { ...groupTexts, tags }));
  const type = oneOf("ResourceTypeEnum", resourceTypes);
  return object({ resource_type: type, operation_groups: groups, ...(inCatalog ? names : {}) }, names);
}

/** @param alone whether it is the subject of the response, not a member of a key */
function roleModel(permission: Decoder, alone: boolean): Decoder {
  const user = object({ email: text }, { first_name: string, last_name: string, state: text });
  const key = object({ name: text, issuer: text, status: keyStatus });
  const permissions = listOf(permission);
  const identity = { id: text, display_name: text, is_user_defined: boolean, effective_permissions: permissions };
  const holders = { users: nullable(listOf(user)), api_keys: nullable(listOf(key)) };
  const optional = { metadata: nullable(metadata), is_active: boolean, account_id: nullable(text) };
  return object({
    spec: object({ name: text, permissions, ...(alone ? { description: string } : {}) }, { description: string }),
    info: object({ ...identity, ...holders }, optional),
  });
}

function apiKeyModel(role: Decoder): Decoder {
  const spec = { name: text, expire_after_hours: int32, allow_list_info: listOf(text) };
  const times = { expiry_time: text, last_used_time: text, metadata };
  const revokedBy = ["user_id", "user_email", "api_key_id", "api_key_name"].map((name) => `revoked_by_${name}`);
  const whenRevoked = [...revokedBy, "revoked_at_time"].map((name) => [name, nullable(text)] as const);
  const optional = { usage_count: int32, account_id: text, ...Object.fromEntries(whenRevoked) };
  return object({
    spec: object(spec, { description: string, role_id: text }),
    info: object({ id: text, issuer: text, status: keyStatus, role, ...times }, optional),
  });
}

function clusterModel({ states }: KnownNames): Decoder {
  const region = object({ placement_info: object({ num_nodes: int32 }, { vpc_id: nullable(text) }) });
  const nodes = { num_nodes: int32, node_info: object({ num_cores: int32 }) };
  const cluster_info = object(nodes, { num_faults_to_tolerate: nullable(int32) });
  return object({
    spec: object({ name: text, cluster_info, cluster_region_info: listOf(region) }),
    info: object({ id: text, state: oneOf("ClusterState", states) }, { metadata: nullable(metadata) }),
  });
}

/** A decoder for each operation of the cases; a response without one is only read as JSON. */
export function modelsOf(known: KnownNames): Readonly<Record<string, Decoder>> {
  const permission = permissionModel(known, false);
  const role = roleModel(permission, true);
  const apiKey = apiKeyModel(roleModel(permission, false));
  const cluster = clusterModel(known);
  const accountRole = object({}, { permissions: nullable(listOf(permission)) });
  const projects = listOf(object({ info: object({ id: text }) }));
  const account = object({ id: text, projects }, { roles: listOf(accountRole) });
  const place = object({ region: text, zone: text });
  return {
    getCurrentAccount: one(object({ spec: object({ name: text }), info: account })),
    listApiKeys: many(apiKey),
    createApiKey: object({ data: apiKey, jwt: text }),
    revokeApiKey: anything,
    listNetworkAllowLists: many(allowListModel(false)),
    listClusterNetworkAllowLists: many(allowListModel(true)),
    createNetworkAllowList: one(allowListModel(false)),
    listRbacRoles: many(role),
    getRole: one(role),
    createRole: one(role),
    updateRole: one(role),
    listResourcePermissions: many(object({ info: permissionModel(known, true) })),
    listClusters: many(cluster),
    getCluster: one(cluster),
    pauseCluster: one(cluster),
    resumeCluster: one(cluster),
    getClusterNodes: many(object({ name: text, is_node_up: boolean, cloud_info: place })),
    getClusterCMK: one(object({ spec: object({ provider_type: text }) })),
    listSingleTenantVpcs: many(object({ spec: object({ name: text }), info: object({ id: text }) })),
  };
}
