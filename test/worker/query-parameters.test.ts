// The query parameters of the operations that Gatehouse serves: what is not known, empty or repeated is an error, and filters select.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OPERATIONS } from "../../src/core/routing/operations.ts";
import { ACCOUNT, makeAccounts, PROJECT, VIEWER_ROLE } from "../store/builders.ts";
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

const BASE = `/api/public/v1/accounts/${ACCOUNT}`;
const LISTS = {
  keys: `${BASE}/api-keys`,
  roles: `${BASE}/roles`,
  operators: `${BASE}/operators`,
  "allow lists": `${BASE}/projects/${PROJECT}/allow-lists`,
  "audit events": `${BASE}/audit/events`,
  "audit export": `${BASE}/audit/events/export`,
  denials: `${BASE}/audit/refusals`,
  permissions: "/api/public/v1/auth/permissions",
} as const;

async function fieldsOf(path: string): Promise<readonly string[]> {
  const { status, body } = await ask(gateway, admin, path);
  return status === 400 ? body.error.faults.map(({ field }: { field: string }) => field) : [`status ${status}`];
}

describe.each(Object.entries(LISTS))("the list of %s", (_, path) => {
  it.each([
    ["an unknown parameter", "nmae=x", ["nmae"]],
    ["another case of a parameter", "LIMIT=1", ["LIMIT"]],
    ["two unknown parameters", "a=1&b=2&b=3", ["a", "b"]],
    ["a parameter without a name", "=x", ["(unnamed)"]],
    ["an unknown column to sort by", "order_by=hash", ["order_by"]],
    ["an unknown order", "order=up", ["order"]],
    ["an account as a parameter", "account_id=x", ["account_id"]],
  ])("rejects %s and names it", async (_, query, fields) => {
    expect(await fieldsOf(`${path}?${query}`)).toEqual(fields);
  });
});

it.each([
  ["keys", "api_key_name status role_id created_by_id signing_key_id order limit"],
  ["roles", "role_types display_name include_permissions limit"],
  ["operators", "limit"],
  ["allow lists", "name api_key_ids is_auto_created order order_by limit"],
  ["audit events", "search event_type resource_type actor_id request_id address start_timestamp end_timestamp order"],
  ["denials", "api_key_id start_timestamp end_timestamp limit"],
] as const)("rejects an empty filter of the list of %s, a blank one, and one beside a comma", async (list, names) => {
  for (const name of names.split(" ")) {
    expect(await fieldsOf(`${LISTS[list]}?${name}=`)).toEqual([name]);
    expect(await fieldsOf(`${LISTS[list]}?${name}`)).toEqual([name]);
  }
  if (list === "keys") expect(await fieldsOf(`${LISTS.keys}?status=ACTIVE,`)).toEqual(["status"]);
});

it.each([
  ["keys", "api_key_name=a&api_key_name=a"],
  ["keys", "api_key_name=a&apiKeyName=b"],
  ["keys", "role_id=%s&role_id=%s"],
  ["roles", "display_name=a&display_name=a"],
  ["operators", "limit=1&limit=1"],
  ["operators", "continuation_token=&continuation_token=x"],
  ["allow lists", "name=a&name=b"],
  ["audit events", "search=a&search=b"],
  ["denials", "api_key_id=%s&api_key_id=%s"],
] as const)("rejects a single parameter of the list of %s that is repeated: %s", async (list, query) => {
  const [first = ""] = query.split("=");
  expect(await fieldsOf(`${LISTS[list]}?${query.replaceAll("%s", VIEWER_ROLE)}`)).toEqual([first]);
});

it("rejects a parameter that the operation does not have, and changes nothing", async () => {
  const own = OPERATIONS.filter(({ handledBy }) => handledBy === "gatehouse");
  for (const { method, path } of own) {
    const target = path.replaceAll(/\{\w+\}/g, (name) => (name === "{accountId}" ? ACCOUNT : PROJECT));
    const body = method === "GET" || method === "DELETE" ? undefined : { name: "made" };
    const { status, body: answer } = await ask(gateway, admin, `${target}?unheard_of=true`, method, body);
    expect([status, answer.error?.faults?.[0]?.field], `${method} ${path}`).toEqual([400, "unheard_of"]);
  }
  const { body } = await ask(gateway, admin, LISTS["audit events"]);
  expect(body.data).toEqual([]);
});

it("takes an empty continuation token for the first page, as clients send it", async () => {
  for (const path of [LISTS.keys, LISTS["allow lists"], LISTS.roles]) {
    expect((await ask(gateway, admin, `${path}?limit=1000&continuation_token=`)).status).toBe(200);
  }
});

it("sorts allow lists by name in both directions and pages through them", async () => {
  for (const name of ["b", "a", "c"]) {
    await ask(gateway, admin, LISTS["allow lists"], "POST", { name, allow_list: ["192.0.2.7"] });
  }
  const names = async (query: string) => {
    const seen: string[] = [];
    let path: string | null = `${LISTS["allow lists"]}?limit=2&is_auto_created=false&${query}`;
    while (path !== null) {
      const { body } = await ask(gateway, admin, path);
      seen.push(...body.data.map(({ spec }: { spec: { name: string } }) => spec.name));
      path = body._metadata.links.next;
    }
    return seen.join("");
  };
  expect(await names("order_by=name")).toBe("abc");
  expect(await names("order_by=name&order=desc")).toBe("cba");
  expect(await names("order_by=created_on")).toBe("bac");
  expect(await fieldsOf(`${LISTS["allow lists"]}?is_auto_created=true`)).toEqual(["is_auto_created"]);
});

it("filters keys by their role and by who created them, and shows the creator", async () => {
  const create = async (name: string, by: SeededKey, role_id: string) =>
    (await ask(gateway, by, LISTS.keys, "POST", { name, expire_after_hours: 1, role_id })).body.data.info;
  const other = await gateway.key({ name: "other" });
  const one = await create("one", admin, VIEWER_ROLE);
  await create("two", other, VIEWER_ROLE);
  expect(one).toMatchObject({ created_by_id: admin.id, issuer: "admin" });
  const names = async (query: string) =>
    (await ask(gateway, admin, `${LISTS.keys}?order=asc&${query}`)).body.data.map(
      ({ spec }: { spec: { name: string } }) => spec.name,
    );
  expect(await names(`created_by_id=${admin.id.toUpperCase()}`)).toEqual(["one"]);
  expect(await names(`created_by_id=${other.id}&role_id=${VIEWER_ROLE}`)).toEqual(["two"]);
  expect(await names(`roleId=${VIEWER_ROLE}`)).toEqual(["one", "two"]);
  expect(await names(`created_by_id=${crypto.randomUUID()}`)).toEqual([]);
  const page = await ask(gateway, admin, `${LISTS.keys}?limit=1&role_id=${VIEWER_ROLE}`);
  const token = page.body._metadata.continuation_token;
  expect(await fieldsOf(`${LISTS.keys}?limit=1&continuation_token=${token}`)).toEqual(["continuation_token"]);
});

it("filters audit events by actor, request and address in any spelling", async () => {
  const other = await gateway.key({ name: "other" });
  const create = (by: SeededKey, name: string, address: string) =>
    gateway.call(by.token, LISTS["allow lists"], {
      method: "POST",
      body: JSON.stringify({ name, allow_list: ["192.0.2.7"] }),
      headers: { "content-type": "application/json", "cf-connecting-ip": address },
    });
  await create(admin, "one", "192.0.2.7");
  const second = await create(other, "two", "2001:DB8:0:0::1");
  const names = async (query: string) => {
    const { body } = await ask(gateway, admin, `${LISTS["audit events"]}?order=asc&${query}`);
    return body.data.map((event: { entity_name: string }) => event.entity_name);
  };
  expect(await names(`actor_id=${admin.id}`)).toEqual(["one"]);
  expect(await names(`request_id=${second.headers.get("gatehouse-request-id")}`)).toEqual(["two"]);
  expect(await names(`address=${encodeURIComponent("2001:db8::1")}`)).toEqual(["two"]);
  expect(await names(`address=${encodeURIComponent("2001:0DB8::0001")}`)).toEqual(["two"]);
  expect(await names(`address=${encodeURIComponent("::ffff:192.0.2.7")}`)).toEqual(["one"]);
  expect(await names(`address=192.0.2.7&actor_id=${other.id}`)).toEqual([]);
  expect(await fieldsOf(`${LISTS["audit events"]}?actor_id=me&request_id=%00&address=192.0.2.0/24`)).toEqual([
    ...["actor_id", "request_id", "address"],
  ]);
});

it("lists the oldest active key of a name first, and all keys newest first without a name", async () => {
  const made: string[] = [];
  for (const name of ["ci", "ci", "ci", "other"]) {
    const body = { name, expire_after_hours: 1, role_id: VIEWER_ROLE };
    made.push((await ask(gateway, admin, LISTS.keys, "POST", body)).body.data.info.id);
  }
  const [oldest, middle, newest, other] = made as [string, string, string, string];
  await ask(gateway, admin, `${LISTS.keys}/${oldest}/revoke`, "POST");
  await env.DB.batch(
    made.map((id, i) => env.DB.prepare("UPDATE api_keys SET created_at = ? WHERE id = ?").bind(1_000 * (i + 1), id)),
  );
  const ids = async (query: string) =>
    (await ask(gateway, admin, `${LISTS.keys}?${query}`)).body.data.map(
      ({ info }: { info: { id: string } }) => info.id,
    );
  expect(await ids("api_key_name=ci")).toEqual([middle, newest, oldest]);
  expect(await ids("apiKeyName=ci&status=ACTIVE")).toEqual([middle, newest]);
  expect(await ids("api_key_name=ci&order=desc")).toEqual([newest, middle, oldest]);
  const seen: string[] = [];
  let path: string | null = `${LISTS.keys}?api_key_name=ci&limit=1`;
  while (path !== null) {
    const { body } = await ask(gateway, admin, path);
    seen.push(...body.data.map(({ info }: { info: { id: string } }) => info.id));
    path = body._metadata.links.next;
  }
  expect(seen).toEqual([middle, newest, oldest]);
  expect(await ids(`role_id=${VIEWER_ROLE}`)).toEqual([other, newest, middle, oldest]);
});
