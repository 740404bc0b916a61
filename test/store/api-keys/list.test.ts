import { beforeEach, describe, expect, it } from "vitest";
import type { ApiKeyFilter } from "../../../src/store/api-keys/port.ts";
import { ACCOUNT, ACTOR, HOUR, keyQuery, keys, makeAccounts, makeKey, NOW, OTHER_ACCOUNT } from "../builders.ts";

beforeEach(makeAccounts);

async function page(changes: Partial<ApiKeyFilter>, now = NOW) {
  const got = await keys.list(keyQuery(changes), now);
  if ("error" in got) throw new Error(got.error);
  return got;
}

/** The names of every page, with `between` run after each. */
async function walk(
  changes: Partial<ApiKeyFilter>,
  between: (page: number) => Promise<unknown> = async () => {},
  now = NOW,
) {
  const seen: string[] = [];
  let token: string | null = null;
  for (let n = 0; n < 20; n++) {
    const got: Awaited<ReturnType<typeof page>> = await page({ ...changes, continuationToken: token }, now + n * HOUR);
    seen.push(...got.items.map((key) => key.name));
    token = got.continuationToken;
    if (token === null) return seen;
    await between(n);
  }
  throw new Error("the list does not end");
}

async function makeFive() {
  const created = [];
  for (let n = 1; n <= 5; n++) created.push(await makeKey({ name: `k${n}` }, NOW - 100 + n));
  return created;
}

describe("list", () => {
  it("lists the keys of the account, the newest first or the oldest first", async () => {
    await makeFive();
    await makeKey({ name: "foreign", accountId: OTHER_ACCOUNT });
    expect(await walk({ limit: 2 })).toEqual(["k5", "k4", "k3", "k2", "k1"]);
    expect(await walk({ limit: 2, order: "asc" })).toEqual(["k1", "k2", "k3", "k4", "k5"]);
  });

  it("returns no continuation token with the last page, even when that page is full", async () => {
    await makeFive();
    expect((await page({ limit: 5 })).continuationToken).toBeNull();
    expect((await page({ limit: 4 })).continuationToken).not.toBeNull();
  });

  it("lists every key when all were created at the same time", async () => {
    for (let n = 1; n <= 7; n++) await makeKey({ name: `k${n}` });
    expect((await walk({ limit: 2 })).sort()).toEqual(["k1", "k2", "k3", "k4", "k5", "k6", "k7"]);
  });

  it("lists every key once while keys are created and revoked", async () => {
    const created = await makeFive();
    const between = async (n: number) => {
      await makeKey({ name: `new${n}` }, NOW + n);
      const key = created[n];
      if (key) await keys.revoke(ACCOUNT, key.id, true, ACTOR, NOW + n);
    };
    expect(await walk({ limit: 2 }, between)).toEqual(["k5", "k4", "k3", "k2", "k1"]);
  });

  it("filters by status at the time of the request", async () => {
    const [, revoked] = await makeFive();
    await keys.revoke(ACCOUNT, revoked?.id ?? "", false, ACTOR, NOW);
    await makeKey({ name: "old", expiresAt: NOW }, NOW - 200);
    expect(await walk({ statuses: ["ACTIVE"] })).toEqual(["k5", "k4", "k3", "k1"]);
    expect(await walk({ statuses: ["REVOKED"] })).toEqual(["k2"]);
    expect(await walk({ statuses: ["EXPIRED"] })).toEqual(["old"]);
    expect(await walk({ statuses: ["EXPIRED", "REVOKED"] })).toEqual(["k2", "old"]);
    expect(await walk({ statuses: ["EXPIRED"] }, undefined, NOW - 1)).toEqual([]);
  });

  it("filters by exact and case-sensitive name", async () => {
    await makeFive();
    expect(await walk({ name: "k1" })).toEqual(["k1"]);
    expect(await walk({ name: "K1" })).toEqual([]);
    expect(await walk({ name: "k" })).toEqual([]);
  });
});

describe("list by name", () => {
  async function makeNamesakes() {
    const at = (n: number) => NOW - 100 + n;
    const created = [];
    for (let n = 1; n <= 3; n++) created.push(await makeKey({ name: "ci", description: `active ${n}` }, at(n)));
    created.push(await makeKey({ name: "ci", description: "expired", expiresAt: NOW - 1 }, at(4)));
    const revoked = await makeKey({ name: "ci", description: "revoked" }, at(5));
    await keys.revoke(ACCOUNT, revoked.id, false, ACTOR, NOW - 50);
    return created;
  }
  const shown = async (changes: Partial<ApiKeyFilter>, between?: (n: number) => Promise<unknown>) => {
    const seen: string[] = [];
    let token: string | null = null;
    let n = 0;
    do {
      const got: Awaited<ReturnType<typeof page>> = await page(
        { name: "ci", ...changes, continuationToken: token },
        NOW + n * HOUR,
      );
      seen.push(...got.items.map((key) => key.description));
      token = got.continuationToken;
      await between?.(n++);
    } while (token !== null);
    return seen;
  };

  it("lists active keys first when it filters by name", async () => {
    await makeNamesakes();
    expect(await shown({})).toEqual(["active 3", "active 2", "active 1", "revoked", "expired"]);
    expect(await shown({ limit: 1 })).toEqual(["active 3", "active 2", "active 1", "revoked", "expired"]);
    expect(await shown({ limit: 2, order: "asc" })).toEqual(["active 1", "active 2", "active 3", "expired", "revoked"]);
  });

  it("keeps the order by status when keys are revoked or expire between two pages", async () => {
    const [first, second] = await makeNamesakes();
    await makeKey({ name: "ci", description: "soon", expiresAt: NOW + 1 }, NOW - 1);
    const between = async (n: number) => {
      const key = [first, second][n];
      if (key) await keys.revoke(ACCOUNT, key.id, false, ACTOR, NOW + 10);
    };
    const order = ["soon", "active 3", "active 2", "active 1", "revoked", "expired"];
    expect(await shown({ limit: 1 }, between)).toEqual(order);
  });
});

describe("continuation tokens", () => {
  it("rejects the continuation token of another list", async () => {
    await makeFive();
    const { continuationToken } = await page({ limit: 2 });
    const foreign = [
      { name: "k1" },
      { order: "asc" as const },
      { statuses: ["ACTIVE" as const] },
      { accountId: OTHER_ACCOUNT },
    ];
    for (const changes of foreign) {
      expect(await keys.list(keyQuery({ ...changes, continuationToken }), NOW)).toEqual({
        error: "invalid_continuation_token",
      });
    }
  });

  it("rejects a forged continuation token", async () => {
    const forged = [btoa("[1,2,3]"), btoa("{}"), "null", "%%", "", "x".repeat(600), "bm90IGpzb24"];
    for (const continuationToken of forged) {
      expect(await keys.list(keyQuery({ continuationToken }), NOW)).toEqual({ error: "invalid_continuation_token" });
    }
  });
});
