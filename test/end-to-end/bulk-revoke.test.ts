// Revoking many API keys over a real socket: counted first, then confirmed with that count.
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Client, clientOf, fieldErrorsOf, KEYS_PATH, V1 } from "../support/admin-client.ts";
import { ACCOUNT, CLUSTERS, type Gatehouse, OTHER_ACCOUNT, startGatehouse } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

let gatehouse: Gatehouse;
let admin: Client;
let adminKey: { readonly token: string; readonly id: string };
beforeAll(async () => {
  gatehouse = await startGatehouse();
  adminKey = await gatehouse.key({ name: "admin" });
  admin = clientOf(gatehouse, adminKey.token);
});
afterAll(() => gatehouse.close());

let made = 0;
async function create(client = admin, changes: Readonly<Record<string, unknown>> = {}) {
  const spec = { name: `key-${++made}`, expire_after_hours: 0, role_id: ROLE_IDS.Viewer, ...changes };
  const { body } = await client("POST", KEYS_PATH, spec);
  return { token: body.jwt as string, id: body.data.info.id as string, path: `${KEYS_PATH}/${body.data.info.id}` };
}
const bulk = (filter: unknown, rest: Readonly<Record<string, unknown>> = {}, client = admin) =>
  client("POST", `${KEYS_PATH}/revoke`, { filter, ...rest });
const statusOf = async (token: string) => (await gatehouse.call(token, CLUSTERS, { method: "POST" })).status;

it("counts the keys of a filter, and revokes them once the count is confirmed", async () => {
  const keys = await Promise.all([1, 2, 3].map(() => create(admin, { name: "batch" })));
  const other = await create();
  const counted = await bulk({ api_key_name: "batch" });
  expect(counted.body.data).toMatchObject({ count: 3, revoked: 0, remaining: 3 });
  expect(counted.body.data.sample).toHaveLength(3);
  expect(await statusOf(keys[0]?.token ?? "")).toBe(403);
  const wrong = await bulk({ api_key_name: "batch" }, { confirm_count: 2 });
  expect([wrong.status, wrong.body.error.code, wrong.body.data.count]).toEqual([409, "count_changed", 3]);
  const done = await bulk({ api_key_name: "batch" }, { confirm_count: 3 });
  expect(done.body.data).toMatchObject({ revoked: 3, remaining: 0 });
  expect(done.body.effective.mutations).toBe("now");
  expect(await Promise.all(keys.map(({ token }) => statusOf(token)))).toEqual([401, 401, 401]);
  expect(await statusOf(other.token)).toBe(403);
  const shown = await admin("GET", keys[0]?.path ?? "");
  expect(shown.body.data.info).toMatchObject({ status: "REVOKED", revoked_by_api_key_id: adminKey.id });
});

it("revokes a key with its descendants: what it has made or was rotated to, and what these have", async () => {
  const root = await create(admin, { role_id: ROLE_IDS.Admin });
  const child = await create(clientOf(gatehouse, root.token), { role_id: ROLE_IDS.Admin });
  const grandchild = await create(clientOf(gatehouse, child.token));
  const rotated = await clientOf(gatehouse, grandchild.token)("POST", `${grandchild.path}/rotate`, {
    overlap_hours: 1,
  });
  const count = (await bulk({ descendants_of_id: root.id })).body.data.count;
  expect(count).toBe(4);
  const { body } = await bulk({ descendants_of_id: root.id }, { confirm_count: count });
  expect(body.data.revoked).toBe(4);
  const tokens = [root.token, child.token, grandchild.token, rotated.body.jwt];
  expect(await Promise.all(tokens.map(statusOf))).toEqual([401, 401, 401, 401]);
});

it("leaves out the key that asks, keys of other accounts, and keys that have ended", async () => {
  await gatehouse.key({ name: "same", accountId: OTHER_ACCOUNT });
  await gatehouse.key({ name: "same", revokedAt: 1 });
  await gatehouse.key({ name: "same", expiresAt: 1 });
  const asking = await gatehouse.key({ name: "same" });
  expect((await bulk({ api_key_name: "same" }, {}, clientOf(gatehouse, asking.token))).body.data.count).toBe(0);
});

it("counts keys that nobody has used since a time", async () => {
  const [used, idle] = [await create(admin, { name: "idle" }), await create(admin, { name: "idle" })];
  const set = (id: string, at: number) =>
    gatehouse.env.DB.prepare("UPDATE api_keys SET created_at = 1, last_used_at = ? WHERE id = ?").bind(at, id).run();
  await set(used.id, Date.UTC(2026, 5, 1));
  await set(idle.id, Date.UTC(2026, 0, 1));
  const { body } = await bulk({ api_key_name: "idle", not_used_since: "2026-03-01T00:00:00Z" });
  expect(body.data.sample.map(({ id }: { id: string }) => id)).toEqual([idle.id]);
});

it("revokes nothing when one of the keys has more access than the principal", async () => {
  const permissions = [
    { resource_type: "API_KEY", operation_groups: [{ operation_group: "CREATE" }, { operation_group: "REVOKE" }] },
  ];
  const role = await admin("POST", `${V1}/accounts/${ACCOUNT}/roles`, { name: "revokers", permissions });
  const role_id = role.body.data.info.id;
  const revoker = clientOf(gatehouse, (await create(admin, { role_id })).token);
  await create(admin, { name: "mixed", role_id });
  await create(admin, { name: "mixed", role_id: ROLE_IDS.Admin });
  const denied = await bulk({ api_key_name: "mixed" }, { confirm_count: 2 }, revoker);
  expect([denied.status, fieldErrorsOf(denied)]).toEqual([403, ["filter"]]);
  expect((await bulk({ api_key_name: "mixed", role_id }, { confirm_count: 1 }, revoker)).body.data.revoked).toBe(1);
});

it("rejects a filter of nothing or of unknown members", async () => {
  expect(fieldErrorsOf(await bulk({}))).toEqual(["filter"]);
  expect(fieldErrorsOf(await bulk({ role_id: ROLE_IDS.Viewer, status: "ACTIVE" }))).toEqual(["filter.status"]);
  expect(fieldErrorsOf(await bulk({ role_id: ROLE_IDS.Viewer }, { confirm_count: -1 }))).toEqual(["confirm_count"]);
});

it("revokes five hundred keys at once, and says how many remain", async () => {
  await gatehouse.env.DB.prepare(
    `WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 501)
     INSERT INTO api_keys (id, account_id, hash, name, role_id, restricted, expire_after_hours, created_at, updated_at, issuer)
     SELECT printf('00000000-0000-4000-8000-%012d', value), ?, printf('%064d', value), 'many', ?, 0, 0, value, value, 'test' FROM n`,
  )
    .bind(ACCOUNT, ROLE_IDS.Viewer)
    .run();
  expect((await bulk({ api_key_name: "many" }, { confirm_count: 501 })).body.data).toMatchObject({
    revoked: 500,
    remaining: 1,
  });
  expect((await bulk({ api_key_name: "many" }, { confirm_count: 1 })).body.data).toMatchObject({
    revoked: 1,
    remaining: 0,
  });
});
