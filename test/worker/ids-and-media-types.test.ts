// Ids in capitals and the media types of bodies, through the whole Worker.
import { afterEach, beforeEach, expect, it } from "vitest";
import { ACCOUNT, makeAccounts, OTHER_ACCOUNT, PROJECT, VIEWER_ROLE } from "../store/builders.ts";
import type { SeededKey } from "../support/seed.ts";
import { ask, startGateway, stopGateways, type TestGateway } from "./worker-harness.ts";

let gateway: TestGateway;
let admin: SeededKey;
beforeEach(async () => {
  await makeAccounts();
  gateway = await startGateway();
  admin = await gateway.key({ name: "admin" });
});
afterEach(stopGateways);

const V1 = "/api/public/v1";
const UP = `${V1}/accounts/${ACCOUNT.toUpperCase()}`;
const READ = [{ resource_type: "BACKUP", operation_groups: [{ operation_group: "READ" }] }];

it("finds every resource by its id in capitals, in paths and in bodies", async () => {
  const lists = `${UP}/projects/${PROJECT.toUpperCase()}/allow-lists`;
  const list = await ask(gateway, admin, lists, "POST", { name: "office", allow_list: ["192.0.2.7"] });
  const listId = list.body.data.info.id.toUpperCase();
  expect(list.body.data.info.project_id).toBe(PROJECT);
  const role = await ask(gateway, admin, `${UP}/roles`, "POST", { name: "Reader", permissions: READ });
  const roleId = role.body.data.info.id.toUpperCase();
  const key = await ask(gateway, admin, `${UP}/api-keys`, "POST", {
    ...{ name: "ci", expire_after_hours: 1, role_id: roleId, allow_list_info: [listId, listId.toLowerCase()] },
  });
  expect(key.body.data.spec).toMatchObject({
    role_id: role.body.data.info.id,
    allow_list_info: [list.body.data.info.id],
  });
  const operator = await ask(gateway, admin, `${UP}/operators`, "POST", {
    ...{ name: "Ada", email: "ada@example.com", role_id: VIEWER_ROLE.toUpperCase() },
  });
  const keyId = key.body.data.info.id.toUpperCase();
  const keyPath = `${UP}/api-keys/${keyId}`;
  const paths = [
    `${lists}/${listId}`,
    `${UP}/roles/${roleId}`,
    keyPath,
    `${UP}/operators/${operator.body.data.info.id.toUpperCase()}`,
  ];
  for (const path of paths) expect((await ask(gateway, admin, path)).status).toBe(200);
  expect((await ask(gateway, admin, `${keyPath}/trial`, "PUT", { role_id: VIEWER_ROLE.toUpperCase() })).status).toBe(
    200,
  );
  expect((await ask(gateway, admin, `${keyPath}/trial`)).body.data.info.api_key_id).toBe(key.body.data.info.id);
  const explained = { api_key_id: keyId, address: "192.0.2.7", method: "GET", path: `${UP}/roles` };
  expect((await ask(gateway, admin, `${UP}/api-keys/explain`, "POST", explained)).body.data.steps).toContainEqual(
    expect.objectContaining({ check: "account", outcome: "passed" }),
  );
  expect((await ask(gateway, admin, `${keyPath}/revoke`, "POST")).body.data.info.status).toBe("REVOKED");
  expect((await ask(gateway, admin, `${lists}/${listId}`, "DELETE")).status).toBe(204);
});

it("forwards an account id in capitals as it is, and denies that of another account in any case", async () => {
  expect((await gateway.call(admin.token, `${UP}/projects`)).status).toBe(200);
  expect(new URL(gateway.upstream.reached[0]?.url ?? "").pathname).toBe(`${UP}/projects`);
  for (const id of [OTHER_ACCOUNT, OTHER_ACCOUNT.toUpperCase()]) {
    expect((await gateway.call(admin.token, `${V1}/accounts/${id}/projects`)).status).toBe(404);
  }
});

it("lets a key without permissions show and revoke itself by its id in capitals, and no other key", async () => {
  const viewer = await gateway.key({ role: "Viewer" });
  const path = (id: string) => `${UP}/api-keys/${id.toUpperCase()}/revoke`;
  expect((await ask(gateway, viewer, path(admin.id), "POST")).status).toBe(403);
  expect((await ask(gateway, viewer, path(viewer.id), "POST")).status).toBe(200);
});

it.each([
  ["application/json; charset=utf8", 200, null],
  ['application/json; charset="UTF-8"', 200, null],
  ["application/json; version=1", 200, null],
  ["APPLICATION/JSON", 200, null],
  ["application/json; charset=iso-8859-1", 415, "The body must be in UTF-8"],
  ["application/merge-patch+json", 415, "The body must be application/json."],
  ["text/plain", 415, "The body must be application/json."],
])("answers a body of the type %s with %s", async (type, status, detail) => {
  const body = { name: "office", allow_list: ["192.0.2.7"] };
  const path = `${UP}/projects/${PROJECT}/allow-lists`;
  const answer = await ask(gateway, admin, path, "POST", body, { "content-type": type });
  expect(answer.status).toBe(status);
  if (detail !== null) expect(answer.body.error.detail).toContain(detail);
});

it("rejects a member that is given twice and names it", async () => {
  const body = '{"name":"a","expire_after_hours":1,"role_id":null,"n\\u0061me":"b"}';
  const { status, body: answer } = await ask(gateway, admin, `${UP}/api-keys`, "POST", body);
  expect([status, answer.error.faults]).toEqual([400, [{ field: "name", message: "This member is given twice." }]]);
});
