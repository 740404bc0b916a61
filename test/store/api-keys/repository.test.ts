import { beforeEach, describe, expect, it } from "vitest";
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

describe("creating a key", () => {
  it("writes the key, its lists in the given order and its event, and marks it for the warm copy", async () => {
    const [b, a] = [await makeList({ name: "b" }), await makeList({ name: "a" })];
    const key = await makeKey({ allowListIds: [b.id, a.id], expireAfterHours: 1, expiresAt: NOW + HOUR });
    expect(key).toMatchObject({ name: "ci", issuer: "root", allowListIds: [b.id, a.id], expiresAt: NOW + HOUR });
    expect(key.role).toMatchObject({ displayName: "Viewer", userDefined: false, permissions: null });
    expect(await events()).toEqual(["CREATE_ALLOW_LIST", "CREATE_ALLOW_LIST", "CREATE_API_KEY"]);
    const row = await db.prepare("SELECT version, kv_pending, restricted FROM api_keys").first();
    expect(row).toEqual({ version: 1, kv_pending: 1, restricted: 1 });
    expect(await changes()).toEqual([]);
  });

  it("makes one key when the same Idempotency-Key comes twice at the same time", async () => {
    const attempt = () => keys.create(newKey({ idempotencyKey: "once" }), ACTOR, NOW);
    const outcomes = await Promise.all([attempt(), attempt(), attempt()]);
    expect(outcomes.map((each) => each.outcome).sort()).toEqual(["created", "replayed", "replayed"]);
    expect(new Set(outcomes.map((each) => "key" in each && each.key.id)).size).toBe(1);
    expect([await count("api_keys"), await count("audit_events")]).toEqual([1, 1]);
  });

  it("keeps the Idempotency-Keys of two makers apart", async () => {
    await makeKey({ idempotencyKey: "once" });
    await makeKey({ idempotencyKey: "once" }, NOW, { ...ACTOR, id: crypto.randomUUID() });
    expect(await count("api_keys")).toBe(2);
  });

  it("leaves nothing when its role or one of its lists has gone", async () => {
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

  it("does not take the role or the list of another account", async () => {
    const role = await makeRole();
    const list = await makeList();
    const foreign = { accountId: OTHER_ACCOUNT };
    for (const key of [newKey({ ...foreign, roleId: role.id }), newKey({ ...foreign, allowListIds: [list.id] })]) {
      expect(await keys.create(key, ACTOR, NOW)).toEqual({ outcome: "reference_gone" });
    }
  });

  it("leaves nothing when one of its statements fails", async () => {
    const { id } = await makeKey();
    await expect(keys.create(newKey({ id }), ACTOR, NOW)).rejects.toThrow("UNIQUE");
    await expect(keys.create(newKey({ name: "" }), ACTOR, NOW)).rejects.toThrow("CHECK");
    expect([await count("api_keys"), await count("audit_events")]).toEqual([1, 1]);
  });

  it("is refused to a maker that was revoked after it was let in", async () => {
    const grantor = await makeKey();
    await keys.revoke(ACCOUNT, grantor.id, false, ACTOR, NOW);
    const before = await count("audit_events");
    await expect(keys.create(newKey(), { ...ACTOR, id: grantor.id }, NOW)).rejects.toThrow("revoked meanwhile");
    expect([await count("api_keys"), await count("audit_events")]).toEqual([1, before]);
  });
});

describe("showing a key", () => {
  it("does not know the key of another account", async () => {
    const key = await makeKey();
    expect(await keys.get(OTHER_ACCOUNT, key.id)).toBeNull();
    expect(await keys.get(ACCOUNT, key.id)).toEqual(key);
  });

  it("throws for a restricted key that has lost its lists", async () => {
    const list = await makeList();
    const key = await makeKey({ allowListIds: [list.id] });
    await db.prepare("DELETE FROM api_key_allow_lists").run();
    await expect(keys.get(ACCOUNT, key.id)).rejects.toThrow("cannot be read");
    await expect(keys.list(keyQuery(), NOW)).rejects.toThrow("cannot be read");
  });

  it("throws for a key whose role has a permission that the catalogue does not know", async () => {
    const role = await makeRole();
    const key = await makeKey({ roleId: role.id });
    await db.prepare(`UPDATE roles SET permissions = '["CLUSTER:FLY"]' WHERE id = ?`).bind(role.id).run();
    await expect(keys.get(ACCOUNT, key.id)).rejects.toThrow("permission is not in the catalog");
  });
});

describe("revoking a key", () => {
  it("writes the tombstone, the change and the event in one transaction, and raises the version", async () => {
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

  it("changes nothing the second time, not even when both come at once", async () => {
    const key = await makeKey();
    const attempt = (at: number) => keys.revoke(ACCOUNT, key.id, false, ACTOR, at);
    const outcomes = await Promise.all([attempt(NOW + 1), attempt(NOW + 1)]);
    expect(outcomes.map((each) => each.outcome).sort()).toEqual(["already_revoked", "revoked"]);
    expect(await attempt(NOW + 9)).toMatchObject({ outcome: "already_revoked", key: { revokedAt: NOW + 1 } });
    expect([(await changes()).length, await count("audit_events")]).toEqual([1, 2]);
  });

  it("does not find the key of another account", async () => {
    const key = await makeKey();
    expect(await keys.revoke(OTHER_ACCOUNT, key.id, true, ACTOR, NOW)).toEqual({ outcome: "not_found" });
    expect(await changes()).toEqual([]);
  });

  it("leaves the tombstone out when the change cannot be logged", async () => {
    const key = await makeKey();
    await db
      .prepare("CREATE TRIGGER broken BEFORE INSERT ON key_changes BEGIN SELECT raise(ABORT, 'broken'); END")
      .run();
    await expect(keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW)).rejects.toThrow("broken");
    expect((await keys.get(ACCOUNT, key.id))?.revokedAt).toBeNull();
    expect(await events()).toEqual(["CREATE_API_KEY"]);
  });
});

describe("the last key that manages keys", () => {
  it("is revoked by force alone", async () => {
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

  it("survives two revocations that each count on the other key", async () => {
    const made = [await makeKey({ roleId: ADMIN_ROLE }), await makeKey({ roleId: ADMIN_ROLE })];
    const outcomes = await Promise.all(made.map((key) => keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW)));
    expect(outcomes.map((each) => each.outcome).sort()).toEqual(["last_manager", "revoked"]);
  });

  it("does not guard a key that has expired, nor one that cannot manage keys", async () => {
    const expired = await makeKey({ roleId: ADMIN_ROLE, expiresAt: NOW });
    const viewer = await makeKey();
    for (const { id } of [expired, viewer]) {
      expect(await keys.revoke(ACCOUNT, id, false, ACTOR, NOW)).toMatchObject({ outcome: "revoked" });
    }
  });

  it("may go when a custom role manages keys too", async () => {
    const role = await makeRole({ permissions: ["API_KEY:CREATE", "API_KEY:REVOKE"] });
    const key = await makeKey({ roleId: ADMIN_ROLE });
    await makeKey({ roleId: role.id });
    expect(await keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW)).toMatchObject({ outcome: "revoked" });
  });
});
