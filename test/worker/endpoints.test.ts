// Endpoints through the whole Worker: what can be created, who sees what, what D1 and the audit log have of a secret.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ACCOUNT, db, makeAccounts, OTHER_ACCOUNT } from "../store/builders.ts";
import type { SeededKey } from "../support/seed.ts";
import { ask, startGateway, stopGateways, type TestGateway } from "./worker-harness.ts";

const PATH = `/api/public/v1/accounts/${ACCOUNT}/endpoints`;
const URL = "https://hooks.example.com/services/T0/B0/topsecretpath?token=alsosecret";
const SPEC = { name: "siem", url: URL, event_types: ["api_key.revoke", "role.*"] };

let gateway: TestGateway;
let admin: SeededKey;
beforeEach(async () => {
  await makeAccounts();
  gateway = await startGateway();
  vi.spyOn(globalThis, "fetch").mockRejectedValue(new Error("tests send nothing"));
  admin = await gateway.key({ name: "admin" });
});
afterEach(stopGateways);

const create = (spec: object = SPEC, key = admin) => ask(gateway, key, PATH, "POST", spec);
const dump = async () => {
  const tables = ["endpoints", "audit_events"].map((table) => db.prepare(`SELECT * FROM ${table}`).all());
  return JSON.stringify((await Promise.all(tables)).map(({ results }) => results));
};

it("creates an endpoint, shows its secret once, and neither D1 nor the audit log has the secret or the path", {
  timeout: 30_000,
}, async () => {
  const created = await create();
  expect(created.status).toBe(200);
  expect(created.body.secret).toMatch(/^whsec_[\w+/]{43}=$/);
  const { id } = created.body.data.info;
  const found = await ask(gateway, admin, `${PATH}/${id}`);
  expect(found.body.data.spec).toEqual({ ...SPEC, format: "standard", enabled: true });
  expect(JSON.stringify(found.body)).not.toContain("whsec_");
  const rotated = await ask(gateway, admin, `${PATH}/${id}/rotate-secret`, "POST", {});
  const stored = await dump();
  expect(stored).toContain("https://hooks.example.com");
  for (const secret of ["topsecretpath", "alsosecret", "whsec_", created.body.secret.slice(6), rotated.body.secret]) {
    expect(stored).not.toContain(secret);
  }
});

it("shows the whole URL to those only who may change endpoints", async () => {
  const { id } = (await create()).body.data.info;
  const viewer = await gateway.key({ role: "Viewer" });
  for (const path of [PATH, `${PATH}/${id}`]) {
    const { status, body } = await ask(gateway, viewer, path);
    expect(status).toBe(200);
    expect(JSON.stringify(body)).toContain("https://hooks.example.com");
    expect(JSON.stringify(body)).not.toContain("topsecretpath");
  }
});

it("is managed with permissions of its own, which Developer and Viewer do not have", async () => {
  const { id } = (await create()).body.data.info;
  for (const role of ["Developer", "Viewer"] as const) {
    const key = await gateway.key({ role });
    expect((await create(SPEC, key)).status).toBe(403);
    expect((await ask(gateway, key, `${PATH}/${id}`, "PUT", { enabled: false })).status).toBe(403);
    expect((await ask(gateway, key, `${PATH}/${id}/rotate-secret`, "POST", {})).status).toBe(403);
    expect((await ask(gateway, key, `${PATH}/${id}`, "DELETE")).status).toBe(403);
  }
});

it("gives nobody events for longer, or elsewhere, than they could read them themselves", {
  timeout: 30_000,
}, async () => {
  const { id } = (await create()).body.data.info;
  const lesser = [
    await gateway.key({ expiresAt: Date.now() + 3_600_000 }),
    await gateway.key({ rules: ["192.0.2.0/24"] }),
  ];
  for (const key of lesser) {
    const changes = [{ url: "https://other.example.com/" }, { event_types: [] }, { enabled: true }];
    const tried = [create(SPEC, key), ...changes.map((change) => ask(gateway, key, `${PATH}/${id}`, "PUT", change))];
    tried.push(ask(gateway, key, `${PATH}/${id}/rotate-secret`, "POST", {}));
    for (const { status, body } of await Promise.all(tried)) {
      expect([status, body.error.code]).toEqual([403, "insufficient_scope"]);
    }
    expect((await ask(gateway, key, `${PATH}/${id}`, "PUT", { name: "renamed" })).status).toBe(200);
    expect((await ask(gateway, key, `${PATH}/${id}`, "PUT", { enabled: false })).status).toBe(200);
  }
});

it.each([
  ["url", { url: "http://hooks.example.com/" }],
  ["url", { url: "https://169.254.169.254/latest" }],
  ["url", { url: "http://127.0.0.1:9/" }],
  ["url", { url: "https://user:pass@hooks.example.com/" }],
  ["event_types[0]", { event_types: ["api_key.revoked"] }],
  ["format", { format: "xml" }],
  ["name", { name: "" }],
  ["secret", { secret: "whsec_mine" }],
])("rejects a wrong %s with its field, and repeats no value", async (field, change) => {
  const { id } = (await create()).body.data.info;
  for (const [method, path, body] of [
    ["POST", PATH, { ...SPEC, ...change }],
    ["PUT", `${PATH}/${id}`, change],
  ] as const) {
    const answer = await ask(gateway, admin, path, method, body);
    expect([answer.status, answer.body.error.faults.map((fault: { field: string }) => fault.field)]).toEqual([
      ...[400, [field]],
    ]);
    expect(JSON.stringify(answer.body)).not.toMatch(/169\.254|user:pass|whsec_mine/);
  }
});

it("changes, disables and deletes an endpoint only as it was read", async () => {
  const { id, etag } = (await create()).body.data.info;
  const changed = await ask(gateway, admin, `${PATH}/${id}`, "PUT", { enabled: false }, { "if-match": etag });
  expect(changed.body.data.info).toMatchObject({ status: "DISABLED", disabled_reason: "by_request" });
  expect(changed.body.data.spec.url).toBe(URL);
  for (const [method, path, body] of [
    ["PUT", "", { name: "late" }],
    ["POST", "/rotate-secret", {}],
    ["DELETE", "", undefined],
  ] as const) {
    const late = await ask(gateway, admin, `${PATH}/${id}${path}`, method, body, { "if-match": etag });
    expect([late.status, late.body.error.code]).toEqual([412, "precondition_failed"]);
  }
  const current = { "if-match": changed.body.data.info.etag };
  expect((await ask(gateway, admin, `${PATH}/${id}`, "DELETE", undefined, current)).status).toBe(204);
  expect((await ask(gateway, admin, `${PATH}/${id}`)).status).toBe(404);
  expect((await ask(gateway, admin, PATH)).body.data).toEqual([]);
  const { sealed } = (await db.prepare("SELECT sealed FROM endpoints").first<{ sealed: string }>()) ?? {};
  expect(sealed).toBe("");
});

it("rotates the secret, and shows until when the one before signs", async () => {
  const { info } = (await create()).body.data;
  const rotated = await ask(gateway, admin, `${PATH}/${info.id}/rotate-secret`, "POST", { overlap_hours: 1 });
  const left = Date.parse(rotated.body.data.info.previous_secret_until) - Date.now();
  expect(left).toBeGreaterThan(3_500_000);
  expect(left).toBeLessThanOrEqual(3_600_000);
  const atOnce = await ask(gateway, admin, `${PATH}/${info.id}/rotate-secret`, "POST", { overlap_hours: 0 });
  expect(atOnce.body.data.info.previous_secret_until).toBeNull();
  expect(atOnce.body.secret).not.toBe(rotated.body.secret);
  const beyond = await ask(gateway, admin, `${PATH}/${info.id}/rotate-secret`, "POST", { overlap_hours: 169 });
  expect(beyond.status).toBe(400);
});

it("has no endpoint of another account, and no secret that belongs to another endpoint", async () => {
  const [first, second] = [(await create()).body.data.info, (await create()).body.data.info];
  const other = await gateway.key({ accountId: OTHER_ACCOUNT });
  const theirs = `/api/public/v1/accounts/${OTHER_ACCOUNT}/endpoints/${first.id}`;
  for (const [method, body] of [["GET"], ["PUT", { name: "x" }], ["DELETE"]] as const) {
    expect((await ask(gateway, other, theirs, method, body)).status).toBe(404);
  }
  await db
    .prepare("UPDATE endpoints SET sealed = (SELECT sealed FROM endpoints WHERE id = ?) WHERE id = ?")
    .bind(second.id, first.id)
    .run();
  expect((await ask(gateway, admin, `${PATH}/${first.id}`)).status).toBe(503);
  expect((await ask(gateway, admin, `${PATH}/${second.id}`)).status).toBe(200);
});

it("writes an audit event for every change", async () => {
  const { id } = (await create()).body.data.info;
  await ask(gateway, admin, `${PATH}/${id}`, "PUT", { name: "renamed" });
  await ask(gateway, admin, `${PATH}/${id}/rotate-secret`, "POST", { overlap_hours: 2 });
  await ask(gateway, admin, `${PATH}/${id}`, "DELETE");
  const events = await ask(gateway, admin, `/api/public/v1/accounts/${ACCOUNT}/audit/events?resource_type=ENDPOINT`);
  expect(events.body.data.map((event: { event_name: string }) => event.event_name)).toEqual([
    ...["Delete Endpoint", "Edit Endpoint", "Edit Endpoint", "Create Endpoint"],
  ]);
  expect(events.body.data[2].detail.before).toMatchObject({ name: "siem", enabled: true });
});
