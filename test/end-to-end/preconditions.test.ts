// If-Match and ETag over a real socket (RFC 9110 section 13): nobody overwrites a change that they have not seen.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, clientOf, KEYS_PATH, LISTS_PATH, ROLES_PATH, V1 } from "../support/admin-client.ts";
import { ACCOUNT, type Gatehouse, startGatehouse } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

const OPERATORS = `${V1}/accounts/${ACCOUNT}/operators`;
const READ = [{ resource_type: "API_KEY", operation_groups: [{ operation_group: "READ" }] }];

let gatehouse: Gatehouse;
let admin: Client;
beforeAll(async () => {
  gatehouse = await startGatehouse();
  admin = clientOf(gatehouse, (await gatehouse.key({ name: "admin" })).token);
});
afterAll(() => gatehouse.close());

let made = 0;
async function create(collection: string, spec: Readonly<Record<string, unknown>>): Promise<string> {
  const response = await admin("POST", collection, { name: `made-${++made}`, ...spec });
  if (response.status !== 200) throw new Error(response.text);
  const path = `${collection}/${response.body.data.info.id}`;
  // What is made and what is read have the same tag.
  expect(response.headers.get("etag")).toBe(await tagOf(path));
  return path;
}
async function tagOf(path: string): Promise<string> {
  return (await admin("GET", path)).headers.get("etag") ?? "none";
}

/** Everything that is edited: how one is made, and an edit of it. */
const EDITED: Readonly<
  Record<string, readonly [make: () => Promise<string>, method: string, under: string, body?: () => unknown]>
> = {
  "replace a role": [
    () => create(ROLES_PATH, { permissions: READ }),
    "PUT",
    "",
    () => ({ name: `role-${++made}`, permissions: READ }),
  ],
  "delete a role": [() => create(ROLES_PATH, { permissions: READ }), "DELETE", ""],
  "change an operator": [
    () => create(OPERATORS, { email: `op-${made}@example.com`, role_id: ROLE_IDS.Viewer }),
    ...(["PUT", "", () => ({ name: `op-${++made}` })] as const),
  ],
  "remove an operator": [
    () => create(OPERATORS, { email: `op-${made}@example.com`, role_id: ROLE_IDS.Viewer }),
    "DELETE",
    "",
  ],
  "edit a key": [
    () => create(KEYS_PATH, { expire_after_hours: 0, role_id: ROLE_IDS.Viewer }),
    ...(["PATCH", "", () => ({ description: "edited" })] as const),
  ],
  "disable a key": [() => create(KEYS_PATH, { expire_after_hours: 0, role_id: ROLE_IDS.Viewer }), "POST", "/disable"],
  "enable a key": [() => create(KEYS_PATH, { expire_after_hours: 0, role_id: ROLE_IDS.Viewer }), "POST", "/enable"],
  "revoke a key": [() => create(KEYS_PATH, { expire_after_hours: 0, role_id: ROLE_IDS.Viewer }), "POST", "/revoke"],
  "replace a list": [
    () => create(LISTS_PATH, { description: "", allow_list: ["192.0.2.0/24"] }),
    ...(["PUT", "", () => ({ name: `list-${++made}`, description: "", allow_list: ["192.0.2.1"] })] as const),
  ],
  "delete a list": [() => create(LISTS_PATH, { description: "", allow_list: ["192.0.2.0/24"] }), "DELETE", ""],
  "replace a dry run": [makeDryRun, "PUT", "", () => ({ role_id: ROLE_IDS.Developer })],
  "promote a dry run": [makeDryRun, "POST", "/promote"],
  "delete a dry run": [makeDryRun, "DELETE", ""],
};

async function makeDryRun(): Promise<string> {
  const path = `${await create(KEYS_PATH, { expire_after_hours: 0, role_id: ROLE_IDS.Viewer })}/trial`;
  await admin("PUT", path, { role_id: ROLE_IDS.Developer });
  return path;
}

describe.each(Object.entries(EDITED))("%s", (_, [make, method, under, body]) => {
  it.each([
    ["a stale tag", () => '"stale"'],
    ["a weak tag", (tag: string) => `W/${tag}`],
    ["a tag without quotes", (tag: string) => tag.slice(1, -1)],
    ["what is no tag", () => "3"],
  ])("is denied with 412 for %s, and changes nothing", async (_what, given) => {
    const path = await make();
    const tag = await tagOf(path);
    const response = await admin(method, path + under, body?.(), { "if-match": given(tag) });
    expect([response.status, response.body.error?.code]).toEqual([412, "precondition_failed"]);
    expect(await tagOf(path)).toBe(tag);
  });

  it.each([
    ["its tag", (tag: string) => tag],
    ["a list with its tag", (tag: string) => `"other", ${tag}`],
    ["any tag", () => "*"],
  ])("is made for %s", async (_what, given) => {
    const path = await make();
    const response = await admin(method, path + under, body?.(), { "if-match": given(await tagOf(path)) });
    expect(response.status).toBeLessThan(300);
  });

  it("answers 404 for what does not exist, whatever the tag", async () => {
    const path = (await make()).replace(/[0-9a-f-]{36}(\/trial)?$/, `${crypto.randomUUID()}$1`);
    expect((await admin(method, path + under, body?.(), { "if-match": '"1"' })).status).toBe(404);
  });
});

it("tells the new tag of what was changed", async () => {
  const path = await create(ROLES_PATH, { permissions: READ });
  const before = await tagOf(path);
  const changed = await admin("PUT", path, { name: `role-${++made}`, permissions: READ }, { "if-match": before });
  expect(changed.headers.get("etag")).toBe(await tagOf(path));
  expect(changed.headers.get("etag")).not.toBe(before);
});

it("starts a dry run only where there is none with If-None-Match", async () => {
  const path = await makeDryRun();
  const once = { "if-none-match": "*" };
  expect((await admin("PUT", path, { role_id: ROLE_IDS.Developer }, once)).status).toBe(412);
  await admin("DELETE", path);
  expect((await admin("PUT", path, { role_id: ROLE_IDS.Developer }, once)).status).toBe(200);
});

it("lets one of twenty edits at the same time through that have read the same tag", async () => {
  const path = await create(ROLES_PATH, { permissions: READ });
  const tag = await tagOf(path);
  const edit = () => admin("PUT", path, { name: `role-${++made}`, permissions: READ }, { "if-match": tag });
  const statuses = (await Promise.all(Array.from({ length: 20 }, edit))).map(({ status }) => status);
  expect(statuses.sort()).toEqual([200, ...Array.from({ length: 19 }, () => 412)]);
});

describe("an operator", () => {
  it("keeps what a change leaves out: an expiry that is not named is not moved", async () => {
    const path = await create(OPERATORS, {
      email: `op-${made}@example.com`,
      role_id: ROLE_IDS.Viewer,
      expire_after_hours: 720,
    });
    const id = path.split("/").at(-1);
    await gatehouse.env.DB.prepare("UPDATE operators SET expires_at = 1000 WHERE id = ?").bind(id).run();
    const { body } = await admin("PUT", path, { name: "Renamed" });
    expect(body.data.info).toMatchObject({ status: "EXPIRED", expiry_time: "1970-01-01T00:00:01.000Z" });
    expect(body.data.spec).toMatchObject({ name: "Renamed", role_id: ROLE_IDS.Viewer, expire_after_hours: 720 });
    const renewed = await admin("PUT", path, { expire_after_hours: 0 });
    expect(renewed.body.data.info.status).toBe("ACTIVE");
    expect(renewed.body.data.spec.name).toBe("Renamed");
  });
});
