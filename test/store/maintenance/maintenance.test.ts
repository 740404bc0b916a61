// What the scheduled handler does, in a real D1 and KV, killed at every step and run twice at the same time.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { KeyHash } from "../../../src/core/access/principal.ts";
import { createD1Records } from "../../../src/store/key-cache/d1-records.ts";
import { copyName, createKvCopies } from "../../../src/store/key-cache/kv-copies.ts";
import { createMaintenance } from "../../../src/store/maintenance/maintenance.ts";
import { type FaultyD1, faultyD1 } from "../../support/faulty-d1.ts";
import { type FaultyKV, faultyKV } from "../../support/faulty-kv.ts";
import { ACCOUNT, ACTOR, changes, db, events, HOUR, keys, makeAccounts, makeKey, NOW, newKey } from "../builders.ts";

let d1: FaultyD1;
let kv: FaultyKV;
beforeEach(async () => {
  await makeAccounts();
  d1 = faultyD1(db);
  kv = faultyKV(env.KEY_COPIES);
});

const newUpkeep = () => createMaintenance(d1.db, createKvCopies(kv.kv));
const KILLED = new Error("the isolate was stopped here");

async function pending(): Promise<number> {
  return (await db.prepare("SELECT count(*) AS n FROM api_keys WHERE kv_pending IS NOT NULL").first<number>("n")) ?? -1;
}

async function madeKey(changes = {}) {
  const key = newKey(changes);
  await keys.create(key, ACTOR, NOW);
  return key;
}

const copyOf = (hash: KeyHash) => createKvCopies(env.KEY_COPIES).get(hash);
const revoke = (id: string) => keys.revoke(ACCOUNT, id, true, ACTOR, NOW);

describe("the warm copy", () => {
  it("is told of a key that was made and of one that was revoked", async () => {
    const [made, revoked] = [await madeKey(), await madeKey()];
    await revoke(revoked.id);
    expect(await newUpkeep().syncKvCopies()).toBe(2);
    expect((await copyOf(made.hash))?.record.revokedAt).toBeNull();
    expect((await copyOf(revoked.hash))?.record.revokedAt).toBe(NOW);
    expect(await pending()).toBe(0);
  });

  it("is told again by the next run when the process dies between the commit and KV", async () => {
    const key = await madeKey();
    await newUpkeep().syncKvCopies();
    await revoke(key.id);
    // Here the isolate dies. KV still shows the key as it was, and the log speaks against that.
    const [copy, { changes: told }] = [await copyOf(key.hash), await createD1Records(db).since(0)];
    expect(copy?.record.revokedAt).toBeNull();
    expect(told.at(0)).toMatchObject({ keyId: key.id, version: (copy?.record.version ?? 0) + 1 });
    expect(await newUpkeep().syncKvCopies()).toBe(1);
    expect((await copyOf(key.hash))?.record.revokedAt).toBe(NOW);
  });

  it("is told again when the process dies between KV and the tick", async () => {
    const key = await madeKey();
    d1.trouble = (sql) => (sql.startsWith("UPDATE") ? KILLED : null);
    await expect(newUpkeep().syncKvCopies()).rejects.toThrow(KILLED.message);
    expect(await pending()).toBe(1);
    d1.trouble = null;
    expect(await newUpkeep().syncKvCopies()).toBe(1);
    expect((await copyOf(key.hash))?.record.id).toBe(key.id);
    expect(await pending()).toBe(0);
  });

  it("stays pending for a change that came in between the read and the tick", async () => {
    const key = await madeKey();
    d1.before = async (sql) => {
      d1.before = null;
      if (!sql.startsWith("UPDATE")) d1.before = async () => void (await revoke(key.id));
    };
    await newUpkeep().syncKvCopies();
    expect(await pending()).toBe(1);
    await newUpkeep().syncKvCopies();
    expect((await copyOf(key.hash))?.record.revokedAt).toBe(NOW);
    expect(await pending()).toBe(0);
  });

  it("is left pending, and said to be, when KV takes nothing", async () => {
    await madeKey();
    kv.onPut = new Error("KV PUT failed: 429");
    await expect(newUpkeep().syncKvCopies()).rejects.toThrow("could not be written to KV");
    expect(await pending()).toBe(1);
  });

  it("is told of every other key though a hundred cannot be read", async () => {
    for (let i = 0; i < 100; i += 1) await madeKey();
    const bad = db.prepare(
      "INSERT INTO roles (id, account_id, display_name, permissions, created_at, updated_at) VALUES (?, ?, 'bad', '[\"NO:SUCH\"]', 0, 0)",
    );
    const roleId = crypto.randomUUID();
    await bad.bind(roleId, ACCOUNT).run();
    await db.prepare("UPDATE api_keys SET role_id = ?").bind(roleId).run();
    const good = await madeKey();
    await expect(newUpkeep().syncKvCopies()).rejects.toThrow("could not be written to KV");
    await newUpkeep()
      .syncKvCopies()
      .catch(() => undefined);
    expect((await copyOf(good.hash))?.record.id).toBe(good.id);
  });

  it("costs two round trips to D1, whatever the number of keys", async () => {
    for (let i = 0; i < 30; i += 1) await madeKey();
    await newUpkeep().syncKvCopies();
    expect(d1.ran.filter((sql) => sql.includes("SELECT k.hash"))).toHaveLength(1);
    expect(kv.counts.puts).toBe(30);
  });
});

describe("expiries", () => {
  const EXPIRED = { expireAfterHours: 1, expiresAt: NOW + HOUR };

  it("are recorded once, at their instant and not before", async () => {
    await makeKey(EXPIRED);
    expect(await newUpkeep().recordExpiries(NOW + HOUR - 1)).toBe(0);
    expect(await newUpkeep().recordExpiries(NOW + HOUR)).toBe(1);
    expect(await newUpkeep().recordExpiries(NOW + 2 * HOUR)).toBe(0);
    expect(await events()).toEqual(["CREATE_API_KEY", "EXPIRE_API_KEY"]);
  });

  it("are recorded once by two runs at the same time", async () => {
    for (let i = 0; i < 5; i += 1) await makeKey(EXPIRED);
    const runs = [newUpkeep(), newUpkeep(), newUpkeep()].map((maintenance) => maintenance.recordExpiries(NOW + HOUR));
    const recorded = (await Promise.all(runs)).reduce((sum, count) => sum + count, 0);
    expect(recorded).toBe(5);
    expect((await events()).filter((type) => type === "EXPIRE_API_KEY")).toHaveLength(5);
  });

  it("are recorded once when a run dies between two of them", async () => {
    for (let i = 0; i < 3; i += 1) await makeKey(EXPIRED);
    let batches = 0;
    d1.trouble = (sql) => {
      batches += sql.startsWith("INSERT INTO audit_events") ? 1 : 0;
      return batches > 1 ? KILLED : null;
    };
    await expect(newUpkeep().recordExpiries(NOW + HOUR)).rejects.toThrow(KILLED.message);
    d1.trouble = null;
    expect(await newUpkeep().recordExpiries(NOW + HOUR)).toBe(2);
    expect((await events()).filter((type) => type === "EXPIRE_API_KEY")).toHaveLength(3);
  });

  it("are not recorded of a key that was revoked first", async () => {
    const key = await makeKey(EXPIRED);
    await revoke(key.id);
    expect(await newUpkeep().recordExpiries(NOW + HOUR)).toBe(0);
  });
});

describe("the change log", () => {
  const DAY = 24 * HOUR;
  const line = (at: number) =>
    db.prepare("INSERT INTO key_changes (key_id, version, at) VALUES ('k', 2, ?)").bind(at).run();

  it("forgets what is older than every copy in KV may be, and nothing younger", async () => {
    for (const hours of [30, 26, 24, 1]) await line(NOW - hours * HOUR);
    expect(await newUpkeep().pruneChanges(NOW)).toBe(3);
    const { oldestSeq: floor, newestSeq: head } = await createD1Records(db).since(0);
    expect([floor, head]).toEqual([4, 5]);
  });

  it("is never empty, so that its ends are always known", async () => {
    await line(NOW - 3 * DAY);
    await newUpkeep().pruneChanges(NOW);
    expect(await createD1Records(db).since(0)).toMatchObject({ oldestSeq: 2, newestSeq: 2 });
    expect(await newUpkeep().pruneChanges(NOW + 30 * DAY)).toBe(0);
  });

  it("loses no line from its middle when a writer's clock was wrong", async () => {
    await newUpkeep().pruneChanges(NOW);
    await line(NOW - 30 * HOUR);
    await line(NOW + HOUR);
    await line(NOW - 30 * HOUR);
    await line(NOW);
    await newUpkeep().pruneChanges(NOW);
    // The line in front of the one that stays is gone; the one behind it is told, however old it says it is.
    expect(await changes()).toHaveLength(3);
  });

  it("loses nothing more when two runs prune it at the same time", async () => {
    for (const hours of [30, 26, 24, 1]) await line(NOW - hours * HOUR);
    const pruned = await Promise.all([newUpkeep().pruneChanges(NOW), newUpkeep().pruneChanges(NOW)]);
    expect(pruned.sort()).toEqual([0, 3]);
  });
});

it("names a copy by the hash of its key, and lets it go away after a day", async () => {
  const key = await madeKey();
  await newUpkeep().syncKvCopies();
  const { keys: names } = await env.KEY_COPIES.list();
  expect(names.map(({ name }) => name)).toEqual([copyName(key.hash)]);
  expect(names[0]?.expiration).toBeLessThanOrEqual(Date.now() / 1_000 + 86_401);
});
