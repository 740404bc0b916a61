// makeChange, by itself and in the real changes: the permit of every statement, and the condition that is reported.
import { beforeEach, describe, expect, it } from "vitest";
import { makeChange, statement } from "../../../src/store/audit/audited-change.ts";
import type { DryRunTerms } from "../../../src/store/dry-runs/port.ts";
import { createDryRunRepository } from "../../../src/store/dry-runs/repository.ts";
import { TRUE } from "../../../src/store/lib/conditions.ts";
import type { NewOperator } from "../../../src/store/operators/port.ts";
import { createOperatorRepository } from "../../../src/store/operators/repository.ts";
import {
  ACCOUNT,
  ACTOR,
  ADMIN_ROLE,
  count,
  db,
  events,
  keys,
  lists,
  makeAccounts,
  makeKey,
  makeList,
  makeRole,
  NOW,
  newKey,
  newList,
  PROJECT,
  roleSpec,
  roles,
  VIEWER_ROLE,
} from "../builders.ts";

beforeEach(makeAccounts);

const operators = createOperatorRepository(db);
const dryRuns = createDryRunRepository(db);
const FALSE = { sql: "? = 2", values: [1] };
const GONE = crypto.randomUUID();

const change = {
  event: {
    accountId: ACCOUNT,
    eventType: "EDIT",
    resourceType: "API_KEY",
    resourceId: "k",
    resourceName: "ci",
    message: "changed",
    detail: {},
  },
  actor: ACTOR,
  now: NOW,
  statements: [statement("UPDATE accounts SET name = ? WHERE id = ? AND $permitted", "renamed", ACCOUNT)],
} as const;

const accountName = () => db.prepare("SELECT name FROM accounts WHERE id = ?").bind(ACCOUNT).first("name");

describe("statement", () => {
  it.each([
    "DELETE FROM api_keys",
    "DELETE FROM api_keys WHERE $permitted OR 1",
    "DELETE FROM api_keys WHERE NOT$permitted",
  ])("throws for a statement that does not end with its permit: %s", (sql) => {
    expect(() => statement(sql)).toThrow("must end with $permitted");
  });
});

describe("makeChange", () => {
  it("runs the statements and writes one event when every condition holds", async () => {
    expect(await makeChange(db, { ...change, conditions: { one: TRUE, two: TRUE } })).toBeNull();
    expect([await accountName(), await events()]).toEqual(["renamed", ["EDIT_API_KEY"]]);
  });

  it("returns the first condition that does not hold, and changes nothing", async () => {
    const conditions = { one: TRUE, two: FALSE, three: FALSE };
    expect(await makeChange(db, { ...change, conditions })).toBe("two");
    expect([await accountName(), await events()]).toEqual(["one", []]);
  });

  it("returns null for a change that makes its own condition false", async () => {
    const notRenamed = { sql: "NOT EXISTS (SELECT 1 FROM accounts WHERE name = ?)", values: ["renamed"] };
    expect(await makeChange(db, { ...change, conditions: { renamed: notRenamed } })).toBeNull();
    expect(await makeChange(db, { ...change, conditions: { renamed: notRenamed } })).toBe("renamed");
  });

  it("throws for an actor that was revoked meanwhile, unless the reported-first condition fails", async () => {
    const key = await makeKey();
    await keys.revoke(ACCOUNT, key.id, true, ACTOR, NOW);
    const revoked = { ...change, actor: { ...ACTOR, id: key.id } };
    await expect(makeChange(db, { ...revoked, conditions: { one: FALSE } })).rejects.toThrow("revoked meanwhile");
    const both = { conditions: { one: FALSE, two: FALSE }, reportFirst: "two" } as const;
    expect(await makeChange(db, { ...revoked, ...both })).toBe("two");
  });

  it("throws for an operator that was deleted meanwhile", async () => {
    const operator = await operators.create(newOperator(), ACTOR, NOW);
    if (typeof operator === "string") throw new Error(operator);
    await operators.delete(ACCOUNT, operator.id, true, ACTOR, NOW);
    const deleted = { ...change, actor: { ...ACTOR, type: "OPERATOR", id: operator.id } as const };
    await expect(makeChange(db, { ...deleted, conditions: { one: TRUE } })).rejects.toThrow("revoked meanwhile");
  });
});

function newOperator(changes: Partial<NewOperator> = {}): NewOperator {
  const identity = { email: "ada@example.com", subject: null, issuer: null };
  const access = { name: "Ada", roleId: VIEWER_ROLE, expireAfterHours: 0, expiresAt: null };
  return { id: crypto.randomUUID(), accountId: ACCOUNT, ...identity, ...access, ...changes };
}

async function createOperator(roleId: string) {
  const operator = await operators.create(newOperator({ roleId }), ACTOR, NOW);
  if (typeof operator === "string") throw new Error(operator);
  return operator;
}

async function attachDryRun(keyId: string, terms: DryRunTerms) {
  await dryRuns.attach(ACCOUNT, keyId, terms, ACTOR, NOW);
  const dryRun = await dryRuns.get(ACCOUNT, keyId);
  if (dryRun === null) throw new Error("the key has no dry run");
  return dryRun;
}

const updateRole = (id: string, displayName: string, knownHolders?: readonly string[]) => {
  const definition = roleSpec({ displayName });
  return roles.update({ accountId: ACCOUNT, id, definition, force: false, knownHolders }, ACTOR, NOW);
};

const updateOperator = (id: string, roleId: string) => {
  const access = { name: "Ada", roleId, expireAfterHours: 0, expiresAt: null };
  return operators.update({ accountId: ACCOUNT, id, ...access, force: false }, ACTOR, NOW);
};

const MANAGER = { permissions: ["API_KEY:CREATE", "API_KEY:REVOKE"] } as const;
const TO_VIEWER: DryRunTerms = { roleId: VIEWER_ROLE, allowListIds: null };

/** By the change and the condition that fails first: a change of which a later condition would fail too, where one can. */
const FAILURES: Readonly<Record<string, readonly [failed: unknown, fail: () => Promise<unknown>]>> = {
  "create an API key: replayed": [
    { outcome: "replayed" },
    async () => {
      const key = await makeKey({ idempotencyKey: "once" });
      const result = await keys.create(newKey({ idempotencyKey: "once", roleId: GONE }), ACTOR, NOW);
      return result.outcome === "replayed" && result.key.id === key.id && { outcome: result.outcome };
    },
  ],
  "create an API key: reference_gone": [
    { outcome: "reference_gone" },
    () => keys.create(newKey({ roleId: GONE, idempotencyKey: "new" }), ACTOR, NOW),
  ],
  "revoke an API key: already_revoked": [
    ["already_revoked", "revoked"],
    async () => {
      const [key] = [await makeKey({ roleId: ADMIN_ROLE }), await makeKey({ roleId: ADMIN_ROLE })];
      // Both read the key as active; the actor of the later one is the revoked key itself.
      const revoke = () => keys.revoke(ACCOUNT, key.id, false, { ...ACTOR, id: key.id }, NOW);
      return (await Promise.all([revoke(), revoke()])).map(({ outcome }) => outcome).sort();
    },
  ],
  "revoke an API key: last_manager": [
    "last_manager",
    async () => {
      const key = await makeKey({ roleId: ADMIN_ROLE });
      return (await keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW)).outcome;
    },
  ],
  "create an allow list: name_taken": [
    "name_taken",
    async () => {
      await makeList();
      return lists.create(newList(), ACTOR, NOW);
    },
  ],
  "delete an allow list: in_use": [
    { inUseBy: [expect.objectContaining({ name: "ci" })] },
    async () => {
      const list = await makeList();
      await makeKey({ allowListIds: [list.id] });
      return lists.delete(ACCOUNT, PROJECT, list.id, ACTOR, NOW);
    },
  ],
  "delete an allow list: not_found": [
    ["deleted", "not_found"],
    async () => {
      const list = await makeList();
      const remove = () => lists.delete(ACCOUNT, PROJECT, list.id, ACTOR, NOW);
      return (await Promise.all([remove(), remove()])).sort();
    },
  ],
  "create a role: name_taken": [
    "name_taken",
    () => roles.create(ACCOUNT, GONE, roleSpec({ displayName: "admin" }), ACTOR, NOW),
  ],
  "update a role: not_found": ["not_found", () => updateRole(GONE, "Admin", [])],
  "update a role: holders_changed": [
    "holders_changed",
    async () => {
      const role = await makeRole(MANAGER);
      await makeKey({ roleId: role.id });
      return updateRole(role.id, "Admin", []);
    },
  ],
  "update a role: name_taken": [
    "name_taken",
    async () => {
      const role = await makeRole(MANAGER);
      const key = await makeKey({ roleId: role.id });
      return updateRole(role.id, "Admin", [key.id]);
    },
  ],
  "update a role: last_manager": [
    "last_manager",
    async () => {
      const role = await makeRole(MANAGER);
      await makeKey({ roleId: role.id });
      return updateRole(role.id, "Backups");
    },
  ],
  "delete a role: in_use": [
    { inUseBy: [expect.objectContaining({ name: "Ada" })] },
    async () => {
      const role = await makeRole();
      await createOperator(role.id);
      return roles.delete(ACCOUNT, role.id, ACTOR, NOW);
    },
  ],
  "delete a role: not_found": [
    ["deleted", "not_found"],
    async () => {
      const role = await makeRole();
      const remove = () => roles.delete(ACCOUNT, role.id, ACTOR, NOW);
      return (await Promise.all([remove(), remove()])).sort();
    },
  ],
  "create an operator: identity_taken": [
    "identity_taken",
    async () => {
      await createOperator(VIEWER_ROLE);
      return operators.create(newOperator({ roleId: GONE }), ACTOR, NOW);
    },
  ],
  "create an operator: reference_gone": [
    "reference_gone",
    () => operators.create(newOperator({ roleId: GONE }), ACTOR, NOW),
  ],
  "update an operator: not_found": ["not_found", () => updateOperator(GONE, GONE)],
  "update an operator: reference_gone": [
    "reference_gone",
    async () => updateOperator((await createOperator(ADMIN_ROLE)).id, GONE),
  ],
  "update an operator: last_manager": [
    "last_manager",
    async () => updateOperator((await createOperator(ADMIN_ROLE)).id, VIEWER_ROLE),
  ],
  "delete an operator: not_found": [
    ["deleted", "not_found"],
    async () => {
      const { id } = await createOperator(VIEWER_ROLE);
      const remove = () => operators.delete(ACCOUNT, id, false, ACTOR, NOW);
      return (await Promise.all([remove(), remove()])).sort();
    },
  ],
  "delete an operator: last_manager": [
    "last_manager",
    async () => operators.delete(ACCOUNT, (await createOperator(ADMIN_ROLE)).id, false, ACTOR, NOW),
  ],
  "attach a dry run: key_inactive": [
    "key_inactive",
    async () => {
      const { id } = await makeKey({ expiresAt: NOW });
      return dryRuns.attach(ACCOUNT, id, { roleId: GONE, allowListIds: null }, ACTOR, NOW);
    },
  ],
  "attach a dry run: reference_gone": [
    "reference_gone",
    async () => dryRuns.attach(ACCOUNT, (await makeKey()).id, { roleId: null, allowListIds: [GONE] }, ACTOR, NOW),
  ],
  "drop a dry run: not_found": ["not_found", async () => dryRuns.drop(ACCOUNT, (await makeKey()).id, ACTOR, NOW)],
  "promote a dry run: key_inactive": [
    "key_inactive",
    async () => {
      const { id: keyId } = await makeKey({ expiresAt: NOW });
      const dryRun = { id: GONE, roleId: GONE, allowListIds: null };
      return dryRuns.promote({ accountId: ACCOUNT, keyId, dryRun, force: false }, ACTOR, NOW);
    },
  ],
  "promote a dry run: trial_changed": [
    "trial_changed",
    async () => {
      const { id: keyId } = await makeKey();
      const dryRun = { id: GONE, roleId: GONE, allowListIds: null };
      return dryRuns.promote({ accountId: ACCOUNT, keyId, dryRun, force: false }, ACTOR, NOW);
    },
  ],
  "promote a dry run: reference_gone": [
    "reference_gone",
    async () => {
      const { id: keyId } = await makeKey({ roleId: ADMIN_ROLE });
      const dryRun = { ...(await attachDryRun(keyId, TO_VIEWER)), allowListIds: [GONE] };
      return dryRuns.promote({ accountId: ACCOUNT, keyId, dryRun, force: false }, ACTOR, NOW);
    },
  ],
  "promote a dry run: last_manager": [
    "last_manager",
    async () => {
      const { id: keyId } = await makeKey({ roleId: ADMIN_ROLE });
      const dryRun = await attachDryRun(keyId, TO_VIEWER);
      return dryRuns.promote({ accountId: ACCOUNT, keyId, dryRun, force: false }, ACTOR, NOW);
    },
  ],
};

describe("the real changes", () => {
  it.each(Object.entries(FAILURES))("report the first condition that fails: %s", async (_, [failed, fail]) => {
    expect(await fail()).toEqual(failed);
  });

  it("write no event for a change that was not made", async () => {
    expect(await updateRole(GONE, "Admin", [])).toBe("not_found");
    expect(await count("audit_events")).toBe(0);
  });
});
