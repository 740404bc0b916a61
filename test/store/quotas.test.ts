// Quotas: how many resources an account may have, also when several are created at the same time.
import { beforeEach, expect, it } from "vitest";
import { createAllowListRepository } from "../../src/store/allow-lists/repository.ts";
import { createApiKeyRepository } from "../../src/store/api-keys/repository.ts";
import { createEndpointRepository } from "../../src/store/endpoints/repository.ts";
import { createOperatorRepository } from "../../src/store/operators/repository.ts";
import { createRoleRepository } from "../../src/store/roles/repository.ts";
import { configureStore, storeConfigOf } from "../../src/store/store-config.ts";
import {
  ACCOUNT,
  ACTOR,
  count,
  db,
  HOUR,
  makeAccounts,
  NOW,
  newEndpoint,
  newKey,
  newList,
  newOperator,
  OTHER_ACCOUNT,
  roleSpec,
} from "./builders.ts";

const QUOTA = 3;
/** The database with quotas; that of the builders has none. */
const limited = { prepare: db.prepare.bind(db), batch: db.batch.bind(db) } as unknown as D1Database;
const quotas = { apiKeys: QUOTA, roles: QUOTA, allowLists: QUOTA, operators: QUOTA, endpoints: QUOTA };
configureStore(limited, { ...storeConfigOf(db), quotas });
const keys = createApiKeyRepository(limited);
const roles = createRoleRepository(limited);
const lists = createAllowListRepository(limited);
const endpoints = createEndpointRepository(limited);
const operators = createOperatorRepository(limited);

let made = 0;
const unique = () => `n${++made}`;
const CREATE: Readonly<Record<string, (accountId?: string) => Promise<string>>> = {
  async api_keys(accountId = ACCOUNT) {
    const created = await keys.create(newKey({ accountId }), ACTOR, NOW);
    return created.outcome === "created" ? created.key.id : created.outcome;
  },
  async roles(accountId = ACCOUNT) {
    const id = crypto.randomUUID();
    const created = await roles.create(accountId, id, roleSpec({ displayName: unique() }), ACTOR, NOW);
    return typeof created === "string" ? created : created.id;
  },
  async allow_lists(accountId = ACCOUNT) {
    const created = await lists.create(
      newList({ accountId, name: unique(), projectId: crypto.randomUUID() }),
      ACTOR,
      NOW,
    );
    return typeof created === "string" ? created : created.id;
  },
  async operators(accountId = ACCOUNT) {
    const operator = newOperator({ id: crypto.randomUUID(), accountId, email: `${unique()}@example.com` });
    const created = await operators.create(operator, ACTOR, NOW);
    return typeof created === "string" ? created : created.id;
  },
  async endpoints(accountId = ACCOUNT) {
    const created = await endpoints.create(newEndpoint({ accountId }), ACTOR, NOW);
    return typeof created === "string" ? created : created.id;
  },
};

beforeEach(makeAccounts);

it.each(Object.entries(CREATE))(
  "creates no more %s than the quota, of several at the same time too",
  async (table, create) => {
    const before = await count(table);
    const outcomes = await Promise.all(Array.from({ length: QUOTA + 4 }, () => create()));
    expect(outcomes.filter((outcome) => outcome === "quota_exceeded")).toHaveLength(4);
    expect(await count(table)).toBe(before + QUOTA);
    // A denied creation leaves no event.
    expect(await count("audit_events")).toBe(QUOTA);
    expect(await create(OTHER_ACCOUNT)).not.toBe("quota_exceeded");
  },
);

it("counts no key that is revoked or expired, and no role, list, operator or endpoint that is deleted", async () => {
  const freed: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
    api_keys: (id) => keys.revoke(ACCOUNT, id, true, ACTOR, NOW),
    roles: (id) => roles.delete(ACCOUNT, id, ACTOR, NOW),
    allow_lists: (id) => db.prepare("UPDATE allow_lists SET deleted_at = 1 WHERE id = ?").bind(id).run(),
    operators: (id) => operators.delete(ACCOUNT, id, true, ACTOR, NOW),
    endpoints: (id) => db.prepare("UPDATE endpoints SET deleted_at = 1 WHERE id = ?").bind(id).run(),
  };
  for (const [table, create] of Object.entries(CREATE)) {
    const ids = [await create(), await create(), await create()];
    expect(await create()).toBe("quota_exceeded");
    await freed[table]?.(ids[0] ?? "");
    expect(await create()).not.toBe("quota_exceeded");
    expect(await create()).toBe("quota_exceeded");
  }
  const late = (now: number) => keys.create(newKey({ expiresAt: NOW + HOUR }), ACTOR, now);
  expect((await late(NOW)).outcome).toBe("quota_exceeded");
  await db
    .prepare("UPDATE api_keys SET expires_at = ? WHERE account_id = ?")
    .bind(NOW + HOUR, ACCOUNT)
    .run();
  expect((await late(NOW + HOUR - 1)).outcome).toBe("quota_exceeded");
  expect((await late(NOW + HOUR)).outcome).toBe("created");
});

it("answers a repeated Idempotency-Key with the first key, also at the quota", async () => {
  for (let i = 0; i < QUOTA; i++) await keys.create(newKey({ idempotencyKey: `k${i}` }), ACTOR, NOW);
  expect((await keys.create(newKey({ idempotencyKey: "k0" }), ACTOR, NOW)).outcome).toBe("replayed");
});
