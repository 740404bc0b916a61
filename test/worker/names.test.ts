// Names and descriptions of keys, roles, allow lists and operators, through the whole Worker.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
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

const BASE = `/api/public/v1/accounts/${ACCOUNT}`;
const LISTS = `${BASE}/projects/${PROJECT}/allow-lists`;
const READ = [{ resource_type: "BACKUP", operation_groups: [{ operation_group: "READ" }] }];

/** What is created by a name, and the rest of its body. */
const NAMED = {
  key: [`${BASE}/api-keys`, { expire_after_hours: 1, role_id: VIEWER_ROLE, description: "" }],
  role: [`${BASE}/roles`, { permissions: READ, description: "" }],
  "allow list": [LISTS, { allow_list: ["192.0.2.7"], description: "" }],
  operator: [`${BASE}/operators`, { role_id: VIEWER_ROLE }],
} as const;
type Kind = keyof typeof NAMED;

let created = 0;
function create(kind: Kind, name: unknown, changes: Readonly<Record<string, unknown>> = {}) {
  const [path, rest] = NAMED[kind];
  const email = kind === "operator" ? { email: `o${++created}@example.com` } : {};
  return ask(gateway, admin, path, "POST", { ...rest, ...email, name, ...changes });
}
const fieldsOf = ({ body }: Awaited<ReturnType<typeof create>>) =>
  body.error.faults.map(({ field }: { field: string }) => field);

describe.each(Object.keys(NAMED) as Kind[])("the name of a new %s", (kind) => {
  it("may have letters of every script, and is kept in NFC", async () => {
    for (const name of ["Zu\u0308rich", "José García", "李雷", "محمد علي"]) {
      const { status, body } = await create(kind, name);
      expect([status, body.data?.spec.name]).toEqual([200, name.normalize("NFC")]);
    }
  });

  it("is rejected with blanks at its ends or doubled, and with characters that are not shown", async () => {
    for (const name of [
      "office ",
      " office",
      "of  fice",
      "of\u202efice",
      "of\u200bfice",
      "office\u3164",
      "a\u0000",
      "\ud800",
    ]) {
      const response = await create(kind, name);
      expect([response.status, fieldsOf(response)]).toEqual([400, ["name"]]);
    }
  });
});

it.each(["key", "role", "allow list"] as const)(
  "rejects the description of a %s that changes its direction, keeps its other text in NFC, and seals its event",
  async (kind) => {
    for (const description of ["a\u202eb", "a\u2066b", "a\u200db", "a\u0007b", "two\nlines", "x".repeat(257)]) {
      const response = await create(kind, "hidden", { description });
      expect([response.status, fieldsOf(response)]).toEqual([400, ["description"]]);
    }
    const { status, body } = await create(kind, "shown", { description: "cou\u0302t 5 € ⚠️" });
    expect([status, body.data.spec.description]).toEqual([200, "coût 5 € ⚠️"]);
    const { body: log } = await ask(gateway, admin, `${BASE}/audit/events`);
    expect(log.data[0]).toMatchObject({ entity_name: "shown", hash: expect.any(String) });
  },
);

it("compares the names of roles and of allow lists without case in every script, and keys may share one", async () => {
  for (const kind of ["role", "allow list"] as const) {
    expect((await create(kind, "Zürich")).status).toBe(200);
    for (const name of ["ZÜRICH", "zu\u0308rich", "Ｚürich"]) {
      const { status, body } = await create(kind, name);
      expect([status, body.error?.code]).toEqual([409, "name_taken"]);
    }
    expect((await create(kind, "Zurich")).status).toBe(200);
  }
  expect((await create("key", "Zürich")).status).toBe(200);
  expect((await create("key", "Zürich")).status).toBe(200);
});

it("compares with names from before the comparison was stored, and frees the name of a deleted role", async () => {
  const { body } = await create("role", "Backups");
  await create("allow list", "Office");
  await env.DB.batch(["roles", "allow_lists"].map((table) => env.DB.prepare(`UPDATE ${table} SET name_key = NULL`)));
  expect((await create("role", "BACKUPS")).status).toBe(409);
  expect((await create("allow list", "OFFICE")).status).toBe(409);
  expect((await ask(gateway, admin, `${BASE}/roles/${body.data.info.id}`, "DELETE")).status).toBe(204);
  expect((await create("role", "BACKUPS")).status).toBe(200);
});

it("renames a role to another case of its name, and not to that of another role", async () => {
  const { body } = await create("role", "Éditeur");
  await create("role", "Lecteur");
  const rename = (name: string) =>
    ask(gateway, admin, `${BASE}/roles/${body.data.info.id}`, "PUT", { name, permissions: READ });
  expect((await rename("ÉDITEUR")).body.data.spec.name).toBe("ÉDITEUR");
  expect((await rename("LECTEUR")).status).toBe(409);
});

it("finds roles and audit events by text in any case, and keys by a name in any composition", async () => {
  await create("role", "Équipe Zürich");
  await create("key", "Zürich");
  const names = async (path: string) =>
    (await ask(gateway, admin, `${BASE}/${path}`)).body.data.map(
      (item: { spec?: { name: string }; entity_name?: string }) => item.spec?.name ?? item.entity_name,
    );
  expect(await names(`roles?display_name=${encodeURIComponent("ÉQUIPE")}`)).toEqual(["Équipe Zürich"]);
  expect(await names(`roles?display_name=${encodeURIComponent("ZÜRICH")}`)).toEqual(["Équipe Zürich"]);
  expect(await names(`api-keys?api_key_name=${encodeURIComponent("Zu\u0308rich")}`)).toEqual(["Zürich"]);
  expect(await names(`audit/events?search=${encodeURIComponent("équipe")}`)).toEqual(["Équipe Zürich"]);
  expect(await names(`audit/events?resource_type=API_KEY&search=${encodeURIComponent("ZÜRICH")}`)).toEqual(["Zürich"]);
});

it("reserves the names of the built-in roles in every spelling, for new and for renamed roles", async () => {
  const { body } = await create("role", "Mine");
  for (const name of [
    "account_admin",
    "Account Admin",
    "account-viewer",
    "ADMIN",
    "developer",
    "Ａｄｍｉｎ",
    "Viewer.",
  ]) {
    for (const response of [
      await create("role", name),
      await ask(gateway, admin, `${BASE}/roles/${body.data.info.id}`, "PUT", { name, permissions: READ }),
    ]) {
      expect([name, response.status, response.body.error?.code]).toEqual([name, 409, "name_taken"]);
    }
  }
  expect((await create("key", "Admin")).status).toBe(200);
});

it("lets two accounts have roles of one name", async () => {
  const other = await gateway.key({ name: "other", accountId: OTHER_ACCOUNT });
  const path = `/api/public/v1/accounts/${OTHER_ACCOUNT}/roles`;
  expect((await create("role", "Zürich")).status).toBe(200);
  expect((await ask(gateway, other, path, "POST", { name: "ZÜRICH", permissions: READ })).status).toBe(200);
});
