// The names of all permissions, by resource. Names that Yugabyte publishes are spelled as there; the others are ours. A new
// one is a line here and one in permission-catalog.ts, which the compiler requires.

/** Every resource with its groups of operations, in the order of the catalog. READ comes first where it exists. */
export const RESOURCES = {
  // Account
  ACCOUNT: ["UPDATE"],
  ACCOUNT_USER: ["READ", "CREATE", "UPDATE", "DELETE"],
  ACCOUNT_LOGIN_TYPE: ["READ", "UPDATE"],
  ACCOUNT_TASK: ["READ"],
  PROJECT: ["READ"],
  API_KEY: ["READ", "CREATE", "REVOKE"],
  ROLE: ["READ", "CREATE", "UPDATE", "DELETE"],
  AUDIT_EVENT: ["READ", "CREATE", "UPDATE", "DELETE"],
  ACCESS_HISTORY: ["READ"],
  BILLING: ["READ", "UPDATE"],
  // Network
  NETWORK_ALLOW_LIST: ["READ", "CREATE", "DELETE"],
  VPC: ["READ", "CREATE", "DELETE"],
  VPC_PEERING: ["READ", "CREATE", "DELETE"],
  PRIVATE_SERVICE_ENDPOINT: ["READ", "CREATE", "UPDATE", "DELETE"],
  // Clusters
  CLUSTER: ["READ", "CREATE", "UPDATE", "DELETE", "PAUSE", "RESUME"],
  CLUSTER_NETWORK_ALLOW_LIST: ["UPDATE"],
  CLUSTER_CMK: ["READ", "UPDATE"],
  CLUSTER_MAINTENANCE_SCHEDULE: ["READ", "UPDATE"],
  CLUSTER_MAINTENANCE_EVENT: ["READ", "UPDATE"],
  READ_REPLICA: ["READ", "CREATE", "UPDATE", "DELETE"],
  TRACK: ["READ"],
  ALERT_RULE: ["READ", "UPDATE", "SEND_TEST_EMAIL"],
  AUTOSCALER_POLICY: ["READ", "CREATE", "UPDATE", "DELETE"],
  // Backups and recovery
  BACKUP: ["READ", "CREATE", "DELETE", "RESTORE"],
  BACKUP_SCHEDULE: ["READ", "UPDATE"],
  BACKUP_REPLICATION: ["READ", "UPDATE"],
  PITR_CONFIG: ["READ", "CREATE", "UPDATE", "DELETE", "RESTORE", "CLONE"],
  XCLUSTER_DR: ["READ", "CREATE", "UPDATE", "DELETE", "PAUSE", "RESUME"],
  // Change data capture and observability
  CDC_SINK: ["READ", "CREATE", "UPDATE", "DELETE"],
  CDC_STREAM: ["READ", "CREATE", "UPDATE", "DELETE"],
  DB_AUDIT_LOG_EXPORTER: ["READ", "CREATE", "UPDATE", "DELETE"],
  DB_QUERY_LOG_EXPORTER: ["READ", "CREATE", "UPDATE", "DELETE"],
  METRICS_EXPORTER_CONFIG: ["READ", "CREATE", "UPDATE", "DELETE"],
  CLUSTER_METRICS_EXPORTER: ["UPDATE"],
  TELEMETRY_PROVIDER: ["READ", "CREATE", "UPDATE", "DELETE"],
} as const;

export type ResourceType = keyof typeof RESOURCES;

/** A group of operations on one kind of resource. */
export type OperationGroup<R extends ResourceType = ResourceType> = (typeof RESOURCES)[R][number];

/** The right to one group of operations on one kind of resource, such as `CLUSTER:READ`. */
export type Permission = { [R in ResourceType]: `${R}:${OperationGroup<R>}` }[ResourceType];

/** The permissions of each resource, in the order of the catalog. */
export const PERMISSIONS_BY_RESOURCE: readonly (readonly Permission[])[] = Object.entries(RESOURCES).map(
  ([resource, groups]) => groups.map((group) => `${resource}:${group}` as Permission),
);
