// Editing API keys over a real socket: what changes, what is denied, and how soon a narrowing is felt.
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Client, clientOf, fieldErrorsOf, KEYS_PATH, LISTS_PATH, V1 } from "../support/admin-client.ts";
import { ACCOUNT, CLUSTERS, type Gatehouse, startGatehouse } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

let gatehouse: Gatehouse;
let admin: Client;
beforeAll(async () => {
  gatehouse = await startGatehouse();
  admin = clientOf(gatehouse, (await gatehouse.key({ name: "admin" })).token);
});
afterAll(() => gatehouse.close());

const HOUR = 3_600_000;
let made = 0;

async function create(changes: Readonly<Record<string, unknown>> = {}) {
  const spec = { name: `key-${++made}`, expire_after_hours: 0, role_id: ROLE_IDS.Developer, ...changes };
  const { body } = await admin("POST", KEYS_PATH, spec);
  return { token: body.jwt as string, id: body.data.info.id as string, path: `${KEYS_PATH}/${body.data.info.id}` };
}

async function listOf(allow_list: readonly string[]): Promise<string> {
  const { body } = await admin("POST", LISTS_PATH, { name: `list-${++made}`, description: "", allow_list });
  return body.data.info.id;
}

it("edits what the body names, leaves the rest, and says how soon it takes effect", async () => {
  const key = await create({ description: "before", expire_after_hours: 720 });
  const list = await listOf(["127.0.0.1"]);
  const { status, headers, body } = await admin("PATCH", key.path, { name: "renamed", allow_list_info: [list] });
  expect(status).toBe(200);
  expect(body.effective).toEqual({ mutations: "now", reads_within_s: 10, degraded_reads_within_s: 70 });
  expect(body.data.spec).toMatchObject({ name: "renamed", description: "before", role_id: ROLE_IDS.Developer });
  expect(body.data.spec).toMatchObject({ allow_list_info: [list], expire_after_hours: 720 });
  const shown = await admin("GET", key.path);
  expect(shown.body.data).toEqual(body.data);
  expect(shown.headers.get("etag")).toBe(headers.get("etag"));
});

it("makes a narrowed role and narrowed addresses felt by the next mutating request", async () => {
  const key = await create();
  expect((await gatehouse.call(key.token, CLUSTERS, { method: "POST" })).status).toBe(200);
  await admin("PATCH", key.path, { role_id: ROLE_IDS.Viewer });
  expect((await gatehouse.call(key.token, CLUSTERS, { method: "POST" })).status).toBe(403);
  await admin("PATCH", key.path, { role_id: ROLE_IDS.Developer, allow_list_info: [await listOf(["192.0.2.0/24"])] });
  expect((await gatehouse.call(key.token, CLUSTERS, { method: "POST" })).status).toBe(403);
  await admin("PATCH", key.path, { allow_list_info: [] });
  expect((await gatehouse.call(key.token, CLUSTERS, { method: "POST" })).status).toBe(200);
});

it("moves an expiry earlier, and later up to what the key was signed for", async () => {
  const key = await create({ expire_after_hours: 720 });
  const signed = (await admin("GET", key.path)).body.data.info.expiry_time;
  const shorter = await admin("PATCH", key.path, { expire_after_hours: 1 });
  const ends = Date.parse(shorter.body.data.info.expiry_time);
  expect(Math.abs(ends - Date.now() - HOUR)).toBeLessThan(60_000);
  expect(shorter.body.data.info.latest_expiry_time).toBe(signed);
  const longer = await admin("PATCH", key.path, { expire_after_hours: 719 });
  expect(longer.status).toBe(200);
  expect((await gatehouse.call(key.token, CLUSTERS)).status).toBe(200);
  for (const hours of [721, 0]) {
    const { status, body } = await admin("PATCH", key.path, { expire_after_hours: hours });
    expect([status, body.error.code]).toEqual([409, "expiry_signed"]);
    expect(body.error.detail).toContain(signed);
  }
});

it("gives a key that never expires an expiry, and takes it back", async () => {
  const key = await create();
  expect((await admin("PATCH", key.path, { expire_after_hours: 1 })).body.data.spec.expire_after_hours).toBe(1);
  const { body } = await admin("PATCH", key.path, { expire_after_hours: 0 });
  expect(body.data.info.expiry_time).toBe("2099-12-31T00:00Z");
  expect((await gatehouse.call(key.token, CLUSTERS, { method: "POST" })).status).toBe(200);
});

it("denies an edit of a key with more access than the editor has, and one that would give it more", async () => {
  const permissions = ["API_KEY", "CLUSTER"].map((resource_type) => ({
    resource_type,
    operation_groups: ["READ", "CREATE"].map((operation_group) => ({ operation_group })),
  }));
  const role = await admin("POST", `${V1}/accounts/${ACCOUNT}/roles`, { name: "editors", permissions });
  const list = await listOf(["127.0.0.0/8"]);
  const access = { role_id: role.body.data.info.id, allow_list_info: [list], expire_after_hours: 24 };
  const editor = clientOf(gatehouse, (await create(access)).token);
  const above = await create({ ...access, role_id: ROLE_IDS.Admin });
  const denied = await editor("PATCH", above.path, { name: "mine" });
  expect([denied.status, fieldErrorsOf(denied)]).toEqual([403, ["api_key_id"]]);
  const equal = await create({ ...access, expire_after_hours: 12 });
  expect((await editor("PATCH", equal.path, { name: "mine" })).status).toBe(200);
  for (const [change, field] of [
    [{ role_id: ROLE_IDS.Developer }, "role_id"],
    [{ allow_list_info: [] }, "allow_list_info"],
    [{ allow_list_info: [await listOf(["0.0.0.0/0"])] }, "allow_list_info"],
    [{ expire_after_hours: 0 }, "api_key_id"],
  ] as const) {
    const response = await editor("PATCH", equal.path, change);
    expect([response.status, fieldErrorsOf(response)]).toEqual([403, [field]]);
  }
  const free = await create({ role_id: access.role_id });
  expect((await editor("PATCH", free.path, { name: "mine" })).status).toBe(403);
});

it("denies an edit to a key without the permission, its own included", async () => {
  const key = await create({ role_id: ROLE_IDS.Viewer });
  expect((await clientOf(gatehouse, key.token)("PATCH", key.path, { name: "me" })).status).toBe(403);
});

it("rejects an edit of nothing, of unknown members, and of what does not exist", async () => {
  const key = await create();
  const rejected = async (body: unknown) => fieldErrorsOf(await admin("PATCH", key.path, body));
  expect(await rejected({})).toEqual(["body"]);
  expect(await rejected({ name: "x", status: "ACTIVE" })).toEqual(["status"]);
  expect(await rejected({ name: "a\u202eb", expire_after_hours: -1 })).toEqual(["name", "expire_after_hours"]);
  expect(await rejected({ role_id: crypto.randomUUID() })).toEqual(["role_id"]);
  expect(await rejected({ allow_list_info: [crypto.randomUUID()] })).toEqual(["allow_list_info[0]"]);
  expect((await admin("PATCH", `${KEYS_PATH}/${crypto.randomUUID()}`, { name: "x" })).status).toBe(404);
});

it("edits neither a revoked nor an expired key", async () => {
  const revoked = await create();
  await admin("POST", `${revoked.path}/revoke`);
  const expired = await gatehouse.key({ name: "expired", expiresAt: Date.now() - HOUR });
  for (const path of [revoked.path, `${KEYS_PATH}/${expired.id}`]) {
    const { status, body } = await admin("PATCH", path, { name: "again" });
    expect([status, body.error.code]).toEqual([409, "key_inactive"]);
  }
});

it("writes one event with the terms before and after", async () => {
  const key = await create({ name: "first", description: "old" });
  await admin("PATCH", key.path, { name: "second", role_id: ROLE_IDS.Viewer });
  const { body } = await admin("GET", `${V1}/accounts/${ACCOUNT}/audit/events?search=second`);
  expect(body.data).toHaveLength(1);
  const [event] = body.data;
  expect(event).toMatchObject({ event_name: "Edit API Key", entity_id: key.id, entity_name: "second" });
  expect(event.detail.before).toMatchObject({ name: "first", description: "old", role_id: ROLE_IDS.Developer });
  expect(event.detail.after).toMatchObject({ name: "second", description: "old", role_id: ROLE_IDS.Viewer });
});
