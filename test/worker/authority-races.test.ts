// Two changes at the same time: the first is authorized, the second is made, the first is committed. Whatever they are, the result
// is that of the second and then the first, one after the other: nobody commits with authority that has ended meanwhile.
import { afterEach, expect, it, vi } from "vitest";
import type { Permission } from "../../src/core/access/permissions.ts";
import { mintKey } from "../../src/core/token/api-key-token.ts";
import { sealSecrets } from "../../src/store/endpoints/row.ts";
import { ADMIN_ROLE, db, NOW, PROJECT } from "../store/builders.ts";
import { KEY_RING, parseKeyRing, startGateway, stopGateways, type TestGateway } from "./worker-harness.ts";

afterEach(stopGateways);

const MANAGER: readonly Permission[] = [
  ...["API_KEY:CREATE", "API_KEY:REVOKE", "API_KEY:READ", "ROLE:CREATE", "ROLE:UPDATE", "ROLE:DELETE"],
  ...["ACCOUNT_USER:CREATE", "ACCOUNT_USER:UPDATE", "ACCOUNT_USER:DELETE"],
  ...["NETWORK_ALLOW_LIST:CREATE", "NETWORK_ALLOW_LIST:DELETE"],
  ...["AUDIT_EVENT:READ", "AUDIT_EVENT:CREATE", "AUDIT_EVENT:UPDATE", "AUDIT_EVENT:DELETE"],
] as readonly Permission[];

const RING = parseKeyRing(KEY_RING);
const HOUR = 3_600_000;

/**
 * A new account: an Admin key, a manager with a custom role; keys with a small one: one as it was made, a disabled one, one with a list,
 * a rotated one and its successor; two other lists, an unused role, an operator, a dry run, a disabled endpoint.
 */
async function newScene() {
  const ids = {
    managers: crypto.randomUUID(),
    small: crypto.randomUUID(),
    spare: crypto.randomUUID(),
    tried: crypto.randomUUID(),
  };
  const [accountId, list, operator] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
  const [usedList, otherList, endpoint] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
  const statements: D1PreparedStatement[] = [];
  const insert = (table: string, row: Readonly<Record<string, string | number | null>>) => {
    const columns = Object.keys(row);
    const sql = `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
    statements.push(db.prepare(sql).bind(...Object.values(row)));
  };
  const times = { created_at: NOW, updated_at: NOW };
  const role = (id: string, display_name: string, names: readonly string[]) =>
    insert("roles", {
      id,
      account_id: accountId,
      display_name,
      permissions: JSON.stringify(names),
      manages_keys: names.length > 1 ? 1 : 0,
      ...times,
    });
  const key = async (name: string, role_id: string, changes: Readonly<Record<string, string | number | null>> = {}) => {
    const id = crypto.randomUUID();
    const { token, hash, signingKeyId } = await mintKey(RING, { keyId: id, accountId, expiresAt: null, now: NOW });
    const row = {
      id,
      account_id: accountId,
      hash,
      name,
      role_id,
      restricted: 0,
      expire_after_hours: 0,
      issuer: "test",
      signing_key_id: signingKeyId,
    };
    insert("api_keys", { ...row, ...times, ...changes });
    return { id, token };
  };
  insert("accounts", { id: accountId, name: "one", created_at: NOW });
  role(ids.managers, "Managers", MANAGER);
  role(ids.small, "Small", ["API_KEY:READ"]);
  role(ids.spare, "Spare", ["API_KEY:READ"]);
  role(ids.tried, "Tried", ["API_KEY:READ"]);
  const keys = {
    admin: await key("admin", ADMIN_ROLE),
    manager: await key("manager", ids.managers),
    key: await key("key", ids.small),
    disabled: await key("disabled", ids.small, { disabled_at: NOW }),
    bound: await key("bound", ids.small, { restricted: 1 }),
    rotated: await key("rotated", ids.small, { expires_at: Date.now() + 240 * HOUR, signed_expires_at: 0 }),
  };
  await key("rotated", ids.small, { rotated_from: keys.rotated.id, predecessor_usage_count: 0 });
  const rules = JSON.stringify(["192.0.2.0/24"]);
  const ofList = { account_id: accountId, project_id: PROJECT, rules, created_at: NOW };
  insert("allow_lists", { id: list, name: "office", ...ofList });
  insert("allow_lists", { id: usedList, name: "used", ...ofList });
  insert("allow_lists", { id: otherList, name: "home", ...ofList });
  insert("api_key_allow_lists", { key_id: keys.bound.id, allow_list_id: usedList });
  const ada = { id: operator, account_id: accountId, email: "ada@example.com", name: "Ada", created_by_name: "test" };
  insert("operators", { ...ada, role_id: ids.managers, ...times });
  const dryRun = { key_id: keys.key.id, id: crypto.randomUUID(), role_id: ids.tried, restricted: 0 };
  insert("api_key_trials", { ...dryRun, created_at: NOW, created_by_name: "test" });
  const url = "https://hooks.example.com/in";
  const secret = `whsec_${btoa("s".repeat(32))}`;
  const ofEndpoint = {
    id: endpoint,
    account_id: accountId,
    name: "siem",
    origin: new URL(url).origin,
    format: "standard",
    event_types: "[]",
  };
  const sealed = await sealSecrets(RING, endpoint, { url, secret, previous: null });
  const ended = { disabled_at: NOW, disabled_reason: "by_request", created_by_name: "test", next_number: 0 };
  insert("endpoints", { ...ofEndpoint, sealed, ...ended, ...times });
  return { statements, scene: { accountId, ...ids, ...keys, list, usedList, otherList, operator, endpoint } };
}

/** Two equal accounts. */
async function newScenes() {
  const [first, second] = [await newScene(), await newScene()];
  await db.batch([...first.statements, ...second.statements]);
  return [first.scene, second.scene] as const;
}

type Scene = Awaited<ReturnType<typeof newScene>>["scene"];
type Change = (scene: Scene) => readonly [who: "admin" | "manager", method: string, path: string, body?: unknown];

const permissions = (names: readonly string[]) => {
  const groups = new Map<string, { operation_group: string }[]>();
  for (const [resource = "", operation_group = ""] of names.map((name) => name.split(":"))) {
    groups.set(resource, [...(groups.get(resource) ?? []), { operation_group }]);
  }
  return [...groups].map(([resource_type, operation_groups]) => ({ resource_type, operation_groups }));
};
const roleBody = (name: string, names: readonly string[]) => ({
  name,
  description: "",
  permissions: permissions(names),
});
const newKey = (role_id: string) => ({ name: "made", expire_after_hours: 0, role_id });
const ENDPOINT = { name: "new", url: "https://new.example.com/in", event_types: ["role.delete"] };
const LISTS = `projects/${PROJECT}/allow-lists`;

const CHANGES: Readonly<Record<string, Change>> = {
  "the manager makes a key with its own role": ({ managers }) => ["manager", "POST", "api-keys", newKey(managers)],
  "the admin makes a key with the spare role": ({ spare }) => ["admin", "POST", "api-keys", newKey(spare)],
  "the admin revokes the manager": ({ manager }) => ["admin", "POST", `api-keys/${manager.id}/revoke`],
  "the manager revokes itself": ({ manager }) => ["manager", "POST", `api-keys/${manager.id}/revoke`],
  "the manager revokes the key": ({ key }) => ["manager", "POST", `api-keys/${key.id}/revoke`],
  "the admin narrows the manager's role": ({ managers }) => [
    ...(["admin", "PUT", `roles/${managers}`, roleBody("Managers", ["API_KEY:READ"])] as const),
  ],
  "the admin widens the manager's role": ({ managers }) => [
    ...(["admin", "PUT", `roles/${managers}`, roleBody("Managers", [...MANAGER, "CLUSTER:READ"])] as const),
  ],
  "the manager renames its own role": ({ managers }) => [
    "manager",
    "PUT",
    `roles/${managers}`,
    roleBody("Bosses", MANAGER),
  ],
  "the admin deletes the spare role": ({ spare }) => ["admin", "DELETE", `roles/${spare}`],
  "the admin widens the spare role": ({ spare }) => [
    ...(["admin", "PUT", `roles/${spare}`, roleBody("Spare", ["CLUSTER:CREATE"])] as const),
  ],
  "the manager makes a role": () => ["manager", "POST", "roles", roleBody("New", ["API_KEY:READ"])],
  "the manager gives the operator the small role": ({ operator, small }) => [
    ...(["manager", "PUT", `operators/${operator}`, { role_id: small }] as const),
  ],
  "the admin removes the operator": ({ operator }) => ["admin", "DELETE", `operators/${operator}`],
  "the manager gives the operator the spare role": ({ operator, spare }) => [
    ...(["manager", "PUT", `operators/${operator}`, { role_id: spare }] as const),
  ],
  "the admin deletes the list": ({ list }) => ["admin", "DELETE", `${LISTS}/${list}`],
  "the manager makes a list": () => ["manager", "POST", LISTS, { name: "new", allow_list: ["10.0.0.0/8"] }],
  "the admin starts a dry run of the key": ({ key, list }) => [
    ...(["admin", "PUT", `api-keys/${key.id}/trial`, { allow_list_info: [list] }] as const),
  ],
  "the admin promotes the dry run of the key": ({ key }) => ["admin", "POST", `api-keys/${key.id}/trial/promote`],
  "the manager gives the key the spare role": ({ key, spare }) => [
    ...(["manager", "PATCH", `api-keys/${key.id}`, { role_id: spare }] as const),
  ],
  "the admin restricts the manager to the list": ({ manager, list }) => [
    ...(["admin", "PATCH", `api-keys/${manager.id}`, { allow_list_info: [list] }] as const),
  ],
  "the manager disables the key": ({ key }) => ["manager", "POST", `api-keys/${key.id}/disable`],
  "the admin disables the manager": ({ manager }) => ["admin", "POST", `api-keys/${manager.id}/disable`],
  "the manager enables the disabled key": ({ disabled }) => ["manager", "POST", `api-keys/${disabled.id}/enable`],
  "the manager rotates the key": ({ key }) => ["manager", "POST", `api-keys/${key.id}/rotate`, { overlap_hours: 1 }],
  "the manager moves the end of the rotated key": ({ rotated }) => [
    ...(["manager", "PATCH", `api-keys/${rotated.id}/rotation`, { overlap_hours: 48 }] as const),
  ],
  "the manager cancels the rotation": ({ rotated }) => ["manager", "DELETE", `api-keys/${rotated.id}/rotation`],
  "the admin revokes the keys with the small role": ({ small }) => [
    ...(["admin", "POST", "api-keys/revoke", { filter: { role_id: small }, confirm_count: 5 }] as const),
  ],
  "the manager replaces the rules of the used list": ({ usedList }) => [
    ...(["manager", "PUT", `${LISTS}/${usedList}`, { name: "used", allow_list: ["192.0.2.0/25"] }] as const),
  ],
  "the manager gives the keys of the used list the other one": ({ usedList, otherList }) => [
    ...(["manager", "POST", `${LISTS}/${usedList}/replace`, { allow_list_id: otherList }] as const),
  ],
  "the manager makes an endpoint": () => ["manager", "POST", "endpoints", ENDPOINT],
  "the manager directs the endpoint elsewhere": ({ endpoint }) => [
    ...(["manager", "PUT", `endpoints/${endpoint}`, { url: "https://other.example.com/in" }] as const),
  ],
  "the admin deletes the endpoint": ({ endpoint }) => ["admin", "DELETE", `endpoints/${endpoint}`],
};

async function send(gateway: TestGateway, scene: Scene, change: Change): Promise<number> {
  const [who, method, path, body] = change(scene);
  const json =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await gateway.call(scene[who].token, `/api/public/v1/accounts/${scene.accountId}/${path}`, {
    method,
    ...json,
  });
  await response.text();
  return response.status;
}

const startedAt = Date.now();

/** Everything that authority depends on, without ids that a run has made. */
async function stateOf({ accountId }: Scene): Promise<unknown> {
  const read = (sql: string) => db.prepare(sql).bind(accountId);
  const statements = {
    keys: read(`SELECT k.name, r.display_name, k.restricted, k.version, k.revoked_at IS NULL AS active,
      k.disabled_at IS NULL AS enabled, k.rotated_from IS NULL AS original,
      round((k.expires_at - ${startedAt}) / ${24 * HOUR}.0) AS days,
      (SELECT group_concat(name) FROM (SELECT l.name FROM api_key_allow_lists b JOIN allow_lists l ON l.id = b.allow_list_id
        WHERE b.key_id = k.id ORDER BY l.name)) AS lists,
      (SELECT count(*) FROM api_key_trials WHERE key_id = k.id) AS trials
      FROM api_keys k JOIN roles r ON r.id = k.role_id WHERE k.account_id = ?
      ORDER BY k.name, r.display_name, original, active, k.version`),
    roles: read(`SELECT display_name, permissions, version, deleted_at IS NULL AS alive FROM roles
      WHERE account_id = ? ORDER BY display_name`),
    operators: read(`SELECT o.name, r.display_name, o.version, o.deleted_at IS NULL AS alive
      FROM operators o JOIN roles r ON r.id = o.role_id WHERE o.account_id = ?`),
    lists: read(`SELECT name, rules, version, deleted_at IS NULL AS alive FROM allow_lists
      WHERE account_id = ? ORDER BY name`),
    endpoints: read(`SELECT name, origin, version, disabled_at IS NULL AS enabled, deleted_at IS NULL AS alive
      FROM endpoints WHERE account_id = ? ORDER BY name`),
    events: read("SELECT event_type, resource_type, actor_name FROM audit_events WHERE account_id = ? ORDER BY seq"),
  };
  const results = await db.batch(Object.values(statements));
  return Object.fromEntries(Object.keys(statements).map((name, i) => [name, results[i]?.results]));
}

const NAMES = Object.keys(CHANGES);
const changeOf = (name: string) => CHANGES[name] as Change;

/**
 * Where the result is another than one after the other, and why that is right. The change that was held is not made then.
 * The names are parts of those of the changes: the one between, and the one that was held.
 */
const EXCEPTIONS: readonly (readonly [between: string, held: string, status: number])[] = [
  // A revocation that is repeated has its answer, also where the key has revoked itself.
  ["the admin revokes the manager", "the manager revokes itself", 200],
  ["the manager revokes itself", "the manager revokes itself", 200],
  // What the request refers to was there when it was read: a conflict, not a mistake of the client.
  ["the admin deletes the list", "the admin starts a dry run", 409],
  ["the admin deletes the list", "the admin restricts the manager", 409],
  ["the admin deletes the spare role", "the admin makes a key with the spare role", 409],
  ["the admin deletes the spare role", "the manager gives the operator the spare role", 409],
  ["the admin deletes the spare role", "the manager gives the key the spare role", 409],
  // Many keys are changed only as they were read, and a list only as it was: the audit event names them.
  ...["the admin starts a dry run", "the manager disables the key", "the manager enables the disabled key"]
    .concat(
      "the manager moves the end",
      "the manager replaces the rules",
      "the manager gives the keys of the used list",
    )
    .map((between) => [between, "the admin revokes the keys", 409] as const),
  ...[
    "the manager replaces the rules",
    "the manager gives the keys of the used list",
    "the admin revokes the keys",
  ].flatMap((between) => [
    [between, "the manager replaces the rules", 409] as const,
    [between, "the manager gives the keys of the used list", 409] as const,
  ]),
  // Nobody promotes a dry run that they have not seen.
  ["the admin starts a dry run", "the admin promotes the dry run", 409],
  ["the admin promotes the dry run", "the admin promotes the dry run", 409],
];

it.each(NAMES)(
  "has the result of one change after the other when another is made while this one is authorized: %s",
  async (held) => {
    const gateway = await startGateway();
    // What the new endpoint is sent does not matter.
    vi.spyOn(globalThis, "fetch").mockRejectedValue(new Error("tests send nothing"));
    for (const between of NAMES) {
      const exception = EXCEPTIONS.find(([first, second]) => between.startsWith(first) && held.startsWith(second));
      const [raced, ordered] = await newScenes();
      const seen: (readonly [string, number])[] = [];
      gateway.d1.before = async (sql) => {
        if (!sql.startsWith("INSERT INTO audit_events")) return;
        gateway.d1.before = null;
        seen.push([between, await send(gateway, raced, changeOf(between))]);
      };
      seen.push([held, await send(gateway, raced, changeOf(held))]);
      expect(seen, `${held} reaches its commit`).toHaveLength(2);
      const first = await send(gateway, ordered, changeOf(between));
      const second = exception?.[2] ?? (await send(gateway, ordered, changeOf(held)));
      expect(seen).toEqual([
        [between, first],
        [held, second],
      ]);
      expect(await stateOf(raced), `${between}, then ${held}`).toEqual(await stateOf(ordered));
    }
    // Once: uses are gathered for a quarter of a second.
    await gateway.finishBackgroundWork();
  },
  120_000,
);
