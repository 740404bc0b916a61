// The permission catalog in words for people: what each permission is, and which are sensitive. Apart from the names,
// because only the operations on roles and on the catalog need the words.
import { type OperationGroup, RESOURCES, type ResourceType } from "./permissions.ts";

/** Marks a group that lets its holder gain or grant access; clients ask for confirmation before they grant one. */
export type PermissionTag = "SENSITIVE";

/** A kind of resource with its groups of operations. */
export interface Resource {
  readonly resourceType: ResourceType;
  readonly resourceName: string;
  readonly operationGroups: readonly {
    readonly operationGroup: OperationGroup;
    readonly description: string;
    readonly tags: readonly PermissionTag[];
  }[];
}

interface Sensitive {
  readonly sensitive: string;
}

/** The name of a resource, and a sentence for each of its groups. */
type Words = {
  readonly [R in ResourceType]: readonly [
    name: string,
    groups: { readonly [G in OperationGroup<R>]: string | Sensitive },
  ];
};

const WORDS: Words = {
  // Account
  ACCOUNT: ["Account", { UPDATE: sensitive("Update account information and the policy of its API keys") }],
  ACCOUNT_USER: [
    "Users",
    {
      READ: "View Information of Users associated with the account",
      CREATE: sensitive("Invite users to the account"),
      UPDATE: sensitive("Change the role of users"),
      DELETE: sensitive("Remove users from the account"),
    },
  ],
  ACCOUNT_LOGIN_TYPE: [
    "Account Login Type",
    {
      READ: "List or View information related to an account",
      UPDATE: sensitive("Change the login methods of the account"),
    },
  ],
  ACCOUNT_TASK: ["Tasks", { READ: "List or View Account related Tasks" }],
  PROJECT: ["Projects", { READ: "List or View projects" }],
  API_KEY: [
    "API Keys",
    { READ: "List or View API keys", CREATE: sensitive("Create API keys"), REVOKE: sensitive("Revoke API keys") },
  ],
  ROLE: [
    "Roles",
    {
      READ: "List or View roles",
      CREATE: sensitive("Create custom roles"),
      UPDATE: sensitive("Update custom roles"),
      DELETE: sensitive("Delete custom roles"),
    },
  ],
  AUDIT_EVENT: [
    "Audit Events",
    {
      READ: "List or View audit events, and the endpoints that they are sent to",
      CREATE: sensitive("Have events sent to a new endpoint"),
      UPDATE: sensitive("Change endpoints, their URLs and secrets"),
      DELETE: "Delete endpoints",
    },
  ],
  ACCESS_HISTORY: ["Access History", { READ: "List or View login records" }],
  BILLING: ["Billing", { READ: "View billing usage", UPDATE: "Manage plans and billing" }],
  // Network
  NETWORK_ALLOW_LIST: [
    "IP Allow Lists",
    { READ: "List or View IP allow lists", CREATE: "Create IP allow lists", DELETE: "Delete IP allow lists" },
  ],
  VPC: ["VPCs", { READ: "List or View VPCs", CREATE: "Create VPCs", DELETE: "Delete VPCs" }],
  VPC_PEERING: [
    "VPC Peerings",
    { READ: "List or View VPC peerings", CREATE: "Create VPC peerings", DELETE: "Delete VPC peerings" },
  ],
  PRIVATE_SERVICE_ENDPOINT: [
    "Private Service Endpoints",
    {
      READ: "List or View private service endpoints",
      CREATE: "Create private service endpoints",
      UPDATE: "Update private service endpoints",
      DELETE: "Delete private service endpoints",
    },
  ],
  // Clusters
  CLUSTER: [
    "Clusters",
    {
      READ: "List or View clusters",
      CREATE: "Create clusters",
      UPDATE: "Update clusters",
      DELETE: "Delete clusters",
      PAUSE: "Pause clusters",
      RESUME: "Resume clusters",
    },
  ],
  CLUSTER_NETWORK_ALLOW_LIST: ["Cluster IP Allow Lists", { UPDATE: "Replace the IP allow lists of a cluster" }],
  CLUSTER_CMK: [
    "Customer Managed Keys",
    { READ: "View the customer managed key of a cluster", UPDATE: "Update the customer managed key of a cluster" },
  ],
  CLUSTER_MAINTENANCE_SCHEDULE: [
    "Maintenance Schedules",
    { READ: "List or View Maintenance Schedules", UPDATE: "Update Maintenance Schedules" },
  ],
  CLUSTER_MAINTENANCE_EVENT: [
    "Maintenance Events",
    {
      READ: "List or View Maintenance Events of a cluster",
      UPDATE: "Trigger or Delay Maintenance Events of a cluster",
    },
  ],
  READ_REPLICA: [
    "Read Replica",
    {
      READ: "List Read Replicas of a cluster",
      CREATE: "Create Read Replica for a Cluster",
      UPDATE: "Update/modify Read Replica of a cluster",
      DELETE: "Delete Read Replicas",
    },
  ],
  TRACK: ["Database Track", { READ: "List or view available database tracks" }],
  ALERT_RULE: [
    "Alert Rules",
    { READ: "List or View alert rules", UPDATE: "Update alert rules", SEND_TEST_EMAIL: "Send test emails for alerts" },
  ],
  AUTOSCALER_POLICY: [
    "Autoscaler Policies",
    {
      READ: "List or View autoscaler policies",
      CREATE: "Create autoscaler policies",
      UPDATE: "Update autoscaler policies",
      DELETE: "Delete autoscaler policies",
    },
  ],
  // Backups and recovery
  BACKUP: [
    "Backups",
    { READ: "List or View backups", CREATE: "Create backups", DELETE: "Delete backups", RESTORE: "Restore backups" },
  ],
  BACKUP_SCHEDULE: ["Backup Schedules", { READ: "List or View backup schedules", UPDATE: "Update backup schedules" }],
  BACKUP_REPLICATION: [
    "Backup Replication",
    {
      READ: "View the backup replication of a cluster",
      UPDATE: "Update or resynchronize the backup replication of a cluster",
    },
  ],
  PITR_CONFIG: [
    "Point-in-time Recovery",
    {
      READ: "List or View point-in-time recovery configurations",
      CREATE: "Create point-in-time recovery configurations",
      UPDATE: "Update point-in-time recovery configurations",
      DELETE: "Delete point-in-time recovery configurations",
      RESTORE: "Restore a database to a point in time",
      CLONE: "Clone a database",
    },
  ],
  XCLUSTER_DR: [
    "xCluster Disaster Recovery",
    {
      READ: "List or View disaster recovery configurations",
      CREATE: "Create disaster recovery configurations",
      UPDATE: "Update, restart, switch over or fail over disaster recovery",
      DELETE: "Delete disaster recovery configurations",
      PAUSE: "Pause disaster recovery",
      RESUME: "Resume disaster recovery",
    },
  ],
  // Change data capture and observability
  CDC_SINK: [
    "CDC Sinks",
    {
      READ: "List or View CDC sinks",
      CREATE: "Create CDC sinks",
      UPDATE: "Update CDC sinks",
      DELETE: "Delete CDC sinks",
    },
  ],
  CDC_STREAM: [
    "CDC Streams",
    {
      READ: "List or View CDC streams",
      CREATE: "Create CDC streams",
      UPDATE: "Update CDC streams",
      DELETE: "Delete CDC streams",
    },
  ],
  DB_AUDIT_LOG_EXPORTER: [
    "Database Audit Log Exporters",
    {
      READ: "List or View database audit log exporters",
      CREATE: "Add database audit log exporters to a cluster",
      UPDATE: "Update database audit log exporters",
      DELETE: "Remove database audit log exporters",
    },
  ],
  DB_QUERY_LOG_EXPORTER: [
    "Database Query Log Exporters",
    {
      READ: "List or View database query log exporters",
      CREATE: "Add database query log exporters to a cluster",
      UPDATE: "Update database query log exporters",
      DELETE: "Remove database query log exporters",
    },
  ],
  METRICS_EXPORTER_CONFIG: [
    "Metrics Exporter Configurations",
    {
      READ: "List or View metrics exporter configurations",
      CREATE: "Create metrics exporter configurations",
      UPDATE: "Update metrics exporter configurations",
      DELETE: "Delete metrics exporter configurations",
    },
  ],
  CLUSTER_METRICS_EXPORTER: [
    "Cluster Metrics Exporters",
    { UPDATE: "Add, stop or remove the metrics exporter of a cluster" },
  ],
  TELEMETRY_PROVIDER: [
    "Telemetry Providers",
    {
      READ: "List or View telemetry providers",
      CREATE: "Create or validate telemetry providers",
      UPDATE: "Update telemetry providers",
      DELETE: "Delete telemetry providers",
    },
  ],
};

/** Every resource, in the order of the catalog. */
export const PERMISSION_CATALOG: readonly Resource[] = (Object.keys(RESOURCES) as ResourceType[]).map(
  (resourceType) => {
    const [resourceName, words] = WORDS[resourceType];
    const textOf: Readonly<Partial<Record<OperationGroup, string | Sensitive>>> = words;
    const operationGroups = RESOURCES[resourceType].map((operationGroup) => {
      const text = textOf[operationGroup] ?? "";
      return typeof text === "string"
        ? { operationGroup, description: text, tags: [] }
        : { operationGroup, description: text.sensitive, tags: ["SENSITIVE"] as const };
    });
    return { resourceType, resourceName, operationGroups };
  },
);

function sensitive(description: string): Sensitive {
  return { sensitive: description };
}
