// The policy of an account over a real socket: what it denies, and what waits for a second person.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Client,
  clientOf,
  fieldErrorsOf,
  KEYS_PATH,
  LISTS_PATH,
  ROLES_PATH,
  V1,
} from "../support/admin-client.ts";
import { ACCOUNT, CLUSTERS, type Gatehouse, OTHER_ACCOUNT, startGatehouse } from "../support/gatehouse.ts";
import { CLIENT, startIssuer, type TestIssuer } from "../support/issuer.ts";
import { ROLE_IDS } from "../support/seed.ts";

const A = `${V1}/accounts/${ACCOUNT}`;
const POLICY = `${A}/policy`;
const OPERATORS = `${A}/operators`;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let issuer: TestIssuer;
let gatehouse: Gatehouse;
let admin: Client;
let manager: Client;
let ada: Client;
let bob: Client;
let adaId: string;
beforeAll(async () => {
  issuer = await startIssuer();
  gatehouse = await startGatehouse({
    OIDC_ISSUER: issuer.url,
    OIDC_AUDIENCE: CLIENT,
    ...{ OIDC_ROLE_CLAIM: "groups", OIDC_ROLE_MAP: JSON.stringify({ [ACCOUNT]: [["admins", "Admin"]] }) },
  });
  admin = clientOf(gatehouse, (await gatehouse.key({ name: "admin" })).token);
  const groups = ["READ", "CREATE", "REVOKE"].map((operation_group) => ({ operation_group }));
  const permissions = [{ resource_type: "API_KEY", operation_groups: groups }];
  const { body } = await admin("POST", ROLES_PATH, { name: "Manager", permissions });
  const made = await admin("POST", KEYS_PATH, { name: "m", expire_after_hours: 0, role_id: body.data.info.id });
  manager = clientOf(gatehouse, made.body.jwt);
  [adaId] = (await Promise.all(["ada", "bob"].map(addOperator))) as [string, string];
  ada = clientOf(gatehouse, await issuer.signIn("ada"));
  bob = clientOf(gatehouse, await issuer.signIn("bob"));
});
afterAll(async () => {
  await gatehouse.close();
  await issuer.close();
});

async function addOperator(login: string): Promise<string> {
  const spec = { name: login, email: `${login}@example.com`, role_id: ROLE_IDS.Admin };
  return (await admin("POST", OPERATORS, spec)).body.data.info.id;
}

/** Sets the policy, by the approval of Bob where the one before asks for it. */
async function setPolicy(spec: Readonly<Record<string, unknown>>) {
  const first = await ada("PUT", POLICY, spec);
  if (first.status === 200) return first;
  await bob("POST", `${A}/approvals/${first.body.approval.id}/approve`);
  return ada("PUT", POLICY, spec);
}

let count = 0;
const spec = (changes: Readonly<Record<string, unknown>> = {}) => ({
  ...{ name: `key-${++count}`, expire_after_hours: 1, role_id: ROLE_IDS.Viewer },
  ...changes,
});
const codeOf = ({ status, body }: { status: number; body: { error: { code: string } } }) => [status, body.error?.code];

describe("the policy", () => {
  it("is empty at first, has an entity tag, and is replaced as a whole", async () => {
    const before = await admin("GET", POLICY);
    expect(before.body.data.spec).toEqual({
      ...{ max_lifetime_hours: null, max_overlap_hours: null, disable_after_idle_days: null, archive_after_days: null },
      ...{ never_expiring_by_admins_only: false, admin_keys_by_operators_only: false, second_person: false },
      leak_action: "revoke",
    });
    const tag = before.headers.get("etag") ?? "";
    const changed = await admin("PUT", POLICY, { max_lifetime_hours: 24 }, { "if-match": tag });
    expect(changed.body.data.spec).toMatchObject({ max_lifetime_hours: 24, second_person: false });
    expect(codeOf(await admin("PUT", POLICY, {}, { "if-match": tag }))).toEqual([412, "precondition_failed"]);
    expect((await admin("PUT", POLICY, {})).body.data.spec).toEqual(before.body.data.spec);
    const events = await admin("GET", `${A}/audit/events?resource_type=ACCOUNT`);
    expect(events.body.data[0]).toMatchObject({ event_name: "Edit Account", entity_id: ACCOUNT });
  });

  it("reports every wrong member at once, and changes nothing", async () => {
    const wrong = { max_lifetime_hours: 0, second_person: "yes", leak_action: "ignore", other: 1 };
    const response = await admin("PUT", POLICY, wrong);
    expect(fieldErrorsOf(response).sort()).toEqual(["leak_action", "max_lifetime_hours", "other", "second_person"]);
  });

  it("is changed by nobody without the permission, and not in another account", async () => {
    expect((await manager("PUT", POLICY, {})).status).toBe(403);
    expect((await manager("GET", POLICY)).status).toBe(200);
    expect((await admin("PUT", `${V1}/accounts/${OTHER_ACCOUNT}/policy`, {})).status).toBe(404);
  });

  it("limits the life of new keys, of longer edits and of successors, and lists the keys that live longer", async () => {
    const old = await admin("POST", KEYS_PATH, spec({ expire_after_hours: 0 }));
    const path = `${KEYS_PATH}/${old.body.data.info.id}`;
    await setPolicy({ max_lifetime_hours: 24, max_overlap_hours: 2 });
    for (const hours of [0, 25]) {
      const denied = await admin("POST", KEYS_PATH, spec({ expire_after_hours: hours }));
      expect([codeOf(denied), fieldErrorsOf(denied)]).toEqual([[403, "policy_violation"], ["expire_after_hours"]]);
    }
    expect((await admin("POST", KEYS_PATH, spec({ expire_after_hours: 24 }))).status).toBe(200);
    // The key itself is not cut: it is listed, and its name can be edited.
    expect((await gatehouse.call(old.body.jwt, CLUSTERS)).status).toBe(200);
    expect((await admin("PATCH", path, { description: "as before" })).status).toBe(200);
    const listed = await admin("GET", `${KEYS_PATH}?noncompliant=true`);
    expect(listed.body.data.map((key: { info: { id: string } }) => key.info.id)).toContain(old.body.data.info.id);
    expect(codeOf(await admin("POST", `${path}/rotate`, { overlap_hours: 3 }))).toEqual([403, "policy_violation"]);
    const rotated = await admin("POST", `${path}/rotate`, { overlap_hours: 2 });
    const life = Date.parse(rotated.body.data.info.expiry_time) - Date.now();
    expect(Math.abs(life - 24 * HOUR_MS)).toBeLessThan(60_000);
    expect(codeOf(await admin("PATCH", `${path}/rotation`, { overlap_hours: 3 }))).toEqual([403, "policy_violation"]);
    await setPolicy({});
  });

  it("revokes on request the keys that it would not allow", async () => {
    await setPolicy({ max_lifetime_hours: 100 });
    const { body } = await gatehouse.key({ name: "too long" }).then(({ id }) => admin("GET", `${KEYS_PATH}/${id}`));
    const filter = { api_key_name: "too long", noncompliant: true };
    const counted = await admin("POST", `${KEYS_PATH}/revoke`, { filter });
    expect(counted.body.data).toMatchObject({ count: 1, revoked: 0 });
    await admin("POST", `${KEYS_PATH}/revoke`, { filter, confirm_count: 1 });
    expect((await admin("GET", `${KEYS_PATH}/${body.data.info.id}`)).body.data.info.status).toBe("REVOKED");
    await setPolicy({});
  });

  it("keeps keys that never expire to Admins, and Admin keys to people", async () => {
    await setPolicy({ never_expiring_by_admins_only: true, admin_keys_by_operators_only: true });
    const never = spec({ expire_after_hours: 0, role_id: undefined });
    const { body: roles } = await admin("GET", `${ROLES_PATH}?display_name=Manager`);
    const role_id = roles.data[0].info.id;
    expect(codeOf(await manager("POST", KEYS_PATH, { ...never, role_id }))).toEqual([403, "policy_violation"]);
    expect(codeOf(await manager("POST", KEYS_PATH, spec({ role_id })))).toEqual([403, "policy_violation"]);
    expect(codeOf(await admin("POST", KEYS_PATH, spec({ role_id: ROLE_IDS.Admin })))).toEqual([
      403,
      "policy_violation",
    ]);
    expect((await ada("POST", KEYS_PATH, spec({ role_id: ROLE_IDS.Admin, expire_after_hours: 0 }))).status).toBe(200);
    const viewer = await admin("POST", KEYS_PATH, spec({ expire_after_hours: 0 }));
    expect(viewer.status).toBe(200);
    const path = `${KEYS_PATH}/${viewer.body.data.info.id}`;
    expect(codeOf(await admin("PATCH", path, { role_id: ROLE_IDS.Admin }))).toEqual([403, "policy_violation"]);
    await admin("PUT", `${path}/trial`, { role_id: ROLE_IDS.Admin });
    expect(codeOf(await admin("POST", `${path}/trial/promote`))).toEqual([403, "policy_violation"]);
    await setPolicy({});
  });

  it("leaves keys that ended long ago out of lists, and shows them on request", async () => {
    const ended = await gatehouse.key({ name: "dead", expiresAt: Date.now() - 3 * DAY_MS });
    const recent = await gatehouse.key({ name: "recent", expiresAt: Date.now() - HOUR_MS });
    const idsOf = async (query: string) =>
      (await admin("GET", `${KEYS_PATH}?${query}`)).body.data.map((key: { info: { id: string } }) => key.info.id);
    expect(await idsOf("status=EXPIRED")).toEqual(expect.arrayContaining([ended.id, recent.id]));
    expect(await idsOf("archived=true")).toEqual([]);
    await setPolicy({ archive_after_days: 2 });
    expect(await idsOf("status=EXPIRED")).not.toContain(ended.id);
    expect(await idsOf("status=EXPIRED")).toContain(recent.id);
    expect(await idsOf("api_key_name=dead")).toEqual([]);
    expect(await idsOf("archived=true")).toEqual([ended.id]);
    expect((await admin("GET", `${KEYS_PATH}/${ended.id}`)).status).toBe(200);
    await setPolicy({});
    expect(await idsOf("api_key_name=dead")).toEqual([ended.id]);
  });

  it("disables keys that nobody uses, but not before the policy is as old as that", async () => {
    const idle = await gatehouse.key({ name: "idle" });
    await gatehouse.env.DB.prepare("UPDATE api_keys SET created_at = ?1, updated_at = ?1 WHERE id = ?2")
      .bind(Date.now() - 40 * DAY_MS, idle.id)
      .run();
    await setPolicy({ disable_after_idle_days: 30 });
    await gatehouse.scheduled();
    expect((await gatehouse.call(idle.token, CLUSTERS)).status).toBe(200);
    const old = await gatehouse.key({ name: "idle too" });
    const age = "UPDATE api_keys SET created_at = ?1, updated_at = ?1, last_used_at = NULL WHERE id = ?2";
    await gatehouse.env.DB.prepare(age)
      .bind(Date.now() - 40 * DAY_MS, old.id)
      .run();
    const since = "UPDATE accounts SET idle_since = ?, idle_checked_at = 0 WHERE id = ?";
    await gatehouse.env.DB.prepare(since)
      .bind(Date.now() - 31 * DAY_MS, ACCOUNT)
      .run();
    await gatehouse.scheduled();
    const { info } = (await admin("GET", `${KEYS_PATH}/${old.id}`)).body.data;
    expect(info).toMatchObject({ status: "REVOKED", unusable_reason: "disabled" });
    expect((await gatehouse.call(old.token, CLUSTERS, { method: "POST" })).status).toBe(401);
    const events = await admin("GET", `${A}/audit/events?search=${old.id}`);
    expect(events.body.data[0].message).toBe("API key idle too was disabled after 30 days without a use");
    // What is used is not idle.
    expect((await gatehouse.call(idle.token, CLUSTERS, { method: "POST" })).status).toBe(200);
    await setPolicy({});
  });
});

describe("a second person", () => {
  const ROLE = { role_id: ROLE_IDS.Admin };
  const GROUPS = ["CREATE", "REVOKE"].map((operation_group) => ({ operation_group }));
  const MANAGING = [{ resource_type: "API_KEY", operation_groups: GROUPS }];
  const approve = (asked: { readonly body: { readonly approval: { readonly id: string } } }) =>
    bob("POST", `${A}/approvals/${asked.body.approval.id}/approve`);
  const counts = async () => ({ approvals: (await bob("GET", `${A}/approvals`)).body.data.length });
  const pending = async (client: Client) => (await client("GET", `${A}/approvals?pending=true`)).body.data;

  it("approves an Admin key, which its requester then creates once", async () => {
    expect((await setPolicy({ second_person: true })).status).toBe(200);
    const body = spec(ROLE);
    const asked = await ada("POST", KEYS_PATH, body);
    expect(codeOf(asked)).toEqual([403, "approval_required"]);
    const { approval } = asked.body;
    expect(approval).toMatchObject({
      ...{ status: "PENDING", operation_id: "createApiKey", method: "POST", path: KEYS_PATH },
      requested_by: { type: "OPERATOR", id: adaId, name: "ada@example.com" },
    });
    expect(JSON.parse(approval.body)).toEqual(body);
    // Asking again asks for the same approval.
    expect((await ada("POST", KEYS_PATH, body)).body.approval.id).toBe(approval.id);
    expect((await pending(bob)).map(({ id }: { id: string }) => id)).toEqual([approval.id]);
    const path = `${A}/approvals/${approval.id}`;
    expect(codeOf(await ada("POST", `${path}/approve`))).toEqual([409, "not_second"]);
    expect(codeOf(await admin("POST", `${path}/approve`))).toEqual([403, "insufficient_scope"]);
    expect((await bob("POST", `${path}/approve`)).body.data).toMatchObject({
      ...{ status: "APPROVED", decided_by_name: "bob@example.com" },
    });
    // Not for another request, and not for another requester.
    expect(codeOf(await ada("POST", KEYS_PATH, { ...body, name: "other" }))).toEqual([403, "approval_required"]);
    expect(codeOf(await admin("POST", KEYS_PATH, body))).toEqual([403, "policy_violation"]);
    const created = await ada("POST", KEYS_PATH, body);
    expect(created.status).toBe(200);
    expect((await ada("GET", path)).body.data).toMatchObject({ status: "USED" });
    expect(codeOf(await ada("POST", KEYS_PATH, body))).toEqual([403, "approval_required"]);
    const events = await ada("GET", `${A}/audit/events?search=${created.body.data.info.id}`);
    expect(events.body.data[0].detail.approval).toMatchObject({ id: approval.id, approved_by_name: "bob@example.com" });
    for (const { id } of await pending(ada)) await ada("POST", `${A}/approvals/${id}/reject`);
  });

  it("is asked by no key, whose holder could ask with it and approve", async () => {
    const { approvals } = await counts();
    for (const [method, where, body] of [
      ["POST", KEYS_PATH, spec(ROLE)],
      ["PUT", POLICY, {}],
    ] as const) {
      expect(codeOf(await admin(method, where, body))).toEqual([403, "policy_violation"]);
    }
    expect(await counts()).toEqual({ approvals });
  });

  it("approves a change of what it was asked for: no other version of a role, a list or a key", async () => {
    const rules = (allow_list: readonly string[]) => ({ name: `list-${++count}`, description: "", allow_list });
    const list = (await ada("POST", LISTS_PATH, rules(["10.0.0.0/8"]))).body.data.info.id;
    const body = spec({ ...ROLE, allow_list_info: [list] });
    await approve(await ada("POST", KEYS_PATH, body));
    expect((await ada("PUT", `${LISTS_PATH}/${list}`, rules(["0.0.0.0/1"]))).status).toBe(200);
    expect(codeOf(await ada("POST", KEYS_PATH, body))).toEqual([403, "approval_required"]);

    const key = `${KEYS_PATH}/${(await ada("POST", KEYS_PATH, spec())).body.data.info.id}`;
    const managing = { name: `role-${++count}`, permissions: MANAGING };
    await approve(await ada("POST", ROLES_PATH, managing));
    const role_id = (await ada("POST", ROLES_PATH, managing)).body.data.info.id;
    await ada("PUT", `${key}/trial`, { role_id });
    await approve(await ada("POST", `${key}/trial/promote`));
    await ada("PUT", `${key}/trial`, ROLE);
    expect(codeOf(await ada("POST", `${key}/trial/promote`))).toEqual([403, "approval_required"]);
  });

  it("is asked before a list of an Admin key lets it in from elsewhere", async () => {
    const rules = (allow_list: readonly string[]) => ({ name: `list-${++count}`, description: "", allow_list });
    const list = (await ada("POST", LISTS_PATH, rules(["10.0.0.0/8"]))).body.data.info.id;
    const body = spec({ ...ROLE, allow_list_info: [list] });
    await approve(await ada("POST", KEYS_PATH, body));
    expect((await ada("POST", KEYS_PATH, body)).status).toBe(200);
    const widened = await ada("PUT", `${LISTS_PATH}/${list}`, rules(["0.0.0.0/1"]));
    expect(codeOf(widened)).toEqual([403, "approval_required"]);
  });

  it("approves nothing any more once they are removed", async () => {
    const carl = { name: `c-${++count}`, email: "carl-admin@example.com", ...ROLE };
    await approve(await ada("POST", OPERATORS, carl));
    const { id } = (await ada("POST", OPERATORS, carl)).body.data.info;
    const second = clientOf(gatehouse, await issuer.signIn("carl-admin"));
    const body = spec(ROLE);
    const asked = await ada("POST", KEYS_PATH, body);
    expect((await second("POST", `${A}/approvals/${asked.body.approval.id}/approve`)).status).toBe(200);
    await ada("DELETE", `${OPERATORS}/${id}`);
    expect(codeOf(await ada("POST", KEYS_PATH, body))).toEqual([403, "approval_required"]);
  });

  it("is nobody by groups: who has removed their own entry could approve what their own key asks for", async () => {
    issuer.groups.set("carol", ["admins"]);
    const carol = clientOf(gatehouse, await issuer.signIn("carol"));
    const asked = await ada("POST", KEYS_PATH, spec(ROLE));
    const path = `${A}/approvals/${asked.body.approval.id}`;
    expect(codeOf(await carol("POST", `${path}/approve`))).toEqual([403, "insufficient_scope"]);
    expect(codeOf(await carol("POST", `${path}/reject`))).toEqual([403, "insufficient_scope"]);
    expect((await bob("POST", `${path}/reject`)).status).toBe(200);
  });

  it("is asked for force, for the policy, for operators and for roles that manage keys, and for nothing else", async () => {
    const key = (await ada("POST", KEYS_PATH, spec())).body.data.info;
    const path = `${KEYS_PATH}/${key.id}`;
    const reading = [{ resource_type: "API_KEY", operation_groups: [{ operation_group: "READ" }] }];
    const role = (await ada("POST", ROLES_PATH, { name: "Readers", permissions: reading })).body.data.info.id;
    const carl = { name: "carl", email: "carl@example.com" };
    for (const [method, where, body] of [
      ["POST", `${path}/revoke?force=true`, {}],
      ["POST", `${path}/disable`, { force: true }],
      ["PATCH", path, ROLE],
      ["PUT", POLICY, {}],
      ["POST", OPERATORS, { ...carl, ...ROLE }],
      ["DELETE", `${OPERATORS}/${adaId}?force=true`, undefined],
      ["PUT", `${ROLES_PATH}/${role}`, { name: "Readers", permissions: MANAGING }],
      ["POST", ROLES_PATH, { name: "Managers", permissions: MANAGING }],
    ] as const) {
      expect([method, where, codeOf(await ada(method, where, body))]).toEqual([
        method,
        where,
        [403, "approval_required"],
      ]);
    }
    expect((await ada("PATCH", path, { description: "x" })).status).toBe(200);
    expect((await ada("POST", `${path}/disable`)).status).toBe(200);
    expect((await ada("POST", `${path}/enable`)).status).toBe(200);
    expect((await ada("POST", OPERATORS, { ...carl, role_id: ROLE_IDS.Viewer })).status).toBe(200);
    expect((await ada("POST", `${path}/revoke`)).status).toBe(200);
    for (const { id } of await pending(ada)) await ada("POST", `${A}/approvals/${id}/reject`);
  });

  it("rejects, and the same request is denied until the approval expires", async () => {
    const body = spec(ROLE);
    const { id } = (await ada("POST", KEYS_PATH, body)).body.approval;
    expect((await bob("POST", `${A}/approvals/${id}/reject`)).body.data.status).toBe("REJECTED");
    expect(codeOf(await ada("POST", KEYS_PATH, body))).toEqual([403, "approval_rejected"]);
    expect(codeOf(await bob("POST", `${A}/approvals/${id}/approve`))).toEqual([409, "not_open"]);
  });

  it("approves what is used once, by however many requests at the same time", async () => {
    const body = spec(ROLE);
    const { id } = (await ada("POST", KEYS_PATH, body)).body.approval;
    await bob("POST", `${A}/approvals/${id}/approve`);
    const all = await Promise.all(Array.from({ length: 10 }, () => ada("POST", KEYS_PATH, body)));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await ada("GET", `${KEYS_PATH}?api_key_name=${body.name}`)).body.data).toHaveLength(1);
  });

  it("approves nothing that has expired, and nothing that D1 shows otherwise than it was asked for", async () => {
    const { id } = (await ada("POST", KEYS_PATH, spec(ROLE))).body.approval;
    const { DB } = gatehouse.env;
    await DB.prepare("UPDATE approvals SET body = '{}' WHERE id = ?").bind(id).run();
    expect((await bob("POST", `${A}/approvals/${id}/approve`)).status).toBe(503);
    const other = (await ada("POST", KEYS_PATH, spec(ROLE))).body.approval;
    await DB.prepare("UPDATE approvals SET expires_at = ? WHERE id = ?").bind(Date.now(), other.id).run();
    expect(codeOf(await bob("POST", `${A}/approvals/${other.id}/approve`))).toEqual([409, "not_open"]);
    await DB.prepare("DELETE FROM approvals WHERE id = ?").bind(id).run();
  });

  it("cannot be asked for where nobody else could approve", async () => {
    expect((await setPolicy({ second_person: false })).status).toBe(200);
    const operators = (await admin("GET", OPERATORS)).body.data;
    const others = operators.filter((each: { info: { id: string } }) => each.info.id !== adaId);
    for (const { info } of others) await admin("DELETE", `${OPERATORS}/${info.id}`);
    expect(codeOf(await ada("PUT", POLICY, { second_person: true }))).toEqual([409, "second_person_missing"]);
  });
});
