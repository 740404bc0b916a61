import { beforeEach, describe, expect, it } from "vitest";
import { AuthorizationSuperseded } from "../../../src/store/audit/port.ts";
import {
  ACCOUNT,
  ACTOR,
  ADMIN_ROLE,
  changes,
  count,
  db,
  events,
  HOUR,
  keyQuery,
  keys,
  makeAccounts,
  makeKey,
  makeList,
  makeRole,
  NOW,
  newKey,
  OTHER_ACCOUNT,
  roles,
} from "../builders.ts";

beforeEach(makeAccounts);

describe("create", () => {
  it("creates a key with its lists in the given order and its event, and marks it as pending for KV", async () => {
    const [b, a] = [await makeList({ name: "b" }), await makeList({ name: "a" })];
    const key = await makeKey({ allowListIds: [b.id, a.id], expireAfterHours: 1, expiresAt: NOW + HOUR });
    expect(key).toMatchObject({ name: "ci", issuer: "root", allowListIds: [b.id, a.id], expiresAt: NOW + HOUR });
    expect(key.role).toMatchObject({ displayName: "Viewer", userDefined: false, permissions: null });
    expect(await events()).toEqual(["CREATE_ALLOW_LIST", "CREATE_ALLOW_LIST", "CREATE_API_KEY"]);
    const row = await db.prepare("SELECT version, kv_pending, restricted FROM api_keys").first();
    expect(row).toEqual({ version: 1, kv_pending: 1, restricted: 1 });
    expect(await changes()).toEqual([]);
  });

  it("creates one key for concurrent requests with the same Idempotency-Key", async () => {
    const attempt = () => keys.create(newKey({ idempotencyKey: "once" }), ACTOR, NOW);
    const outcomes = await Promise.all([attempt(), attempt(), attempt()]);
    expect(outcomes.map((each) => each.outcome).sort()).toEqual(["created", "replayed", "replayed"]);
    expect(new Set(outcomes.map((each) => "key" in each && each.key.id)).size).toBe(1);
    expect([await count("api_keys"), await count("audit_events")]).toEqual([1, 1]);
  });

  it("keeps the Idempotency-Keys of two actors apart", async () => {
    await makeKey({ idempotencyKey: "once" });
    await makeKey({ idempotencyKey: "once" }, NOW, { ...ACTOR, id: crypto.randomUUID() });
    expect(await count("api_keys")).toBe(2);
  });

  it("creates no key when its role or one of its lists was deleted", async () => {
    const role = await makeRole();
    await roles.delete(ACCOUNT, role.id, ACTOR, NOW);
    const before = await count("audit_events");
    const gone = [
      newKey({ roleId: role.id }),
      newKey({ roleId: crypto.randomUUID() }),
      newKey({ allowListIds: [crypto.randomUUID()] }),
    ];
    for (const key of gone) expect(await keys.create(key, ACTOR, NOW)).toEqual({ outcome: "reference_gone" });
    expect([await count("api_keys"), await count("audit_events")]).toEqual([0, before]);
  });

  it("creates no key with the role or the list of another account", async () => {
    const role = await makeRole();
    const list = await makeList();
    const foreign = { accountId: OTHER_ACCOUNT };
    for (const key of [newKey({ ...foreign, roleId: role.id }), newKey({ ...foreign, allowListIds: [list.id] })]) {
      expect(await keys.create(key, ACTOR, NOW)).toEqual({ outcome: "reference_gone" });
    }
  });

  it("creates no key and no event when one of the statements fails", async () => {
    const { id } = await makeKey();
    await expect(keys.create(newKey({ id }), ACTOR, NOW)).rejects.toThrow("UNIQUE");
    await expect(keys.create(newKey({ name: "" }), ACTOR, NOW)).rejects.toThrow("CHECK");
    expect([await count("api_keys"), await count("audit_events")]).toEqual([1, 1]);
  });

  it("creates no key for an actor that was revoked after the request was authorized", async () => {
    const actor = await makeKey();
    await keys.revoke(ACCOUNT, actor.id, false, ACTOR, NOW);
    const before = await count("audit_events");
    const revoked = { ...ACTOR, id: actor.id, version: actor.version };
    await expect(keys.create(newKey(), revoked, NOW)).rejects.toBeInstanceOf(AuthorizationSuperseded);
    expect([await count("api_keys"), await count("audit_events")]).toEqual([1, before]);
  });
});

describe("get", () => {
  it("does not return the key of another account", async () => {
    const key = await makeKey();
    expect(await keys.get(OTHER_ACCOUNT, key.id)).toBeNull();
    expect(await keys.get(ACCOUNT, key.id)).toEqual(key);
  });

  it("throws for a restricted key without lists", async () => {
    const list = await makeList();
    const key = await makeKey({ allowListIds: [list.id] });
    await db.prepare("DELETE FROM api_key_allow_lists").run();
    await expect(keys.get(ACCOUNT, key.id)).rejects.toThrow("cannot be read");
    await expect(keys.list(keyQuery(), NOW)).rejects.toThrow("cannot be read");
  });

  it("throws for a key whose role has an unknown permission", async () => {
    const role = await makeRole();
    const key = await makeKey({ roleId: role.id });
    await db.prepare(`UPDATE roles SET permissions = '["CLUSTER:FLY"]' WHERE id = ?`).bind(role.id).run();
    await expect(keys.get(ACCOUNT, key.id)).rejects.toThrow("permission is not in the catalog");
  });
});

describe("revoke", () => {
  it("revokes a key, logs the change, raises the version and writes the event in one transaction", async () => {
    const key = await makeKey();
    const revoked = await keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW + 5);
    expect(revoked).toMatchObject({
      outcome: "revoked",
      key: { revokedAt: NOW + 5, revokedById: ACTOR.id, revokedByName: "root" },
    });
    expect(await changes()).toEqual([{ key_id: key.id, version: 2 }]);
    expect(await events()).toEqual(["CREATE_API_KEY", "REVOKE_API_KEY"]);
    expect(await db.prepare("SELECT version, kv_pending FROM api_keys").first()).toEqual({ version: 2, kv_pending: 2 });
  });

  it("revokes a key once, even with two concurrent requests", async () => {
    const key = await makeKey();
    const attempt = (at: number) => keys.revoke(ACCOUNT, key.id, false, ACTOR, at);
    const outcomes = await Promise.all([attempt(NOW + 1), attempt(NOW + 1)]);
    expect(outcomes.map((each) => each.outcome).sort()).toEqual(["already_revoked", "revoked"]);
    expect(await attempt(NOW + 9)).toMatchObject({ outcome: "already_revoked", key: { revokedAt: NOW + 1 } });
    expect([(await changes()).length, await count("audit_events")]).toEqual([1, 2]);
  });

  it("does not revoke the key of another account", async () => {
    const key = await makeKey();
    expect(await keys.revoke(OTHER_ACCOUNT, key.id, true, ACTOR, NOW)).toEqual({ outcome: "not_found" });
    expect(await changes()).toEqual([]);
  });

  it("does not revoke a key when the change log cannot be written", async () => {
    const key = await makeKey();
    await db
      .prepare("CREATE TRIGGER broken BEFORE INSERT ON key_changes BEGIN SELECT raise(ABORT, 'broken'); END")
      .run();
    await expect(keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW)).rejects.toThrow("broken");
    expect((await keys.get(ACCOUNT, key.id))?.revokedAt).toBeNull();
    expect(await events()).toEqual(["CREATE_API_KEY"]);
  });
});

describe("the last key that can manage keys", () => {
  it("revokes the last key that can manage keys only with force", async () => {
    const key = await makeKey({ roleId: ADMIN_ROLE });
    await makeKey();
    await makeKey({ roleId: ADMIN_ROLE, expiresAt: NOW + HOUR });
    await makeKey({ roleId: ADMIN_ROLE, accountId: OTHER_ACCOUNT });
    const later = NOW + HOUR;
    expect(await keys.revoke(ACCOUNT, key.id, false, ACTOR, later)).toMatchObject({ outcome: "last_manager" });
    expect((await keys.get(ACCOUNT, key.id))?.revokedAt).toBeNull();
    expect(await changes()).toEqual([]);
    expect(await keys.revoke(ACCOUNT, key.id, true, ACTOR, later)).toMatchObject({ outcome: "revoked" });
  });

  it("revokes only one of the last two keys that can manage keys, even with two concurrent requests", async () => {
    const managers = [await makeKey({ roleId: ADMIN_ROLE }), await makeKey({ roleId: ADMIN_ROLE })];
    const outcomes = await Promise.all(managers.map((key) => keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW)));
    expect(outcomes.map((each) => each.outcome).sort()).toEqual(["last_manager", "revoked"]);
  });

  it("revokes a key that has expired or cannot manage keys without force", async () => {
    const expired = await makeKey({ roleId: ADMIN_ROLE, expiresAt: NOW });
    const viewer = await makeKey();
    for (const { id } of [expired, viewer]) {
      expect(await keys.revoke(ACCOUNT, id, false, ACTOR, NOW)).toMatchObject({ outcome: "revoked" });
    }
  });

  it("revokes the last Admin key while a key with a custom role can manage keys", async () => {
    const role = await makeRole({ permissions: ["API_KEY:CREATE", "API_KEY:REVOKE"] });
    const key = await makeKey({ roleId: ADMIN_ROLE });
    await makeKey({ roleId: role.id });
    expect(await keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW)).toMatchObject({ outcome: "revoked" });
  });
});
