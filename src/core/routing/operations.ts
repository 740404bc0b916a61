// The operation table: every operation of the API behind the gateway and of Gatehouse, the permission that it requires, and
// who serves it. A new permission is added to permissions.ts and permission-catalog.ts. Any other path and method is
// denied, or reaches the upstream with the Admin role only where UNKNOWN_OPERATIONS says so.
import type { Permission } from "../access/permissions.ts";
import type { Method, ParameterFormat } from "./api-description.ts";

/** One row of the table. */
export interface Operation {
  readonly operationId: string;
  readonly method: Method;
  /** The template of its path: docs/request-flow.md has the grammar. */
  readonly path: string;
  /** What the decoded values of parameters are, by name. A path with any other value is not one of the operation. */
  readonly formats?: Readonly<Record<string, ParameterFormat>>;
  /** The parameters whose values may hold an encoded slash (`%2F`). */
  readonly encodedSlash?: readonly string[];
  /** `null`: every valid key and operator. */
  readonly permission: Permission | null;
  readonly effect: "safe" | "mutating";
  readonly handledBy: "upstream" | "gatehouse";
  /** The path parameter with the id of a key. That key may call the operation on itself without the permission. */
  readonly selfParam?: "apiKeyId";
  /** Whether that key may do so from any address, and beyond its rate limit: the operation only takes access away. */
  readonly selfAlways?: true;
}

const get = row("GET");
const post = row("POST");
const put = row("PUT");
const patch = row("PATCH");
const del = row("DELETE");

const ANY_KEY = null;
const V1 = "/api/public/v1";
const ACCOUNT = `${V1}/accounts/{accountId}`;
const PROJECT = `${ACCOUNT}/projects/{projectId}`;
const CLUSTER = `${PROJECT}/clusters/{clusterId}`;
const QUERY_LOG = `${PROJECT}/cluster/{clusterId}/db-query-log-exporter-configs`;
const AUDIT_LOG = `${CLUSTER}/db-audit-log-exporter-configs`;
const PITR = `${CLUSTER}/pitr-configs`;
const ENDPOINTS = `${CLUSTER}/private-service-endpoints`;
const XCLUSTER = `${CLUSTER}/xcluster-dr`;
const METRICS = `${PROJECT}/metrics-exporter-configs`;
const EXPORTER = `${CLUSTER}/metrics-exporter-config`;
const AUTOSCALER = `${CLUSTER}/autoscaler-policies`;

/** Every known operation. `get`, `post`, `put` and `del` are served by the upstream, `local(…)` by Gatehouse. */
export const OPERATIONS = [
  // Account
  get("getPing", `${V1}/ping`, ANY_KEY),
  get("getCurrentAccount", `${V1}/account`, ANY_KEY),
  get("listAccounts", `${V1}/accounts`, ANY_KEY),
  put("modifyAccount", ACCOUNT, "ACCOUNT:UPDATE"),
  get("listProjects", `${ACCOUNT}/projects`, "PROJECT:READ"),
  get("getProject", PROJECT, "PROJECT:READ"),
  get("listAccountUsers", `${ACCOUNT}/users`, "ACCOUNT_USER:READ"),
  post("inviteAccountUser", `${ACCOUNT}/users`, "ACCOUNT_USER:CREATE"),
  post("batchInviteAccountUsers", `${ACCOUNT}/users/batch`, "ACCOUNT_USER:CREATE"),
  put("modifyUserRole", `${ACCOUNT}/users/{userId}/roles`, "ACCOUNT_USER:UPDATE"),
  del("removeAccountUser", `${ACCOUNT}/users/{userId}`, "ACCOUNT_USER:DELETE"),
  get("getAllowedLoginTypes", `${ACCOUNT}/allowed-login-types`, "ACCOUNT_LOGIN_TYPE:READ"),
  put("modifyAllowedLoginTypes", `${ACCOUNT}/allowed-login-types`, "ACCOUNT_LOGIN_TYPE:UPDATE"),
  get("getLoginRecords", `${ACCOUNT}/login-records`, "ACCESS_HISTORY:READ"),
  local(get("listAuditEvents", `${ACCOUNT}/audit/events`, "AUDIT_EVENT:READ")),
  local(get("exportAuditEvents", `${ACCOUNT}/audit/events/export`, "AUDIT_EVENT:READ")),
  local(get("getAuditHead", `${ACCOUNT}/audit/head`, "AUDIT_EVENT:READ")),
  local(get("listRefusals", `${ACCOUNT}/audit/refusals`, "AUDIT_EVENT:READ")),
  get("listTasks", `${ACCOUNT}/tasks`, "ACCOUNT_TASK:READ"),

  // API keys
  local(get("listApiKeys", `${ACCOUNT}/api-keys`, "API_KEY:READ")),
  local({ ...post("explainRefusal", `${ACCOUNT}/api-keys/explain`, "API_KEY:READ"), effect: "safe" }),
  local(post("bulkRevokeApiKeys", `${ACCOUNT}/api-keys/revoke`, "API_KEY:REVOKE")),
  local(post("createApiKey", `${ACCOUNT}/api-keys`, "API_KEY:CREATE")),
  local({ ...get("getApiKey", `${ACCOUNT}/api-keys/{apiKeyId}`, "API_KEY:READ"), selfParam: "apiKeyId" }),
  local(patch("editApiKey", `${ACCOUNT}/api-keys/{apiKeyId}`, "API_KEY:CREATE")),
  local({
    ...post("revokeApiKey", `${ACCOUNT}/api-keys/{apiKeyId}/revoke`, "API_KEY:REVOKE"),
    selfParam: "apiKeyId",
    selfAlways: true,
  }),
  local({
    ...post("disableApiKey", `${ACCOUNT}/api-keys/{apiKeyId}/disable`, "API_KEY:REVOKE"),
    selfParam: "apiKeyId",
    selfAlways: true,
  }),
  local(post("enableApiKey", `${ACCOUNT}/api-keys/{apiKeyId}/enable`, "API_KEY:CREATE")),
  local({ ...post("rotateApiKey", `${ACCOUNT}/api-keys/{apiKeyId}/rotate`, "API_KEY:CREATE"), selfParam: "apiKeyId" }),
  local(patch("changeApiKeyRotation", `${ACCOUNT}/api-keys/{apiKeyId}/rotation`, "API_KEY:CREATE")),
  local(del("cancelApiKeyRotation", `${ACCOUNT}/api-keys/{apiKeyId}/rotation`, "API_KEY:CREATE")),
  local(get("getApiKeyTrial", `${ACCOUNT}/api-keys/{apiKeyId}/trial`, "API_KEY:READ")),
  local(put("putApiKeyTrial", `${ACCOUNT}/api-keys/{apiKeyId}/trial`, "API_KEY:CREATE")),
  local(del("deleteApiKeyTrial", `${ACCOUNT}/api-keys/{apiKeyId}/trial`, "API_KEY:CREATE")),
  local(post("promoteApiKeyTrial", `${ACCOUNT}/api-keys/{apiKeyId}/trial/promote`, "API_KEY:CREATE")),

  // The policy of an account, and the changes that wait for a second person
  local(get("getAccountPolicy", `${ACCOUNT}/policy`, "API_KEY:READ")),
  local(put("putAccountPolicy", `${ACCOUNT}/policy`, "ACCOUNT:UPDATE")),
  local(get("listApprovals", `${ACCOUNT}/approvals`, "API_KEY:READ")),
  local(get("getApproval", `${ACCOUNT}/approvals/{approvalId}`, "API_KEY:READ")),
  local(post("approveChange", `${ACCOUNT}/approvals/{approvalId}/approve`, "API_KEY:CREATE")),
  local(post("rejectChange", `${ACCOUNT}/approvals/{approvalId}/reject`, "API_KEY:CREATE")),

  // Operators, with the permissions of users
  local(get("listOperators", `${ACCOUNT}/operators`, "ACCOUNT_USER:READ")),
  local(post("createOperator", `${ACCOUNT}/operators`, "ACCOUNT_USER:CREATE")),
  local(get("getOperator", `${ACCOUNT}/operators/{operatorId}`, "ACCOUNT_USER:READ")),
  local(put("updateOperator", `${ACCOUNT}/operators/{operatorId}`, "ACCOUNT_USER:UPDATE")),
  local(del("deleteOperator", `${ACCOUNT}/operators/{operatorId}`, "ACCOUNT_USER:DELETE")),

  // Endpoints that events are sent to
  local(get("listEndpoints", `${ACCOUNT}/endpoints`, "AUDIT_EVENT:READ")),
  local(post("createEndpoint", `${ACCOUNT}/endpoints`, "AUDIT_EVENT:CREATE")),
  local(get("getEndpoint", `${ACCOUNT}/endpoints/{endpointId}`, "AUDIT_EVENT:READ")),
  local(put("updateEndpoint", `${ACCOUNT}/endpoints/{endpointId}`, "AUDIT_EVENT:UPDATE")),
  local(del("deleteEndpoint", `${ACCOUNT}/endpoints/{endpointId}`, "AUDIT_EVENT:DELETE")),
  local(post("rotateEndpointSecret", `${ACCOUNT}/endpoints/{endpointId}/rotate-secret`, "AUDIT_EVENT:UPDATE")),
  local(get("listDeliveries", `${ACCOUNT}/endpoints/{endpointId}/deliveries`, "AUDIT_EVENT:READ")),
  local(post("redeliverEvents", `${ACCOUNT}/endpoints/{endpointId}/redeliver`, "AUDIT_EVENT:UPDATE")),
  local(post("testEndpoint", `${ACCOUNT}/endpoints/{endpointId}/test`, "AUDIT_EVENT:UPDATE")),

  // Roles and permissions
  local(get("listResourcePermissions", `${V1}/auth/permissions`, ANY_KEY)),
  local(get("getSelf", `${V1}/auth/self`, ANY_KEY)),
  local(get("listRbacRoles", `${ACCOUNT}/roles`, "ROLE:READ")),
  local(post("createRole", `${ACCOUNT}/roles`, "ROLE:CREATE")),
  local(get("getRole", `${ACCOUNT}/roles/{roleId}`, "ROLE:READ")),
  local(put("updateRole", `${ACCOUNT}/roles/{roleId}`, "ROLE:UPDATE")),
  local(del("deleteRole", `${ACCOUNT}/roles/{roleId}`, "ROLE:DELETE")),

  // Network
  local(get("listNetworkAllowLists", `${PROJECT}/allow-lists`, "NETWORK_ALLOW_LIST:READ")),
  local(post("createNetworkAllowList", `${PROJECT}/allow-lists`, "NETWORK_ALLOW_LIST:CREATE")),
  local(get("getNetworkAllowList", `${PROJECT}/allow-lists/{allowListId}`, "NETWORK_ALLOW_LIST:READ")),
  local(put("updateNetworkAllowList", `${PROJECT}/allow-lists/{allowListId}`, "NETWORK_ALLOW_LIST:CREATE")),
  local(post("replaceNetworkAllowList", `${PROJECT}/allow-lists/{allowListId}/replace`, "API_KEY:CREATE")),
  local(del("deleteNetworkAllowList", `${PROJECT}/allow-lists/{allowListId}`, "NETWORK_ALLOW_LIST:DELETE")),
  get("listClusterNetworkAllowLists", `${CLUSTER}/allow-lists`, "CLUSTER:READ"),
  put("editClusterNetworkAllowLists", `${CLUSTER}/allow-lists`, "CLUSTER_NETWORK_ALLOW_LIST:UPDATE"),
  get("listSingleTenantVpcs", `${PROJECT}/vpcs`, "VPC:READ"),
  post("createVpc", `${PROJECT}/vpcs`, "VPC:CREATE"),
  get("getSingleTenantVpc", `${PROJECT}/vpcs/{vpcId}`, "VPC:READ"),
  del("deleteVpc", `${PROJECT}/vpcs/{vpcId}`, "VPC:DELETE"),
  get("listVpcPeerings", `${PROJECT}/vpc-peerings`, "VPC_PEERING:READ"),
  post("createVpcPeering", `${PROJECT}/vpc-peerings`, "VPC_PEERING:CREATE"),
  get("getVpcPeering", `${PROJECT}/vpc-peerings/{peeringId}`, "VPC_PEERING:READ"),
  del("deleteVpcPeering", `${PROJECT}/vpc-peerings/{peeringId}`, "VPC_PEERING:DELETE"),
  post("createPrivateServiceEndpoint", ENDPOINTS, "PRIVATE_SERVICE_ENDPOINT:CREATE"),
  get("getPrivateServiceEndpoint", `${ENDPOINTS}/{endpointId}`, "PRIVATE_SERVICE_ENDPOINT:READ"),
  put("editPrivateServiceEndpoint", `${ENDPOINTS}/{endpointId}`, "PRIVATE_SERVICE_ENDPOINT:UPDATE"),
  del("deletePrivateServiceEndpoint", `${ENDPOINTS}/{endpointId}`, "PRIVATE_SERVICE_ENDPOINT:DELETE"),

  // Clusters
  get("listClusters", `${PROJECT}/clusters`, "CLUSTER:READ"),
  post("createCluster", `${PROJECT}/clusters`, "CLUSTER:CREATE"),
  get("getCluster", CLUSTER, "CLUSTER:READ"),
  put("editCluster", CLUSTER, "CLUSTER:UPDATE"),
  del("deleteCluster", CLUSTER, "CLUSTER:DELETE"),
  post("pauseCluster", `${CLUSTER}/pause`, "CLUSTER:PAUSE"),
  post("resumeCluster", `${CLUSTER}/resume`, "CLUSTER:RESUME"),
  get("getClusterNodes", `${CLUSTER}/nodes`, "CLUSTER:READ"),
  post("performNodeOperation", `${CLUSTER}/nodes/op`, "CLUSTER:UPDATE"),
  get("getClusterCMK", `${CLUSTER}/cmks`, "CLUSTER_CMK:READ"),
  put("editClusterCMK", `${CLUSTER}/cmks`, "CLUSTER_CMK:UPDATE"),
  put("updateClusterCmkState", `${CLUSTER}/cmks/{cmkId}/state`, "CLUSTER_CMK:UPDATE"),
  get("getClusterNamespaces", `${CLUSTER}/namespaces`, "CLUSTER:READ"),
  put("performConnectionPoolingOperation", `${CLUSTER}/connection-pooling`, "CLUSTER:UPDATE"),
  get("getSupportedNodeConfigurationsByAccount", `${ACCOUNT}/clusters/supported-node-configurations`, ANY_KEY),
  get("getSupportedNodeConfigurationsForClusterEdit", `${CLUSTER}/supported-node-configurations`, "CLUSTER:READ"),
  get("getSupportedCloudRegionsByAccount", `${ACCOUNT}/clusters/supported-cloud-regions`, ANY_KEY),
  get("getClusterBackupRegions", `${CLUSTER}/backup-regions`, "CLUSTER:READ"),
  get("getConnectionCertificate", `${V1}/certificate`, ANY_KEY),
  get("listReadReplicas", `${CLUSTER}/read-replicas`, "READ_REPLICA:READ"),
  post("createReadReplica", `${CLUSTER}/read-replicas`, "READ_REPLICA:CREATE"),
  put("editReadReplicas", `${CLUSTER}/read-replicas`, "READ_REPLICA:UPDATE"),
  del("deleteReadReplica", `${CLUSTER}/read-replicas`, "READ_REPLICA:DELETE"),
  get("listTracks", `${ACCOUNT}/software-tracks`, "TRACK:READ"),
  get("getTrack", `${ACCOUNT}/software-tracks/{trackId}`, "TRACK:READ"),

  // Autoscaler
  get("listAutoscalerPolicies", AUTOSCALER, "AUTOSCALER_POLICY:READ"),
  post("createAutoscalerPolicy", AUTOSCALER, "AUTOSCALER_POLICY:CREATE"),
  put("updateAutoscalerPolicy", `${AUTOSCALER}/{policyId}`, "AUTOSCALER_POLICY:UPDATE"),
  put("updateAutoscalerPolicyRegionStatus", `${AUTOSCALER}/{policyId}/region-status`, "AUTOSCALER_POLICY:UPDATE"),
  del("deleteAutoscalerPolicy", `${AUTOSCALER}/{policyId}`, "AUTOSCALER_POLICY:DELETE"),

  // Backups
  get("listBackups", `${PROJECT}/backups`, "BACKUP:READ"),
  post("createBackup", `${PROJECT}/backups`, "BACKUP:CREATE"),
  get("getBackup", `${PROJECT}/backups/{backupId}`, "BACKUP:READ"),
  del("deleteBackup", `${PROJECT}/backups/{backupId}`, "BACKUP:DELETE"),
  post("restoreBackup", `${PROJECT}/restore`, "BACKUP:RESTORE"),
  get("getRestore", `${PROJECT}/restore/{restoreId}`, "BACKUP:READ"),
  get("listBackupSchedules", `${PROJECT}/backup-schedules`, "BACKUP_SCHEDULE:READ"),
  put("modifyBackupSchedule", `${PROJECT}/backup-schedules/{scheduleId}`, "BACKUP_SCHEDULE:UPDATE"),
  get("listBackupSchedulesV2", `${CLUSTER}/backup-schedules`, "BACKUP_SCHEDULE:READ"),
  get("getBackupScheduleV2", `${CLUSTER}/backup-schedules/{scheduleId}`, "BACKUP_SCHEDULE:READ"),
  put("modifyBackupScheduleV2", `${CLUSTER}/backup-schedules/{scheduleId}`, "BACKUP_SCHEDULE:UPDATE"),
  get("getGcpBackupReplicationConfig", `${CLUSTER}/backup-replication/gcp`, "BACKUP_REPLICATION:READ"),
  put("modifyGcpBackupReplication", `${CLUSTER}/backup-replication/gcp`, "BACKUP_REPLICATION:UPDATE"),
  post("triggerGcpBackupReplicationResync", `${CLUSTER}/backup-replication/gcp`, "BACKUP_REPLICATION:UPDATE"),

  // Point-in-time recovery
  get("listClusterPitrConfigs", PITR, "PITR_CONFIG:READ"),
  post("createDatabasePitrConfig", PITR, "PITR_CONFIG:CREATE"),
  get("getDatabasePitrConfig", `${PITR}/{pitrConfigId}`, "PITR_CONFIG:READ"),
  put("updateDatabasePitrConfig", `${PITR}/{pitrConfigId}`, "PITR_CONFIG:UPDATE"),
  del("removeDatabasePitrConfig", `${PITR}/{pitrConfigId}`, "PITR_CONFIG:DELETE"),
  post("restoreDatabaseViaPitr", `${PITR}/{pitrConfigId}/restore`, "PITR_CONFIG:RESTORE"),
  post("cloneDatabase", `${CLUSTER}/clone-database`, "PITR_CONFIG:CLONE"),

  // Disaster recovery; the upstream's operationIds of the last five are the bare verbs
  get("listAllXClusterDrInAccount", `${PROJECT}/xcluster-dr`, "XCLUSTER_DR:READ"),
  post("createXClusterDr", XCLUSTER, "XCLUSTER_DR:CREATE"),
  get("getXClusterDr", `${XCLUSTER}/{xClusterDrId}`, "XCLUSTER_DR:READ"),
  put("editXClusterDr", `${XCLUSTER}/{xClusterDrId}`, "XCLUSTER_DR:UPDATE"),
  del("deleteXClusterDr", `${XCLUSTER}/{xClusterDrId}`, "XCLUSTER_DR:DELETE"),
  post("pauseXClusterDr", `${XCLUSTER}/{xClusterDrId}/pause`, "XCLUSTER_DR:PAUSE"),
  post("resumeXClusterDr", `${XCLUSTER}/{xClusterDrId}/resume`, "XCLUSTER_DR:RESUME"),
  post("restartXClusterDr", `${XCLUSTER}/{xClusterDrId}/restart`, "XCLUSTER_DR:UPDATE"),
  post("switchoverXClusterDr", `${XCLUSTER}/{xClusterDrId}/switchover`, "XCLUSTER_DR:UPDATE"),
  post("failoverXClusterDr", `${XCLUSTER}/{xClusterDrId}/failover`, "XCLUSTER_DR:UPDATE"),

  // Change data capture
  get("listCdcSinks", `${ACCOUNT}/cdc-sinks`, "CDC_SINK:READ"),
  post("createCdcSink", `${ACCOUNT}/cdc-sinks`, "CDC_SINK:CREATE"),
  get("getCdcSink", `${ACCOUNT}/cdc-sinks/{cdcSinkId}`, "CDC_SINK:READ"),
  put("editCdcSink", `${ACCOUNT}/cdc-sinks/{cdcSinkId}`, "CDC_SINK:UPDATE"),
  del("deleteCdcSink", `${ACCOUNT}/cdc-sinks/{cdcSinkId}`, "CDC_SINK:DELETE"),
  get("listCdcStreamsForAccount", `${ACCOUNT}/cdc-streams`, "CDC_STREAM:READ"),
  post("createCdcStream", `${CLUSTER}/cdc-streams`, "CDC_STREAM:CREATE"),
  get("getCdcStream", `${CLUSTER}/cdc-streams/{cdcStreamId}`, "CDC_STREAM:READ"),
  put("editCdcStream", `${CLUSTER}/cdc-streams/{cdcStreamId}`, "CDC_STREAM:UPDATE"),
  del("deleteCdcStream", `${CLUSTER}/cdc-streams/{cdcStreamId}`, "CDC_STREAM:DELETE"),

  // Log exporters; the query log's paths say "cluster", not "clusters"
  get("listDbAuditExporterConfig", AUDIT_LOG, "DB_AUDIT_LOG_EXPORTER:READ"),
  post("associateDbAuditExporterConfig", AUDIT_LOG, "DB_AUDIT_LOG_EXPORTER:CREATE"),
  put("updateDbAuditExporterConfig", `${AUDIT_LOG}/{exporterConfigId}`, "DB_AUDIT_LOG_EXPORTER:UPDATE"),
  del("removeDbAuditLogExporterConfig", `${AUDIT_LOG}/{exporterConfigId}`, "DB_AUDIT_LOG_EXPORTER:DELETE"),
  get("listPgLogExporterConfigs", QUERY_LOG, "DB_QUERY_LOG_EXPORTER:READ"),
  post("associatePgLogExporterConfig", QUERY_LOG, "DB_QUERY_LOG_EXPORTER:CREATE"),
  put("updatePgLogExporterConfig", `${QUERY_LOG}/{exporterConfigId}`, "DB_QUERY_LOG_EXPORTER:UPDATE"),
  del("removePgLogExporterConfig", `${QUERY_LOG}/{exporterConfigId}`, "DB_QUERY_LOG_EXPORTER:DELETE"),

  // Metrics and telemetry
  get("listMetricsExporterConfigs", METRICS, "METRICS_EXPORTER_CONFIG:READ"),
  post("createMetricsExporterConfig", METRICS, "METRICS_EXPORTER_CONFIG:CREATE"),
  put("updateMetricsExporterConfig", `${METRICS}/{configId}`, "METRICS_EXPORTER_CONFIG:UPDATE"),
  del("deleteMetricsExporterConfig", `${METRICS}/{configId}`, "METRICS_EXPORTER_CONFIG:DELETE"),
  post("addMetricsExporterConfigToCluster", EXPORTER, "CLUSTER_METRICS_EXPORTER:UPDATE"),
  del("removeMetricsExporterConfigFromCluster", EXPORTER, "CLUSTER_METRICS_EXPORTER:UPDATE"),
  post("stopMetricsExporter", `${EXPORTER}/stop`, "CLUSTER_METRICS_EXPORTER:UPDATE"),
  get("listTelemetryProviders", `${PROJECT}/telemetry-providers`, "TELEMETRY_PROVIDER:READ"),
  post("createTelemetryProvider", `${PROJECT}/telemetry-providers`, "TELEMETRY_PROVIDER:CREATE"),
  put("updateTelemetryProvider", `${PROJECT}/telemetry-providers/{providerId}`, "TELEMETRY_PROVIDER:UPDATE"),
  del("deleteTelemetryProvider", `${PROJECT}/telemetry-providers/{providerId}`, "TELEMETRY_PROVIDER:DELETE"),
  post("validateTelemetryProvider", `${PROJECT}/telemetry-providers/validate`, "TELEMETRY_PROVIDER:CREATE"),

  // Billing; the estimate names accounts across the account boundary, so READ does not cover it
  get("getBillingUsage", `${ACCOUNT}/billing-usage`, "BILLING:READ"),
  get("listClustersByDateRange", `${ACCOUNT}/billing-usage/clusters`, "BILLING:READ"),
  // Names accounts in its query, which no account check covers: for those only who manage the billing.
  get("getBillingEstimate", `${V1}/billing-estimate`, "BILLING:UPDATE"),
] as const satisfies readonly Operation[];

/** Any row of the table, with its literal operationId. */
export type KnownOperation = (typeof OPERATIONS)[number];

/** The operations that Gatehouse serves: admin/router.ts has a handler for each. */
export type GatehouseOperationId = Extract<KnownOperation, { handledBy: "gatehouse" }>["operationId"];

/** All paths of the API begin with this. */
export const API_PREFIX = `${V1}/`;

/** The next segment after this prefix is an account id, for known and unknown operations. */
export const ACCOUNT_SCOPE = `${V1}/accounts/`;

/**
 * Paths that are reserved for Gatehouse, with everything beneath them: the shortest paths that it serves. A request there
 * that matches no operation is not forwarded.
 */
export const GATEHOUSE_PREFIXES: readonly string[] = prefixesOf(OPERATIONS);

const OWNED = new RegExp(`^(?:${GATEHOUSE_PREFIXES.map(patternOf).join("|")})(?:/|$)`, "i");

const CAPITAL = /[A-Z]/;

/** The account that a canonical path names, or `null`. The prefix in any case; the id in lower case (RFC 9562 section 4). */
export function accountIn(path: string): string | null {
  // An upstream may ignore case, so another case of the prefix must not bypass the account check.
  if (!path.startsWith(ACCOUNT_SCOPE) && path.slice(0, ACCOUNT_SCOPE.length).toLowerCase() !== ACCOUNT_SCOPE)
    return null;
  const end = path.indexOf("/", ACCOUNT_SCOPE.length);
  const accountId = path.slice(ACCOUNT_SCOPE.length, end === -1 ? undefined : end);
  if (accountId === "") return null;
  return CAPITAL.test(accountId) ? accountId.toLowerCase() : accountId;
}

/** Whether a canonical path is reserved for Gatehouse, in any case, with any method: it is never forwarded. */
export function isGatehousePath(path: string): boolean {
  return OWNED.test(path);
}

function prefixesOf(operations: readonly Operation[]): readonly string[] {
  const own = new Set(operations.filter((row) => row.handledBy === "gatehouse").map((row) => row.path));
  return [...own].filter((path) => ![...own].some((other) => path.startsWith(`${other}/`)));
}

function patternOf(template: string): string {
  return template
    .split("/")
    .map((segment) => (segment.startsWith("{") ? "[^/]+" : RegExp.escape(segment)))
    .join("/");
}

function row<const M extends Method>(method: M) {
  const effect: Operation["effect"] = method === "GET" ? "safe" : "mutating";
  return <const Id extends string>(operationId: Id, path: string, permission: Permission | null) =>
    ({ operationId, method, path, permission, effect, handledBy: "upstream" }) as const;
}

function local<const Id extends string>(operation: Operation & { readonly operationId: Id }) {
  return { ...operation, handledBy: "gatehouse" } as Operation & { operationId: Id; handledBy: "gatehouse" };
}
