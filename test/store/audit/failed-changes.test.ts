// Every audited change: the condition that is reported when it is not made, and that it leaves no event then.
import { beforeEach, describe, expect, it } from "vitest";
import type { DryRunTerms } from "../../../src/store/dry-runs/port.ts";
import { createDryRunRepository } from "../../../src/store/dry-runs/repository.ts";
import type { HolderVersion } from "../../../src/store/roles/port.ts";
import {
  ACCOUNT,
  ACTOR,
  ADMIN_ROLE,
  count,
  db,
  keys,
  lists,
  makeAccounts,
  makeKey,
  makeList,
  makeOperator,
  makeRole,
  NOW,
  newKey,
  newList,
  newOperator,
  operators,
  PROJECT,
  roleSpec,
  roles,
  VIEWER_ROLE,
} from "../builders.ts";

beforeEach(makeAccounts);

const dryRuns = createDryRunRepository(db);
const GONE = crypto.randomUUID();

async function attachDryRun(keyId: string, terms: DryRunTerms) {
  await dryRuns.attach(ACCOUNT, keyId, terms, ACTOR, NOW);
  const dryRun = await dryRuns.get(ACCOUNT, keyId);
  if (dryRun === null) throw new Error("the key has no dry run");
  return dryRun;
}

const updateRole = (id: string, displayName: string, knownHolders?: readonly HolderVersion[]) => {
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
      return updateRole(role.id, "Admin", [key]);
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
      await makeOperator({ roleId: role.id });
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
      await makeOperator();
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
    async () => updateOperator((await makeOperator({ roleId: ADMIN_ROLE })).id, GONE),
  ],
  "update an operator: last_manager": [
    "last_manager",
    async () => updateOperator((await makeOperator({ roleId: ADMIN_ROLE })).id, VIEWER_ROLE),
  ],
  "delete an operator: not_found": [
    ["deleted", "not_found"],
    async () => {
      const { id } = await makeOperator();
      const remove = () => operators.delete(ACCOUNT, id, false, ACTOR, NOW);
      return (await Promise.all([remove(), remove()])).sort();
    },
  ],
  "delete an operator: last_manager": [
    "last_manager",
    async () => operators.delete(ACCOUNT, (await makeOperator({ roleId: ADMIN_ROLE })).id, false, ACTOR, NOW),
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

describe("a change that is not made", () => {
  it.each(Object.entries(FAILURES))("reports the first condition that fails: %s", async (_, [failed, fail]) => {
    expect(await fail()).toEqual(failed);
  });

  it("writes no event", async () => {
    expect(await updateRole(GONE, "Admin", [])).toBe("not_found");
    expect(await count("audit_events")).toBe(0);
  });
});
