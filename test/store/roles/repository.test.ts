import { beforeEach, describe, expect, it } from "vitest";
import { BUILT_IN_ROLES, managesKeys } from "../../../src/core/access/roles.ts";
import type { RoleQuery } from "../../../src/store/roles/port.ts";
import {
  ACCOUNT,
  ACTOR,
  ADMIN_ROLE,
  changes,
  count,
  db,
  events,
  keys,
  makeAccounts,
  makeKey,
  makeRole,
  NOW,
  newKey,
  OTHER_ACCOUNT,
  roleSpec,
  roles,
  VIEWER_ROLE,
} from "../builders.ts";

beforeEach(makeAccounts);

const MANAGER = roleSpec({ displayName: "Manager", permissions: ["API_KEY:CREATE", "API_KEY:REVOKE"] });

async function names(changes: Partial<RoleQuery> = {}) {
  const query: RoleQuery = { accountId: ACCOUNT, types: "ALL", displayName: null, limit: 100, continuationToken: null };
  const page = await roles.list({ ...query, ...changes });
  if ("error" in page) throw new Error(page.error);
  return { names: page.items.map((role) => role.displayName), token: page.continuationToken };
}

describe("built-in roles", () => {
  it("seeds the built-in roles as the code defines them", async () => {
    const { results } = await db
      .prepare("SELECT id, display_name, manages_keys FROM roles WHERE account_id IS NULL ORDER BY created_at, rowid")
      .all();
    expect(results).toEqual(
      BUILT_IN_ROLES.map((role) => ({
        id: role.id,
        display_name: role.displayName,
        manages_keys: managesKeys(role.grant) ? 1 : 0,
      })),
    );
  });

  it("returns a built-in role in every account, and neither updates nor deletes it", async () => {
    expect(await roles.get(OTHER_ACCOUNT, ADMIN_ROLE)).toMatchObject({ displayName: "Admin", userDefined: false });
    expect(
      await roles.update({ accountId: ACCOUNT, id: ADMIN_ROLE, definition: roleSpec(), force: true }, ACTOR, NOW),
    ).toBe("not_found");
    expect(await roles.delete(ACCOUNT, ADMIN_ROLE, ACTOR, NOW)).toBe("not_found");
    expect(await count("audit_events")).toBe(0);
  });
});

describe("create and get", () => {
  it("does not return or update a custom role of another account", async () => {
    const role = await makeRole();
    expect(await roles.get(ACCOUNT, role.id)).toEqual(role);
    expect(await roles.get(OTHER_ACCOUNT, role.id)).toBeNull();
    expect(
      await roles.update({ accountId: OTHER_ACCOUNT, id: role.id, definition: roleSpec(), force: true }, ACTOR, NOW),
    ).toBe("not_found");
    expect(await roles.getByName(ACCOUNT, "bACKUPS")).toEqual(role);
    expect(await roles.getByName(OTHER_ACCOUNT, "Backups")).toBeNull();
  });

  it("creates one role of a name without regard to case, built-in roles included", async () => {
    const create = (displayName: string) =>
      roles.create(ACCOUNT, crypto.randomUUID(), roleSpec({ displayName }), ACTOR, NOW);
    expect(
      (await Promise.all([create("One"), create("ONE")])).filter((outcome) => outcome === "name_taken"),
    ).toHaveLength(1);
    expect(await create("admin")).toBe("name_taken");
    const role = await makeRole();
    expect(
      await roles.update(
        { accountId: ACCOUNT, id: role.id, definition: roleSpec({ displayName: "one" }), force: false },
        ACTOR,
        NOW,
      ),
    ).toBe("name_taken");
    expect(
      await roles.update(
        { accountId: ACCOUNT, id: role.id, definition: roleSpec({ displayName: "BACKUPS" }), force: false },
        ACTOR,
        NOW,
      ),
    ).toMatchObject({
      displayName: "BACKUPS",
    });
  });

  it("throws for a role whose permissions cannot be read", async () => {
    const role = await makeRole();
    await db.prepare(`UPDATE roles SET permissions = '{}' WHERE id = ?`).bind(role.id).run();
    await expect(roles.get(ACCOUNT, role.id)).rejects.toThrow("not a list");
    await expect(names()).rejects.toThrow("not a list");
  });
});

describe("update", () => {
  it("logs one change for all keys with the updated role, and none for a role that no key has", async () => {
    const role = await makeRole();
    await roles.update({ accountId: ACCOUNT, id: role.id, definition: roleSpec(), force: false }, ACTOR, NOW);
    expect(await changes()).toEqual([]);
    for (let i = 0; i < 2; i++) await makeKey({ roleId: role.id });
    const revoked = await makeKey({ roleId: role.id });
    await keys.revoke(ACCOUNT, revoked.id, false, ACTOR, NOW);
    await makeKey();
    const changed = await roles.update(
      { accountId: ACCOUNT, id: role.id, definition: roleSpec({ permissions: ["BACKUP:READ"] }), force: false },
      ACTOR,
      NOW + 1,
    );
    expect(changed).toMatchObject({ permissions: ["BACKUP:READ"], createdAt: NOW, updatedAt: NOW + 1 });
    expect((await changes()).slice(1)).toEqual([{ key_id: null, version: 0, role_id: role.id }]);
    const { results } = await db.prepare("SELECT id FROM api_keys WHERE version = 2 AND kv_pending = 2").all();
    expect(results).toHaveLength(3);
    expect((await events()).at(-1)).toBe("EDIT_ROLE");
  });

  it("does not update a role when the change log cannot be written", async () => {
    const role = await makeRole();
    await makeKey({ roleId: role.id });
    await db
      .prepare("CREATE TRIGGER broken BEFORE INSERT ON key_changes BEGIN SELECT raise(ABORT, 'broken'); END")
      .run();
    const update = roles.update(
      { accountId: ACCOUNT, id: role.id, definition: roleSpec({ permissions: ["BACKUP:READ"] }), force: false },
      ACTOR,
      NOW,
    );
    await expect(update).rejects.toThrow("broken");
    expect(await roles.get(ACCOUNT, role.id)).toEqual(role);
    expect((await events()).at(-1)).toBe("CREATE_API_KEY");
  });

  it("takes key management from the last manager's role only with force", async () => {
    const role = await makeRole(MANAGER);
    await makeKey({ roleId: role.id });
    const weaken = (force: boolean) =>
      roles.update({ accountId: ACCOUNT, id: role.id, definition: roleSpec(), force }, ACTOR, NOW);
    expect(await weaken(false)).toBe("last_manager");
    expect(await changes()).toEqual([]);
    expect(await weaken(true)).toMatchObject({ displayName: "Backups" });
  });

  it("takes key management from a role that has no key, or while another key can manage keys", async () => {
    const role = await makeRole(MANAGER);
    const weaken = () =>
      roles.update({ accountId: ACCOUNT, id: role.id, definition: roleSpec(), force: false }, ACTOR, NOW);
    expect(await weaken()).not.toBe("last_manager");
    await roles.update({ accountId: ACCOUNT, id: role.id, definition: MANAGER, force: false }, ACTOR, NOW);
    await makeKey({ roleId: role.id });
    await makeKey({ roleId: ADMIN_ROLE });
    expect(await weaken()).not.toBe("last_manager");
  });
});

describe("delete", () => {
  it("does not delete the role of an active key, and names that key", async () => {
    const role = await makeRole();
    const key = await makeKey({ roleId: role.id });
    expect(await roles.delete(ACCOUNT, role.id, ACTOR, NOW)).toMatchObject({ inUseBy: [{ id: key.id }] });
    await keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW);
    expect(await roles.delete(ACCOUNT, role.id, ACTOR, NOW)).toBe("deleted");
    expect(await roles.delete(ACCOUNT, role.id, ACTOR, NOW)).toBe("not_found");
    expect((await keys.get(ACCOUNT, key.id))?.role.displayName).toBe("Backups");
    expect(await makeRole()).toMatchObject({ displayName: "Backups" });
  });

  it("either deletes a role or gives it to a new key, never both", async () => {
    for (let n = 0; n < 5; n++) {
      const { id } = await makeRole({ displayName: `r${n}` });
      const giving = keys.create(newKey({ roleId: id }), ACTOR, NOW);
      const [given, deleted] = await Promise.all([giving, roles.delete(ACCOUNT, id, ACTOR, NOW)]);
      expect([given.outcome === "created", deleted === "deleted"].filter(Boolean)).toHaveLength(1);
    }
  });
});

describe("list and keysOf", () => {
  it("lists built-in roles first, then custom roles by age", async () => {
    for (let n = 1; n <= 3; n++) await makeRole({ displayName: `Role ${n}` }, NOW + n);
    const first = await names({ limit: 4 });
    const second = await names({ limit: 4, continuationToken: first.token });
    expect(first.names).toEqual(["Admin", "Developer", "Viewer", "Role 1"]);
    expect([second.names, second.token]).toEqual([["Role 2", "Role 3"], null]);
    expect((await names({ types: "SYSTEM" })).names).toEqual(["Admin", "Developer", "Viewer"]);
    expect((await names({ types: "USER_DEFINED" })).names).toEqual(["Role 1", "Role 2", "Role 3"]);
  });

  it("filters roles by name without regard to case, the exact match first", async () => {
    await makeRole({ displayName: "Not an admin" });
    await makeRole({ displayName: "Administrator" }, NOW + 1);
    await makeRole({ displayName: "Backup Admin" }, NOW - 1);
    const want = ["Admin", "Backup Admin", "Not an admin", "Administrator"];
    expect((await names({ displayName: "aDMIN" })).names).toEqual(want);
    const first = await names({ displayName: "aDMIN", limit: 2 });
    const second = await names({ displayName: "aDMIN", limit: 2, continuationToken: first.token });
    expect([...first.names, ...second.names]).toEqual(want);
    expect((await names({ displayName: "%" })).names).toEqual([]);
  });

  it("returns at most 100 keys of a role, revoked ones last and the newest first", async () => {
    const created = [];
    for (let n = 0; n < 102; n++) created.push(await makeKey({ name: `k${n}` }, NOW + n));
    for (const key of created.slice(98)) await keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW);
    const named = (await roles.keysOf(ACCOUNT, [VIEWER_ROLE])).get(VIEWER_ROLE) ?? [];
    expect(named.slice(0, 98).map((key) => key.name)).toEqual(
      created
        .slice(0, 98)
        .map((key) => key.name)
        .reverse(),
    );
    expect(named.slice(98).map((key) => key.revokedAt)).toEqual([NOW, NOW]);
  });

  it("returns the keys of each role", async () => {
    const role = await makeRole();
    const key = await makeKey({ roleId: role.id });
    const admin = await makeKey({ roleId: ADMIN_ROLE });
    await makeKey({ roleId: ADMIN_ROLE, accountId: OTHER_ACCOUNT });
    const named = await roles.keysOf(ACCOUNT, [role.id, ADMIN_ROLE, crypto.randomUUID()]);
    expect([...named].map(([id, references]) => [id, references.map((each) => each.id)]).sort()).toEqual(
      [
        [ADMIN_ROLE, [admin.id]],
        [role.id, [key.id]],
      ].sort(),
    );
  });
});
