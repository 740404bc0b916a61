// The permission catalogue: what a role can be given, resource by resource, as data. Names that Yugabyte publishes are
// spelled as it does; the rest are ours. Adding a permission is one line here. Which role holds what is in roles.ts.

/** Marks a group that lets its holder gain or hand out power; clients ask for confirmation before they grant one. */
export type PermissionTag = "SENSITIVE";

/** One thing that can be done to a resource. */
export interface OperationGroup<G extends string = string> {
  readonly operationGroup: G;
  readonly description: string;
  readonly tags: readonly PermissionTag[];
}

/** A kind of resource with everything that can be done to it. */
export interface Resource<T extends string = string, G extends string = string> {
  readonly resourceType: T;
  readonly resourceName: string;
  readonly operationGroups: readonly OperationGroup<G>[];
}

/** Every resource, in the order in which it is listed. READ comes first where it exists. */
export const CATALOGUE = [
  // Account
  resource("ACCOUNT", "Account", { UPDATE: "Update account information" }),
  resource("ACCOUNT_USER", "Users", {
    READ: "View Information of Users associated with the account",
    CREATE: sensitive("Invite users to the account"),
    UPDATE: sensitive("Change the role of users"),
    DELETE: sensitive("Remove users from the account"),
  }),
  resource("ACCOUNT_LOGIN_TYPE", "Account Login Type", {
    READ: "List or View information related to an account",
    UPDATE: sensitive("Change the login methods of the account"),
  }),
  resource("ACCOUNT_TASK", "Tasks", { READ: "List or View Account related Tasks" }),
  resource("PROJECT", "Projects", { READ: "List or View projects" }),
  resource("API_KEY", "API Keys", {
    READ: "List or View API keys",
    CREATE: sensitive("Create API keys"),
    REVOKE: sensitive("Revoke API keys"),
  }),
  resource("ROLE", "Roles", {
    READ: "List or View roles",
    CREATE: sensitive("Create custom roles"),
    UPDATE: sensitive("Update custom roles"),
    DELETE: sensitive("Delete custom roles"),
  }),
  resource("AUDIT_EVENT", "Audit Events", { READ: "List or View audit events" }),
  resource("ACCESS_HISTORY", "Access History", { READ: "List or View login records" }),
  resource("BILLING", "Billing", {
    READ: "View billing usage",
    UPDATE: "Manage plans and billing",
  }),
  // Network
  resource("NETWORK_ALLOW_LIST", "IP Allow Lists", {
    READ: "List or View IP allow lists",
    CREATE: "Create IP allow lists",
    DELETE: "Delete IP allow lists",
  }),
  resource("VPC", "VPCs", { READ: "List or View VPCs", CREATE: "Create VPCs", DELETE: "Delete VPCs" }),
  resource("VPC_PEERING", "VPC Peerings", {
    READ: "List or View VPC peerings",
    CREATE: "Create VPC peerings",
    DELETE: "Delete VPC peerings",
  }),
  resource("PRIVATE_SERVICE_ENDPOINT", "Private Service Endpoints", {
    READ: "List or View private service endpoints",
    CREATE: "Create private service endpoints",
    UPDATE: "Update private service endpoints",
    DELETE: "Delete private service endpoints",
  }),
  // Clusters
  resource("CLUSTER", "Clusters", {
    READ: "List or View clusters",
    CREATE: "Create clusters",
    UPDATE: "Update clusters",
    DELETE: "Delete clusters",
    PAUSE: "Pause clusters",
    RESUME: "Resume clusters",
  }),
  resource("CLUSTER_NETWORK_ALLOW_LIST", "Cluster IP Allow Lists", {
    UPDATE: "Replace the IP allow lists of a cluster",
  }),
  resource("CLUSTER_CMK", "Customer Managed Keys", {
    READ: "View the customer managed key of a cluster",
    UPDATE: "Update the customer managed key of a cluster",
  }),
  resource("CLUSTER_MAINTENANCE_SCHEDULE", "Maintenance Schedules", {
    READ: "List or View Maintenance Schedules",
    UPDATE: "Update Maintenance Schedules",
  }),
  resource("CLUSTER_MAINTENANCE_EVENT", "Maintenance Events", {
    READ: "List or View Maintenance Events of a cluster",
    UPDATE: "Trigger or Delay Maintenance Events of a cluster",
  }),
  resource("READ_REPLICA", "Read Replica", {
    READ: "List Read Replicas of a cluster",
    CREATE: "Create Read Replica for a Cluster",
    UPDATE: "Update/modify Read Replica of a cluster",
    DELETE: "Delete Read Replicas",
  }),
  resource("TRACK", "Database Track", { READ: "List or view available database tracks" }),
  resource("ALERT_RULE", "Alert Rules", {
    READ: "List or View alert rules",
    UPDATE: "Update alert rules",
    SEND_TEST_EMAIL: "Send test emails for alerts",
  }),
  resource("AUTOSCALER_POLICY", "Autoscaler Policies", {
    READ: "List or View autoscaler policies",
    CREATE: "Create autoscaler policies",
    UPDATE: "Update autoscaler policies",
    DELETE: "Delete autoscaler policies",
  }),
  // Backups and recovery
  resource("BACKUP", "Backups", {
    READ: "List or View backups",
    CREATE: "Create backups",
    DELETE: "Delete backups",
    RESTORE: "Restore backups",
  }),
  resource("BACKUP_SCHEDULE", "Backup Schedules", {
    READ: "List or View backup schedules",
    UPDATE: "Update backup schedules",
  }),
  resource("BACKUP_REPLICATION", "Backup Replication", {
    READ: "View the backup replication of a cluster",
    UPDATE: "Update or resynchronise the backup replication of a cluster",
  }),
  resource("PITR_CONFIG", "Point-in-time Recovery", {
    READ: "List or View point-in-time recovery configurations",
    CREATE: "Create point-in-time recovery configurations",
    UPDATE: "Update point-in-time recovery configurations",
    DELETE: "Delete point-in-time recovery configurations",
    RESTORE: "Restore a database to a point in time",
    CLONE: "Clone a database",
  }),
  resource("XCLUSTER_DR", "xCluster Disaster Recovery", {
    READ: "List or View disaster recovery configurations",
    CREATE: "Create disaster recovery configurations",
    UPDATE: "Update, restart, switch over or fail over disaster recovery",
    DELETE: "Delete disaster recovery configurations",
    PAUSE: "Pause disaster recovery",
    RESUME: "Resume disaster recovery",
  }),
  // Change data capture and observability
  resource("CDC_SINK", "CDC Sinks", {
    READ: "List or View CDC sinks",
    CREATE: "Create CDC sinks",
    UPDATE: "Update CDC sinks",
    DELETE: "Delete CDC sinks",
  }),
  resource("CDC_STREAM", "CDC Streams", {
    READ: "List or View CDC streams",
    CREATE: "Create CDC streams",
    UPDATE: "Update CDC streams",
    DELETE: "Delete CDC streams",
  }),
  resource("DB_AUDIT_LOG_EXPORTER", "Database Audit Log Exporters", {
    READ: "List or View database audit log exporters",
    CREATE: "Add database audit log exporters to a cluster",
    UPDATE: "Update database audit log exporters",
    DELETE: "Remove database audit log exporters",
  }),
  resource("DB_QUERY_LOG_EXPORTER", "Database Query Log Exporters", {
    READ: "List or View database query log exporters",
    CREATE: "Add database query log exporters to a cluster",
    UPDATE: "Update database query log exporters",
    DELETE: "Remove database query log exporters",
  }),
  resource("METRICS_EXPORTER_CONFIG", "Metrics Exporter Configurations", {
    READ: "List or View metrics exporter configurations",
    CREATE: "Create metrics exporter configurations",
    UPDATE: "Update metrics exporter configurations",
    DELETE: "Delete metrics exporter configurations",
  }),
  resource("CLUSTER_METRICS_EXPORTER", "Cluster Metrics Exporters", {
    UPDATE: "Add, stop or remove the metrics exporter of a cluster",
  }),
  resource("TELEMETRY_PROVIDER", "Telemetry Providers", {
    READ: "List or View telemetry providers",
    CREATE: "Create or validate telemetry providers",
    UPDATE: "Update telemetry providers",
    DELETE: "Delete telemetry providers",
  }),
] as const satisfies readonly Resource[];

type PermissionOf<R> = R extends Resource<infer T, infer G> ? `${T}:${G}` : never;

/** A right to do one group of operations to one kind of resource, such as `CLUSTER:READ`. */
export type Permission = PermissionOf<(typeof CATALOGUE)[number]>;

interface SensitiveGroup {
  readonly sensitive: string;
}

function sensitive(description: string): SensitiveGroup {
  return { sensitive: description };
}

function resource<const T extends string, const G extends string>(
  resourceType: T,
  resourceName: string,
  groups: Readonly<Record<G, string | SensitiveGroup>>,
): Resource<T, G> {
  const operationGroups = (Object.keys(groups) as G[]).map((operationGroup): OperationGroup<G> => {
    const group = groups[operationGroup];
    return typeof group === "string"
      ? { operationGroup, description: group, tags: [] }
      : { operationGroup, description: group.sensitive, tags: ["SENSITIVE"] };
  });
  return { resourceType, resourceName, operationGroups };
}
