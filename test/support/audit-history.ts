// Random histories of real operations: the repositories of src/store on a database in memory, sealed as the Worker does.
import { newIdentityKeys, newKeyRing } from "../../scripts/secrets.ts";
import { NO_POLICY } from "../../src/core/access/account-policy.ts";
import type { Permission } from "../../src/core/access/permissions.ts";
import type { KeyHash } from "../../src/core/access/principal.ts";
import { BUILT_IN_ROLES } from "../../src/core/access/roles.ts";
import type { SigningKey } from "../../src/core/audit/checkpoint.ts";
import type { CanonicalCidr } from "../../src/core/ip/cidr.ts";
import { createPolicyRepository } from "../../src/store/accounts/policies.ts";
import { createFirstAccount } from "../../src/store/accounts/repository.ts";
import { accountStatements } from "../../src/store/accounts/statements.ts";
import { createAllowListRepository } from "../../src/store/allow-lists/repository.ts";
import { createApiKeyRepository } from "../../src/store/api-keys/repository.ts";
import { approvedRef } from "../../src/store/approvals/port.ts";
import { createApprovalRepository } from "../../src/store/approvals/repository.ts";
import { createKeptHeads } from "../../src/store/audit/kept-heads.ts";
import { AuthorizationSuperseded } from "../../src/store/audit/port.ts";
import { createAuditSealer } from "../../src/store/audit/sealer.ts";
import type { Actor } from "../../src/store/common.ts";
import { createDryRunRepository } from "../../src/store/dry-runs/repository.ts";
import { createEndpointRepository } from "../../src/store/endpoints/repository.ts";
import { createOperatorRepository } from "../../src/store/operators/repository.ts";
import { createRoleRepository } from "../../src/store/roles/repository.ts";
import { configureStore } from "../../src/store/store-config.ts";
import { parseKeyRing } from "./gatehouse.ts";
import { NOW } from "./key.ts";
import { type MemoryKv, memoryKv } from "./memory-kv.ts";
import type { Random } from "./random.ts";
import { type SqliteD1, sqliteD1 } from "./sqlite-d1.ts";

export interface History extends SqliteD1, MemoryKv {
  /** The identity keys, oldest first. */
  readonly keys: readonly SigningKey[];
  /** Makes operations, each somewhat later than the one before. */
  operate(count: number): Promise<void>;
  /** Seals what is open with the newest key. @returns what the Worker would log */
  seal(): Promise<readonly string[]>;
  /** Replaces the identity keys with a new one, and keeps none: a leaked key. */
  replaceKeys(): Promise<void>;
  /** Adds an identity key. */
  rotateKeys(): Promise<void>;
  skip(ms: number): void;
}

const RING = parseKeyRing(newKeyRing(new Date(NOW)));
const newKey = async () => (JSON.parse(await newIdentityKeys()) as { keys: [SigningKey] }).keys[0];

const PERMISSIONS: readonly Permission[][] = [
  ["BACKUP:READ"],
  ["API_KEY:CREATE", "API_KEY:REVOKE"],
  ["BACKUP:CREATE", "CLUSTER:READ"],
];
const NAMES = ["ci", "Zürich", "cost in €", "钥匙", "a\u0000b", "lone \ud800 half", `quote ' " \\ ?`];

/** A history of so many accounts, whose first keys are made as a deployment makes them. */
export async function newHistory(random: Random, accounts = 2): Promise<History> {
  const [{ db, sqlite }, { kv, values }] = [sqliteD1(), memoryKv()];
  configureStore(db, { ring: RING, blockedKeyIds: new Set(), issuers: new Set(["https://issuer.example.com"]) });
  let keys = [await newKey()];
  let now = NOW;
  const ids: string[] = [];
  for (let i = 0; i < accounts; i++) ids.push(await addAccount(db, i === 0, now));
  const operations = operationsOn(db, random);

  return {
    ...{ db, sqlite, kv, values },
    get keys() {
      return keys;
    },
    async operate(count) {
      for (let i = 0; i < count; i++) {
        now += random.below(60_000);
        await random.pick(operations)(random.pick(ids), now);
      }
    },
    async seal() {
      const sealer = createAuditSealer({ db, heads: createKeptHeads(kv, RING), ring: RING, keys });
      const sealed = await sealer.sealAll(now);
      return sealed.flatMap(({ error, findings }) => (error === null ? findings : [...findings, String(error)]));
    },
    async replaceKeys() {
      keys = [await newKey()];
    },
    async rotateKeys() {
      keys = [...keys, await newKey()];
    },
    skip(ms) {
      now += ms;
    },
  };
}

const randomHash = () => `${crypto.randomUUID()}${crypto.randomUUID()}`.replaceAll("-", "") as KeyHash;

async function addAccount(db: D1Database, first: boolean, now: number): Promise<string> {
  const id = crypto.randomUUID();
  const account = {
    ...{ id, name: `Account ${id.slice(0, 4)}`, keyId: crypto.randomUUID(), keyHash: randomHash(), now },
    ...{ address: null, requestId: null, signingKeyId: "k1", keyName: "bootstrap" as const },
  };
  if (first) await createFirstAccount(db, RING).create(account);
  else {
    const statements = accountStatements(account, crypto.randomUUID(), "any", RING);
    await db.batch(statements.map(({ sql, values }) => db.prepare(sql).bind(...values)));
  }
  return id;
}

type Operation = (account: string, now: number) => Promise<unknown>;

function operationsOn(db: D1Database, random: Random): readonly Operation[] {
  const [keys, lists, roles] = [createApiKeyRepository(db), createAllowListRepository(db), createRoleRepository(db)];
  const [operators, dryRuns] = [createOperatorRepository(db), createDryRunRepository(db)];
  const [endpoints, policies, approvals] = [
    createEndpointRepository(db),
    createPolicyRepository(db),
    createApprovalRepository(db),
  ];
  const any = async (table: string, account: string): Promise<Record<string, string>> => {
    const where = table === "roles" ? "ifnull(account_id, '') IN ('', ?)" : "account_id = ?";
    const { results } = await db.prepare(`SELECT * FROM ${table} WHERE ${where} ORDER BY id`).bind(account).all();
    return (results.length === 0 ? { id: "none" } : random.pick(results)) as Record<string, string>;
  };
  const actor = async (account: string): Promise<Actor> => {
    const { id, name } = await any("api_keys", account);
    return {
      type: "API_KEY",
      id: String(id),
      name: String(name),
      address: "192.0.2.1",
      requestId: crypto.randomUUID(),
      version: null,
      mapped: null,
      authorizedOn: [],
    };
  };
  const person = async (account: string): Promise<Actor | null> => {
    const { id, name } = await any("operators", account);
    return id === "none" ? null : { ...(await actor(account)), type: "OPERATOR", id: String(id), name: String(name) };
  };
  const id = async (table: string, account: string) => String((await any(table, account)).id);
  const expiry = (now: number) => {
    const expireAfterHours = random.pick([0, 1, 24]);
    return { expireAfterHours, expiresAt: expireAfterHours === 0 ? null : now + expireAfterHours * 3_600_000 };
  };
  const someLists = async (account: string) => {
    const list = await any("allow_lists", account);
    return random.below(2) === 0 || list.id === "none" ? [] : [String(list.id)];
  };
  const text = () => `${random.pick(NAMES)} ${random.below(1_000)}`;
  const definition = () => ({ displayName: text(), description: text(), permissions: random.pick(PERMISSIONS) });
  const roleId = async (account: string) =>
    random.below(2) === 0 ? random.pick(BUILT_IN_ROLES).id : id("roles", account);
  const addKey: Operation = async (accountId, now) =>
    keys.create(
      {
        ...{ id: crypto.randomUUID(), accountId, hash: randomHash(), name: text(), description: text() },
        ...{ roleId: await roleId(accountId), allowListIds: await someLists(accountId), ...expiry(now) },
        signingKeyId: random.pick(["k1", "k2"]),
        idempotencyKey: null,
        canary: random.below(8) === 0,
      },
      await actor(accountId),
      now,
    );
  const attach: Operation = async (account, now) => {
    const allowListIds = await someLists(account);
    const terms = { roleId: await roleId(account), allowListIds: allowListIds.length === 0 ? null : allowListIds };
    return dryRuns.attach(account, await id("api_keys", account), terms, await actor(account), now);
  };
  const operations: readonly Operation[] = [
    ...[addKey, addKey, attach, attach],
    async (accountId, now) => {
      const edited = {
        accountId,
        keyId: await id("api_keys", accountId),
        name: text(),
        description: text(),
        force: true,
      };
      const access = { roleId: await roleId(accountId), allowListIds: await someLists(accountId), ...expiry(now) };
      return keys.edit({ ...edited, ...access }, await actor(accountId), now);
    },
    async (accountId, now) => {
      const { id: keyId, name } = await any("api_keys", accountId);
      const disabling = { accountId, keyId: String(keyId), name: String(name), disabled: random.below(2) === 0 };
      return keys.setDisabled({ ...disabling, force: true }, await actor(accountId), now);
    },
    async (accountId, now) => {
      const { id: predecessorId, ...of } = await any("api_keys", accountId);
      const rotation = { predecessorId: String(predecessorId), endsAt: now + random.below(7_200_000), bySelf: false };
      const terms = { name: String(of.name), description: String(of.description), roleId: String(of.role_id) };
      const successor = { id: crypto.randomUUID(), accountId, hash: randomHash(), ...terms, ...expiry(now), rotation };
      const rest = { allowListIds: await someLists(accountId), signingKeyId: "k1", idempotencyKey: null };
      return keys.create({ ...successor, ...rest }, await actor(accountId), now);
    },
    async (accountId, now) => {
      const key = await keys.get(accountId, await id("api_keys", accountId));
      if (key?.rotation?.predecessorId !== key?.id || !key?.rotation) return null;
      const { successorId, predecessorExpiresAt: expiresAt } = key.rotation;
      const rotated = { accountId, keyId: key.id, name: key.name, successorId };
      if (random.below(2) === 0) return keys.cancelRotation({ ...rotated, expiresAt }, await actor(accountId), now);
      return keys.moveOverlap({ ...rotated, endsAt: now + 1_000 }, await actor(accountId), now);
    },
    async (accountId, now) => {
      if (random.below(4) > 0) return null;
      const any = {
        name: null,
        roleId: null,
        createdById: null,
        signingKeyId: null,
        notUsedSince: null,
        noncompliantWith: null,
      };
      const filter = { accountId, exceptId: "", ...any, descendantsOfId: await id("api_keys", accountId) };
      const found = await keys.revocable(filter, now);
      return keys.bulkRevoke({ accountId, keys: found, filter: {}, force: true }, await actor(accountId), now);
    },
    async (account, now) => keys.revoke(account, await id("api_keys", account), false, await actor(account), now),
    async (account, now) => {
      const rules = [random.pick(["192.0.2.0/24", "2001:db8::/32"])] as unknown as CanonicalCidr[];
      const list = { id: crypto.randomUUID(), accountId: account, projectId: crypto.randomUUID(), rules };
      return lists.create({ ...list, name: text(), description: text() }, await actor(account), now);
    },
    async (account, now) => {
      const { id, project_id: projectId } = await any("allow_lists", account);
      const list = await lists.get(account, String(projectId), String(id));
      if (list === null) return null;
      const users = await lists.usersOf(list.id, now);
      const rules = ["203.0.113.0/24"] as unknown as CanonicalCidr[];
      return lists.replace({ list: { ...list, name: text(), rules }, users }, await actor(account), now);
    },
    async (account, now) => {
      const ids = [await id("allow_lists", account), await id("allow_lists", account)];
      const [from, to] = await lists.getMany(account, ids);
      if (from === undefined || to === undefined) return null;
      const users = await lists.usersOf(from.id, now);
      return lists.replaceOnKeys({ from, to, users }, await actor(account), now);
    },
    async (account, now) => {
      const list = await any("allow_lists", account);
      return lists.delete(account, String(list.project_id), String(list.id), await actor(account), now);
    },
    async (account, now) => roles.create(account, crypto.randomUUID(), definition(), await actor(account), now),
    async (accountId, now) => {
      const update = { accountId, id: await id("roles", accountId), definition: definition(), force: true };
      return roles.update(update, await actor(accountId), now);
    },
    async (account, now) => roles.delete(account, await id("roles", account), await actor(account), now),
    async (accountId, now) => {
      const identity = { email: `${crypto.randomUUID()}@example.com`, subject: null, issuer: null };
      const access = { name: text(), roleId: await roleId(accountId), ...expiry(now) };
      const operator = { id: crypto.randomUUID(), accountId, ...identity, ...access };
      return operators.create(operator, await actor(accountId), now);
    },
    async (accountId, now) => {
      const access = { name: text(), roleId: await roleId(accountId), ...expiry(now), force: true };
      const update = { accountId, id: await id("operators", accountId), ...access };
      return operators.update(update, await actor(accountId), now);
    },
    async (account, now) => operators.delete(account, await id("operators", account), true, await actor(account), now),
    async (accountId, now) => {
      const spec = { url: "https://hooks.example.com/", format: "standard", eventTypes: ["api_key.*"] } as const;
      const endpoint = { id: crypto.randomUUID(), accountId, name: text(), ...spec };
      return endpoints.create(endpoint, await actor(accountId), now);
    },
    async (accountId, now) => {
      const endpoint = await endpoints.get(accountId, await id("endpoints", accountId));
      if (endpoint === null) return;
      const by = await actor(accountId);
      const after = { ...endpoint, name: text(), eventTypes: [], enabled: random.below(2) === 0 };
      if (random.below(4) === 0) return endpoints.delete(endpoint, by, now);
      if (random.below(2) === 0) return endpoints.rotate(endpoint, 3_600_000, by, now);
      return endpoints.update(endpoint, after, by, now);
    },
    async (accountId, now) => {
      const keyId = await id("api_keys", accountId);
      const dryRun = await dryRuns.get(accountId, keyId);
      if (dryRun !== null)
        await dryRuns.promote({ accountId, keyId, dryRun, force: true }, await actor(accountId), now);
    },
    async (accountId, now) => {
      const account = await policies.get(accountId);
      const policy = {
        ...NO_POLICY,
        maxLifetimeHours: random.pick([null, 1, 720]),
        archiveAfterDays: random.below(9) + 1,
      };
      return policies.update(account, policy, await actor(accountId), now);
    },
    async (accountId, now) => {
      const change = {
        accountId,
        operationId: "revokeApiKey",
        method: "POST",
        path: "/x",
        body: text(),
        reasons: [text()],
        basis: [],
      };
      const by = await person(accountId);
      return by && approvals.request({ ...change, body: change.body.toWellFormed() }, by, now);
    },
    async (accountId, now) => {
      const approval = await approvals.get(accountId, await id("approvals", accountId));
      const second = await person(accountId);
      if (approval === null || second === null) return;
      const decided = await approvals.decide(approval, random.pick(["approved", "approved", "rejected"]), second, now);
      const ref = typeof decided === "string" ? null : approvedRef(decided);
      if (ref === null || random.below(3) === 0) return;
      const by = { ...(await actor(accountId)), approval: ref };
      return roles.create(accountId, crypto.randomUUID(), definition(), by, now + 1);
    },
    async (account, now) => dryRuns.drop(account, await id("api_keys", account), await actor(account), now),
  ];
  return operations.map((operation) => async (account, now) => {
    // Who is chosen at random may have ended, or approve what they could not approve now.
    await operation(account, now).catch((error: unknown) => {
      if (!(error instanceof AuthorizationSuperseded)) throw error;
    });
  });
}
