// The query plan of every statement of the repositories: each is recorded on its way into D1, none is listed by hand.
import { beforeEach, expect, it } from "vitest";
import { createAllowListRepository } from "../../src/store/allow-lists/repository.ts";
import { createApiKeyRepository } from "../../src/store/api-keys/repository.ts";
import { createAuditReader } from "../../src/store/audit/reader.ts";
import { createDenialRepository } from "../../src/store/denials/repository.ts";
import { createDryRunRepository } from "../../src/store/dry-runs/repository.ts";
import { createOperatorRepository } from "../../src/store/operators/repository.ts";
import { createRoleRepository } from "../../src/store/roles/repository.ts";
import {
  ACCOUNT,
  ACTOR,
  ADMIN_ROLE,
  db,
  HOUR,
  keyQuery,
  makeAccounts,
  NOW,
  newKey,
  newList,
  newOperator,
  PROJECT,
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
  return { seen, wrapped: { prepare, batch: db.batch.bind(db), exec: db.exec.bind(db) } as unknown as D1Database };
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
    }
    for (const name of [null, "office"]) {
      await lists.create(newList({ name: `${order}${name}` }), ACTOR, NOW);
      const query = { ...project, order, name, limit: 1, continuationToken: null, apiKeyIds: name ? [key.id] : [] };
      const page = await lists.list(query);
      if ("items" in page) await lists.list({ ...query, continuationToken: page.continuationToken });
    }
  }
  await lists.getMany(ACCOUNT, [list.id]);
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
  await keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW);
  await keys.revoke(ACCOUNT, key.id, true, ACTOR, NOW);
  await exerciseOperators(wrapped);
  await exerciseAudit(wrapped);
}

async function exerciseOperators(wrapped: D1Database): Promise<void> {
  const operators = createOperatorRepository(wrapped);
  const operator = newOperator();
  await operators.create(operator, ACTOR, NOW);
  await operators.create(newOperator({ email: "bob@example.com" }), ACTOR, NOW);
  await operators.update({ ...operator, force: false }, ACTOR, NOW);
  const query = { accountId: ACCOUNT, limit: 1 };
  const page = await operators.list({ ...query, continuationToken: null });
  if ("items" in page) await operators.list({ ...query, continuationToken: page.continuationToken });
  await operators.delete(ACCOUNT, operator.id, false, ACTOR, NOW);
}

async function exerciseAudit(wrapped: D1Database): Promise<void> {
  const [audit, denials] = [createAuditReader(wrapped), createDenialRepository(wrapped, HOUR)];
  const whole = { accountId: ACCOUNT, from: null, to: null, limit: 1, continuationToken: null };
  for (const order of ["asc", "desc"] as const) {
    const query = { ...whole, search: null, eventTypes: [], resourceTypes: [], order };
    const page = await audit.list(query);
    if ("items" in page) await audit.list({ ...query, continuationToken: page.continuationToken });
    const resourceTypes = ["ROLE"];
    await audit.list({ ...query, search: "x", eventTypes: ["CREATE"], resourceTypes, from: NOW, to: NOW });
  }
  await denials.find(ACCOUNT, "r", NOW);
  await denials.counts({ ...whole, keyId: null });
  await denials.counts({ ...whole, keyId: "k" });
  await denials.prune(NOW);
}

it("scans no table in any statement of the repositories", async () => {
  const { seen, wrapped } = recording();
  await exercise(wrapped);
  expect(seen.size).toBeGreaterThan(40);
  const tables =
    "(?:[klrbceatfx]|api_key_trials|api_key_trial_lists|trial_refusals|refusal_counts|refused_calls|audit_checkpoints|operators|api_keys|allow_lists|roles|key_changes|audit_events|api_key_allow_lists|accounts)";
  const scan = new RegExp(`^SCAN ${tables}\\b`);
  for (const sql of seen) {
    const { results } = await db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .bind(...Array.from(sql.matchAll(/\?/g), () => null))
      .all<{ detail: string }>();
    const scans = results.map((row) => row.detail).filter((detail) => scan.test(detail));
    expect(scans, sql).toEqual([]);
  }
});
