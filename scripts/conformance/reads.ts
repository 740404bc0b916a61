// The places that the CLI dereferences in each answer: a member that is missing or null there is a panic or wrong output.
import type { Step } from "./cases.ts";

const each = (prefix: string, ...names: string[]) => names.map((name) => `${prefix}.${name}`);

const keyPlaces = (key: string) => [
  ...each(`${key}.spec`, "name", "allow_list_info"),
  ...each(`${key}.info`, "id", "status", "issuer", "expiry_time", "last_used_time", "metadata.created_on"),
  `${key}.info.role.info.display_name`,
];

const listPlaces = (list: string) => [
  ...each(`${list}.spec`, "name", "description", "allow_list"),
  ...each(`${list}.info`, "id", "cluster_list[].name", "api_key_list[].name", "api_key_list[].status"),
];

const rolePlaces = (role: string) => [
  ...each(`${role}.spec`, "description", "permissions[].operation_groups[].operation_group"),
  ...each(`${role}.info`, "id", "display_name", "is_user_defined"),
  `${role}.info.effective_permissions[].operation_groups[].operation_group`,
];

const clusterPlaces = (cluster: string) => [
  ...each(`${cluster}.spec`, "name", "cluster_info.node_info", "cluster_region_info[0].placement_info"),
  ...each(`${cluster}.info`, "id", "state"),
];

const PERMISSION = "data[].info";
const GROUP = `${PERMISSION}.operation_groups[]`;

const BY_OPERATION: Readonly<Record<string, readonly string[]>> = {
  getCurrentAccount: ["data.info.id"],
  listApiKeys: keyPlaces("data[]"),
  createApiKey: [...keyPlaces("data"), "jwt"],
  listNetworkAllowLists: listPlaces("data[]"),
  createNetworkAllowList: listPlaces("data"),
  listClusterNetworkAllowLists: each("data[]", "spec.name", "spec.allow_list", "info.id"),
  listRbacRoles: rolePlaces("data[]"),
  getRole: rolePlaces("data"),
  createRole: rolePlaces("data"),
  updateRole: rolePlaces("data"),
  listResourcePermissions: [
    ...each(PERMISSION, "resource_type", "resource_name"),
    ...each(GROUP, "operation_group", "operation_group_description"),
  ],
  listClusters: clusterPlaces("data[]"),
  getCluster: clusterPlaces("data"),
  pauseCluster: clusterPlaces("data"),
  resumeCluster: clusterPlaces("data"),
  getClusterNodes: each("data[]", "name", "cloud_info.region"),
  getClusterCMK: ["data.spec.provider_type"],
  listSingleTenantVpcs: each("data[]", "spec.name", "info.id"),
};

// One command dereferences more than the others.
const BY_COMMAND: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "cluster describe": {
    listClusters: ["data[].spec.cluster_info.num_faults_to_tolerate"],
    getCluster: ["data.spec.cluster_info.num_faults_to_tolerate"],
  },
};

/** Every place that a command reads in the answer to a step: what the client is known to read, and what the case says. */
export function placesRead(words: string, step: Step): readonly string[] {
  const { id } = step.operation;
  return [...step.reads, ...(BY_OPERATION[id] ?? []), ...(BY_COMMAND[words]?.[id] ?? [])];
}
