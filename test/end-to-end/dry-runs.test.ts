// Dry runs over a real socket: requests stay allowed while a dry run counts what it would deny; once promoted, it denies.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, clientOf, fieldErrorsOf, KEYS_PATH, LISTS_PATH, ROLES_PATH } from "../support/admin-client.ts";
import { CLUSTERS, type Gatehouse, OTHER_ACCOUNT, startGatehouse } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

let gatehouse: Gatehouse;
let admin: Client;
let office: string;
beforeAll(async () => {
  gatehouse = await startGatehouse();
  admin = clientOf(gatehouse, (await gatehouse.key({ name: "admin" })).token);
  office = await createList("192.0.2.0/24");
});
afterAll(() => gatehouse.close());

let made = 0;
async function createList(...allow_list: string[]): Promise<string> {
  const response = await admin("POST", LISTS_PATH, { name: `list-${++made}`, description: "", allow_list });
  return response.body.data.info.id;
}
const dryRunOf = (id: string) => `${KEYS_PATH}/${id}/trial`;
async function statusFrom(token: string, address: string, method = "GET") {
  const response = await gatehouse.call(token, CLUSTERS, { method, headers: { "cf-connecting-ip": address } });
  await response.arrayBuffer();
  return response.status;
}

describe("dry run of a key", () => {
  it("counts what a dry run would deny while it allows every request, and denies once it is promoted", async () => {
    const { id, token } = await gatehouse.key({ role: "Developer" });
    await statusFrom(token, "198.51.100.1");
    const spec = { role_id: ROLE_IDS.Viewer, allow_list_info: [office] };
    const attached = await admin("PUT", dryRunOf(id), spec);
    expect([attached.status, attached.body.data.spec]).toEqual([200, spec]);
    expect(attached.body.data.info).toMatchObject({ evaluated_calls: 0, would_have_refused: 0, created_by: "admin" });
    for (const address of ["192.0.2.1", "198.51.100.1", "198.51.100.77", "2001:db8:1:2::3"]) {
      expect(await statusFrom(token, address)).toBe(200);
    }
    expect(await statusFrom(token, "192.0.2.1", "POST")).toBe(200);
    const { body } = await admin("GET", dryRunOf(id));
    expect(body.data.info).toMatchObject({
      evaluated_calls: 5,
      would_have_refused: 4,
      networks: 3,
      networks_complete: true,
    });
    expect(body.data.info.reasons).toMatchObject([
      { reason: "address_not_allowed", count: 3 },
      { reason: "permission_missing", count: 1 },
    ]);
    const examples = body.data.info.examples.map(
      (example: Record<string, unknown>) =>
        `${example.reason} ${example.operation} ${example.network} ${example.count}`,
    );
    expect(examples.sort()).toEqual([
      "address_not_allowed listClusters 198.51.100.0/24 2",
      "address_not_allowed listClusters 2001:db8:1:2::/64 1",
      "permission_missing createCluster 192.0.2.0/24 1",
    ]);

    const promoted = await admin("POST", `${dryRunOf(id)}/promote`);
    expect(promoted.status).toBe(200);
    expect(promoted.body.data.spec).toMatchObject(spec);
    expect(promoted.body.effective.mutations).toBe("now");
    expect(await statusFrom(token, "198.51.100.1")).toBe(403);
    expect(await statusFrom(token, "192.0.2.1", "POST")).toBe(403);
    expect(await statusFrom(token, "192.0.2.1")).toBe(200);
    expect((await admin("GET", dryRunOf(id))).status).toBe(404);
  });

  it("deletes a dry run with its counts and leaves the key unchanged", async () => {
    const { id, token } = await gatehouse.key({ role: "Developer" });
    await admin("PUT", dryRunOf(id), { allow_list_info: [office] });
    expect(await statusFrom(token, "203.0.113.1")).toBe(200);
    expect((await admin("GET", dryRunOf(id))).body.data.info.would_have_refused).toBe(1);
    expect((await admin("DELETE", dryRunOf(id))).status).toBe(204);
    expect((await admin("DELETE", dryRunOf(id))).body.error.code).toBe("not_found");
    expect((await admin("POST", `${dryRunOf(id)}/promote`)).status).toBe(404);
    await admin("PUT", dryRunOf(id), { allow_list_info: [office] });
    expect((await admin("GET", dryRunOf(id))).body.data.info).toMatchObject({ evaluated_calls: 0, networks: 0 });
    expect(await statusFrom(token, "203.0.113.1", "POST")).toBe(200);
  });

  it("denies access to a dry run without the permissions and from another account", async () => {
    const permissions = [{ resource_type: "CLUSTER", operation_groups: [{ operation_group: "READ" }] }];
    const role = (await admin("POST", ROLES_PATH, { name: "watchers", permissions })).body.data.info.id;
    const { id, token } = await gatehouse.key({ roleId: role });
    await admin("PUT", dryRunOf(id), { allow_list_info: [office] });
    const own = clientOf(gatehouse, token);
    for (const [method, path] of [
      ["GET", dryRunOf(id)],
      ["PUT", dryRunOf(id)],
      ["DELETE", dryRunOf(id)],
      ["POST", `${dryRunOf(id)}/promote`],
    ] as const) {
      expect((await own(method, path)).body.error.code).toBe("permission_missing");
    }
    const other = await gatehouse.key({ accountId: OTHER_ACCOUNT, role: "Viewer" });
    expect((await admin("GET", dryRunOf(other.id))).status).toBe(404);
    expect((await admin("PUT", dryRunOf(other.id), { allow_list_info: [office] })).status).toBe(404);
  });

  it("ignores an unreadable dry run and logs an internal error", async () => {
    const { id, token } = await gatehouse.key({ role: "Developer" });
    const deletedList = await createList("192.0.2.0/24");
    await admin("PUT", dryRunOf(id), { allow_list_info: [deletedList] });
    await gatehouse.env.DB.prepare("DELETE FROM api_key_trial_lists WHERE key_id = ?").bind(id).run();
    gatehouse.logs();
    expect(await statusFrom(token, "203.0.113.1", "POST")).toBe(200);
    const error = gatehouse.logs().find((line) => line.includes("trial_unreadable"));
    expect(JSON.parse(error ?? "{}")).toMatchObject({ kind: "fault", reason: "trial_unreadable" });
    expect((await admin("DELETE", dryRunOf(id))).status).toBe(204);
  });

  it("records every change of a dry run in the audit log", async () => {
    const { id } = await gatehouse.key({ role: "Developer" });
    await admin("PUT", dryRunOf(id), { role_id: ROLE_IDS.Viewer });
    await admin("POST", `${dryRunOf(id)}/promote`);
    const path = `${KEYS_PATH.replace("api-keys", "audit/events")}?search=${id}`;
    const { body } = await admin("GET", path);
    const events = body.data.map((event: Record<string, unknown>) => [event.event_name, event.message]);
    expect(events).toEqual([
      ["Edit API Key", "The trial of API key test-key was promoted"],
      ["Edit API Key", "The API key test-key was given a trial"],
    ]);
    expect(body.data[0].detail).toMatchObject({
      before: { role_id: ROLE_IDS.Developer },
      after: { role_id: ROLE_IDS.Viewer },
    });
  });
});

describe("privilege escalation by a dry run", () => {
  it("denies a dry run to a client that lacks what it grants or what the key has", async () => {
    const permissions = [
      {
        resource_type: "API_KEY",
        operation_groups: ["CREATE", "READ"].map((operation_group) => ({ operation_group })),
      },
    ];
    const role_id = (await admin("POST", ROLES_PATH, { name: "deputies", permissions })).body.data.info.id;
    const deputy = await gatehouse.key({ roleId: role_id });
    const client = clientOf(gatehouse, deputy.token);
    const viewer = await gatehouse.key({ role: "Viewer" });
    const more = await client("PUT", dryRunOf(deputy.id), { role_id: ROLE_IDS.Admin });
    expect([more.body.error.code, fieldErrorsOf(more)]).toEqual(["insufficient_scope", ["role_id"]]);
    const above = await client("PUT", dryRunOf(viewer.id), { role_id });
    expect([above.body.error.code, fieldErrorsOf(above)]).toEqual(["insufficient_scope", ["api_key_id"]]);
    // When an Admin has attached the dry run, the deputy may still neither promote it nor delete it from a stronger key.
    await admin("PUT", dryRunOf(deputy.id), { role_id: ROLE_IDS.Admin });
    expect(fieldErrorsOf(await client("POST", `${dryRunOf(deputy.id)}/promote`))).toEqual(["role_id"]);
    await admin("PUT", dryRunOf(viewer.id), { role_id });
    expect(fieldErrorsOf(await client("DELETE", dryRunOf(viewer.id)))).toEqual(["role_id"]);
    expect((await admin("GET", `${KEYS_PATH}/${deputy.id}`)).body.data.spec.role_id).toBe(role_id);
  });

  it("denies a dry run to a client that is limited to addresses or a lifetime that the key is not", async () => {
    const expiresAt = Date.now() + 3_600_000;
    const bound = clientOf(gatehouse, (await gatehouse.key({ rules: ["192.0.2.0/24"], expiresAt })).token);
    const guest: Client = (method, path, body) => bound(method, path, body, { "cf-connecting-ip": "192.0.2.9" });
    const open = await gatehouse.key({ role: "Viewer" });
    const role = { role_id: ROLE_IDS.Developer };
    expect(fieldErrorsOf(await guest("PUT", dryRunOf(open.id), role))).toEqual(["api_key_id", "allow_list_info"]);
    const wide = await gatehouse.key({ role: "Viewer", expiresAt: expiresAt - 1 });
    expect(
      fieldErrorsOf(await guest("PUT", dryRunOf(wide.id), { allow_list_info: [await createList("192.0.0.0/16")] })),
    ).toEqual(["allow_list_info"]);
    expect((await guest("PUT", dryRunOf(wide.id), { allow_list_info: [office] })).status).toBe(200);
  });

  it("requires force to promote a dry run of the last key that manages keys", async () => {
    const only = await gatehouse.key({ accountId: OTHER_ACCOUNT });
    const client = clientOf(gatehouse, only.token);
    const path = dryRunOf(only.id).replace(/accounts\/[^/]+/, `accounts/${OTHER_ACCOUNT}`);
    await client("PUT", path, { role_id: ROLE_IDS.Viewer });
    expect((await client("POST", `${path}/promote`)).body.error.code).toBe("last_manager");
    expect((await client("POST", `${path}/promote?force=true`)).status).toBe(200);
  });
});

describe("dry run input", () => {
  it("reports every field error of a dry run at once and stores nothing", async () => {
    const { id } = await gatehouse.key({ role: "Viewer" });
    const unknownId = crypto.randomUUID();
    for (const [body, fields] of [
      [{}, ["body"]],
      [{ role_id: null, allow_list_info: null }, ["body"]],
      [{ role_id: "x", allow_list_info: [1, office], until: 5 }, ["allow_list_info[0]", "role_id", "until"]],
      [{ allow_list_info: [] }, ["allow_list_info"]],
      [{ role_id: unknownId, allow_list_info: [office, unknownId] }, ["allow_list_info[1]", "role_id"]],
      [{ allow_list_info: Array.from({ length: 11 }, () => crypto.randomUUID()) }, ["allow_list_info"]],
      ["{", ["body"]],
    ] as const) {
      const response = await admin("PUT", dryRunOf(id), body);
      expect([response.status, fieldErrorsOf(response).sort()]).toEqual([400, fields]);
    }
    expect((await admin("GET", dryRunOf(id))).status).toBe(404);
    expect(fieldErrorsOf(await admin("POST", `${dryRunOf(id)}/promote?force=perhaps`))).toEqual(["force"]);
  });

  it("rejects a dry run for an inactive or unknown key", async () => {
    const revoked = await gatehouse.key({ revokedAt: 1 });
    const expired = await gatehouse.key({ expiresAt: Date.now() - 1 });
    for (const { id } of [revoked, expired]) {
      const response = await admin("PUT", dryRunOf(id), { role_id: ROLE_IDS.Viewer });
      expect([response.status, response.body.error.code]).toEqual([409, "key_inactive"]);
    }
    for (const id of [crypto.randomUUID(), "x"]) {
      expect((await admin("PUT", dryRunOf(id), { role_id: ROLE_IDS.Viewer })).status).toBe(404);
    }
  });

  it("rejects deleting an allow list that a dry run refers to", async () => {
    const { id } = await gatehouse.key({ role: "Viewer" });
    const list = await createList("198.51.100.0/24");
    await admin("PUT", dryRunOf(id), { allow_list_info: [list] });
    expect((await admin("DELETE", `${LISTS_PATH}/${list}`)).body.error.code).toBe("allow_list_in_use");
    await admin("DELETE", dryRunOf(id));
    expect((await admin("DELETE", `${LISTS_PATH}/${list}`)).status).toBe(204);
  });
});
