import { beforeEach, describe, expect, it } from "vitest";
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
    continuationToken: null,
    ...query,
  };
  const page = await lists.list(whole);
  if ("error" in page) throw new Error(page.error);
  return { names: page.items.map((list) => list.name), token: page.continuationToken };
}

describe("an allow list", () => {
  it("is shown as it was made, with the keys that are bound to it", async () => {
    const list = await makeList({ rules: ["192.0.2.0/24", "2001:db8::/32"] });
    const key = await makeKey({ allowListIds: [list.id] });
    const shown = await lists.get(ACCOUNT, PROJECT, list.id);
    expect(shown).toMatchObject({ name: "office", rules: ["192.0.2.0/24", "2001:db8::/32"], createdAt: NOW });
    expect(shown?.keys).toEqual([{ id: key.id, name: "ci", issuer: "root", expiresAt: null, revokedAt: null }]);
    expect(await lists.getMany(ACCOUNT, [list.id, crypto.randomUUID()])).toEqual([shown]);
  });

  it("is not found from another account or project", async () => {
    const { id } = await makeList();
    expect(await lists.get(OTHER_ACCOUNT, PROJECT, id)).toBeNull();
    expect(await lists.get(ACCOUNT, crypto.randomUUID(), id)).toBeNull();
    expect(await lists.getMany(OTHER_ACCOUNT, [id])).toEqual([]);
    expect(await lists.delete(OTHER_ACCOUNT, PROJECT, id, ACTOR, NOW)).toBe("not_found");
  });

  it("has its name for itself within its project, even when two are made at once", async () => {
    const outcomes = await Promise.all([1, 2].map(() => lists.create(newList(), ACTOR, NOW)));
    expect(outcomes.filter((outcome) => outcome === "name_taken")).toHaveLength(1);
    expect(await lists.create(newList({ name: "Office" }), ACTOR, NOW)).toMatchObject({ name: "Office" });
    expect(await lists.create(newList({ projectId: crypto.randomUUID() }), ACTOR, NOW)).toMatchObject({
      name: "office",
    });
    expect(await count("audit_events")).toBe(3);
  });

  it("throws when its rules are corrupt", async () => {
    const { id } = await makeList();
    await db.prepare(`UPDATE allow_lists SET rules = '["10/8"]'`).run();
    await expect(lists.get(ACCOUNT, PROJECT, id)).rejects.toThrow("not canonical");
  });
});

describe("deleting an allow list", () => {
  it("is refused while an active key is bound to it, and names that key", async () => {
    const { id } = await makeList();
    const key = await makeKey({ allowListIds: [id], expiresAt: NOW + HOUR });
    const refused = await lists.delete(ACCOUNT, PROJECT, id, ACTOR, NOW);
    expect(refused).toMatchObject({ inUseBy: [{ id: key.id, name: "ci" }] });
    expect(await lists.get(ACCOUNT, PROJECT, id)).not.toBeNull();
    expect(await lists.delete(ACCOUNT, PROJECT, id, ACTOR, NOW + HOUR)).toBe("deleted");
  });

  it("frees its name, and leaves it in the history of the keys that it was bound to", async () => {
    const { id } = await makeList();
    const key = await makeKey({ allowListIds: [id] });
    await keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW);
    expect(await lists.delete(ACCOUNT, PROJECT, id, ACTOR, NOW)).toBe("deleted");
    expect(await lists.delete(ACCOUNT, PROJECT, id, ACTOR, NOW)).toBe("not_found");
    expect((await keys.get(ACCOUNT, key.id))?.allowListIds).toEqual([id]);
    expect(await lists.create(newList(), ACTOR, NOW)).not.toBe("name_taken");
    expect((await events()).slice(2, 4)).toEqual(["REVOKE_API_KEY", "DELETE_ALLOW_LIST"]);
  });

  it("and binding a key to it at the same time never both succeed", async () => {
    for (let n = 0; n < 5; n++) {
      const { id } = await makeList({ name: `n${n}` });
      const binding = keys.create(newKey({ allowListIds: [id] }), ACTOR, NOW);
      const [bound, deleted] = await Promise.all([binding, lists.delete(ACCOUNT, PROJECT, id, ACTOR, NOW)]);
      expect([bound.outcome === "created", deleted === "deleted"].filter(Boolean)).toHaveLength(1);
    }
    expect(await changes()).toEqual([]);
  });
});

describe("the list of allow lists", () => {
  it("pages in both directions while lists come and go", async () => {
    const made = [];
    for (let n = 1; n <= 5; n++) made.push(await makeList({ name: `l${n}` }, NOW + n));
    const first = await names({ limit: 2 });
    await lists.delete(ACCOUNT, PROJECT, made[1]?.id ?? "", ACTOR, NOW);
    await makeList({ name: "l0" }, NOW);
    const second = await names({ limit: 2, continuationToken: first.token });
    const third = await names({ limit: 2, continuationToken: second.token });
    expect([first.names, second.names, third.names, third.token]).toEqual([["l1", "l2"], ["l3", "l4"], ["l5"], null]);
    expect((await names({ order: "desc" })).names).toEqual(["l5", "l4", "l3", "l1", "l0"]);
  });

  it("filters by name and by the keys that are bound", async () => {
    const [a, b] = [await makeList({ name: "a" }), await makeList({ name: "b" }, NOW + 1)];
    await makeList({ name: "c" }, NOW + 2);
    const one = await makeKey({ allowListIds: [a.id] });
    const two = await makeKey({ allowListIds: [a.id, b.id] });
    expect((await names({ name: "b" })).names).toEqual(["b"]);
    expect((await names({ apiKeyIds: [one.id] })).names).toEqual(["a"]);
    expect((await names({ apiKeyIds: [one.id, two.id] })).names).toEqual(["a", "b"]);
    expect((await names({ apiKeyIds: [crypto.randomUUID()] })).names).toEqual([]);
  });

  it("refuses a token of another list", async () => {
    for (let n = 1; n <= 2; n++) await makeList({ name: `l${n}` });
    const { token } = await names({ limit: 1 });
    await expect(names({ order: "desc", continuationToken: token })).rejects.toThrow("invalid_continuation_token");
  });
});
