// The audit log over a real socket, its verification on tampered copies of the real database, and the counts of denials.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FirstKey, firstKey } from "../../scripts/secrets.ts";
import { readSigned } from "../../src/core/audit/checkpoint.ts";
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

const EVENTS = `${V1}/accounts/${ACCOUNT}/audit/events`;
const DENIALS = `${V1}/accounts/${ACCOUNT}/audit/refusals`;

type Row = Readonly<Record<string, string | number | null>>;

let gatehouse: Gatehouse;
let admin: Client;
let adminId: string;
let folder: string;
const made: Record<string, string> = {};

/** Makes one change of every kind, in the order of HISTORY. */
async function makeHistory(admin: Client, made: Record<string, string>): Promise<void> {
  const rules = { name: "office", description: "", allow_list: ["192.0.2.0/24"] };
  made.list = (await admin("POST", LISTS_PATH, rules)).body.data.info.id;
  const permissions = (group: string) => [{ resource_type: "BACKUP", operation_groups: [{ operation_group: group }] }];
  made.role = (
    await admin("POST", ROLES_PATH, { name: "Backups", permissions: permissions("CREATE") })
  ).body.data.info.id;
  await admin("PUT", `${ROLES_PATH}/${made.role}`, { name: "Backups", permissions: permissions("DELETE") });
  const key = { name: "ci", expire_after_hours: 1, role_id: ROLE_IDS.Viewer };
  // Another address of the same network, so that its first use is no event.
  const created = await admin("POST", KEYS_PATH, key, { "cf-connecting-ip": "127.0.0.7" });
  made.key = created.body.data.info.id;
  made.secret = created.body.jwt;
  await admin("POST", `${KEYS_PATH}/${made.key}/revoke`);
  await admin("DELETE", `${ROLES_PATH}/${made.role}`);
  await admin("DELETE", `${LISTS_PATH}/${made.list}`);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-audit-"));
  gatehouse = await startGatehouse();
  const key = await gatehouse.key({ name: "admin" });
  [admin, adminId] = [clientOf(gatehouse, key.token), key.id];
  await makeHistory(admin, made);
  await gatehouse.scheduled();
});
afterAll(async () => {
  await gatehouse.close();
  rmSync(folder, { recursive: true });
});

const HISTORY = [
  "Create Allow List",
  "Create Role",
  "Edit Role",
  "Create API Key",
  "Revoke API Key",
  "Delete Role",
  "Delete Allow List",
];

describe("audit log", () => {
  it("records every change with its actor, address and request id", async () => {
    const { body } = await admin("GET", `${EVENTS}?order=asc`);
    expect(body.data.map((event: { event_name: string }) => event.event_name)).toEqual(HISTORY);
    const created = body.data[3];
    expect(created).toMatchObject({
      account_id: ACCOUNT,
      account_name: "Test account",
      entity_name: "ci",
      entity_id: made.key,
      event_type: "CREATE",
      resource_type: "API_KEY",
      is_successful: true,
      user_email: null,
      actor: { type: "API_KEY", id: adminId, name: "admin" },
      address: "127.0.0.7",
      sequence: 4,
    });
    expect(created.request_id).toMatch(/^[0-9a-z-]+$/);
    expect(created.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(created.detail).toMatchObject({ role_id: ROLE_IDS.Viewer, allow_list_info: [] });
    expect(JSON.stringify(body)).not.toContain(made.secret);
  });

  it("records the state before and after a change", async () => {
    const { body } = await admin("GET", `${EVENTS}?event_type=EDIT`);
    const { before, after } = body.data[0].detail;
    expect([before.permissions, after.permissions]).toEqual([["BACKUP:CREATE"], ["BACKUP:DELETE"]]);
    expect(before.name).toBe("Backups");
  });

  it("records the expiry of a key once", async () => {
    await gatehouse.key({ name: "short", expiresAt: Date.now() - 1_000 });
    await gatehouse.scheduled();
    await gatehouse.scheduled();
    const { body } = await admin("GET", `${EVENTS}?event_type=EXPIRE`);
    expect(
      body.data.map((event: { event_name: string; actor: { type: string } }) => [event.event_name, event.actor.type]),
    ).toEqual([["Expire API Key", "SYSTEM"]]);
  });

  it("filters audit events by type, resource, time and text", async () => {
    const names = async (query: string) =>
      (await admin("GET", `${EVENTS}?order=asc&${query}`)).body.data.map(
        (event: { event_name: string }) => event.event_name,
      );
    expect(await names("resource_type=ROLE&event_type=CREATE,DELETE")).toEqual(["Create Role", "Delete Role"]);
    expect(await names("search=OFFICE")).toEqual(["Create Allow List", "Delete Allow List"]);
    expect(await names(`search=${made.key}&event_type=REVOKE`)).toEqual(["Revoke API Key"]);
    expect(await names("end_timestamp=2020-01-01T00:00:00Z")).toEqual([]);
    expect(
      await names("start_timestamp=2020-01-01T00:00:00Z&end_timestamp=2999-01-01T00:00%2B02:00&event_type=EDIT"),
    ).toEqual(["Edit Role"]);
  });

  it("reports every error of an audit query at once", async () => {
    const response = await admin(
      "GET",
      `${EVENTS}?event_type=X&resource_type=Y&start_timestamp=now&limit=0&order_by=name`,
    );
    expect([response.status, fieldErrorsOf(response).sort()]).toEqual([
      400,
      ["event_type[0]", "limit", "order_by", "resource_type[0]", "start_timestamp"],
    ]);
  });

  it("pages through audit events without repeating or losing one", async () => {
    for (const order of ["asc", "desc"]) {
      const seen: number[] = [];
      let path: string | null = `${EVENTS}?limit=3&order=${order}`;
      while (path !== null) {
        const { body } = await admin("GET", path);
        seen.push(...body.data.map((event: { sequence: number }) => event.sequence));
        path = body._metadata.links.next;
      }
      const all = [1, 2, 3, 4, 5, 6, 7, 8];
      expect(seen).toEqual(order === "asc" ? all : all.reverse());
    }
  });

  it("exports audit events as one JSON object per line, oldest first, by path and by Accept", async () => {
    const token = (await gatehouse.key({ role: "Viewer" })).token;
    const byPath = await gatehouse.call(token, `${EVENTS}/export`);
    const byAccept = await gatehouse.call(token, `${EVENTS}?order=asc`, {
      headers: { accept: "application/x-ndjson" },
    });
    expect(byPath.headers.get("content-type")).toBe("application/x-ndjson");
    const text = await byPath.text();
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.slice(0, 7).map((event) => event.event_name)).toEqual(HISTORY);
    expect(await byAccept.text()).toBe(text);
  });

  it("denies audit events without the permission or of another account", async () => {
    const developer = clientOf(gatehouse, (await gatehouse.key({ role: "Developer" })).token);
    expect((await developer("GET", EVENTS)).status).toBe(403);
    const foreignAdmin = clientOf(gatehouse, (await gatehouse.key({ accountId: OTHER_ACCOUNT })).token);
    expect((await foreignAdmin("GET", EVENTS)).status).toBe(404);
    expect((await foreignAdmin("GET", EVENTS.replace(ACCOUNT, OTHER_ACCOUNT))).body.data).toEqual([]);
  });
});

describe("npm run audit:verify", () => {
  let first: FirstKey;
  let own: Gatehouse;
  let tables: Readonly<Record<string, readonly Row[]>>;
  const ids: Record<string, string> = {};

  /** Every change is made by a key that bootstrap has made, so that the log explains all rows. */
  beforeAll(async () => {
    own = await startGatehouse({}, {}, false);
    first = await firstKey(own.secrets.KEY_RING, "Verified", ACCOUNT, Date.now());
    for (const sql of first.statements) await own.env.DB.prepare(sql).bind().run();
    const client = clientOf(own, first.token);
    await makeHistory(client, ids);
    const key = { name: "kept", expire_after_hours: 0, role_id: ROLE_IDS.Viewer, description: "cost in €" };
    ids.kept = (await client("POST", KEYS_PATH, key)).body.data.info.id;
    const person = { name: "Ada", email: "ada@example.com", role_id: ROLE_IDS.Viewer };
    await client("POST", `${V1}/accounts/${ACCOUNT}/operators`, person);
    await own.scheduled();
    const names = (await own.env.DB.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()).results;
    const read = names
      .map(({ name }) => String(name))
      .filter((name) => !/^(?:_|sqlite|d1)/.test(name))
      .map(async (name) => [name, (await own.env.DB.prepare(`SELECT * FROM ${name}`).all()).results] as const);
    tables = Object.fromEntries(await Promise.all(read)) as typeof tables;
  });
  afterAll(() => own.close());

  /** Copies the database, changed by `edit` as an attacker would. @returns its file */
  async function copy(edit = ""): Promise<string> {
    const file = join(folder, `${crypto.randomUUID()}.sqlite`);
    const db = new DatabaseSync(file);
    for (const each of readdirSync("migrations")) db.exec(readFileSync(`migrations/${each}`, "utf8"));
    db.exec("PRAGMA foreign_keys = OFF");
    for (const [table, rows] of Object.entries(tables)) {
      db.exec(`DELETE FROM ${table}`);
      for (const row of rows) {
        const columns = Object.keys(row);
        const places = columns.map(() => "?").join(", ");
        db.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`).run(...Object.values(row));
      }
    }
    db.exec(edit);
    db.close();
    return file;
  }

  function verify(file: string, ...more: string[]): { status: number; output: string } {
    const env = { ...process.env, IDENTITY_KEYS: own.secrets.IDENTITY_KEYS };
    try {
      const args = ["scripts/audit-verify.ts", "--file", file, ...more];
      return { status: 0, output: execFileSync(process.execPath, args, { env, encoding: "utf8", stdio: "pipe" }) };
    } catch (error) {
      const { status, stdout } = error as { status: number; stdout: string };
      return { status, output: stdout };
    }
  }

  it("verifies an intact log and its state, with the private keys or with the published JWKS", async () => {
    const file = await copy();
    expect(verify(file, "--state")).toEqual({
      status: 0,
      output: "10 events of 1 accounts, 0 not sealed yet: 0 findings\n",
    });
    const jwks = join(folder, "jwks.json");
    writeFileSync(jwks, await (await own.call(null, "/.well-known/gatehouse/jwks.json")).text());
    expect(verify(file, "--jwks", jwks).status).toBe(0);
  });

  const OTHER_ID = "00000000-0000-4000-8000-000000000001";
  const NEW_ROW = `id, account_id, event_type, resource_type, resource_id, resource_name, actor_type, actor_id, actor_name,
    address, request_id, message, detail, created_at, mac, authentic`;
  it.each([
    ["a changed name", "UPDATE audit_events SET actor_name = 'nobody' WHERE seq = 4", "changed"],
    ["a changed detail", "UPDATE audit_events SET detail = '{}' WHERE seq = 3", "changed"],
    ["a changed time", "UPDATE audit_events SET created_at = created_at + 1 WHERE seq = 1", "changed"],
    [
      "a time that no program can hold",
      "UPDATE audit_events SET created_at = 9223372036854775807 WHERE seq = 1",
      "changed",
    ],
    ["an event deleted in the middle", "DELETE FROM audit_events WHERE seq = 5", "missing"],
    ["deleted last events", "DELETE FROM audit_events WHERE seq > 6", "cut_off"],
    [
      "an inserted event",
      `UPDATE audit_events SET seq = seq + 100, number = number + 100 WHERE seq > 3;
       UPDATE audit_events SET seq = seq - 99, number = number - 99 WHERE seq > 100;
       INSERT INTO audit_events (seq, number, ${NEW_ROW}, hash) SELECT 4, 4, '${OTHER_ID}', ${NEW_ROW.replace("id, ", "")}, hash
         FROM audit_events WHERE seq = 3`,
      "changed",
    ],
    [
      "two swapped events",
      `UPDATE audit_events SET seq = 99 WHERE seq = 2; UPDATE audit_events SET seq = 2 WHERE seq = 6;
       UPDATE audit_events SET seq = 6 WHERE seq = 99`,
      "changed",
    ],
    ["removed hashes", "UPDATE audit_events SET hash = NULL, message = 'x' WHERE seq > 4", "not_sealed"],
    ["a checkpoint set back", "UPDATE audit_account_checkpoints SET number = 2", "checkpoint_differs"],
    [
      "a checkpoint without a valid signature",
      "UPDATE audit_account_checkpoints SET jws = 'a.b.c'",
      "checkpoint_forged",
    ],
    ["a key that nobody retired", "INSERT INTO audit_signing_keys VALUES ('k', 'a.b.c')", "key_forged"],
  ])("detects %s", async (_, edit, finding) => {
    const { status, output } = verify(await copy(edit));
    expect([status, output]).toEqual([1, expect.stringContaining(finding)]);
  });

  it.each([
    [
      "the hash of somebody's own key on another's row",
      `UPDATE api_keys SET hash = '${"a".repeat(64)}' WHERE name = 'kept'`,
    ],
    ["a revoked key put back", "UPDATE api_keys SET revoked_at = NULL WHERE revoked_at IS NOT NULL"],
    ["another role of a key", `UPDATE api_keys SET role_id = '${ROLE_IDS.Admin}' WHERE name = 'kept'`],
    ["an operator with another address", "UPDATE operators SET email = 'eve@example.com'"],
    [
      "a key that was added",
      `CREATE TEMP TABLE t AS SELECT * FROM api_keys WHERE name = 'kept';
       UPDATE t SET id = '${OTHER_ID}', hash = '${"b".repeat(64)}'; INSERT INTO api_keys SELECT * FROM t`,
    ],
  ])("detects with --state alone: %s", async (_, edit) => {
    const file = await copy(edit);
    expect(verify(file).status).toBe(0);
    expect(verify(file, "--state")).toMatchObject({ status: 1, output: expect.stringContaining("unexplained") });
  });

  it("detects a log restored to an earlier state, given the end from the Worker's log or what was published", async () => {
    const line = own.logs().findLast((each) => each.includes("audit_checkpoint")) ?? "{}";
    const head = JSON.parse(line).resource_id;
    const file = await copy("DELETE FROM audit_events; DELETE FROM audit_account_checkpoints");
    expect(verify(file).status).toBe(0);
    expect(verify(file, "--head", head)).toMatchObject({ status: 1, output: expect.stringContaining("cut_off") });
    const published = join(folder, "published.json");
    writeFileSync(published, (await own.env.KEY_COPIES.get("audit/statement")) ?? "");
    expect(verify(file, "--heads", published)).toMatchObject({ status: 1, output: expect.stringContaining("cut_off") });
    expect(verify(await copy(), "--heads", published).status).toBe(0);
    writeFileSync(published, readFileSync(published, "utf8").replace(/"heads":\[.*\]/, '"heads":[]'));
    expect(verify(await copy(), "--heads", published).output).toContain("head_forged");
  });

  it("publishes the signed state of the log without anything about an account", async () => {
    const response = await own.call(null, "/.well-known/gatehouse/audit-head");
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/jose"]);
    expect(response.headers.get("cache-control")).toBe("public, max-age=60");
    const { keys } = JSON.parse(own.secrets.IDENTITY_KEYS);
    const said = await readSigned("statement", await response.text(), keys);
    expect(said).toEqual({
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      at: expect.any(Number),
      signedBy: keys[0].kid,
    });
  });

  it("shows the signed end of the account's log to those who may read it", async () => {
    const path = `${V1}/accounts/${ACCOUNT}/audit/head`;
    const { body } = await clientOf(own, first.token)("GET", path);
    const { keys } = JSON.parse(own.secrets.IDENTITY_KEYS);
    const said = await readSigned("checkpoint", body.data.jws, keys);
    expect(body.data).toEqual({ sequence: 10, day: expect.any(String), jws: expect.any(String) });
    expect(said).toMatchObject({ account: ACCOUNT, number: 10 });
    expect((await own.call(null, path)).status).toBe(401);
    const other = await gatehouse.key({ accountId: OTHER_ACCOUNT });
    const foreign = clientOf(gatehouse, other.token);
    expect((await foreign("GET", path.replace(ACCOUNT, OTHER_ACCOUNT))).status).toBe(404);
    expect((await foreign("GET", path)).status).toBe(404);
  });

  it("publishes nothing before the first state", async () => {
    const none = await startGatehouse();
    expect((await none.call(null, "/.well-known/gatehouse/audit-head")).status).toBe(404);
    await none.close();
  });
});

describe("denial counts", () => {
  it("counts denials by key, reason and hour, and writes nothing about a forged key", async () => {
    const { token, id } = await gatehouse.key({ role: "Viewer", name: "reader" });
    for (let i = 0; i < 3; i++) await gatehouse.call(token, CLUSTERS, { method: "POST", body: "{}" });
    for (let i = 0; i < 5; i++) await gatehouse.call(`${token.slice(0, -20)}AAAAAAAAAAAAAAAAAAAA`, CLUSTERS);
    // Every explain request, even of an unknown id, first writes the counts of this isolate.
    await admin("POST", `${KEYS_PATH}/explain`, { request_id: "none" });
    const { body } = await admin("GET", DENIALS);
    expect(body.data).toContainEqual(
      expect.objectContaining({ api_key_id: id, api_key_name: "reader", reason: "permission_missing", count: 3 }),
    );
    const own = await admin("GET", `${DENIALS}?api_key_id=${id}`);
    expect(own.body.data).toEqual([expect.objectContaining({ reason: "permission_missing", count: 3 })]);
    const none = await admin("GET", `${DENIALS}?api_key_id=${crypto.randomUUID()}`);
    expect(none.body.data).toEqual([]);
    const { results } = await gatehouse.env.DB.prepare("SELECT * FROM refusal_counts WHERE account_id = ''").all();
    expect(results).toEqual([expect.objectContaining({ reason: "signature_invalid", count: 5, key_id: "" })]);
  });
});
