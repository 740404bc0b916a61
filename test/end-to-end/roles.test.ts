// Roles and permissions over a real socket: three built-in roles, and custom ones made from the permission catalog.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, clientOf, fieldErrorsOf, KEYS_PATH, ROLES_PATH, V1 } from "../support/admin-client.ts";
import { CLUSTERS, type Gatehouse, startGatehouse } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

let gatehouse: Gatehouse;
let admin: Client;
beforeAll(async () => {
  gatehouse = await startGatehouse();
  admin = clientOf(gatehouse, (await gatehouse.key()).token);
});
afterAll(() => gatehouse.close());

function grants(...permissions: readonly string[]) {
  return permissions.map((permission) => {
    const [resource_type, operation_group] = permission.split(":");
    return { resource_type, operation_groups: [{ operation_group }] };
  });
}

async function create(name: string, ...permissions: readonly string[]) {
  const response = await admin("POST", ROLES_PATH, { name, permissions: grants(...permissions) });
  if (response.status !== 200) throw new Error(response.text);
  return response.body.data;
}

const names = (body: { data: readonly { info: { display_name: string } }[] }) =>
  body.data.map((role) => role.info.display_name);

describe("permission catalog", () => {
  it("lists the permission catalog for every key with the tags that make clients ask for confirmation", async () => {
    const { token } = await gatehouse.key({ role: "Viewer" });
    const { status, body } = await clientOf(gatehouse, token)("GET", `${V1}/auth/permissions`);
    expect(status).toBe(200);
    const keys = body.data.find((each: { info: { resource_type: string } }) => each.info.resource_type === "API_KEY");
    expect(keys.info.operation_groups).toContainEqual({
      operation_group: "CREATE",
      operation_group_description: "Create API keys",
      tags: ["SENSITIVE"],
    });
  });
});

describe("listRoles", () => {
  it("lists built-in roles first, with permissions on request", async () => {
    const withoutPermissions = (await admin("GET", ROLES_PATH)).body;
    expect(names(withoutPermissions).slice(0, 3)).toEqual(["Admin", "Developer", "Viewer"]);
    expect(withoutPermissions.data[0].spec).toMatchObject({ name: "account_admin", permissions: [] });
    const { body } = await admin("GET", `${ROLES_PATH}?role_types=SYSTEM&limit=100&include_permissions=true`);
    expect(names(body)).toEqual(["Admin", "Developer", "Viewer"]);
    for (const { spec, info } of body.data) {
      expect(spec.permissions.length).toBeGreaterThan(5);
      expect(info.effective_permissions.length).toBeGreaterThan(5);
      expect(Array.isArray(info.users) && Array.isArray(info.api_keys)).toBe(true);
    }
  });

  it("finds a role by name in any case, the exact match first", async () => {
    await create("Cluster admin", "CLUSTER:READ");
    expect(names((await admin("GET", `${ROLES_PATH}?role_types=ALL&limit=100&display_name=admin`)).body)).toEqual([
      "Admin",
      "Cluster admin",
    ]);
    expect((await admin("GET", `${ROLES_PATH}?role_types=MINE&include_permissions=1`)).status).toBe(400);
  });
});

describe("custom role", () => {
  it("shows a custom role with its own and its implied permissions", async () => {
    const role = await create("Backup maker", "BACKUP:CREATE");
    expect(role.spec).toMatchObject({ name: "Backup maker", permissions: [{ resource_type: "BACKUP" }] });
    const groups = (list: readonly { operation_groups: readonly { operation_group: string }[] }[]) =>
      list.flatMap((each) => each.operation_groups.map((group) => group.operation_group));
    expect(groups(role.spec.permissions)).toEqual(["CREATE"]);
    expect(groups(role.info.effective_permissions)).toEqual(["READ", "CREATE"]);
    expect((await admin("GET", `${ROLES_PATH}/${role.info.id}`)).body.data).toEqual(role);
  });

  it("creates a role from the permissions of another role's response", async () => {
    const viewer = (await admin("GET", `${ROLES_PATH}/${ROLE_IDS.Viewer}`)).body.data;
    const clone = await admin("POST", ROLES_PATH, { name: "Viewer clone", permissions: viewer.spec.permissions });
    expect([clone.status, clone.body.data.spec.permissions]).toEqual([200, viewer.spec.permissions]);
  });

  it("reports every field error of a role at once", async () => {
    const permissions = [
      ...grants("CLUSTER:READ", "CLUSTER:FLY", "MOON:READ"),
      { resource_type: "BACKUP", operation_groups: [] },
    ];
    const response = await admin("POST", ROLES_PATH, { name: "\n", permissions, is_admin: true });
    expect(response.status).toBe(400);
    expect(fieldErrorsOf(response)).toEqual([
      "name",
      "permissions[1].operation_groups[0].operation_group",
      "permissions[2].operation_groups[0].operation_group",
      "permissions[3].operation_groups",
      "is_admin",
    ]);
    expect(response.text).not.toContain("MOON");
  });

  it("rejects the name of another role, built-in roles included", async () => {
    await create("Taken", "CLUSTER:READ");
    for (const name of ["taken", "ADMIN"]) {
      const response = await admin("POST", ROLES_PATH, { name, permissions: grants("CLUSTER:READ") });
      expect([response.status, response.body.error.code]).toEqual([409, "name_taken"]);
    }
  });

  it("applies a changed role to the next mutation of its keys", async () => {
    const role = await create("Builder", "CLUSTER:CREATE");
    const { token } = await gatehouse.key({ roleId: role.info.id });
    const createCluster = async () => (await gatehouse.call(token, CLUSTERS, { method: "POST" })).status;
    expect(await createCluster()).toBe(200);
    const path = `${ROLES_PATH}/${role.info.id}`;
    const changed = await admin("PUT", path, { name: "Reader", description: "d", permissions: grants("CLUSTER:READ") });
    expect([changed.status, changed.body.data.info.display_name]).toEqual([200, "Reader"]);
    expect(changed.body.data.info.api_keys).toHaveLength(1);
    expect(await createCluster()).toBe(403);
  });

  it("rejects deleting a role while an active key has it", async () => {
    const role = await create("Needed", "CLUSTER:READ");
    const key = await gatehouse.key({ roleId: role.info.id, name: "needs-it" });
    const path = `${ROLES_PATH}/${role.info.id}`;
    const rejected = await admin("DELETE", path);
    expect([rejected.status, rejected.body.error.code]).toEqual([409, "role_in_use"]);
    expect(rejected.body.error.detail).toContain("needs-it");
    await admin("POST", `${KEYS_PATH}/${key.id}/revoke`);
    const deleted = await admin("DELETE", path);
    expect([deleted.status, deleted.text]).toEqual([204, ""]);
    expect((await admin("GET", path)).status).toBe(404);
    // Revoked keys of a deleted role stay readable: the key list is a record of the past.
    expect((await admin("GET", `${KEYS_PATH}/${key.id}`)).body.data.info.role.info.display_name).toBe("Needed");
  });
});

describe("built-in role", () => {
  it("rejects changing or deleting a built-in role", async () => {
    const path = `${ROLES_PATH}/${ROLE_IDS.Developer}`;
    const changed = await admin("PUT", path, { name: "Mine", permissions: grants("CLUSTER:READ") });
    const deleted = await admin("DELETE", path);
    for (const { status, body } of [changed, deleted])
      expect([status, body.error.code]).toEqual([409, "built_in_role"]);
  });
});

describe("privilege escalation by roles", () => {
  it("denies creating or changing a role with more permissions than the actor's", async () => {
    const own = await create("Role manager", "ROLE:CREATE", "ROLE:UPDATE", "BACKUP:CREATE");
    const manager = clientOf(gatehouse, (await gatehouse.key({ roleId: own.info.id })).token);
    const stronger = await create("Stronger", "CLUSTER:DELETE");
    const attempts = [
      await manager("POST", ROLES_PATH, { name: "More", permissions: grants("CLUSTER:DELETE") }),
      await manager("PUT", `${ROLES_PATH}/${own.info.id}`, { name: "More", permissions: grants("API_KEY:CREATE") }),
      await manager("PUT", `${ROLES_PATH}/${stronger.info.id}`, { name: "Less", permissions: grants("BACKUP:READ") }),
    ];
    for (const { status, body } of attempts) expect([status, body.error.code]).toEqual([403, "insufficient_scope"]);
    expect(attempts.map(fieldErrorsOf)).toEqual([["permissions"], ["permissions"], ["role_id"]]);
    const allowed = await manager("POST", ROLES_PATH, { name: "Same", permissions: grants("BACKUP:CREATE") });
    expect(allowed.status).toBe(200);
  });
});
