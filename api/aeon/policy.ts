// What Aeon's documentation says in prose. Its Developer role has no users, login methods, keys, billing, account activity or roles;
// its Viewer role views everything and changes nothing.
import type { GatehousePermission } from "../../src/core/access/gatehouse-permissions.ts";
import type { ApiPolicy, PermissionOf, Placement } from "../../src/core/routing/api-description.ts";
import type { OPERATIONS } from "./operations.ts";

type Needed = Exclude<PermissionOf<typeof OPERATIONS>, GatehousePermission>;

export const POLICY = {
  title: "YugabyteDB Aeon",
  prefix: "/api/public/v1",
  parameters: { account: "accountId", project: "projectId", cluster: "clusterId" },
  placement: {
    // Account
    "ACCOUNT_LOGIN_TYPE:READ": "viewer, developer",
    "ACCOUNT_LOGIN_TYPE:UPDATE": "admin",
    "ACCOUNT_TASK:READ": "viewer, developer",
    "PROJECT:READ": "viewer, developer",
    "ACCESS_HISTORY:READ": "viewer",
    "BILLING:READ": "viewer, developer",
    "BILLING:UPDATE": "admin",
    // Network
    "VPC:READ": "viewer, developer",
    "VPC:CREATE": "developer",
    "VPC:DELETE": "developer",
    "VPC_PEERING:READ": "viewer, developer",
    "VPC_PEERING:CREATE": "developer",
    "VPC_PEERING:DELETE": "developer",
    "PRIVATE_SERVICE_ENDPOINT:READ": "viewer, developer",
    "PRIVATE_SERVICE_ENDPOINT:CREATE": "developer",
    "PRIVATE_SERVICE_ENDPOINT:UPDATE": "developer",
    "PRIVATE_SERVICE_ENDPOINT:DELETE": "developer",
    // Clusters
    "CLUSTER:READ": "viewer, developer",
    "CLUSTER:CREATE": "developer",
    "CLUSTER:UPDATE": "developer",
    "CLUSTER:DELETE": "developer",
    "CLUSTER:PAUSE": "developer",
    "CLUSTER:RESUME": "developer",
    "CLUSTER_NETWORK_ALLOW_LIST:UPDATE": "developer",
    "CLUSTER_CMK:READ": "viewer, developer",
    "CLUSTER_CMK:UPDATE": "developer",
    "CLUSTER_MAINTENANCE_SCHEDULE:READ": "viewer, developer",
    "CLUSTER_MAINTENANCE_SCHEDULE:UPDATE": "developer",
    "CLUSTER_MAINTENANCE_EVENT:READ": "viewer, developer",
    "CLUSTER_MAINTENANCE_EVENT:UPDATE": "developer",
    "READ_REPLICA:READ": "viewer, developer",
    "READ_REPLICA:CREATE": "developer",
    "READ_REPLICA:UPDATE": "developer",
    "READ_REPLICA:DELETE": "developer",
    "TRACK:READ": "viewer, developer",
    "ALERT_RULE:READ": "viewer, developer",
    "ALERT_RULE:UPDATE": "developer",
    "ALERT_RULE:SEND_TEST_EMAIL": "developer",
    "AUTOSCALER_POLICY:READ": "viewer, developer",
    "AUTOSCALER_POLICY:CREATE": "developer",
    "AUTOSCALER_POLICY:UPDATE": "developer",
    "AUTOSCALER_POLICY:DELETE": "developer",
    // Backups and recovery
    "BACKUP:READ": "viewer, developer",
    "BACKUP:CREATE": "developer",
    "BACKUP:DELETE": "developer",
    "BACKUP:RESTORE": "developer",
    "BACKUP_SCHEDULE:READ": "viewer, developer",
    "BACKUP_SCHEDULE:UPDATE": "developer",
    "BACKUP_REPLICATION:READ": "viewer, developer",
    "BACKUP_REPLICATION:UPDATE": "developer",
    "PITR_CONFIG:READ": "viewer, developer",
    "PITR_CONFIG:CREATE": "developer",
    "PITR_CONFIG:UPDATE": "developer",
    "PITR_CONFIG:DELETE": "developer",
    "PITR_CONFIG:RESTORE": "developer",
    "PITR_CONFIG:CLONE": "developer",
    "XCLUSTER_DR:READ": "viewer, developer",
    "XCLUSTER_DR:CREATE": "developer",
    "XCLUSTER_DR:UPDATE": "developer",
    "XCLUSTER_DR:DELETE": "developer",
    "XCLUSTER_DR:PAUSE": "developer",
    "XCLUSTER_DR:RESUME": "developer",
    // Change data capture and observability
    "CDC_SINK:READ": "viewer, developer",
    "CDC_SINK:CREATE": "developer",
    "CDC_SINK:UPDATE": "developer",
    "CDC_SINK:DELETE": "developer",
    "CDC_STREAM:READ": "viewer, developer",
    "CDC_STREAM:CREATE": "developer",
    "CDC_STREAM:UPDATE": "developer",
    "CDC_STREAM:DELETE": "developer",
    "DB_AUDIT_LOG_EXPORTER:READ": "viewer, developer",
    "DB_AUDIT_LOG_EXPORTER:CREATE": "developer",
    "DB_AUDIT_LOG_EXPORTER:UPDATE": "developer",
    "DB_AUDIT_LOG_EXPORTER:DELETE": "developer",
    "DB_QUERY_LOG_EXPORTER:READ": "viewer, developer",
    "DB_QUERY_LOG_EXPORTER:CREATE": "developer",
    "DB_QUERY_LOG_EXPORTER:UPDATE": "developer",
    "DB_QUERY_LOG_EXPORTER:DELETE": "developer",
    "METRICS_EXPORTER_CONFIG:READ": "viewer, developer",
    "METRICS_EXPORTER_CONFIG:CREATE": "developer",
    "METRICS_EXPORTER_CONFIG:UPDATE": "developer",
    "METRICS_EXPORTER_CONFIG:DELETE": "developer",
    "CLUSTER_METRICS_EXPORTER:UPDATE": "developer",
    "TELEMETRY_PROVIDER:READ": "viewer, developer",
    "TELEMETRY_PROVIDER:CREATE": "developer",
    "TELEMETRY_PROVIDER:UPDATE": "developer",
    "TELEMETRY_PROVIDER:DELETE": "developer",
  } satisfies Readonly<Record<Needed, Placement>> & Readonly<Record<string, Placement>>,
  sensitive: ["ACCOUNT_LOGIN_TYPE:UPDATE"],
  keyVariables: { url: "YBM_HOST", key: "YBM_APIKEY" },
  projects: { operationId: "getCurrentAccount", idsIn },
} as const satisfies ApiPolicy;

interface AccountAnswer {
  readonly data?: { readonly info?: { readonly projects?: readonly { readonly info?: { readonly id?: unknown } }[] } };
}

function idsIn(account: unknown): readonly string[] | null {
  const projects = (account as AccountAnswer | null)?.data?.info?.projects;
  if (!Array.isArray(projects)) return null;
  const ids = projects.map((project: unknown) => (project as { info?: { id?: unknown } } | null)?.info?.id);
  return ids.filter((id) => typeof id === "string");
}
