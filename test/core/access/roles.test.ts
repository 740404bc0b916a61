import { describe, expect, it, test } from "vitest";
import { type Permission, permissionCatalog } from "../../../src/core/access/permissions.ts";
import {
  ADMIN,
  ALL_PERMISSIONS,
  BUILT_IN_ROLES,
  builtInRole,
  compileGrant,
  DEVELOPER,
  effectivePermissions,
  type Grant,
  hasPermission,
  isSupersetOf,
  managesKeys,
  readPermission,
  VIEWER,
} from "../../../src/core/access/roles.ts";
import { OPERATIONS } from "../../../src/core/routing/operations.ts";

const PERMISSION_CATALOG = permissionCatalog();
const SENSITIVE = new Set(
  PERMISSION_CATALOG.flatMap(({ resourceType, operationGroups }) =>
    operationGroups
      .filter(({ tags }) => tags.includes("SENSITIVE"))
      .map(({ operationGroup }) => `${resourceType}:${operationGroup}`),
  ),
);
const isSensitive = (permission: Permission) => SENSITIVE.has(permission);

const admin = ADMIN.grant;
const developer = DEVELOPER.grant;
const viewer = VIEWER.grant;

describe("the permission catalog", () => {
  it("names no resource twice, and no group of a resource twice", () => {
    const resources = PERMISSION_CATALOG.map((resource) => resource.resourceType);
    expect(new Set(resources).size).toBe(resources.length);
    expect(new Set(ALL_PERMISSIONS).size).toBe(ALL_PERMISSIONS.length);
  });

  it("spells every name as clients expect, and describes every permission", () => {
    for (const resource of PERMISSION_CATALOG) {
      expect(resource.resourceType).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(resource.resourceName).not.toBe("");
      for (const group of resource.operationGroups) {
        expect(group.operationGroup).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
        expect(group.description).not.toBe("");
      }
    }
  });

  test.each([
    ["CLUSTER", "Clusters", "READ", "List or View clusters"],
    ["READ_REPLICA", "Read Replica", "READ", "List Read Replicas of a cluster"],
    ["READ_REPLICA", "Read Replica", "CREATE", "Create Read Replica for a Cluster"],
    ["READ_REPLICA", "Read Replica", "UPDATE", "Update/modify Read Replica of a cluster"],
    ["READ_REPLICA", "Read Replica", "DELETE", "Delete Read Replicas"],
    ["ALERT_RULE", "Alert Rules", "READ", "List or View alert rules"],
    ["ALERT_RULE", "Alert Rules", "UPDATE", "Update alert rules"],
    ["ALERT_RULE", "Alert Rules", "SEND_TEST_EMAIL", "Send test emails for alerts"],
    ["CLUSTER_MAINTENANCE_SCHEDULE", "Maintenance Schedules", "READ", "List or View Maintenance Schedules"],
    ["CLUSTER_MAINTENANCE_SCHEDULE", "Maintenance Schedules", "UPDATE", "Update Maintenance Schedules"],
    ["CLUSTER_MAINTENANCE_EVENT", "Maintenance Events", "READ", "List or View Maintenance Events of a cluster"],
    ["CLUSTER_MAINTENANCE_EVENT", "Maintenance Events", "UPDATE", "Trigger or Delay Maintenance Events of a cluster"],
    ["TRACK", "Database Track", "READ", "List or view available database tracks"],
    ["ACCOUNT_USER", "Users", "READ", "View Information of Users associated with the account"],
    ["ACCOUNT_TASK", "Tasks", "READ", "List or View Account related Tasks"],
    ["ACCOUNT_LOGIN_TYPE", "Account Login Type", "READ", "List or View information related to an account"],
  ])("has the published words of %s (%s) %s", (resourceType, resourceName, operationGroup, description) => {
    const resource = PERMISSION_CATALOG.find((each) => each.resourceType === resourceType);
    expect(resource?.resourceName).toBe(resourceName);
    expect(resource?.operationGroups).toContainEqual({ operationGroup, description, tags: [] });
  });

  it("marks only changes to users, login methods, keys, endpoints, roles and the policy as sensitive", () => {
    expect(ALL_PERMISSIONS.filter(isSensitive)).toEqual([
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
      "ACCOUNT_LOGIN_TYPE:UPDATE",
    ]);
  });

  it("readPermission reads every permission from its two names", () => {
    for (const permission of ALL_PERMISSIONS) {
      const [resourceType = "", operationGroup = ""] = permission.split(":");
      expect(readPermission(resourceType, operationGroup)).toBe(permission);
    }
  });

  test.each([
    ["CLUSTER", "FLY"],
    ["STARSHIP", "READ"],
    ["cluster", "read"],
    ["CLUSTER ", "READ"],
    ["", "CLUSTER:READ"],
    ["CLUSTER:READ", ""],
    ["CLUSTER", ""],
    ["__proto__", "constructor"],
  ])("readPermission returns null for %j and %j", (resourceType, operationGroup) => {
    expect(readPermission(resourceType, operationGroup)).toBeNull();
  });
});

describe("the built-in roles", () => {
  it("the built-in roles are Admin, Developer and Viewer, with the ids that clients know", () => {
    expect(BUILT_IN_ROLES.map((role) => [role.displayName, role.name, role.id])).toEqual([
      ["Admin", "account_admin", "36ec6789-6dbf-4d12-91b4-243587d6882b"],
      ["Developer", "account_dev", "cb6edae1-f2c7-4540-a870-521754e8a000"],
      ["Viewer", "account_viewer", "95b23b27-b36b-4c2e-b7b6-4a94ed7676e4"],
    ]);
  });

  it("builtInRole finds a role by its id only", () => {
    for (const role of BUILT_IN_ROLES) expect(builtInRole(role.id)).toBe(role);
    expect(builtInRole("account_admin")).toBeNull();
    expect(builtInRole(ADMIN.id.toUpperCase())).toBeNull();
  });

  // The table of the documentation, row by row: who may.
  const rows: [capability: string, permissions: Permission[], developer: boolean, viewer: boolean][] = [
    ["invite users", ["ACCOUNT_USER:CREATE"], false, false],
    ["delete users or change their role", ["ACCOUNT_USER:DELETE", "ACCOUNT_USER:UPDATE"], false, false],
    ["change login methods", ["ACCOUNT_LOGIN_TYPE:UPDATE"], false, false],
    ["create or revoke API keys", ["API_KEY:CREATE", "API_KEY:REVOKE"], false, false],
    ["manage plans and billing", ["BILLING:UPDATE"], false, false],
    ["view account activity", ["AUDIT_EVENT:READ", "ACCESS_HISTORY:READ"], false, true],
    ["manage custom roles", ["ROLE:CREATE", "ROLE:UPDATE", "ROLE:DELETE"], false, false],
    ["rename the account", ["ACCOUNT:UPDATE"], false, false],
    ["direct events", ["AUDIT_EVENT:CREATE", "AUDIT_EVENT:UPDATE", "AUDIT_EVENT:DELETE"], false, false],
    ["change clusters and backups", ["CLUSTER:UPDATE", "CLUSTER:DELETE", "BACKUP:CREATE"], true, false],
    ["change allow lists", ["NETWORK_ALLOW_LIST:CREATE", "NETWORK_ALLOW_LIST:DELETE"], true, false],
    ["view clusters, users, roles, keys and usage", ["CLUSTER:READ", "ACCOUNT_USER:READ", "ROLE:READ"], true, true],
    ["view keys and usage", ["API_KEY:READ", "BILLING:READ"], true, true],
  ];

  test.each(rows)(
    'grants "%s" to Admin, and to Developer and Viewer as documented',
    (_capability, permissions, byDeveloper, byViewer) => {
      for (const permission of permissions) {
        expect(hasPermission(admin, permission)).toBe(true);
        expect(hasPermission(developer, permission)).toBe(byDeveloper);
        expect(hasPermission(viewer, permission)).toBe(byViewer);
      }
    },
  );

  it("grants Developer every permission that the documentation does not exclude", () => {
    const excepted = rows.filter(([, , byDeveloper]) => !byDeveloper).flatMap(([, permissions]) => permissions);
    expect(new Set(ALL_PERMISSIONS.filter((permission) => !hasPermission(developer, permission)))).toEqual(
      new Set(excepted),
    );
  });

  it("grants Viewer exactly the READ permissions", () => {
    expect(ALL_PERMISSIONS.filter((permission) => hasPermission(viewer, permission))).toEqual(
      ALL_PERMISSIONS.filter((permission) => permission.endsWith(":READ")),
    );
  });

  it("grants Viewer no operation that changes anything", () => {
    const changing = OPERATIONS.filter((operation) => operation.effect === "mutating");
    expect(changing.length).toBeGreaterThan(50);
    for (const { operationId, permission } of changing) {
      expect([operationId, permission !== null && hasPermission(viewer, permission)]).toEqual([operationId, false]);
    }
  });

  it("grants Developer no sensitive permission", () => {
    for (const permission of ALL_PERMISSIONS)
      expect(isSensitive(permission) && hasPermission(developer, permission)).toBe(false);
  });

  it("grants everything to Admin only", () => {
    expect(BUILT_IN_ROLES.map((role) => role.grant.everything)).toEqual([true, false, false]);
    expect([...admin.permissions]).toEqual(ALL_PERMISSIONS);
  });
});

describe("effectivePermissions", () => {
  test.each<[own: Permission[], effective: Permission[]]>([
    [[], []],
    [["BACKUP:CREATE"], ["BACKUP:READ", "BACKUP:CREATE"]],
    [["BACKUP:READ"], ["BACKUP:READ"]],
    [["ACCOUNT:UPDATE"], ["ACCOUNT:UPDATE"]],
    [
      ["VPC:DELETE", "ALERT_RULE:SEND_TEST_EMAIL", "VPC:DELETE"],
      ["VPC:READ", "VPC:DELETE", "ALERT_RULE:READ", "ALERT_RULE:SEND_TEST_EMAIL"],
    ],
  ])("expands %j to %j", (own, effective) => {
    expect([...effectivePermissions(own)]).toEqual(effective);
  });

  it("does not add more when it is applied twice", () => {
    for (const permission of ALL_PERMISSIONS) {
      const once = effectivePermissions([permission]);
      expect(effectivePermissions(once)).toEqual(once);
    }
  });

  it("implies no sensitive permission", () => {
    for (const permission of ALL_PERMISSIONS) {
      const implied = [...effectivePermissions([permission])].filter((each) => each !== permission);
      expect(implied.filter(isSensitive)).toEqual([]);
    }
  });
});

describe("grants", () => {
  const all = compileGrant(ALL_PERMISSIONS);
  const nothing = compileGrant([]);

  it("compileGrant of every permission does not grant everything", () => {
    expect(all.everything).toBe(false);
  });

  it("hasPermission gives Admin a permission that is added to the catalog later", () => {
    expect(hasPermission(admin, "STARSHIP:LAUNCH" as Permission)).toBe(true);
    expect(hasPermission(all, "STARSHIP:LAUNCH" as Permission)).toBe(false);
  });

  test.each<[title: string, outer: Grant, inner: Grant, expected: boolean]>([
    ["Admin includes Admin", admin, admin, true],
    ["Admin includes every permission", admin, all, true],
    ["every permission does not include Admin", all, admin, false],
    ["Developer includes itself", developer, developer, true],
    ["Developer does not include Viewer, who sees account activity", developer, viewer, false],
    ["Viewer does not include Developer", viewer, developer, false],
    ["anything includes nothing", nothing, nothing, true],
    ["nothing includes no reader", nothing, compileGrant(["CLUSTER:READ"]), false],
    ["a creator includes a reader", compileGrant(["BACKUP:CREATE"]), compileGrant(["BACKUP:READ"]), true],
    ["a reader does not include a creator", compileGrant(["BACKUP:READ"]), compileGrant(["BACKUP:CREATE"]), false],
    ["the same number of others is not the same", compileGrant(["VPC:READ"]), compileGrant(["TRACK:READ"]), false],
  ])("isSupersetOf compares two grants: %s", (_title, outer, inner, expected) => {
    expect(isSupersetOf(outer, inner)).toBe(expected);
  });

  test.each<[permissions: Permission[], expected: boolean]>([
    [["API_KEY:CREATE", "API_KEY:REVOKE"], true],
    [["API_KEY:CREATE"], false],
    [["API_KEY:REVOKE"], false],
    [["ROLE:CREATE"], false],
  ])("managesKeys tells whether %j can manage keys: %s", (permissions, expected) => {
    expect(managesKeys(compileGrant(permissions))).toBe(expected);
  });

  it("managesKeys is true of Admin, and false of Developer and Viewer", () => {
    expect(BUILT_IN_ROLES.map((role) => managesKeys(role.grant))).toEqual([true, false, false]);
  });
});
