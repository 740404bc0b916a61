// The project of an allow list is the account's, as the upstream names it; and no path of an operation ends in a slash.
import { decodeJwt } from "jose";
import { afterEach, beforeEach, expect, it } from "vitest";
import { OPERATIONS } from "../../src/core/routing/operations.ts";
import { ACCOUNT, makeAccounts, PROJECT } from "../store/builders.ts";
import type { SeededKey } from "../support/seed.ts";
import { ask, startGateway, stopGateways, type TestGateway } from "./worker-harness.ts";

let gateway: TestGateway;
let admin: SeededKey;
beforeEach(async () => {
  await makeAccounts();
  gateway = await startGateway();
  admin = await gateway.key({ name: "admin" });
  gateway.upstream.answer = () => Response.json(accountWith([{ info: { id: PROJECT.toUpperCase() } }]));
});
afterEach(stopGateways);

const accountWith = (projects: unknown) => ({ data: { info: { id: ACCOUNT, projects } } });
const lists = (project: string) => `/api/public/v1/accounts/${ACCOUNT}/projects/${project}/allow-lists`;
const OFFICE = { name: "office", allow_list: ["192.0.2.7"] };
const create = (project: string) => ask(gateway, admin, lists(project), "POST", OFFICE);

it("answers 404 for allow lists of a project that is not the account's, and creates none", async () => {
  const foreign = crypto.randomUUID();
  for (const { status, body } of [await create(foreign), await ask(gateway, admin, lists(foreign))]) {
    expect([status, body.error.detail]).toEqual([404, "Project not found"]);
  }
  expect((await ask(gateway, admin, `${lists(foreign)}/${crypto.randomUUID()}`)).status).toBe(404);
  expect((await ask(gateway, admin, lists(PROJECT))).body.data).toEqual([]);
  expect((await create(PROJECT)).status).toBe(200);
  expect((await create(foreign)).status).toBe(404);
});

it("asks the upstream as the principal, and only until the project has an allow list", async () => {
  await create(PROJECT);
  await ask(gateway, admin, lists(PROJECT));
  const [asked, ...others] = gateway.upstream.reached;
  expect(others).toEqual([]);
  expect(new URL(asked?.url ?? "").pathname).toBe("/api/public/v1/account");
  expect(asked?.headers.get("gatehouse-operation")).toBe("getCurrentAccount");
  expect(asked?.headers.get("authorization")).toBeNull();
  expect(decodeJwt(asked?.headers.get("gatehouse-identity") ?? "")).toMatchObject({ sub: admin.id, acc: ACCOUNT });
});

it.each([
  ["names no projects", () => Response.json({ data: { info: { id: ACCOUNT } } })],
  ["has an empty list of them", () => Response.json(accountWith([]))],
  ["names them in another shape", () => Response.json(accountWith([null, 1, { info: null }, { info: { id: 7 } }]))],
  ["answers with another type", () => new Response("<p>hello</p>")],
  ["has no such operation", () => new Response("no", { status: 404 })],
])("takes any project id where the upstream %s", async (_, answer) => {
  gateway.upstream.answer = answer;
  expect((await create(crypto.randomUUID())).status).toBe(200);
});

it.each([
  ["fails", () => new Response("no", { status: 500 })],
  ["cannot be reached", () => Promise.reject(new Error("refused"))],
])("creates nothing while the upstream %s, and lists what there is", async (_, answer) => {
  await create(PROJECT);
  gateway.upstream.answer = answer;
  expect((await create(crypto.randomUUID())).status).toBe(503);
  expect((await ask(gateway, admin, lists(PROJECT))).body.data).toHaveLength(1);
  const next = await ask(gateway, admin, lists(PROJECT), "POST", { ...OFFICE, name: "home" });
  expect(next.status).toBe(200);
});

it("answers 404 for every operation with a slash at the end of its path, whatever the role, and forwards none", async () => {
  const keys = [admin, await gateway.key({ role: "Developer" }), await gateway.key({ role: "Viewer" })];
  for (const { method, path } of OPERATIONS) {
    const target = path.replaceAll(/\{\w+\}/g, (name) => (name === "{accountId}" ? ACCOUNT : PROJECT));
    const answers = await Promise.all(keys.map((key) => gateway.call(key.token, `${target}/`, { method })));
    expect([method, path, ...answers.map(({ status }) => status)]).toEqual([method, path, 404, 404, 404]);
  }
  expect(gateway.upstream.reached).toEqual([]);
  expect((await gateway.call(null, `${lists(PROJECT)}/`)).status).toBe(401);
  const unknown = await ask(gateway, admin, "/unknown/");
  expect([unknown.status, unknown.body.error.code]).toEqual([403, "operation_unknown"]);
});
