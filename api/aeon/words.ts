// The resources of Aeon's API in words for people. Names that Yugabyte publishes are spelled as there; the others are ours.
import type { Words } from "../../src/core/routing/api-description.ts";

export const WORDS = {
  // Account
  ACCOUNT_LOGIN_TYPE: {
    title: "Account Login Type",
    actions: {
      READ: "List or View information related to an account",
      UPDATE: "Change the login methods of the account",
    },
  },
  ACCOUNT_TASK: { title: "Tasks", actions: { READ: "List or View Account related Tasks" } },
  PROJECT: { title: "Projects", actions: { READ: "List or View projects" } },
  ACCESS_HISTORY: { title: "Access History", actions: { READ: "List or View login records" } },
  BILLING: { title: "Billing", actions: { READ: "View billing usage", UPDATE: "Manage plans and billing" } },
  // Network
  VPC: { title: "VPCs", actions: { READ: "List or View VPCs", CREATE: "Create VPCs", DELETE: "Delete VPCs" } },
  VPC_PEERING: {
    title: "VPC Peerings",
    actions: { READ: "List or View VPC peerings", CREATE: "Create VPC peerings", DELETE: "Delete VPC peerings" },
  },
  PRIVATE_SERVICE_ENDPOINT: {
    title: "Private Service Endpoints",
    actions: {
      READ: "List or View private service endpoints",
      CREATE: "Create private service endpoints",
      UPDATE: "Update private service endpoints",
      DELETE: "Delete private service endpoints",
    },
  },
  // Clusters
  CLUSTER: {
    title: "Clusters",
    actions: {
      READ: "List or View clusters",
      CREATE: "Create clusters",
      UPDATE: "Update clusters",
      DELETE: "Delete clusters",
      PAUSE: "Pause clusters",
      RESUME: "Resume clusters",
    },
  },
  CLUSTER_NETWORK_ALLOW_LIST: {
    title: "Cluster IP Allow Lists",
    actions: { UPDATE: "Replace the IP allow lists of a cluster" },
  },
  CLUSTER_CMK: {
    title: "Customer Managed Keys",
    actions: {
      READ: "View the customer managed key of a cluster",
      UPDATE: "Update the customer managed key of a cluster",
    },
  },
  CLUSTER_MAINTENANCE_SCHEDULE: {
    title: "Maintenance Schedules",
    actions: { READ: "List or View Maintenance Schedules", UPDATE: "Update Maintenance Schedules" },
  },
  CLUSTER_MAINTENANCE_EVENT: {
    title: "Maintenance Events",
    actions: {
      READ: "List or View Maintenance Events of a cluster",
      UPDATE: "Trigger or Delay Maintenance Events of a cluster",
    },
  },
  READ_REPLICA: {
    title: "Read Replica",
    actions: {
      READ: "List Read Replicas of a cluster",
      CREATE: "Create Read Replica for a Cluster",
      UPDATE: "Update/modify Read Replica of a cluster",
      DELETE: "Delete Read Replicas",
    },
  },
  TRACK: { title: "Database Track", actions: { READ: "List or view available database tracks" } },
  ALERT_RULE: {
    title: "Alert Rules",
    actions: {
      READ: "List or View alert rules",
      UPDATE: "Update alert rules",
      SEND_TEST_EMAIL: "Send test emails for alerts",
    },
  },
  AUTOSCALER_POLICY: {
    title: "Autoscaler Policies",
    actions: {
      READ: "List or View autoscaler policies",
      CREATE: "Create autoscaler policies",
      UPDATE: "Update autoscaler policies",
      DELETE: "Delete autoscaler policies",
    },
  },
  // Backups and recovery
  BACKUP: {
    title: "Backups",
    actions: {
      READ: "List or View backups",
      CREATE: "Create backups",
      DELETE: "Delete backups",
      RESTORE: "Restore backups",
    },
  },
  BACKUP_SCHEDULE: {
    title: "Backup Schedules",
    actions: { READ: "List or View backup schedules", UPDATE: "Update backup schedules" },
  },
  BACKUP_REPLICATION: {
    title: "Backup Replication",
    actions: {
      READ: "View the backup replication of a cluster",
      UPDATE: "Update or resynchronize the backup replication of a cluster",
    },
  },
  PITR_CONFIG: {
    title: "Point-in-time Recovery",
    actions: {
      READ: "List or View point-in-time recovery configurations",
      CREATE: "Create point-in-time recovery configurations",
      UPDATE: "Update point-in-time recovery configurations",
      DELETE: "Delete point-in-time recovery configurations",
      RESTORE: "Restore a database to a point in time",
      CLONE: "Clone a database",
    },
  },
  XCLUSTER_DR: {
    title: "xCluster Disaster Recovery",
    actions: {
      READ: "List or View disaster recovery configurations",
      CREATE: "Create disaster recovery configurations",
      UPDATE: "Update, restart, switch over or fail over disaster recovery",
      DELETE: "Delete disaster recovery configurations",
      PAUSE: "Pause disaster recovery",
      RESUME: "Resume disaster recovery",
    },
  },
  // Change data capture and observability
  CDC_SINK: {
    title: "CDC Sinks",
    actions: {
      READ: "List or View CDC sinks",
      CREATE: "Create CDC sinks",
      UPDATE: "Update CDC sinks",
      DELETE: "Delete CDC sinks",
    },
  },
  CDC_STREAM: {
    title: "CDC Streams",
    actions: {
      READ: "List or View CDC streams",
      CREATE: "Create CDC streams",
      UPDATE: "Update CDC streams",
      DELETE: "Delete CDC streams",
    },
  },
  DB_AUDIT_LOG_EXPORTER: {
    title: "Database Audit Log Exporters",
    actions: {
      READ: "List or View database audit log exporters",
      CREATE: "Add database audit log exporters to a cluster",
      UPDATE: "Update database audit log exporters",
      DELETE: "Remove database audit log exporters",
    },
  },
  DB_QUERY_LOG_EXPORTER: {
    title: "Database Query Log Exporters",
    actions: {
      READ: "List or View database query log exporters",
      CREATE: "Add database query log exporters to a cluster",
      UPDATE: "Update database query log exporters",
      DELETE: "Remove database query log exporters",
    },
  },
  METRICS_EXPORTER_CONFIG: {
    title: "Metrics Exporter Configurations",
    actions: {
      READ: "List or View metrics exporter configurations",
      CREATE: "Create metrics exporter configurations",
      UPDATE: "Update metrics exporter configurations",
      DELETE: "Delete metrics exporter configurations",
    },
  },
  CLUSTER_METRICS_EXPORTER: {
    title: "Cluster Metrics Exporters",
    actions: { UPDATE: "Add, stop or remove the metrics exporter of a cluster" },
  },
  TELEMETRY_PROVIDER: {
    title: "Telemetry Providers",
    actions: {
      READ: "List or View telemetry providers",
      CREATE: "Create or validate telemetry providers",
      UPDATE: "Update telemetry providers",
      DELETE: "Delete telemetry providers",
    },
  },
} as const satisfies Words;
