// IP allow lists over a real socket: strict input, canonical rules in the response, and no deletion of a list that a key uses.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, clientOf, fieldErrorsOf, KEYS_PATH, LISTS_PATH, V1 } from "../support/admin-client.ts";
import { ACCOUNT, type Gatehouse, PROJECT, startGatehouse } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

let gatehouse: Gatehouse;
let admin: Client;
beforeAll(async () => {
  gatehouse = await startGatehouse();
  admin = clientOf(gatehouse, (await gatehouse.key()).token);
});
afterAll(() => gatehouse.close());

let made = 0;

async function create(changes: Readonly<Record<string, unknown>> = {}) {
  const spec = { name: `list-${++made}`, description: "", allow_list: ["127.0.0.1"], ...changes };
  const response = await admin("POST", LISTS_PATH, spec);
  if (response.status !== 200) throw new Error(response.text);
  return response.body;
}

async function bind(listId: string) {
  const spec = { name: `bound-${++made}`, expire_after_hours: 0, role_id: ROLE_IDS.Viewer, allow_list_info: [listId] };
  return (await admin("POST", KEYS_PATH, spec)).body.data;
}

describe("createAllowList", () => {
  it("answers a new allow list in the shape that Aeon's clients decode", async () => {
    const { data, warnings } = await create({ name: "device", description: "a device" });
    expect(data.spec).toEqual({ name: "device", description: "a device", allow_list: ["127.0.0.1/32"] });
    expect(data.info).toEqual({
      etag: '"1"',
      ...{ id: expect.stringMatching(/^[\da-f-]{36}$/), project_id: PROJECT, cluster_ids: [], cluster_list: [] },
      ...{ peering_id: null, api_key_list: [] },
    });
    expect(warnings).toEqual([]);
    expect((await admin("GET", `${LISTS_PATH}/${data.info.id}`)).body).toEqual({ data });
  });

  it("answers every rule of a new allow list once and in canonical form", async () => {
    const allow_list = ["127.0.0.1", "127.0.0.1/32", "::ffff:10.0.0.0/104", "2001:DB8:0::1", "2001:db8::1/128"];
    const { data } = await create({ allow_list });
    expect(data.spec.allow_list).toEqual(["127.0.0.1/32", "10.0.0.0/8", "2001:db8::1/128"]);
  });

  it("warns about rules that match every address and about a list that lacks the client's own address", async () => {
    const open = await create({ allow_list: ["0.0.0.0/0", "::/0"] });
    expect(open.warnings.map((each: { message: string }) => each.message)).toEqual([
      expect.stringContaining("0.0.0.0/0"),
      expect.stringContaining("::/0"),
    ]);
    const { warnings } = await create({ allow_list: ["192.0.2.0/24"] });
    expect(warnings).toEqual([{ field: "allow_list", message: "Your own address, 127.0.0.1, is not in this list." }]);
  });

  it("reports every invalid rule and field of a new allow list at once and creates nothing", async () => {
    const allow_list = ["10/8", "192.0.2.1", 7, "010.0.0.0/8", "10.0.0.1/8", "10.0.0.0/08", "fe80::1%eth0", ""];
    const response = await admin("POST", LISTS_PATH, { name: "", allow_list, id: "x" });
    expect(response.status).toBe(400);
    expect(fieldErrorsOf(response)).toEqual(["name", ...[0, 2, 3, 4, 5, 6, 7].map((i) => `allow_list[${i}]`), "id"]);
    const { results } = await gatehouse.env.DB.prepare("SELECT * FROM allow_lists WHERE name = ''").all();
    expect(results).toEqual([]);
  });

  it.each([
    ["no rules", { allow_list: [] }, 400],
    ["null", { allow_list: null }, 400],
    ["text", { allow_list: "192.0.2.1" }, 400],
    ["101 rules", { allow_list: Array.from({ length: 101 }, (_, n) => `10.0.0.${n}`) }, 400],
    ["100 rules", { allow_list: Array.from({ length: 100 }, (_, n) => `10.0.0.${n}`) }, 200],
  ])("checks the length of a new allow list: %s", async (_, changes, status) => {
    expect((await admin("POST", LISTS_PATH, { name: `list-${++made}`, ...changes })).status).toBe(status);
  });

  it("rejects an allow list whose name is taken or whose project id is not a UUID", async () => {
    const { data } = await create();
    const again = await admin("POST", LISTS_PATH, { name: data.spec.name, allow_list: ["127.0.0.1"] });
    expect([again.status, again.body.error.code]).toEqual([409, "name_taken"]);
    const path = `${V1}/accounts/${ACCOUNT}/projects/default/allow-lists`;
    expect((await admin("POST", path, { name: "x", allow_list: ["127.0.0.1"] })).status).toBe(404);
  });
});

describe("listAllowLists", () => {
  it("lists the keys bound to an allow list and filters by key id in every spelling", async () => {
    const [one, two] = [await create(), await create()];
    const [a, b] = [await bind(one.data.info.id), await bind(two.data.info.id)];
    const found = async (query: string) => {
      const { body } = await admin("GET", `${LISTS_PATH}?${query}`);
      return body.data.map((list: { spec: { name: string } }) => list.spec.name);
    };
    const both = [one.data.spec.name, two.data.spec.name];
    expect(await found(`api_key_ids=${a.info.id}`)).toEqual([both[0]]);
    const csv = `${a.info.id}%2C${b.info.id}`;
    const repeated = [a, b].map((key) => `api_key_ids=${key.info.id}`).join("&");
    for (const query of [`api_key_ids=${csv}`, `apiKeyIds=${csv}`, repeated]) expect(await found(query)).toEqual(both);
    const shown = (await admin("GET", `${LISTS_PATH}/${one.data.info.id}`)).body.data;
    expect(shown.info.api_key_list).toEqual([
      { id: a.info.id, name: a.spec.name, issuer: "test-key", status: "ACTIVE" },
    ]);
    expect((await admin("GET", `${LISTS_PATH}?api_key_ids=x`)).status).toBe(400);
  });

  it("pages through all allow lists with the parameters that Aeon's clients send", async () => {
    let token: string | null = "";
    let count = 0;
    do {
      const query: string = `limit=2&order_by=name&is_auto_created=false&continuation_token=${token ?? ""}`;
      const { body } = await admin("GET", `${LISTS_PATH}?${query}`);
      count += body.data.length;
      token = body._metadata.continuation_token;
    } while (token !== null);
    expect(count).toBe((await admin("GET", LISTS_PATH)).body.data.length);
  });
});

describe("deleteAllowList", () => {
  it("rejects deleting an allow list while an active key is bound to it, and deletes it once the key is revoked", async () => {
    const { data } = await create();
    const key = await bind(data.info.id);
    const path = `${LISTS_PATH}/${data.info.id}`;
    const rejected = await admin("DELETE", path);
    expect([rejected.status, rejected.body.error.code]).toEqual([409, "allow_list_in_use"]);
    expect(rejected.body.error.detail).toContain(key.spec.name);
    await admin("POST", `${KEYS_PATH}/${key.info.id}/revoke`);
    const deleted = await admin("DELETE", path);
    expect([deleted.status, deleted.text]).toEqual([204, ""]);
    expect((await admin("GET", path)).status).toBe(404);
    expect((await admin("DELETE", path)).status).toBe(404);
  });
});
