// Every way to escalate privileges by managing keys, roles and operators, over a real socket, and the rule that an account
// keeps a principal that manages keys.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AdminResponse,
  type Client,
  clientOf,
  fieldErrorsOf,
  KEYS_PATH,
  LISTS_PATH,
  ROLES_PATH,
  V1,
} from "../support/admin-client.ts";
import { ACCOUNT, type Gatehouse, OTHER_ACCOUNT, startGatehouse } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

const OPERATORS = `${V1}/accounts/${ACCOUNT}/operators`;
const FROM = { "cf-connecting-ip": "192.0.2.9" };

let gatehouse: Gatehouse;
let admin: Client;
/** Has permissions to manage keys, roles and operators only; never expires and is allowed from every address. */
let deputy: Client;
/** Has all permissions for an hour and from one network. */
let guest: Client;
let listId: string;
let deputyRole: string;

const permission = (resource_type: string, ...groups: string[]) => ({
  resource_type,
  operation_groups: groups.map((operation_group) => ({ operation_group })),
});
const MANAGING = [
  permission("API_KEY", "CREATE", "REVOKE"),
  permission("ROLE", "CREATE", "UPDATE", "DELETE"),
  permission("ACCOUNT_USER", "CREATE", "UPDATE", "DELETE"),
];

let made = 0;
async function createRole(permissions: readonly unknown[]): Promise<string> {
  return (await admin("POST", ROLES_PATH, { name: `role-${++made}`, permissions })).body.data.info.id;
}
async function createKey(changes: Readonly<Record<string, unknown>>) {
  const response = await admin("POST", KEYS_PATH, { name: `key-${++made}`, expire_after_hours: 0, ...changes });
  if (response.status !== 200) throw new Error(response.text);
  return { id: response.body.data.info.id as string, token: response.body.jwt as string };
}
async function createOperator(role_id: string): Promise<string> {
  const spec = { name: `op-${++made}`, email: `op-${made}@example.com`, role_id };
  return (await admin("POST", OPERATORS, spec)).body.data.info.id;
}

beforeAll(async () => {
  // With an issuer, an operator counts as somebody who can authenticate.
  gatehouse = await startGatehouse({ OIDC_ISSUER: "https://issuer.example", OIDC_AUDIENCE: "console" });
  admin = clientOf(gatehouse, (await gatehouse.key({ name: "admin" })).token);
  deputyRole = await createRole(MANAGING);
  deputy = clientOf(gatehouse, (await createKey({ role_id: deputyRole })).token);
  const list = await admin("POST", LISTS_PATH, { name: "office", description: "", allow_list: ["192.0.2.0/24"] });
  listId = list.body.data.info.id;
  const bound = await createKey({ role_id: ROLE_IDS.Admin, expire_after_hours: 1, allow_list_info: [listId] });
  const client = clientOf(gatehouse, bound.token);
  guest = (method, path, body) => client(method, path, body, FROM);
});
afterAll(() => gatehouse.close());

function deniedFields({ status, body, ...rest }: AdminResponse): string[] {
  expect([status, body.error.code]).toEqual([403, "insufficient_scope"]);
  return fieldErrorsOf({ status, body, ...rest });
}

describe("permissions that the actor lacks", () => {
  it("denies granting a permission that the actor lacks to a key, an operator or a role", async () => {
    const key = { name: "k", expire_after_hours: 0, role_id: ROLE_IDS.Developer };
    expect(deniedFields(await deputy("POST", KEYS_PATH, key))).toEqual(["role_id"]);
    const person = { name: "p", email: "p@example.com", role_id: ROLE_IDS.Viewer };
    expect(deniedFields(await deputy("POST", OPERATORS, person))).toEqual(["role_id"]);
    const role = { name: "r", permissions: [permission("CLUSTER", "DELETE")] };
    expect(deniedFields(await deputy("POST", ROLES_PATH, role))).toEqual(["permissions"]);
  });

  it("denies granting a missing permission to the actor's own role or to an operator that it may change", async () => {
    const more = { name: "more", permissions: [...MANAGING, permission("CLUSTER", "DELETE")] };
    expect(deniedFields(await deputy("PUT", `${ROLES_PATH}/${deputyRole}`, more))).toEqual(["permissions"]);
    const operator = await createOperator(deputyRole);
    const change = { name: "p", role_id: ROLE_IDS.Admin };
    expect(deniedFields(await deputy("PUT", `${OPERATORS}/${operator}`, change))).toEqual(["role_id"]);
  });
});

describe("principals with more access than the actor", () => {
  it("denies changing or deleting a key, an operator or a role with a permission that the actor lacks", async () => {
    const key = await createKey({ role_id: ROLE_IDS.Viewer });
    expect(deniedFields(await deputy("POST", `${KEYS_PATH}/${key.id}/revoke`, { force: true }))).toEqual(["role_id"]);
    const operator = await createOperator(ROLE_IDS.Viewer);
    expect(deniedFields(await deputy("DELETE", `${OPERATORS}/${operator}?force=true`))).toEqual(["role_id"]);
    const weaken = { name: "p", role_id: deputyRole };
    expect(deniedFields(await deputy("PUT", `${OPERATORS}/${operator}`, weaken))).toEqual(["role_id"]);
    const role = await createRole([permission("CLUSTER", "DELETE")]);
    const change = { name: "r", permissions: [permission("API_KEY", "CREATE")] };
    expect(deniedFields(await deputy("PUT", `${ROLES_PATH}/${role}`, change))).toEqual(["role_id"]);
    expect(deniedFields(await deputy("DELETE", `${ROLES_PATH}/${role}`))).toEqual(["role_id"]);
  });

  it("lets a key revoke itself", async () => {
    const { token, id } = await createKey({ role_id: ROLE_IDS.Viewer });
    expect((await clientOf(gatehouse, token)("POST", `${KEYS_PATH}/${id}/revoke`)).status).toBe(200);
  });
});

describe("expiry and network of the actor", () => {
  it("denies creating a key or an operator that outlives the actor or leaves its network", async () => {
    const key = { name: "k", expire_after_hours: 2, role_id: ROLE_IDS.Viewer };
    expect(deniedFields(await guest("POST", KEYS_PATH, key))).toEqual(["expire_after_hours", "allow_list_info"]);
    const person = { name: "p", email: "q@example.com", role_id: ROLE_IDS.Viewer };
    expect(deniedFields(await guest("POST", OPERATORS, person))).toEqual(["expire_after_hours", "body"]);
  });

  it("denies widening a role held by a principal that outlives the actor or leaves its network", async () => {
    const role = await createRole([permission("BACKUP", "READ")]);
    await createKey({ role_id: role });
    const wider = { name: "wider", permissions: [permission("BACKUP", "READ", "CREATE")] };
    expect(deniedFields(await guest("PUT", `${ROLES_PATH}/${role}`, wider))).toEqual(["permissions"]);
    const theirs = await createRole([permission("BACKUP", "READ")]);
    expect((await guest("PUT", `${ROLES_PATH}/${theirs}`, { ...wider, name: "theirs" })).status).toBe(200);
    expect((await admin("PUT", `${ROLES_PATH}/${role}`, wider)).status).toBe(200);
  });
});

describe("last principal that manages keys", () => {
  it("requires force to remove the last key or operator that manages keys", async () => {
    const first = await gatehouse.key({ accountId: OTHER_ACCOUNT, name: "only" });
    const only = clientOf(gatehouse, first.token);
    const keys = KEYS_PATH.replace(ACCOUNT, OTHER_ACCOUNT);
    const people = OPERATORS.replace(ACCOUNT, OTHER_ACCOUNT);
    const revoke = () => only("POST", `${keys}/${first.id}/revoke`);
    expect((await revoke()).body.error.code).toBe("last_manager");
    const spec = { name: "boss", email: "boss@example.com", role_id: ROLE_IDS.Admin };
    const boss = (await only("POST", people, spec)).body.data.info.id;
    const lowered = { name: "boss", role_id: ROLE_IDS.Viewer };
    expect((await only("PUT", `${people}/${boss}`, lowered)).status).toBe(200);
    expect((await revoke()).body.error.code).toBe("last_manager");
    expect((await only("PUT", `${people}/${boss}`, { ...lowered, role_id: ROLE_IDS.Admin })).status).toBe(200);
    expect((await revoke()).status).toBe(200);
    const helper = await gatehouse.key({ accountId: OTHER_ACCOUNT, name: "helper" });
    const help = clientOf(gatehouse, helper.token);
    expect((await help("DELETE", `${people}/${boss}`)).status).toBe(204);
    expect((await help("POST", `${keys}/${helper.id}/revoke`)).body.error.code).toBe("last_manager");
    expect((await help("POST", `${keys}/${helper.id}/revoke`, { force: true })).status).toBe(200);
  });
});
