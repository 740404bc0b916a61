// API keys over a real socket: the format of Aeon's clients, rejected and denied requests, and the secrecy of keys.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
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
import { ROLE_IDS } from "../support/seed.ts";

let gatehouse: Gatehouse;
let admin: Client;
let adminId: string;
beforeAll(async () => {
  gatehouse = await startGatehouse();
  const key = await gatehouse.key({ name: "admin" });
  [admin, adminId] = [clientOf(gatehouse, key.token), key.id];
});
afterAll(() => gatehouse.close());
beforeEach(() => gatehouse.upstream.reset());

const HOUR = 3_600_000;
let made = 0;

function spec(changes: Readonly<Record<string, unknown>> = {}) {
  return { name: `key-${++made}`, expire_after_hours: 0, role_id: ROLE_IDS.Viewer, ...changes };
}

async function create(changes: Readonly<Record<string, unknown>> = {}, client = admin) {
  const response = await client("POST", KEYS_PATH, spec(changes));
  if (response.status !== 200) throw new Error(response.text);
  return response.body;
}

describe("createApiKey", () => {
  it("answers a new key with its secret in the shape that Aeon's clients decode", async () => {
    const { status, headers, body } = await admin("POST", KEYS_PATH, spec({ name: "ci/deploy #1", description: "d" }));
    expect([status, headers.get("content-type"), headers.get("cache-control")]).toEqual([
      200,
      "application/json",
      "no-store",
    ]);
    expect(body.jwt).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    const { id, metadata, role, ...info } = body.data.info;
    expect(body.data.spec).toEqual({
      name: "ci/deploy #1",
      description: "d",
      expire_after_hours: 0,
      role_id: ROLE_IDS.Viewer,
      allow_list_info: [],
    });
    expect(info).toEqual({
      etag: '"1"',
      issuer: "admin",
      created_by_id: adminId,
      expiry_time: "2099-12-31T00:00Z",
      latest_expiry_time: "2099-12-31T00:00Z",
      status: "ACTIVE",
      last_used_time: "Not yet used",
      last_used_address: null,
      usage_count: 0,
      account_id: ACCOUNT,
      disabled_at_time: null,
      canary: false,
      rotation: null,
      revoked_by_user_id: null,
      revoked_by_user_email: null,
      revoked_by_api_key_id: null,
      revoked_by_api_key_name: null,
      revoked_at_time: null,
      signing_key_id: expect.any(String),
      unusable_reason: null,
      compromised_on: null,
      compromised_url: null,
    });
    expect(role.spec.permissions).toEqual([]);
    expect(role.info).toMatchObject({
      ...{ display_name: "Viewer", is_user_defined: false, effective_permissions: [] },
      ...{ users: null, api_keys: null },
    });
    expect((await admin("GET", `${KEYS_PATH}/${id}`)).body.data.info.metadata).toEqual(metadata);
  });

  it("creates a key that works at once and within its role", async () => {
    const { jwt } = await create();
    expect((await gatehouse.call(jwt, CLUSTERS)).status).toBe(200);
    expect((await gatehouse.call(jwt, CLUSTERS, { method: "POST" })).status).toBe(403);
    expect(gatehouse.upstream.reached).toHaveLength(1);
  });

  it("creates a key that expires after the requested number of hours", async () => {
    const { data } = await create({ expire_after_hours: 720 });
    const { expiry_time, metadata } = data.info;
    expect(Date.parse(expiry_time) - Date.parse(metadata.created_on)).toBe(720 * HOUR);
  });

  it("binds a new key to IP allow lists in the given order and without duplicates", async () => {
    const [a, b] = await Promise.all(
      ["list-a", "list-b"].map((name) => admin("POST", LISTS_PATH, { name, allow_list: ["127.0.0.1"] })),
    );
    const ids = [b?.body.data.info.id, a?.body.data.info.id];
    const { data, jwt } = await create({ allow_list_info: [...ids, ids[0]] });
    expect(data.spec.allow_list_info).toEqual(ids);
    const from = (address: string) => gatehouse.call(jwt, CLUSTERS, { headers: { "cf-connecting-ip": address } });
    expect((await from("127.0.0.1")).status).toBe(200);
    expect((await from("203.0.113.9")).status).toBe(403);
  });

  it("reports every field error of a new key at once and creates nothing", async () => {
    const before = (await admin("GET", KEYS_PATH)).body.data.length;
    const wrong = {
      ...{ name: "a\r\nb", description: "\u0007", expire_after_hours: 87_601, role_id: "Admin" },
      ...{ allow_list_info: ["x"], hash: "f", userId: "victim" },
    };
    const response = await admin("POST", KEYS_PATH, wrong, { "idempotency-key": "two words" });
    expect(response.status).toBe(400);
    expect(fieldErrorsOf(response)).toEqual([
      ...["Idempotency-Key", "name", "description", "expire_after_hours", "role_id", "allow_list_info[0]"],
      ...["hash", "userId"],
    ]);
    expect(response.body.error.detail).toMatch(/^Invalid request: /);
    expect((await admin("GET", KEYS_PATH)).body.data).toHaveLength(before);
  });

  it.each([
    ["no name", { name: undefined }, ["name"]],
    ["an empty name", { name: "" }, ["name"]],
    ["a name that is too long", { name: "x".repeat(65) }, ["name"]],
    ["a name with markup", { name: '"><img onerror=x>' }, ["name"]],
    ["a name that starts with a dash", { name: "-rf" }, ["name"]],
    ["a description that is too long", { description: "x".repeat(257) }, ["description"]],
    ["no hours", { expire_after_hours: undefined }, ["expire_after_hours"]],
    ["negative hours", { expire_after_hours: -1 }, ["expire_after_hours"]],
    ["fractional hours", { expire_after_hours: 1.5 }, ["expire_after_hours"]],
    ["hours as text", { expire_after_hours: "1" }, ["expire_after_hours"]],
    ["hours that are a timestamp", { expire_after_hours: 1e15 }, ["expire_after_hours"]],
    ["no role", { role_id: undefined }, ["role_id"]],
    [
      "an unknown role and an unknown list",
      { role_id: crypto.randomUUID(), allow_list_info: [crypto.randomUUID()] },
      ["role_id", "allow_list_info[0]"],
    ],
    ["eleven lists", { allow_list_info: Array.from({ length: 11 }, () => crypto.randomUUID()) }, ["allow_list_info"]],
  ])("rejects a new key with %s", async (_, changes, fields) => {
    const response = await admin("POST", KEYS_PATH, spec(changes));
    expect([response.status, fieldErrorsOf(response)]).toEqual([400, fields]);
  });

  it.each([
    ["not JSON", "{", 400, {}],
    ["a list", [], 400, {}],
    ["null", "null", 400, {}],
    ["a form", "name=a", 415, { "content-type": "application/x-www-form-urlencoded" }],
    ["plain text", "{}", 415, { "content-type": "text/plain" }],
    ["in another charset", "{}", 415, { "content-type": "application/json; charset=latin1" }],
    ["gzip-encoded", "{}", 415, { "content-encoding": "gzip" }],
    ["larger than 64 KiB", JSON.stringify({ name: "x".repeat(65_536) }), 413, {}],
    ["deeply nested", "[".repeat(60_000), 400, {}],
  ])("rejects a new key whose body is %s", async (_, body, status, headers) => {
    expect((await admin("POST", KEYS_PATH, body, headers)).status).toBe(status);
  });

  it("rejects a body that is not UTF-8", async () => {
    const { token } = await gatehouse.key();
    const [before, after] = JSON.stringify(spec({ description: "?" })).split("?");
    const encode = (text = "") => [...new TextEncoder().encode(text)];
    const body = new Uint8Array([...encode(before), 0xc0, 0xaf, ...encode(after)]);
    const init = { method: "POST", body, headers: { "content-type": "application/json" } };
    expect((await gatehouse.call(token, KEYS_PATH, init)).status).toBe(400);
  });

  it("limits the size of a body that has no Content-Length", async () => {
    const { token } = await gatehouse.key();
    const part = new TextEncoder().encode(" ".repeat(16_384));
    let sent = 0;
    const body = new ReadableStream({ pull: (out) => (sent++ < 8 ? out.enqueue(part) : out.close()) });
    const init = { method: "POST", body, duplex: "half", headers: { "content-type": "application/json" } };
    expect((await gatehouse.call(token, KEYS_PATH, init as RequestInit)).status).toBe(413);
  });
});

describe("Idempotency-Key", () => {
  it("creates one key for repeated requests with the same Idempotency-Key and shows its secret once", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const body = spec();
    const responses = await Promise.all([1, 2, 3].map(() => admin("POST", KEYS_PATH, body, headers)));
    responses.push(await admin("POST", KEYS_PATH, body, headers));
    expect(responses.map((response) => response.status).sort()).toEqual([200, 409, 409, 409]);
    const first = responses.find((response) => response.status === 200)?.body;
    for (const { status, body: repeated, text } of responses) {
      expect(repeated.data.info.id).toBe(first.data.info.id);
      if (status === 409) expect([repeated.jwt, text.includes(first.jwt.slice(-20))]).toEqual([undefined, false]);
    }
    expect((await admin("GET", `${KEYS_PATH}?api_key_name=${body.name}`)).body.data).toHaveLength(1);
  });

  it.each([
    ["name", { name: "another" }],
    ["expiry", { expire_after_hours: 5 }],
    ["role", { role_id: ROLE_IDS.Admin }],
  ])("answers 422 to another request with the same Idempotency-Key: another %s", async (_, changes) => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const body = spec();
    expect((await admin("POST", KEYS_PATH, body, headers)).status).toBe(200);
    const reused = await admin("POST", KEYS_PATH, { ...body, ...changes }, headers);
    expect([reused.status, reused.body.error.code, reused.body.data]).toEqual([
      422,
      "idempotency_key_reused",
      undefined,
    ]);
  });
});

describe("privilege escalation by createApiKey", () => {
  it("denies creating a key with more access than the creating key and reports every escalation at once", async () => {
    const role = await admin("POST", ROLES_PATH, {
      name: "Key maker",
      permissions: [{ resource_type: "API_KEY", operation_groups: [{ operation_group: "CREATE" }] }],
    });
    const roleId = role.body.data.info.id;
    const bound = { roleId, expiresAt: Date.now() + HOUR, rules: ["127.0.0.0/8"] };
    const grantor = clientOf(gatehouse, (await gatehouse.key(bound)).token);
    const denied = await grantor("POST", KEYS_PATH, spec({ role_id: ROLE_IDS.Admin }));
    expect([denied.status, denied.body.error.code]).toEqual([403, "insufficient_scope"]);
    expect(fieldErrorsOf(denied)).toEqual(["role_id", "expire_after_hours", "allow_list_info"]);
    expect(denied.headers.get("www-authenticate")).toContain('error="insufficient_scope"');

    const wide = await admin("POST", LISTS_PATH, { name: "wide", allow_list: ["0.0.0.0/0"] });
    const narrow = await admin("POST", LISTS_PATH, { name: "narrow", allow_list: ["127.0.0.1"] });
    const attempt = (list: { body: { data: { info: { id: string } } } }) =>
      grantor(
        "POST",
        KEYS_PATH,
        spec({ role_id: roleId, expire_after_hours: 1, allow_list_info: [list.body.data.info.id] }),
      );
    // An hour from now is later than the expiry of the creating key.
    expect(fieldErrorsOf(await attempt(wide))).toEqual(["expire_after_hours", "allow_list_info"]);
    const longLived = clientOf(gatehouse, (await gatehouse.key({ ...bound, expiresAt: Date.now() + 2 * HOUR })).token);
    const allowed = await longLived(
      "POST",
      KEYS_PATH,
      spec({ role_id: roleId, expire_after_hours: 1, allow_list_info: [narrow.body.data.info.id] }),
    );
    expect(allowed.status).toBe(200);
  });

  it("denies creating a key without the permission API_KEY:CREATE", async () => {
    const viewer = clientOf(gatehouse, (await gatehouse.key({ role: "Viewer" })).token);
    expect((await viewer("POST", KEYS_PATH, spec())).status).toBe(403);
  });
});

describe("listApiKeys", () => {
  it("filters keys by exact name in both spellings, active keys first", async () => {
    const name = `Twin-${++made}`;
    const activeKey = await create({ name });
    const revokedKey = await create({ name });
    await admin("POST", `${KEYS_PATH}/${revokedKey.data.info.id}/revoke`);
    const ids = [activeKey.data.info.id, revokedKey.data.info.id];
    for (const query of [
      `api_key_name=${name}`,
      `apiKeyName=${name}`,
      `api_key_name=${name}&status=ACTIVE,REVOKED`,
      `api_key_name=${name}&status=ACTIVE&status=REVOKED`,
    ]) {
      const { body } = await admin("GET", `${KEYS_PATH}?${query}`);
      expect(body.data.map((key: { info: { id: string } }) => key.info.id)).toEqual(ids);
    }
    expect((await admin("GET", `${KEYS_PATH}?api_key_name=${name.toLowerCase()}`)).body.data).toEqual([]);
    expect((await admin("GET", `${KEYS_PATH}?api_key_name=${name}&status=REVOKED`)).body.data).toHaveLength(1);
  });

  it("pages through all keys by the links of each page", async () => {
    for (let n = 0; n < 3; n++) await create();
    const whole = (await admin("GET", KEYS_PATH)).body;
    const seen: unknown[] = [];
    let path: string | null = `${KEYS_PATH}?limit=2&order=desc`;
    while (path !== null) {
      const { body } = (await admin("GET", path)) as { body: typeof whole };
      seen.push(...body.data.map((key: { info: { id: string } }) => key.info.id));
      expect(body._metadata.links.next === null).toBe(body._metadata.continuation_token === null);
      path = body._metadata.links.next;
    }
    expect(seen).toEqual(whole.data.map((key: { info: { id: string } }) => key.info.id));
    expect((await admin("GET", `${KEYS_PATH}?limit=1000`)).status).toBe(200);
  });

  it.each([
    ["limit=0", ["limit"]],
    ["limit=-1", ["limit"]],
    ["limit=ten", ["limit"]],
    ["limit=1&limit=2", ["limit"]],
    ["status=DISABLED&order=up", ["status[0]", "order"]],
    ["continuation_token=bm9uc2Vuc2U", ["continuation_token"]],
  ])("rejects a key list with ?%s", async (query, fields) => {
    const response = await admin("GET", `${KEYS_PATH}?${query}`);
    expect([response.status, fieldErrorsOf(response)]).toEqual([400, fields]);
  });

  it("never repeats a secret that a query contains", async () => {
    const { jwt } = await create();
    const { text, status } = await admin("GET", `${KEYS_PATH}?access_token=${jwt}&limit=1`);
    expect([status, text.includes(jwt)]).toEqual([400, false]);
    const named = await admin("GET", `${KEYS_PATH}?${jwt}=1`);
    expect([named.status, named.text.includes(jwt)]).toEqual([400, false]);
    const rejected = await admin("GET", `${KEYS_PATH}?api_key_name=${jwt}&continuation_token=${jwt}`);
    expect([rejected.status, rejected.text.includes(jwt)]).toEqual([400, false]);
  });

  it("lists the keys of its own account only and finds no key of another", async () => {
    const foreign = await gatehouse.key({ accountId: OTHER_ACCOUNT, name: "foreign", role: "Viewer" });
    expect((await admin("GET", `${KEYS_PATH}?api_key_name=foreign`)).body.data).toEqual([]);
    const unknown = [foreign.id, crypto.randomUUID(), "not-an-id"];
    const responses = await Promise.all(unknown.map((id) => admin("GET", `${KEYS_PATH}/${id}`)));
    expect(responses.map((response) => [response.status, response.body.error.detail])).toEqual(
      unknown.map(() => [404, "API key not found"]),
    );
    expect((await admin("POST", `${KEYS_PATH}/${foreign.id}/revoke`)).status).toBe(404);
    expect((await gatehouse.call(foreign.token, `${V1}/account`)).status).toBe(200);
  });
});

describe("revokeApiKey", () => {
  it("answers a revocation with the time until it takes effect and denies the next mutation", async () => {
    const { jwt, data } = await create({ role_id: ROLE_IDS.Developer });
    expect((await gatehouse.call(jwt, CLUSTERS, { method: "POST" })).status).toBe(200);
    const { status, body } = await admin("POST", `${KEYS_PATH}/${data.info.id}/revoke`);
    expect(status).toBe(200);
    expect(body.effective).toEqual({ mutations: "now", reads_within_s: 10, degraded_reads_within_s: 70 });
    expect(body.data.info).toMatchObject({
      ...{ status: "REVOKED", revoked_by_api_key_id: adminId, revoked_by_api_key_name: "admin" },
      ...{ revoked_by_user_id: null, revoked_at_time: expect.stringMatching(/Z$/) },
    });
    expect((await gatehouse.call(jwt, CLUSTERS, { method: "POST" })).status).toBe(401);
    expect((await gatehouse.call(jwt, CLUSTERS)).status).toBe(401);
    const again = await admin("POST", `${KEYS_PATH}/${data.info.id}/revoke`, {});
    expect([again.status, again.body.data]).toEqual([200, body.data]);
  });

  it("lets a key revoke itself whatever its role", async () => {
    const { id, token } = await gatehouse.key({ role: "Viewer" });
    expect((await clientOf(gatehouse, token)("POST", `${KEYS_PATH}/${id}/revoke`)).status).toBe(200);
    expect((await gatehouse.call(token, CLUSTERS)).status).toBe(401);
  });

  it("lets the finder of a leaked key revoke it from outside its allow list, and do nothing else", async () => {
    const rules = { name: "office", description: "", allow_list: ["192.0.2.0/24"] };
    const list = (await admin("POST", LISTS_PATH, rules)).body.data.info.id;
    const spec = { role_id: ROLE_IDS.Viewer, allow_list_info: [list] };
    const [found, other] = [await create(spec), await create(spec)];
    const away = { "cf-connecting-ip": "203.0.113.9" };
    const finder = clientOf(gatehouse, found.jwt);
    const { id } = found.data.info;
    const simulation = { api_key_id: id, address: "203.0.113.9", method: "POST", path: `${KEYS_PATH}/${id}/revoke` };
    expect((await admin("POST", `${KEYS_PATH}/explain`, simulation)).body.data).toMatchObject({ allow: true });
    for (const [method, path] of [
      ["GET", CLUSTERS],
      ["GET", `${KEYS_PATH}/${id}`],
      ["POST", `${KEYS_PATH}/${other.data.info.id}/revoke`],
    ] as const) {
      const denied = await finder(method, path, undefined, away);
      expect([denied.status, denied.body.error.code]).toEqual([403, "address_not_allowed"]);
    }
    expect((await finder("POST", `${KEYS_PATH}/${id}/revoke`, undefined, away)).status).toBe(200);
    expect((await finder("GET", CLUSTERS, undefined, { "cf-connecting-ip": "192.0.2.1" })).status).toBe(401);
  });

  it("rejects a revocation with an unknown body member or parameter", async () => {
    const { data } = await create();
    const path = `${KEYS_PATH}/${data.info.id}/revoke`;
    const rejected = await admin("POST", `${path}?force=perhaps`, { reason: "x" });
    expect([rejected.status, fieldErrorsOf(rejected)]).toEqual([400, ["force", "reason"]]);
    expect((await admin("GET", `${KEYS_PATH}/${data.info.id}`)).body.data.info.status).toBe("ACTIVE");
  });

  it("requires force to revoke the last key that manages keys", async () => {
    const { id, token } = await gatehouse.key({ accountId: OTHER_ACCOUNT });
    const last = clientOf(gatehouse, token);
    const path = `${V1}/accounts/${OTHER_ACCOUNT}/api-keys/${id}/revoke`;
    const rejected = await last("POST", path);
    expect([rejected.status, rejected.body.error.code]).toEqual([409, "last_manager"]);
    expect((await last("POST", path, { force: false })).status).toBe(409);
    expect((await last("POST", path, { force: true })).status).toBe(200);
    expect((await last("POST", path)).status).toBe(401);
  });
});

describe("corrupt API key row", () => {
  it("answers 503 for a key whose row is corrupt and does not revoke it", async () => {
    const role = await admin("POST", ROLES_PATH, {
      name: "Corrupt",
      permissions: [{ resource_type: "BACKUP", operation_groups: [{ operation_group: "READ" }] }],
    });
    const { data } = await create({ role_id: role.body.data.info.id });
    const corrupt = (json: string) =>
      gatehouse.env.DB.prepare("UPDATE roles SET permissions = ? WHERE id = ?")
        .bind(json, role.body.data.info.id)
        .run();
    await corrupt('["BACKUP:EAT"]');
    expect((await admin("GET", `${KEYS_PATH}/${data.info.id}`)).status).toBe(503);
    expect((await admin("POST", `${KEYS_PATH}/${data.info.id}/revoke`)).status).toBe(503);
    await corrupt('["BACKUP:READ"]');
    expect((await admin("GET", `${KEYS_PATH}/${data.info.id}`)).body.data.info.status).toBe("ACTIVE");
  });
});

describe("API key secret", () => {
  it("shows the secret of a key in one response and in no other response, log line or stored value", async () => {
    const { jwt, data } = await create();
    const canary = jwt.slice(-30);
    await gatehouse.call(jwt, CLUSTERS);
    const badBodies = [{ name: jwt }, { [jwt]: jwt }, { name: { [jwt]: 1 } }, { role_id: jwt, allow_list_info: [jwt] }];
    const responses = await Promise.all(badBodies.map((body) => admin("POST", KEYS_PATH, body)));
    expect(responses.map(({ status }) => status)).toEqual(badBodies.map(() => 400));
    const shown = await Promise.all(
      [`${KEYS_PATH}/${data.info.id}`, KEYS_PATH, `${ROLES_PATH}/${ROLE_IDS.Viewer}`].map((path) => admin("GET", path)),
    );
    for (const { text } of [...responses, ...shown]) expect(text).not.toContain(canary);
    const tables = [
      "accounts",
      "roles",
      "allow_lists",
      "api_keys",
      "api_key_allow_lists",
      "key_changes",
      "audit_events",
    ];
    for (const table of tables) {
      const { results } = await gatehouse.env.DB.prepare(`SELECT * FROM ${table}`).all();
      expect(JSON.stringify(results)).not.toContain(canary);
    }
    const { keys } = await gatehouse.env.KEY_COPIES.list();
    for (const { name } of keys) expect(name + (await gatehouse.env.KEY_COPIES.get(name))).not.toContain(canary);
    expect(JSON.stringify(gatehouse.logs())).not.toContain(canary);
  });
});

describe("DEFAULT_KEY_ROLE", () => {
  it("gives a key the configured default role when none is named, as Aeon does", async () => {
    const other = await startGatehouse({ DEFAULT_KEY_ROLE: "viewer" });
    try {
      const client = clientOf(other, (await other.key()).token);
      const { status, body } = await client("POST", KEYS_PATH, { name: "a", expire_after_hours: 0 });
      expect([status, body.data.info.role.info.display_name]).toEqual([200, "Viewer"]);
    } finally {
      await other.close();
    }
  });
});
