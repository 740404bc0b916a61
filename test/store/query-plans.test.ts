// The query plan of every statement of the repositories: each is recorded on its way into D1, none is listed by hand.

import { beforeEach, expect, it } from "vitest";
import { NO_POLICY } from "../../src/core/access/account-policy.ts";
import { type Address, parseAddress } from "../../src/core/ip/ip-address.ts";
import { createAllowListRepository } from "../../src/store/allow-lists/repository.ts";
import { createPlaceCheck } from "../../src/store/api-keys/new-networks.ts";
import { createApiKeyRepository } from "../../src/store/api-keys/repository.ts";
import type { AuditFilter } from "../../src/store/audit/port.ts";
import { createAuditReader } from "../../src/store/audit/reader.ts";
import { createCanaryAlarms } from "../../src/store/canaries/alarms.ts";
import { createDenialRepository } from "../../src/store/denials/repository.ts";
import { createDryRunRepository } from "../../src/store/dry-runs/repository.ts";
import { createDeliveryRepository } from "../../src/store/endpoints/deliveries.ts";
import { createOutbox } from "../../src/store/endpoints/outbox.ts";
import type { EndpointDetails } from "../../src/store/endpoints/port.ts";
import { createEndpointRepository } from "../../src/store/endpoints/repository.ts";
import { createOperatorRepository } from "../../src/store/operators/repository.ts";
import { createRoleRepository } from "../../src/store/roles/repository.ts";
import { configureStore } from "../../src/store/store-config.ts";
import {
  ACCOUNT,
  ACTOR,
  ADMIN_ROLE,
  db,
  HOUR,
  keyQuery,
  makeAccounts,
  makeKey,
  NOW,
  newEndpoint,
  newKey,
  newList,
  newOperator,
  PROJECT,
  RING,
  roleSpec,
} from "./builders.ts";

beforeEach(makeAccounts);

/** The database, and every statement that is prepared on it. */
function recording(): { seen: Set<string>; wrapped: D1Database } {
  const seen = new Set<string>();
  const prepare = (sql: string) => {
    seen.add(sql);
    return db.prepare(sql);
  };
  const database = { prepare, batch: db.batch.bind(db), exec: db.exec.bind(db) };
  const wrapped = { ...database, withSession: () => database } as unknown as D1Database;
  const quotas = { apiKeys: 100, roles: 100, allowLists: 100, operators: 100, endpoints: 100 };
  configureStore(wrapped, {
    ring: RING,
    blockedKeyIds: new Set(),
    issuers: new Set(["https://issuer.example.com"]),
    quotas,
  });
  return { seen, wrapped };
}

async function exercise(wrapped: D1Database): Promise<void> {
  const [keys, lists, roles] = [
    createApiKeyRepository(wrapped),
    createAllowListRepository(wrapped),
    createRoleRepository(wrapped),
  ];
  const project = { accountId: ACCOUNT, projectId: PROJECT };
  const [list, key, role] = [newList(), newKey({ idempotencyKey: "x" }), crypto.randomUUID()];
  await lists.create(list, ACTOR, NOW);
  await lists.create(newList(), ACTOR, NOW);
  await roles.create(ACCOUNT, role, roleSpec(), ACTOR, NOW);
  for (const id of [key.id, crypto.randomUUID()]) {
    await keys.create({ ...key, id, roleId: role, allowListIds: [list.id] }, ACTOR, NOW);
  }
  const orders = ["asc", "desc"] as const;
  for (const order of orders) {
    for (const name of [null, "ci"]) {
      await keys.create(newKey(), ACTOR, NOW);
      const query = keyQuery({
        order,
        name,
        limit: 1,
        statuses: order === "asc" ? [] : ["ACTIVE", "EXPIRED", "REVOKED"],
      });
      const page = await keys.list(query, NOW);
      const continuationToken = "items" in page ? page.continuationToken : null;
      if (continuationToken === null) throw new Error("a second page is needed");
      await keys.list({ ...query, continuationToken }, NOW);
      await keys.list({ ...query, roleId: role, createdById: ACTOR.id }, NOW);
    }
    for (const name of [null, "office"]) {
      await lists.create(newList({ name: `${order}${name}` }), ACTOR, NOW);
      for (const orderBy of ["created_on", "name"] as const) {
        const query = { ...project, order, orderBy, name, limit: 1, apiKeyIds: name ? [key.id] : [] };
        const page = await lists.list({ ...query, continuationToken: null });
        if ("items" in page) await lists.list({ ...query, continuationToken: page.continuationToken });
      }
    }
  }
  await lists.getMany(ACCOUNT, [list.id]);
  await lists.hasAny(ACCOUNT, PROJECT);
  const dryRuns = createDryRunRepository(wrapped);
  await dryRuns.attach(ACCOUNT, key.id, { roleId: ADMIN_ROLE, allowListIds: [list.id] }, ACTOR, NOW);
  const dryRun = await dryRuns.get(ACCOUNT, key.id);
  if (dryRun === null) throw new Error("a dry run is needed");
  await dryRuns.promote({ accountId: ACCOUNT, keyId: key.id, dryRun, force: false }, ACTOR, NOW);
  await dryRuns.drop(ACCOUNT, key.id, ACTOR, NOW);
  await lists.delete(ACCOUNT, PROJECT, list.id, ACTOR, NOW);
  for (const types of ["ALL", "SYSTEM", "USER_DEFINED"] as const) {
    const query = { accountId: ACCOUNT, types, displayName: types === "ALL" ? "e" : null, limit: 1 };
    const page = await roles.list({ ...query, continuationToken: null });
    if ("items" in page) await roles.list({ ...query, continuationToken: page.continuationToken });
  }
  await roles.getByName(ACCOUNT, "Admin");
  await roles.keysOf(ACCOUNT, [role, ADMIN_ROLE]);
  await roles.update({ accountId: ACCOUNT, id: role, definition: roleSpec(), force: false }, ACTOR, NOW);
  await roles.update({ accountId: ACCOUNT, id: role, definition: roleSpec(), force: true }, ACTOR, NOW);
  await roles.delete(ACCOUNT, role, ACTOR, NOW);
  await exerciseLife(keys, lists, key.id);
  await keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW);
  await keys.revoke(ACCOUNT, key.id, true, ACTOR, NOW);
  await exerciseOperators(wrapped);
  await exerciseEndpoints(wrapped);
  await exerciseAudit(wrapped);
}

async function exerciseDeliveries(wrapped: D1Database, endpoint: EndpointDetails): Promise<void> {
  const [outbox, deliveries] = [createOutbox(wrapped), createDeliveryRepository(wrapped)];
  await outbox.find(null, NOW);
  await outbox.find(ACCOUNT, NOW);
  const claim = await outbox.claim(endpoint.id, NOW);
  if (claim === null) throw new Error("a claim is needed");
  const [first] = await outbox.due(claim, NOW);
  if (first === undefined) throw new Error("a delivery is needed");
  const outcome = { number: first.number, tries: 1, nextAt: NOW + HOUR, at: NOW, deliveredAt: null };
  await outbox.record(claim, [{ ...outcome, status: 500, error: "status" }], NOW);
  await outbox.nextAt(claim, NOW);
  await outbox.release(claim, NOW);
  const page = { accountId: ACCOUNT, endpointId: endpoint.id, limit: 1, continuationToken: null };
  const listed = await deliveries.list(page);
  if ("items" in listed) await deliveries.list({ ...page, continuationToken: listed.continuationToken });
  await deliveries.redeliver(endpoint, { eventIds: [first.id] }, NOW);
  await deliveries.redeliver(endpoint, { since: NOW }, NOW);
  await deliveries.prune(NOW);
}

async function exerciseEndpoints(wrapped: D1Database): Promise<void> {
  const endpoints = createEndpointRepository(wrapped);
  for (let i = 0; i < 2; i++) await endpoints.create(newEndpoint(), ACTOR, NOW);
  const page = await endpoints.list({ accountId: ACCOUNT, limit: 1, continuationToken: null });
  const [first] = "items" in page ? page.items : [];
  if (first === undefined || !("items" in page)) throw new Error("a first page is needed");
  await endpoints.list({ accountId: ACCOUNT, limit: 1, continuationToken: page.continuationToken });
  const found = await endpoints.get(ACCOUNT, first.id);
  if (found === null) throw new Error("an endpoint is needed");
  await exerciseDeliveries(wrapped, found);
  await endpoints.rotate(found, HOUR, ACTOR, NOW);
  await endpoints.update(found, { ...found, enabled: false }, ACTOR, NOW);
  await endpoints.delete(found, ACTOR, NOW);
}

async function exerciseOperators(wrapped: D1Database): Promise<void> {
  const operators = createOperatorRepository(wrapped);
  const operator = newOperator();
  await operators.create(operator, ACTOR, NOW);
  await operators.create(newOperator({ email: "bob@example.com" }), ACTOR, NOW);
  await operators.update({ ...operator, force: false }, ACTOR, NOW);
  const by = {
    accountId: ACCOUNT,
    roleId: ADMIN_ROLE,
    email: "eve@example.com",
    subject: "eve",
    issuer: "https://a.example",
  };
  const byGroups = { ...ACTOR, type: "OPERATOR", version: 1, mapped: by } as const;
  await operators.update({ ...operator, force: false }, byGroups, NOW);
  const query = { accountId: ACCOUNT, limit: 1 };
  const page = await operators.list({ ...query, continuationToken: null });
  if ("items" in page) await operators.list({ ...query, continuationToken: page.continuationToken });
  await operators.delete(ACCOUNT, operator.id, false, ACTOR, NOW);
}

const EVENTS: AuditFilter = {
  ...{ accountId: ACCOUNT, from: null, to: null, search: null, eventTypes: [], resourceTypes: [] },
  ...{ actorId: null, requestId: null, address: null, order: "desc", limit: 1, continuationToken: null },
};

async function exerciseAudit(wrapped: D1Database): Promise<void> {
  const [audit, denials] = [createAuditReader(wrapped), createDenialRepository(wrapped, HOUR)];
  const whole = { accountId: ACCOUNT, from: null, to: null, limit: 1, continuationToken: null };
  for (const order of ["asc", "desc"] as const) {
    const query = { ...EVENTS, order };
    const page = await audit.list(query);
    if ("items" in page) await audit.list({ ...query, continuationToken: page.continuationToken });
    const resourceTypes = ["ROLE"];
    await audit.list({ ...query, search: "x", eventTypes: ["CREATE"], resourceTypes, from: NOW, to: NOW });
  }
  await audit.head(ACCOUNT);
  await denials.find(ACCOUNT, "r", NOW);
  await denials.counts({ ...whole, keyId: null });
  await denials.counts({ ...whole, keyId: "k" });
  await denials.prune(NOW);
}

/** What is written behind requests: where a key is used from, and the alarm of a canary key. */
async function exerciseUses(wrapped: D1Database): Promise<void> {
  const { id: keyId } = await makeKey({ canary: true });
  const check = createPlaceCheck(wrapped, async () => undefined);
  for (const [text, at] of [
    ["10.0.0.1", NOW],
    ["10.0.1.1", NOW],
    ["10.0.0.1", NOW + 24 * HOUR],
  ] as const) {
    await check({ keyId, address: parseAddress(text) as Address, country: "NZ", at });
  }
  const work: Promise<unknown>[] = [];
  const fail = (what: string) => expect.fail(what);
  const alarms = createCanaryAlarms({ db: wrapped, onAlarm: async () => undefined, onError: fail });
  const use = { keyId, accountId: ACCOUNT, name: "ci", requestId: "r", address: null, network: null, country: null };
  alarms.report({ ...use, method: "GET", path: null, operationId: null }, NOW, (each) => void work.push(each));
  await Promise.all(work);
}

/** What happens to a key between its creation and its revocation. */
async function exerciseLife(
  keys: ReturnType<typeof createApiKeyRepository>,
  lists: ReturnType<typeof createAllowListRepository>,
  keyId: string,
): Promise<void> {
  const ref = { accountId: ACCOUNT, keyId, name: "ci", force: false };
  const terms = { description: "", roleId: ADMIN_ROLE, allowListIds: [], expireAfterHours: 0, expiresAt: null };
  await keys.edit({ ...ref, ...terms }, ACTOR, NOW);
  for (const disabled of [true, false]) await keys.setDisabled({ ...ref, disabled }, ACTOR, NOW);
  for (const bySelf of [true, false]) {
    const rotation = { predecessorId: keyId, endsAt: NOW + 1_000, bySelf };
    await keys.create(newKey({ rotation }), ACTOR, NOW);
  }
  const successorId = (await keys.get(ACCOUNT, keyId))?.rotation?.successorId ?? "";
  await keys.moveOverlap({ ...ref, successorId, endsAt: NOW + 2_000 }, ACTOR, NOW);
  await keys.cancelRotation({ ...ref, successorId, expiresAt: null }, ACTOR, NOW);
  const any = { accountId: ACCOUNT, exceptId: "", name: null, roleId: null, createdById: null, signingKeyId: null };
  const policy = { ...NO_POLICY, maxLifetimeHours: 1, neverExpiringByAdminsOnly: true, adminKeysByOperatorsOnly: true };
  for (const filter of [
    { descendantsOfId: keyId, notUsedSince: null, noncompliantWith: null },
    { descendantsOfId: null, notUsedSince: NOW, noncompliantWith: null },
    { descendantsOfId: null, notUsedSince: null, noncompliantWith: policy },
  ]) {
    const found = await keys.revocable({ ...any, ...filter }, NOW);
    await keys.bulkRevoke({ accountId: ACCOUNT, keys: found.slice(0, 1), filter: {}, force: false }, ACTOR, NOW);
  }
  const [from, to] = [newList({ name: "from" }), newList({ name: "to" })];
  for (const list of [from, to]) await lists.create(list, ACTOR, NOW);
  const [old] = await lists.getMany(ACCOUNT, [from.id]);
  const [next] = await lists.getMany(ACCOUNT, [to.id]);
  if (old === undefined || next === undefined) throw new Error("both lists are needed");
  const users = await lists.usersOf(old.id, NOW);
  await lists.replaceOnKeys({ from: old, to: next, users }, ACTOR, NOW);
  await lists.replace({ list: old, users }, ACTOR, NOW);
}

async function planOf(sql: string): Promise<readonly string[]> {
  const { results } = await db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...new Set(Array.from(sql.matchAll(/\?(\d*)/g), ([, number], i) => number || i)).values().map(() => null))
    .all<{ detail: string }>();
  return results.map(({ detail }) => detail);
}

it.each([
  ["actor", { actorId: "x" }],
  ["request", { requestId: "x" }],
  ["address", { address: "192.0.2.1" }],
])("reads the audit events of one %s from an index, in their order", async (name, filter) => {
  const { seen, wrapped } = recording();
  await createAuditReader(wrapped).list({ ...EVENTS, ...filter });
  const plans = await Promise.all([...seen].map(planOf));
  expect(plans.flat().join("\n")).toContain(`SEARCH e USING INDEX audit_events_of_${name} `);
  expect(plans.flat().join("\n")).not.toContain("TEMP B-TREE");
});

it("scans no table in any statement of the repositories", { timeout: 60_000 }, async () => {
  const { seen, wrapped } = recording();
  await exercise(wrapped);
  await exerciseUses(wrapped);
  expect(seen.size).toBeGreaterThan(40);
  const tables =
    "(?:[klrbceatfxwdp]|api_key_trials|api_key_trial_lists|trial_refusals|refusal_counts|refused_calls|audit_checkpoints|audit_account_checkpoints|operators|endpoints|deliveries|api_keys|key_networks|canary_alarms|n|allow_lists|roles|key_changes|audit_events|api_key_allow_lists|accounts)";
  const scan = new RegExp(`^SCAN ${tables}\\b`);
  for (const sql of seen) {
    expect(
      (await planOf(sql)).filter((detail) => scan.test(detail)),
      sql,
    ).toEqual([]);
  }
});
