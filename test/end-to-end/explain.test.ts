// "Why was I denied?" over a real socket: for a denied request, and for a simulated one.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, clientOf, fieldErrorsOf, KEYS_PATH, LISTS_PATH } from "../support/admin-client.ts";
import { CLUSTERS, type Gatehouse, OTHER_ACCOUNT, startGatehouse } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

const EXPLAIN = `${KEYS_PATH}/explain`;

let gatehouse: Gatehouse;
let admin: Client;
beforeAll(async () => {
  gatehouse = await startGatehouse();
  admin = clientOf(gatehouse, (await gatehouse.key({ name: "admin" })).token);
});
afterAll(() => gatehouse.close());

interface Step {
  readonly check: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly message: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads members of any response
  readonly compared: any;
}

function stepOf(steps: readonly Step[], check: string): Step {
  const step = steps.find((each) => each.check === check);
  if (step === undefined) throw new Error(`no step ${check}`);
  return step;
}

async function boundKey() {
  const list = await admin("POST", LISTS_PATH, {
    name: `list-${crypto.randomUUID().slice(0, 8)}`,
    description: "",
    allow_list: ["192.0.2.0/24", "2001:db8::/32"],
  });
  const spec = {
    name: "bound",
    expire_after_hours: 0,
    role_id: ROLE_IDS.Viewer,
    allow_list_info: [list.body.data.info.id],
  };
  const { body } = await admin("POST", KEYS_PATH, spec);
  return { token: body.jwt as string, id: body.data.info.id as string, list: list.body.data.spec.name as string };
}

const requestIdOf = async (response: Response) =>
  ((await response.json()) as { error: { request_id: string } }).error.request_id;

describe("explain of a denied request", () => {
  it("explains a denied request by its request id", async () => {
    const { token, id } = await gatehouse.key({ role: "Viewer", name: "reader" });
    const response = await gatehouse.call(token, CLUSTERS, {
      method: "POST",
      headers: { "cf-connecting-ip": "203.0.113.5" },
    });
    const request_id = await requestIdOf(response);
    const { status, body } = await admin("POST", EXPLAIN, { request_id });
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      call: {
        request_id,
        api_key_id: id,
        api_key_name: "reader",
        method: "POST",
        path: CLUSTERS,
        address: "203.0.113.5",
      },
      simulated: false,
      allow: false,
      reason: "permission_missing",
      freshness: { source: "d1", key_version: 1 },
    });
    expect(body.data.steps.map((step: Step) => `${step.check} ${step.outcome}`)).toEqual([
      "signature passed",
      "revocation passed",
      "expiry passed",
      "address passed",
      "account passed",
      "permission refused",
    ]);
    expect(stepOf(body.data.now.steps, "permission").compared).toMatchObject({
      operation_id: "createCluster",
      permission: "CLUSTER:CREATE",
      role_name: "Viewer",
      held: false,
    });
  });

  it("explains a denied request as of then and as of now", async () => {
    const { token, id } = await boundKey();
    const request_id = await requestIdOf(await gatehouse.call(token, CLUSTERS));
    await admin("POST", `${KEYS_PATH}/${id}/revoke`);
    const { body } = await admin("POST", EXPLAIN, { request_id });
    expect([body.data.reason, body.data.now.reason]).toEqual(["address_not_allowed", "key_revoked"]);
  });

  it("explains a forged key by its signature and reveals no request details when it names no account", async () => {
    const { token } = await gatehouse.key();
    const forged = `${token.slice(0, -20)}AAAAAAAAAAAAAAAAAAAA`;
    const request_id = await requestIdOf(await gatehouse.call(forged, "/api/public/v1/account"));
    const { body } = await admin("POST", EXPLAIN, { request_id });
    expect(body.data).toMatchObject({
      reason: "signature_invalid",
      call: { path: null, address: null, api_key_id: null },
    });
    expect(stepOf(body.data.steps, "signature")).toMatchObject({ outcome: "refused", reason: "signature_invalid" });
    expect(JSON.stringify(body)).not.toContain(forged.slice(-40));
  });

  it("explains a denied request after 80 requests with forged keys, and 80 with another key", async () => {
    const [{ token }, loud] = [await gatehouse.key({ role: "Viewer" }), await gatehouse.key({ role: "Viewer" })];
    const change = { method: "POST" };
    const permission = await requestIdOf(await gatehouse.call(token, CLUSTERS, change));
    // Denied before the key's record is read.
    const notFound = await requestIdOf(await gatehouse.call(token, `${KEYS_PATH}/a/b/c`));
    for (let i = 0; i < 80; i++) {
      await gatehouse.call(`${token.slice(0, -20)}AAAAAAAAAAAAAAAAAAAA`, CLUSTERS);
      await gatehouse.call(loud.token, CLUSTERS, change);
    }
    const last = await requestIdOf(await gatehouse.call(token, CLUSTERS, change));
    const reasons = [];
    for (const request_id of [permission, notFound, last]) {
      reasons.push((await admin("POST", EXPLAIN, { request_id })).body.data?.reason);
    }
    expect(reasons).toEqual(["permission_missing", "not_found", "permission_missing"]);
  });

  it("answers 404 for a request of another account", async () => {
    const { token } = await gatehouse.key({ role: "Viewer" });
    const request_id = await requestIdOf(await gatehouse.call(token, CLUSTERS, { method: "POST" }));
    const other = clientOf(gatehouse, (await gatehouse.key({ accountId: OTHER_ACCOUNT })).token);
    const path = EXPLAIN.replace(/accounts\/[^/]+/, `accounts/${OTHER_ACCOUNT}`);
    expect((await other("POST", path, { request_id })).status).toBe(404);
  });
});

describe("explain of a simulated request", () => {
  it("names the allow list rule that matches the address", async () => {
    const { id, list } = await boundKey();
    const { body } = await admin("POST", EXPLAIN, {
      api_key_id: id,
      address: "192.0.2.77",
      method: "GET",
      path: CLUSTERS,
    });
    expect(body.data).toMatchObject({ simulated: true, allow: true, reason: null, now: null });
    const { message, compared } = stepOf(body.data.steps, "address");
    expect(message).toContain(list);
    expect(compared.lists[0]).toMatchObject({ allow_list_name: list, matched: "192.0.2.0/24" });
  });

  it("names the closest allow list rule when none matches", async () => {
    const { id } = await boundKey();
    const simulation = { api_key_id: id, address: "192.0.3.77", method: "GET", path: CLUSTERS };
    const { body } = await admin("POST", EXPLAIN, simulation);
    expect(body.data.reason).toBe("address_not_allowed");
    expect(stepOf(body.data.steps, "address").compared.lists[0]).toMatchObject({
      matched: null,
      closest: { rule: "192.0.2.0/24", shared_bits: 23, prefix_length: 24 },
    });
  });

  it("simulates a path in its canonical form, and says of one that no operation has that it is not canonical", async () => {
    const { id } = await gatehouse.key({ role: "Viewer" });
    const simulate = async (path: string) =>
      (await admin("POST", EXPLAIN, { api_key_id: id, method: "GET", path })).body.data;
    const encoded = await simulate(`${CLUSTERS}/caf%c3%a9`);
    expect(encoded).toMatchObject({ allow: true, call: { path: `${CLUSTERS}/caf%C3%A9` } });
    const unknown = await simulate(`${CLUSTERS}%20`);
    expect(unknown).toMatchObject({ allow: false, reason: "path_not_canonical" });
    expect(stepOf(unknown.steps, "operation").message).toMatch(/^A server could read the path as another one/);
  });

  it("changes no counter when it simulates a request", async () => {
    const { id } = await gatehouse.key({ role: "Viewer" });
    await admin("POST", EXPLAIN, { api_key_id: id, method: "POST", path: CLUSTERS });
    const { results } = await gatehouse.env.DB.prepare("SELECT id, usage_count FROM api_keys").all();
    expect(results.find((row) => row.id === id)?.usage_count).toBe(0);
    const counts = await gatehouse.env.DB.prepare("SELECT key_id FROM refusal_counts").all();
    expect(counts.results.map((row) => row.key_id)).not.toContain(id);
  });

  it("decides a path without an operation as the gateway does", async () => {
    const { id } = await gatehouse.key({ role: "Viewer" });
    const simulation = { api_key_id: id, method: "PATCH", path: `${KEYS_PATH}/x/y` };
    const { body } = await admin("POST", EXPLAIN, simulation);
    expect(body.data).toMatchObject({ allow: false, reason: "not_found" });
  });

  it("reports every field error of a simulation at once", async () => {
    const half = await admin("POST", EXPLAIN, { address: "x".repeat(65), method: "GRAB", more: 1 });
    expect([half.status, fieldErrorsOf(half).sort()]).toEqual([400, ["address", "method", "more"]]);
    const both = await admin("POST", EXPLAIN, { request_id: "a-1", api_key_id: crypto.randomUUID(), path: "/" });
    expect([both.status, fieldErrorsOf(both).sort()]).toEqual([400, ["api_key_id", "path"]]);
    const none = await admin("POST", EXPLAIN, {});
    expect(fieldErrorsOf(none).sort()).toEqual(["api_key_id", "method", "path"]);
    const nonCanonical = await admin("POST", EXPLAIN, {
      api_key_id: crypto.randomUUID(),
      method: "GET",
      path: "/a//b",
    });
    expect(fieldErrorsOf(nonCanonical)).toEqual(["path"]);
  });
});
