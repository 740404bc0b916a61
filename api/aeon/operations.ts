// Every operation of Aeon's public API, and the permission that it requires.
import type { ApiOperation, Method } from "../../src/core/routing/api-description.ts";

const get = row("GET");
const post = row("POST");
const put = row("PUT");
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
  get("listTasks", `${ACCOUNT}/tasks`, "ACCOUNT_TASK:READ"),

  // Network
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
] as const satisfies readonly ApiOperation[];

function row<const M extends Method>(method: M) {
  const effect: ApiOperation["effect"] = method === "GET" ? "safe" : "mutating";
  return <const Id extends string, const P extends string | null>(operationId: Id, path: string, permission: P) =>
    ({ operationId, method, path, permission, effect }) as const;
}
