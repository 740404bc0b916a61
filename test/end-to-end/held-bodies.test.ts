// Changes whose body comes late, over a real socket: they are authorized as of their body, whatever has happened meanwhile.
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, clientOf, KEYS_PATH, ROLES_PATH } from "../support/admin-client.ts";
import { type Gatehouse, startGatehouse } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

let gatehouse: Gatehouse;
let admin: Client;
beforeAll(async () => {
  gatehouse = await startGatehouse();
  admin = clientOf(gatehouse, (await gatehouse.key({ name: "admin" })).token);
});
afterAll(() => gatehouse.close());

const pause = (ms: number) => new Promise((resume) => setTimeout(resume, ms));

/** Sends half of a body, waits for `meanwhile`, and sends the rest; `null`: never. */
function hold(token: string, method: string, path: string, body: unknown, meanwhile: (() => Promise<unknown>) | null) {
  const text = JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(text)),
  };
  return new Promise<{ status: number; body: { error?: { code: string } } }>((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: gatehouse.port, method, path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => {
        const received = Buffer.concat(parts).toString();
        resolve({ status: response.statusCode ?? 0, body: received === "" ? {} : JSON.parse(received) });
        sent.destroy();
      });
    });
    sent.on("error", reject);
    sent.write(text.slice(0, text.length / 2));
    if (meanwhile === null) return;
    // The headers are authorized before anything else happens.
    pause(300)
      .then(meanwhile)
      .then(() => sent.end(text.slice(text.length / 2)), reject);
  });
}

const MANAGING = [
  { resource_type: "API_KEY", operation_groups: [{ operation_group: "CREATE" }, { operation_group: "REVOKE" }] },
  { resource_type: "ROLE", operation_groups: [{ operation_group: "UPDATE" }] },
];
let made = 0;

async function makeManager(changes: Readonly<Record<string, unknown>> = {}) {
  const role = (await admin("POST", ROLES_PATH, { name: `managers-${++made}`, permissions: MANAGING })).body.data.info
    .id;
  const spec = { name: `manager-${made}`, expire_after_hours: 0, role_id: role, ...changes };
  const { body } = await admin("POST", KEYS_PATH, spec);
  return { role: role as string, id: body.data.info.id as string, token: body.jwt as string };
}

const keyWith = (role_id: string) => ({ name: `new-${++made}`, expire_after_hours: 0, role_id });
const countKeys = async (name: string) => (await admin("GET", `${KEYS_PATH}?api_key_name=${name}`)).body.data.length;

describe.concurrent("a change whose body is held", () => {
  const narrowed = (name: string) => ({
    name,
    permissions: [{ resource_type: "API_KEY", operation_groups: [{ operation_group: "READ" }] }],
  });

  it("is denied when the role of its key has lost the permission meanwhile", async () => {
    const { role, token } = await makeManager();
    const spec = keyWith(role);
    const narrow = () => admin("PUT", `${ROLES_PATH}/${role}`, narrowed(`narrowed-${role}`));
    const held = await hold(token, "POST", KEYS_PATH, spec, narrow);
    expect([held.status, held.body.error?.code]).toEqual([403, "permission_missing"]);
    expect(await countKeys(spec.name)).toBe(0);
  });

  it("does not give its role back what was taken from it meanwhile", async () => {
    const { role, token } = await makeManager();
    const before = { name: `before-${role}`, permissions: MANAGING };
    const narrow = () => admin("PUT", `${ROLES_PATH}/${role}`, narrowed(`narrowed-${role}`));
    expect((await hold(token, "PUT", `${ROLES_PATH}/${role}`, before, narrow)).status).toBe(403);
    expect((await admin("GET", `${ROLES_PATH}/${role}`)).body.data.spec.name).toBe(`narrowed-${role}`);
  });

  it("cannot give more than its key still has", async () => {
    const { role, token } = await makeManager();
    const target = (await admin("POST", ROLES_PATH, { name: `target-${role}`, permissions: MANAGING })).body.data.info
      .id;
    const spec = keyWith(target);
    const lower = () => admin("PUT", `${ROLES_PATH}/${role}`, { name: `lowered-${role}`, permissions: [MANAGING[0]] });
    const held = await hold(token, "POST", KEYS_PATH, spec, lower);
    expect([held.status, held.body.error?.code]).toEqual([403, "insufficient_scope"]);
    expect(await countKeys(spec.name)).toBe(0);
  });

  it("is denied with 401 when its key was revoked meanwhile", async () => {
    const { role, id, token } = await makeManager();
    const held = await hold(token, "POST", KEYS_PATH, keyWith(role), () => admin("POST", `${KEYS_PATH}/${id}/revoke`));
    expect([held.status, held.body.error?.code]).toEqual([401, "key_revoked"]);
  });

  it("is denied with 401 when its key has expired meanwhile", async () => {
    const { token } = await gatehouse.key({ expiresAt: Date.now() + 1_500 });
    const held = await hold(token, "POST", KEYS_PATH, keyWith(ROLE_IDS.Viewer), () => pause(1_800));
    expect([held.status, held.body.error?.code]).toEqual([401, "key_expired"]);
  });

  it("is made when something of its key has changed that does not matter", async () => {
    const { role, token } = await makeManager();
    const rename = () => admin("PUT", `${ROLES_PATH}/${role}`, { name: `renamed-${role}`, permissions: MANAGING });
    expect((await hold(token, "POST", KEYS_PATH, keyWith(role), rename)).status).toBe(200);
  });

  it("is dated when its body was complete", async () => {
    const { role, token } = await makeManager();
    const spec = keyWith(role);
    let completed = 0;
    await hold(token, "POST", KEYS_PATH, spec, async () => {
      await pause(1_000);
      completed = Date.now();
    });
    const { results } = await gatehouse.env.DB.prepare(`SELECT created_at AS at FROM audit_events
      WHERE resource_name = '${spec.name}'`).all();
    expect(results[0]?.at).toBeGreaterThanOrEqual(completed);
  });

  it("has ten seconds for its body", async () => {
    const { role, token } = await makeManager();
    const startedAt = Date.now();
    const held = await hold(token, "POST", KEYS_PATH, keyWith(role), null);
    expect([held.status, held.body.error?.code]).toEqual([408, "request_timeout"]);
    expect(Date.now() - startedAt).toBeGreaterThan(9_000);
  }, 20_000);
});
