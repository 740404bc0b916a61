// Disabling and enabling API keys over a real socket.
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Client, clientOf, KEYS_PATH, V1 } from "../support/admin-client.ts";
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
async function create(changes: Readonly<Record<string, unknown>> = {}) {
  const spec = { name: `key-${++made}`, expire_after_hours: 0, role_id: ROLE_IDS.Developer, ...changes };
  const { body } = await admin("POST", KEYS_PATH, spec);
  return { token: body.jwt as string, id: body.data.info.id as string, path: `${KEYS_PATH}/${body.data.info.id}` };
}
const change = (token: string) => gatehouse.call(token, CLUSTERS, { method: "POST" });

it("denies the next mutating request of a disabled key, and allows it again once the key is enabled", async () => {
  const key = await create();
  const disabled = await admin("POST", `${key.path}/disable`);
  expect(disabled.status).toBe(200);
  expect(disabled.body.effective).toEqual({ mutations: "now", reads_within_s: 10, degraded_reads_within_s: 70 });
  const { info } = disabled.body.data;
  expect(info).toMatchObject({ status: "REVOKED", unusable_reason: "disabled", revoked_at_time: null });
  expect(Math.abs(Date.parse(info.disabled_at_time) - Date.now())).toBeLessThan(60_000);
  const denied = await change(key.token);
  expect([denied.status, ((await denied.json()) as { error: { code: string } }).error.code]).toEqual([
    401,
    "key_disabled",
  ]);
  expect(denied.headers.get("www-authenticate")).toContain("The API key is disabled");
  const enabled = await admin("POST", `${key.path}/enable`);
  expect(enabled.body.data.info).toMatchObject({ status: "ACTIVE", disabled_at_time: null, unusable_reason: null });
  expect((await change(key.token)).status).toBe(200);
});

it("writes what it did to KV, so that a copy from before is no way in", async () => {
  const key = await create();
  await gatehouse.call(key.token, CLUSTERS);
  await admin("POST", `${key.path}/disable`);
  // A second write of one name within a second waits for the next run.
  await expect
    .poll(
      async () => {
        await gatehouse.scheduled();
        const { keys } = await gatehouse.env.KEY_COPIES.list();
        const copies = await Promise.all(keys.map(({ name }) => gatehouse.env.KEY_COPIES.get(name)));
        const copy = String(copies.find((each) => each?.includes(key.id)));
        return JSON.parse(copy.slice(copy.indexOf(" "))) as unknown;
      },
      { timeout: 10_000, interval: 500 },
    )
    .toMatchObject({ disabledAt: expect.any(Number) });
});

it("does nothing a second time", async () => {
  const key = await create();
  const first = await admin("POST", `${key.path}/disable`);
  const second = await admin("POST", `${key.path}/disable`);
  expect(second.body).toEqual(first.body);
  await admin("POST", `${key.path}/enable`);
  expect((await admin("POST", `${key.path}/enable`)).status).toBe(200);
  const { body } = await admin("GET", `${V1}/accounts/${ACCOUNT}/audit/events?search=${key.id}&event_type=EDIT`);
  expect(body.data.map((event: { message: string }) => event.message).sort()).toEqual([
    `API key key-${made} was disabled`,
    `API key key-${made} was enabled`,
  ]);
});

it("lists disabled keys by a filter, and not as active ones", async () => {
  const key = await create();
  await admin("POST", `${key.path}/disable`);
  const ids = async (query: string) => {
    const { body } = await admin("GET", `${KEYS_PATH}?limit=100&${query}`);
    return body.data.map(({ info }: { info: { id: string } }) => info.id);
  };
  expect(await ids("disabled=true")).toContain(key.id);
  expect(await ids("disabled=false")).not.toContain(key.id);
  expect(await ids("status=ACTIVE")).not.toContain(key.id);
  expect(await ids("status=REVOKED")).toContain(key.id);
});

it("lets a key disable itself from any address, and neither disable nor enable another one", async () => {
  const key = await create({ role_id: ROLE_IDS.Viewer });
  const other = await create({ role_id: ROLE_IDS.Viewer });
  const own = clientOf(gatehouse, key.token);
  expect((await own("POST", `${other.path}/disable`)).status).toBe(403);
  await admin("POST", `${other.path}/disable`);
  expect((await own("POST", `${other.path}/enable`)).status).toBe(403);
  expect((await own("POST", `${key.path}/disable`)).status).toBe(200);
  expect((await own("POST", `${key.path}/enable`)).status).toBe(401);
});

it("does not enable a key with more access than the principal has", async () => {
  const permissions = [
    { resource_type: "API_KEY", operation_groups: [{ operation_group: "CREATE" }, { operation_group: "REVOKE" }] },
  ];
  const role = await admin("POST", `${V1}/accounts/${ACCOUNT}/roles`, { name: "managers", permissions });
  const manager = clientOf(
    gatehouse,
    (await create({ role_id: role.body.data.info.id, expire_after_hours: 24 })).token,
  );
  const above = await create();
  expect((await manager("POST", `${above.path}/disable`)).status).toBe(403);
  const outlives = await create({ role_id: role.body.data.info.id });
  expect((await manager("POST", `${outlives.path}/disable`)).status).toBe(200);
  expect((await manager("POST", `${outlives.path}/enable`)).status).toBe(403);
});

it("protects the last key that manages keys, and counts no disabled key as one", async () => {
  const alone = await startGatehouse();
  try {
    const first = await alone.key({ name: "first" });
    const second = await alone.key({ name: "second" });
    const client = clientOf(alone, first.token);
    expect((await client("POST", `${KEYS_PATH}/${second.id}/disable`)).status).toBe(200);
    for (const end of ["disable", "revoke"]) {
      const { status, body } = await client("POST", `${KEYS_PATH}/${first.id}/${end}`);
      expect([status, body.error.code]).toEqual([409, "last_manager"]);
    }
    expect((await client("POST", `${KEYS_PATH}/${first.id}/disable`, { force: true })).status).toBe(200);
  } finally {
    await alone.close();
  }
});

it("neither disables nor enables what has ended, and still revokes what is disabled", async () => {
  const key = await create();
  await admin("POST", `${key.path}/disable`);
  expect((await admin("POST", `${key.path}/revoke`)).body.data.info.revoked_at_time).not.toBeNull();
  const { status, body } = await admin("POST", `${key.path}/enable`);
  expect([status, body.error.code]).toEqual([409, "key_inactive"]);
  const expired = await gatehouse.key({ name: "expired", expiresAt: Date.now() - 1_000 });
  expect((await admin("POST", `${KEYS_PATH}/${expired.id}/disable`)).body.error.code).toBe("key_inactive");
  expect((await admin("POST", `${KEYS_PATH}/${crypto.randomUUID()}/disable`)).status).toBe(404);
});

it("explains a denial of a disabled key", async () => {
  const key = await create();
  await admin("POST", `${key.path}/disable`);
  const request_id = (await change(key.token)).headers.get("gatehouse-request-id");
  const { body } = await admin("POST", `${KEYS_PATH}/explain`, { request_id });
  expect(body.data.reason).toBe("key_disabled");
  expect(body.data.now.reason).toBe("key_disabled");
});
