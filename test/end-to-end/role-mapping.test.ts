// People whose groups at a real OpenID Connect provider are mapped to roles: they have no entry, and join and leave there.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, clientOf, fieldErrorsOf, KEYS_PATH, ROLES_PATH, V1 } from "../support/admin-client.ts";
import { ACCOUNT, CLUSTERS, type Gatehouse, OTHER_ACCOUNT, startGatehouse } from "../support/gatehouse.ts";
import { CLIENT, startIssuer, type TestIssuer } from "../support/issuer.ts";
import { ROLE_IDS } from "../support/seed.ts";

const OPERATORS = `${V1}/accounts/${ACCOUNT}/operators`;
/** Roles that tests make with these ids. */
const [MANAGERS, GONE] = [crypto.randomUUID(), crypto.randomUUID()];
const MAP = {
  [ACCOUNT]: [
    ["admins", "Admin"],
    ["managers", MANAGERS],
    ["gone", GONE],
    ["staff", "Viewer"],
  ],
  [OTHER_ACCOUNT]: [["both", "Developer"]],
  [crypto.randomUUID()]: [["staff", "Admin"]],
};

let issuer: TestIssuer;
let gatehouse: Gatehouse;
let admin: Client;
beforeAll(async () => {
  issuer = await startIssuer();
  gatehouse = await startGatehouse({
    OIDC_ISSUER: issuer.url,
    OIDC_AUDIENCE: CLIENT,
    OIDC_ROLE_CLAIM: "groups",
    OIDC_ROLE_MAP: JSON.stringify(MAP),
  });
  admin = clientOf(gatehouse, (await gatehouse.key({ name: "admin" })).token);
  await gatehouse.env.DB.prepare(
    `INSERT INTO roles (id, account_id, display_name, permissions, manages_keys, created_at, updated_at)
      VALUES (?1, ?2, 'Managers', ?3, 1, 0, 0)`,
  )
    .bind(MANAGERS, ACCOUNT, MANAGING)
    .run();
});
afterAll(async () => {
  await gatehouse.close();
  await issuer.close();
});

const MANAGING = JSON.stringify(["API_KEY:READ", "API_KEY:CREATE", "API_KEY:REVOKE", "ROLE:READ", "ROLE:UPDATE"]);
const restoreManagers = () =>
  gatehouse.env.DB.prepare("UPDATE roles SET permissions = ? WHERE id = ?").bind(MANAGING, MANAGERS).run();

/** Signs somebody in whose groups are these. */
async function signIn(login: string, groups: unknown): Promise<string> {
  issuer.groups.set(login, groups);
  return issuer.signIn(login);
}
const codeOf = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code;
const selfOf = async (token: string, headers: Record<string, string> = {}) =>
  (await (await gatehouse.call(token, `${V1}/auth/self`, { headers })).json()).data;
const newKey = { name: "made", expire_after_hours: 0, role_id: ROLE_IDS.Viewer };

describe("somebody with a mapped group", () => {
  it.each([
    [["admins", "staff"], "Admin"],
    [["staff"], "Viewer"],
    ["staff", "Viewer"],
    [["managers", "unknown"], "Managers"],
  ])("of %j acts as %s without an entry", async (groups, role) => {
    const token = await signIn("ada", groups);
    expect(await selfOf(token)).toMatchObject({
      type: "OPERATOR",
      name: "ada@example.com",
      account_id: ACCOUNT,
      role: { name: role },
    });
    expect((await gatehouse.call(token, CLUSTERS)).status).toBe(role === "Managers" ? 403 : 200);
    expect((await admin("GET", OPERATORS)).body.data).toEqual([]);
  });

  it.each([
    ["no claim", undefined],
    ["no group", []],
    ["no mapped group", ["Staff", "staff "]],
    ["a claim of another kind", { staff: true }],
    ["a group of an account that does not exist", ["nobody"]],
  ])("is nobody with %s", async (_, groups) => {
    const token = await signIn("bob", groups);
    expect(await codeOf(await gatehouse.call(token, CLUSTERS))).toBe("operator_unknown");
    expect(await codeOf(await gatehouse.call(token, `${V1}/account`))).toBe("operator_unknown");
  });

  it("keeps one id for ever, which the log, the keys that they make and the upstream name", async () => {
    const token = await signIn("cleo", ["admins"]);
    const { id } = await selfOf(token);
    expect((await selfOf(await signIn("cleo", ["staff"]))).id).toBe(id);
    expect((await selfOf(await signIn("carl", ["admins"]))).id).not.toBe(id);
    const cleo = clientOf(gatehouse, token);
    const created = await cleo("POST", KEYS_PATH, newKey);
    expect([created.status, created.body.data.info.issuer]).toEqual([200, "cleo@example.com"]);
    const revoked = await cleo("POST", `${KEYS_PATH}/${created.body.data.info.id}/revoke`);
    expect(revoked.body.data.info).toMatchObject({ revoked_by_user_id: id, revoked_by_user_email: "cleo@example.com" });
    const events = await admin("GET", `${V1}/accounts/${ACCOUNT}/audit/events?limit=2`);
    for (const event of events.body.data) {
      expect(event).toMatchObject({ user_id: id, user_email: "cleo@example.com", actor: { type: "OPERATOR" } });
    }
    gatehouse.upstream.reset();
    await gatehouse.call(token, CLUSTERS);
    const claims = String(gatehouse.upstream.reached[0]?.headers["gatehouse-identity"]).split(".")[1] ?? "";
    const identity = { sub: id, acc: ACCOUNT, role: "Admin", sub_type: "operator", sub_name: "cleo@example.com" };
    expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject(identity);
  });

  it("is denied as any operator, and the denial can be explained and names their id", async () => {
    const token = await signIn("dora", ["staff"]);
    const response = await gatehouse.call(token, CLUSTERS, { method: "POST" });
    const { error } = (await response.json()) as { error: { code: string; request_id: string } };
    expect(error.code).toBe("permission_missing");
    const explained = await admin("POST", `${KEYS_PATH}/explain`, { request_id: error.request_id });
    expect(explained.body.data).toMatchObject({
      reason: "permission_missing",
      call: { api_key_id: (await selfOf(token)).id },
    });
    expect(await codeOf(await gatehouse.call(token, CLUSTERS.replace(ACCOUNT, OTHER_ACCOUNT)))).toBe(
      "account_mismatch",
    );
  });

  it("chooses between accounts, mapped or with an entry", async () => {
    const token = await signIn("eric", ["staff", "both"]);
    expect(await codeOf(await gatehouse.call(token, `${V1}/account`))).toBe("account_required");
    const chosen = await selfOf(token, { "gatehouse-account": OTHER_ACCOUNT });
    expect([chosen.role.name, chosen.accounts.length]).toEqual(["Developer", 2]);
    expect((await gatehouse.call(token, CLUSTERS.replace(ACCOUNT, OTHER_ACCOUNT))).status).toBe(200);
  });

  it("has no role that the account does not have", async () => {
    const token = await signIn("fay", ["gone", "staff"]);
    expect(await codeOf(await gatehouse.call(token, CLUSTERS))).toBe("mapped_role_missing");
    expect(await codeOf(await gatehouse.call(token, `${V1}/account`))).toBe("mapped_role_missing");
    const elsewhere = await signIn("fay", ["gone", "both"]);
    expect((await selfOf(elsewhere)).account_id).toBe(OTHER_ACCOUNT);
  });
});

describe("an entry of somebody with a mapped group", () => {
  it.each([
    ["gus", "e-mail address", { email: "gus@example.com" }],
    ["hal", "subject", { subject: "hal" }],
  ])("of %s by %s counts instead, also when it has expired, until it is removed", async (login, _, identity) => {
    const token = await signIn(login, ["admins"]);
    expect((await selfOf(token)).role.name).toBe("Admin");
    const spec = { name: login, role_id: ROLE_IDS.Viewer, ...identity };
    const { id } = (await admin("POST", OPERATORS, spec)).body.data.info;
    expect(await selfOf(token)).toMatchObject({ id, role: { name: "Viewer" } });
    await gatehouse.env.DB.prepare("UPDATE operators SET expires_at = 1 WHERE id = ?").bind(id).run();
    expect(await codeOf(await gatehouse.call(token, CLUSTERS))).toBe("key_expired");
    await admin("DELETE", `${OPERATORS}/${id}`);
    expect((await selfOf(token)).role.name).toBe("Admin");
  });
});

describe("a change that is under way", () => {
  /** Sends half of a body, waits, and sends the rest. */
  async function hold(token: string, body: object, meanwhile: () => Promise<unknown>) {
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const stream = new ReadableStream({
      async start(controller) {
        controller.enqueue(bytes.slice(0, 10));
        await new Promise((resume) => setTimeout(resume, 300));
        await meanwhile();
        controller.enqueue(bytes.slice(10));
        controller.close();
      },
    });
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: stream, duplex: "half" } as RequestInit;
    return gatehouse.call(token, KEYS_PATH, init);
  }

  it("is denied when its author has been given an entry with less meanwhile", async () => {
    const token = await signIn("kim", ["admins"]);
    const spec = { name: "kim", email: "kim@example.com", role_id: ROLE_IDS.Viewer };
    const held = await hold(token, { ...newKey, name: "by-kim" }, () => admin("POST", OPERATORS, spec));
    expect([held.status, await codeOf(held)]).toEqual([403, "permission_missing"]);
  });

  it("is denied when the role of its author has lost the permission meanwhile", async () => {
    const token = await signIn("lea", ["managers"]);
    const read = [{ resource_type: "API_KEY", operation_groups: [{ operation_group: "READ" }] }];
    const body = { name: "Managers", description: "", permissions: read };
    const held = await hold(token, { ...newKey, role_id: MANAGERS }, () =>
      admin("PUT", `${ROLES_PATH}/${MANAGERS}`, body),
    );
    expect([held.status, await codeOf(held)]).toEqual([403, "permission_missing"]);
    await restoreManagers();
  });

  it("is made when nothing has changed", async () => {
    expect((await hold(await signIn("max", ["admins"]), newKey, async () => null)).status).toBe(200);
  });
});

describe("a role that groups are mapped to", () => {
  it("changes what its people may do at once", async () => {
    const token = await signIn("ida", ["managers"]);
    const ida = clientOf(gatehouse, token);
    expect((await ida("GET", KEYS_PATH)).status).toBe(200);
    const { DB } = gatehouse.env;
    await DB.prepare("UPDATE roles SET permissions = '[\"ROLE:READ\"]' WHERE id = ?").bind(MANAGERS).run();
    expect((await ida("GET", KEYS_PATH)).body.error.code).toBe("permission_missing");
    await restoreManagers();
  });

  it("is not widened by a key that expires: its people would get more for longer", async () => {
    const expiring = await gatehouse.key({ name: "expiring", expiresAt: Date.now() + 3_600_000 });
    const client = clientOf(gatehouse, expiring.token);
    const permissions = [{ resource_type: "BACKUP", operation_groups: [{ operation_group: "READ" }] }];
    const body = { name: "Managers", description: "", permissions };
    const response = await client("PUT", `${ROLES_PATH}/${MANAGERS}`, body);
    expect([response.status, fieldErrorsOf(response)]).toEqual([403, ["permissions"]]);
    expect(response.text).toContain("OIDC_ROLE_MAP");
    const { id } = (await admin("POST", ROLES_PATH, { ...body, name: "Not mapped" })).body.data.info;
    const clusters = [{ resource_type: "CLUSTER", operation_groups: [{ operation_group: "READ" }] }];
    expect(
      (await client("PUT", `${ROLES_PATH}/${id}`, { ...body, name: "Not mapped", permissions: clusters })).status,
    ).toBe(200);
  });

  it("makes nobody a manager: the last key that manages keys stays", async () => {
    const keys = (await admin("GET", `${KEYS_PATH}?status=ACTIVE`)).body.data;
    const ids = keys
      .filter((key: { spec: object }) => JSON.stringify(key).includes(ROLE_IDS.Admin))
      .map((key: { info: { id: string } }) => key.info.id);
    const jo = clientOf(gatehouse, await signIn("jo", ["admins"]));
    const codes: unknown[] = [];
    for (const id of ids) codes.push((await jo("POST", `${KEYS_PATH}/${id}/revoke`)).body.error?.code);
    expect(codes.at(-1)).toBe("last_manager");
    expect(codes.slice(0, -1).every((code) => code === undefined)).toBe(true);
  });
});
