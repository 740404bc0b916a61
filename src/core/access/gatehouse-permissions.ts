// The permissions that Gatehouse's own operations need, whatever API is behind it: their words, and the built-in roles that have
// them. An API may require them for operations of its own.
import type { Placement, Words } from "../routing/api-description.ts";

export const GATEHOUSE_WORDS = {
  ACCOUNT: { title: "Account", actions: { UPDATE: "Update account information and the policy of its API keys" } },
  ACCOUNT_USER: {
    title: "Users",
    actions: {
      READ: "View Information of Users associated with the account",
      CREATE: "Invite users to the account",
      UPDATE: "Change the role of users",
      DELETE: "Remove users from the account",
    },
  },
  API_KEY: {
    title: "API Keys",
    actions: { READ: "List or View API keys", CREATE: "Create API keys", REVOKE: "Revoke API keys" },
  },
  ROLE: {
    title: "Roles",
    actions: {
      READ: "List or View roles",
      CREATE: "Create custom roles",
      UPDATE: "Update custom roles",
      DELETE: "Delete custom roles",
    },
  },
  AUDIT_EVENT: {
    title: "Audit Events",
    actions: {
      READ: "List or View audit events, and the endpoints that they are sent to",
      CREATE: "Have events sent to a new endpoint",
      UPDATE: "Change endpoints, their URLs and secrets",
      DELETE: "Delete endpoints",
    },
  },
  NETWORK_ALLOW_LIST: {
    title: "IP Allow Lists",
    actions: { READ: "List or View IP allow lists", CREATE: "Create IP allow lists", DELETE: "Delete IP allow lists" },
  },
} as const satisfies Words;

type Resources = typeof GATEHOUSE_WORDS;

export type GatehousePermission = {
  [R in keyof Resources]: `${R}:${keyof Resources[R]["actions"] & string}`;
}[keyof Resources];

export const GATEHOUSE_PLACEMENT: Readonly<Record<GatehousePermission, Placement>> = {
  "ACCOUNT:UPDATE": "admin",
  "ACCOUNT_USER:READ": "viewer, developer",
  "ACCOUNT_USER:CREATE": "admin",
  "ACCOUNT_USER:UPDATE": "admin",
  "ACCOUNT_USER:DELETE": "admin",
  "API_KEY:READ": "viewer, developer",
  "API_KEY:CREATE": "admin",
  "API_KEY:REVOKE": "admin",
  "ROLE:READ": "viewer, developer",
  "ROLE:CREATE": "admin",
  "ROLE:UPDATE": "admin",
  "ROLE:DELETE": "admin",
  "AUDIT_EVENT:READ": "viewer",
  "AUDIT_EVENT:CREATE": "admin",
  "AUDIT_EVENT:UPDATE": "admin",
  "AUDIT_EVENT:DELETE": "admin",
  "NETWORK_ALLOW_LIST:READ": "viewer, developer",
  "NETWORK_ALLOW_LIST:CREATE": "developer",
  "NETWORK_ALLOW_LIST:DELETE": "developer",
};

/** Those that let their holder gain or grant access. */
export const GATEHOUSE_SENSITIVE: readonly GatehousePermission[] = [
  "ACCOUNT:UPDATE",
  "ACCOUNT_USER:CREATE",
  "ACCOUNT_USER:UPDATE",
  "ACCOUNT_USER:DELETE",
  "API_KEY:CREATE",
  "API_KEY:REVOKE",
  "ROLE:CREATE",
  "ROLE:UPDATE",
  "ROLE:DELETE",
  "AUDIT_EVENT:CREATE",
  "AUDIT_EVENT:UPDATE",
];
