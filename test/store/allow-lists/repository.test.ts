import { beforeEach, describe, expect, it } from "vitest";
import { toCanonicalCidr } from "../../../src/core/ip/cidr.ts";
import type { AllowListFilter } from "../../../src/store/allow-lists/port.ts";
import {
  ACCOUNT,
  ACTOR,
  changes,
  count,
  db,
  events,
  HOUR,
  keys,
  lists,
  makeAccounts,
  makeKey,
  makeList,
  NOW,
  newKey,
  newList,
  OTHER_ACCOUNT,
  PROJECT,
} from "../builders.ts";

beforeEach(makeAccounts);

async function names(query: Partial<AllowListFilter> = {}) {
  const whole: AllowListFilter = {
    ...{ accountId: ACCOUNT, projectId: PROJECT, name: null, apiKeyIds: [], order: "asc", limit: 100 },
    ...{ orderBy: "created_on", continuationToken: null },
    ...query,
  };
  const page = await lists.list(whole);
  if ("error" in page) throw new Error(page.error);
  return { names: page.items.map((list) => list.name), token: page.continuationToken };
}

describe("create and get", () => {
  it("returns an allow list with the keys that are bound to it", async () => {
    const list = await makeList({ rules: ["192.0.2.0/24", "2001:db8::/32"].map(toCanonicalCidr) });
    const key = await makeKey({ allowListIds: [list.id] });
    const shown = await lists.get(ACCOUNT, PROJECT, list.id);
    expect(shown).toMatchObject({
      name: "office",
      rules: ["192.0.2.0/24", "2001:db8::/32"].map(toCanonicalCidr),
      createdAt: NOW,
    });
    expect(shown?.keys).toEqual([
      { id: key.id, name: "ci", issuer: "root", expiresAt: null, revokedAt: null, unusableReason: null },
    ]);
    expect(await lists.getMany(ACCOUNT, [list.id, crypto.randomUUID()])).toEqual([shown]);
  });

  it("does not return an allow list of another account or project", async () => {
    const { id } = await makeList();
    expect(await lists.get(OTHER_ACCOUNT, PROJECT, id)).toBeNull();
    expect(await lists.get(ACCOUNT, crypto.randomUUID(), id)).toBeNull();
    expect(await lists.getMany(OTHER_ACCOUNT, [id])).toEqual([]);
    expect(await lists.delete(OTHER_ACCOUNT, PROJECT, id, ACTOR, NOW)).toBe("not_found");
  });

  it("creates one allow list of a name in a project, even with two concurrent requests", async () => {
    const outcomes = await Promise.all([1, 2].map(() => lists.create(newList(), ACTOR, NOW)));
    expect(outcomes.filter((outcome) => outcome === "name_taken")).toHaveLength(1);
    expect(await lists.create(newList({ name: "Office" }), ACTOR, NOW)).toBe("name_taken");
    expect(await lists.create(newList({ name: "offices" }), ACTOR, NOW)).toMatchObject({ name: "offices" });
    expect(await lists.create(newList({ projectId: crypto.randomUUID() }), ACTOR, NOW)).toMatchObject({
      name: "office",
    });
    expect(await count("audit_events")).toBe(3);
  });

  it("throws for an allow list whose rules are not canonical", async () => {
    const { id } = await makeList();
    await db.prepare(`UPDATE allow_lists SET rules = '["10/8"]'`).run();
    await expect(lists.get(ACCOUNT, PROJECT, id)).rejects.toThrow("not canonical");
  });
});

describe("delete", () => {
  it("does not delete an allow list of an active key, and names that key", async () => {
    const { id } = await makeList();
    const key = await makeKey({ allowListIds: [id], expiresAt: NOW + HOUR });
    const outcome = await lists.delete(ACCOUNT, PROJECT, id, ACTOR, NOW);
    expect(outcome).toMatchObject({ inUseBy: [{ id: key.id, name: "ci" }] });
    expect(await lists.get(ACCOUNT, PROJECT, id)).not.toBeNull();
    expect(await lists.delete(ACCOUNT, PROJECT, id, ACTOR, NOW + HOUR)).toBe("deleted");
  });

  it("frees the name of a deleted allow list, and keeps it with its revoked keys", async () => {
    const { id } = await makeList();
    const key = await makeKey({ allowListIds: [id] });
    await keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW);
    expect(await lists.delete(ACCOUNT, PROJECT, id, ACTOR, NOW)).toBe("deleted");
    expect(await lists.delete(ACCOUNT, PROJECT, id, ACTOR, NOW)).toBe("not_found");
    expect((await keys.get(ACCOUNT, key.id))?.allowListIds).toEqual([id]);
    expect(await lists.create(newList(), ACTOR, NOW)).not.toBe("name_taken");
    expect((await events()).slice(2, 4)).toEqual(["REVOKE_API_KEY", "DELETE_ALLOW_LIST"]);
  });

  it("either deletes an allow list or binds it to a new key, never both", async () => {
    for (let n = 0; n < 5; n++) {
      const { id } = await makeList({ name: `n${n}` });
      const binding = keys.create(newKey({ allowListIds: [id] }), ACTOR, NOW);
      const [bound, deleted] = await Promise.all([binding, lists.delete(ACCOUNT, PROJECT, id, ACTOR, NOW)]);
      expect([bound.outcome === "created", deleted === "deleted"].filter(Boolean)).toHaveLength(1);
    }
    expect(await changes()).toEqual([]);
  });
});

describe("replace", () => {
  it("replaces no list that a key has left in the meantime, so that the event names no key that it did not change", async () => {
    const [from, to, other] = [
      await makeList({ name: "a" }),
      await makeList({ name: "b" }),
      await makeList({ name: "c" }),
    ];
    const [left, revoked] = [await makeKey({ allowListIds: [from.id] }), await makeKey({ allowListIds: [from.id] })];
    const users = await lists.usersOf(from.id, NOW);
    const { name, description, expireAfterHours, expiresAt } = left;
    const edit = { name, description, expireAfterHours, expiresAt, roleId: left.role.id, force: false };
    await keys.edit({ ...edit, accountId: ACCOUNT, keyId: left.id, allowListIds: [other.id] }, ACTOR, NOW);
    expect(await lists.replaceOnKeys({ from, to, users }, ACTOR, NOW)).toBe("users_changed");
    const now = await lists.usersOf(from.id, NOW);
    await keys.revoke(ACCOUNT, revoked.id, true, ACTOR, NOW);
    expect(await lists.replaceOnKeys({ from, to, users: now }, ACTOR, NOW)).toBe("users_changed");
    expect(await lists.replace({ list: from, users: now }, ACTOR, NOW)).toBe("users_changed");
    expect(await lists.replaceOnKeys({ from, to, users: [] }, ACTOR, NOW)).toBe("replaced");
    expect((await keys.get(ACCOUNT, left.id))?.allowListIds).toEqual([other.id]);
  });
});

describe("list", () => {
  it("lists allow lists in both directions while some are created and deleted", async () => {
    const created = [];
    for (let n = 1; n <= 5; n++) created.push(await makeList({ name: `l${n}` }, NOW + n));
    const first = await names({ limit: 2 });
    await lists.delete(ACCOUNT, PROJECT, created[1]?.id ?? "", ACTOR, NOW);
    await makeList({ name: "l0" }, NOW);
    const second = await names({ limit: 2, continuationToken: first.token });
    const third = await names({ limit: 2, continuationToken: second.token });
    expect([first.names, second.names, third.names, third.token]).toEqual([["l1", "l2"], ["l3", "l4"], ["l5"], null]);
    expect((await names({ order: "desc" })).names).toEqual(["l5", "l4", "l3", "l1", "l0"]);
  });

  it("filters allow lists by name and by bound keys", async () => {
    const [a, b] = [await makeList({ name: "a" }), await makeList({ name: "b" }, NOW + 1)];
    await makeList({ name: "c" }, NOW + 2);
    const one = await makeKey({ allowListIds: [a.id] });
    const two = await makeKey({ allowListIds: [a.id, b.id] });
    expect((await names({ name: "b" })).names).toEqual(["b"]);
    expect((await names({ apiKeyIds: [one.id] })).names).toEqual(["a"]);
    expect((await names({ apiKeyIds: [one.id, two.id] })).names).toEqual(["a", "b"]);
    expect((await names({ apiKeyIds: [crypto.randomUUID()] })).names).toEqual([]);
  });

  it("rejects the continuation token of another list", async () => {
    for (let n = 1; n <= 2; n++) await makeList({ name: `l${n}` });
    const { token } = await names({ limit: 1 });
    await expect(names({ order: "desc", continuationToken: token })).rejects.toThrow("invalid_continuation_token");
  });
});
