// Replacing IP allow lists over a real socket: what it changes, what it shows first, and who may.
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

let made = 0;
async function listOf(allow_list: readonly string[]) {
  const spec = { name: `list-${++made}`, description: "", allow_list };
  const { body } = await admin("POST", LISTS_PATH, spec);
  return { ...spec, id: body.data.info.id as string, path: `${LISTS_PATH}/${body.data.info.id}` };
}
async function keyWith(lists: readonly string[], changes: Readonly<Record<string, unknown>> = {}) {
  const spec = { name: `key-${++made}`, expire_after_hours: 0, role_id: ROLE_IDS.Developer, allow_list_info: lists };
  const { body } = await admin("POST", KEYS_PATH, { ...spec, ...changes });
  return { token: body.jwt as string, id: body.data.info.id as string, name: body.data.spec.name as string };
}
const from = async (token: string, address: string) =>
  (await gatehouse.call(token, CLUSTERS, { method: "POST", headers: { "cf-connecting-ip": address } })).status;
const usedFrom = (id: string, address: string) =>
  gatehouse.env.DB.prepare("UPDATE api_keys SET last_used_at = 1000, last_used_address = ? WHERE id = ?")
    .bind(address, id)
    .run();

it("replaces the rules of a list, which the next mutating request of its keys feels", async () => {
  const list = await listOf(["192.0.2.0/24"]);
  const key = await keyWith([list.id]);
  expect(await from(key.token, "192.0.2.1")).toBe(200);
  const spec = { name: list.name, description: "moved", allow_list: ["198.51.100.0/24"] };
  const { status, headers, body } = await admin("PUT", list.path, spec);
  expect([status, body.affected_keys, body.effective.mutations]).toEqual([200, 1, "now"]);
  expect(body.data.spec).toEqual(spec);
  expect([await from(key.token, "192.0.2.1"), await from(key.token, "198.51.100.1")]).toEqual([403, 200]);
  expect((await admin("GET", list.path)).headers.get("etag")).toBe(headers.get("etag"));
});

it("shows first which keys it would newly deny, and changes nothing then", async () => {
  const list = await listOf(["192.0.2.0/24", "203.0.113.0/24"]);
  const [cut, stays, other] = [await keyWith([list.id]), await keyWith([list.id]), await keyWith([list.id])];
  await usedFrom(cut.id, "203.0.113.9");
  await usedFrom(stays.id, "192.0.2.9");
  await usedFrom(other.id, "198.51.100.9");
  const spec = { name: list.name, description: "", allow_list: ["192.0.2.0/24"] };
  const { body, headers } = await admin("PUT", `${list.path}?dry_run=true`, spec);
  expect(headers.get("etag")).toBe(body.data.info.etag);
  expect(body.affected_keys).toBe(3);
  expect(body.newly_denied).toEqual([
    { id: cut.id, name: cut.name, last_used_address: "203.0.113.9", last_used_time: "1970-01-01T00:00:01.000Z" },
  ]);
  expect((await admin("GET", list.path)).body.data.spec.allow_list).toHaveLength(2);
});

it("replaces a list by another on all of its keys, and keeps their other lists", async () => {
  const [a, b, c] = [await listOf(["192.0.2.0/24"]), await listOf(["198.51.100.0/24"]), await listOf(["203.0.113.7"])];
  const [first, second] = [await keyWith([a.id, c.id]), await keyWith([b.id, a.id])];
  const dry = await admin("POST", `${a.path}/replace?dry_run=true`, { allow_list_id: b.id });
  expect([dry.status, dry.body.affected_keys]).toEqual([200, 2]);
  expect(dry.headers.get("etag")).toBe(dry.body.data.info.etag);
  expect((await admin("POST", `${a.path}/replace`, { allow_list_id: b.id })).status).toBe(200);
  const listsOf = async (id: string) => (await admin("GET", `${KEYS_PATH}/${id}`)).body.data.spec.allow_list_info;
  expect(await listsOf(first.id)).toEqual([b.id, c.id]);
  expect(await listsOf(second.id)).toEqual([b.id]);
  expect([await from(first.token, "192.0.2.1"), await from(first.token, "198.51.100.1")]).toEqual([403, 200]);
  expect((await admin("DELETE", a.path)).status).toBe(204);
});

it("denies a replacement to a principal that lacks access of a key with the list, before or after", async () => {
  const permissions = [
    { resource_type: "API_KEY", operation_groups: [{ operation_group: "CREATE" }] },
    { resource_type: "NETWORK_ALLOW_LIST", operation_groups: [{ operation_group: "CREATE" }] },
  ];
  const role = await admin("POST", `${V1}/accounts/${ACCOUNT}/roles`, { name: "network", permissions });
  const role_id = role.body.data.info.id;
  const home = await listOf(["127.0.0.0/8"]);
  const network = clientOf(gatehouse, (await keyWith([home.id], { role_id })).token);
  const [list, other] = [await listOf(["127.0.0.1"]), await listOf(["127.0.0.2", "192.0.2.1"])];
  const replace = (allow_list: readonly string[], client = network) =>
    client("PUT", list.path, { name: list.name, description: "", allow_list });
  expect((await replace(["127.0.0.3"])).status).toBe(200);
  await keyWith([list.id], { role_id });
  expect((await replace(["127.0.0.4"])).status).toBe(200);
  const wider = await replace(["127.0.0.4", "192.0.2.1"]);
  expect([wider.status, fieldErrorsOf(wider)]).toEqual([403, ["allow_list"]]);
  expect((await network("POST", `${list.path}/replace`, { allow_list_id: other.id })).status).toBe(403);
  await keyWith([list.id], { role_id: ROLE_IDS.Admin });
  expect((await replace(["127.0.0.1"])).status).toBe(403);
  expect((await replace(["127.0.0.1"], admin)).status).toBe(200);
});

it("has the guard rails of a creation", async () => {
  const [list, other] = [await listOf(["192.0.2.0/24"]), await listOf(["192.0.2.0/24"])];
  const put = (changes: Readonly<Record<string, unknown>>) =>
    admin("PUT", list.path, { name: list.name, description: "", allow_list: ["192.0.2.1"], ...changes });
  expect(fieldErrorsOf(await put({ allow_list: [] }))).toEqual(["allow_list"]);
  expect(fieldErrorsOf(await put({ allow_list: ["192.0.2.1/24"] }))).toEqual(["allow_list[0]"]);
  expect((await put({ name: other.name.toUpperCase() })).body.error.code).toBe("name_taken");
  expect((await put({ allow_list: ["0.0.0.0/0"] })).body.warnings).not.toEqual([]);
  const replace = (allow_list_id: string) => admin("POST", `${list.path}/replace`, { allow_list_id });
  expect(fieldErrorsOf(await replace(list.id))).toEqual(["allow_list_id"]);
  expect(fieldErrorsOf(await replace(crypto.randomUUID()))).toEqual(["allow_list_id"]);
  const spec = { name: "x", description: "", allow_list: ["192.0.2.1"] };
  expect((await admin("PUT", `${LISTS_PATH}/${crypto.randomUUID()}`, spec)).status).toBe(404);
});
