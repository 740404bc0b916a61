// Scheduled maintenance in a real D1 and KV: stopped at every step, and run concurrently.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { KeyHash } from "../../../src/core/access/principal.ts";
import { createD1Records } from "../../../src/store/key-cache/d1-records.ts";
import { copyName, createKvCopies } from "../../../src/store/key-cache/kv-copies.ts";
import { createMaintenance } from "../../../src/store/maintenance/maintenance.ts";
import { configureStore } from "../../../src/store/store-config.ts";
import { type FaultyD1, faultyD1 } from "../../support/faulty-d1.ts";
import { type FaultyKV, faultyKV } from "../../support/faulty-kv.ts";
import {
  ACCOUNT,
  ACTOR,
  changes,
  db,
  events,
  HOUR,
  keys,
  makeAccounts,
  makeKey,
  NOW,
  newKey,
  RING,
} from "../builders.ts";

let d1: FaultyD1;
let kv: FaultyKV;
beforeEach(async () => {
  await makeAccounts();
  d1 = faultyD1(db);
  configureStore(d1.db, { ring: RING, blockedKeyIds: new Set(), issuers: new Set(["https://issuer.example.com"]) });
  kv = faultyKV(env.KEY_COPIES);
});

const newMaintenance = () => createMaintenance(d1.db, createKvCopies(kv.kv, RING));
const STOPPED = new Error("the isolate was stopped");

async function pending(): Promise<number> {
  return (await db.prepare("SELECT count(*) AS n FROM api_keys WHERE kv_pending IS NOT NULL").first<number>("n")) ?? -1;
}

async function createKey(changes = {}) {
  const key = newKey(changes);
  await keys.create(key, ACTOR, NOW);
  return key;
}

const readCopy = (hash: KeyHash) => createKvCopies(env.KEY_COPIES, RING).get(hash);
const revoke = (id: string) => keys.revoke(ACCOUNT, id, true, ACTOR, NOW);

describe("syncKvCopies", () => {
  it("writes created and revoked keys to KV", async () => {
    const [created, revoked] = [await createKey(), await createKey()];
    await revoke(revoked.id);
    expect(await newMaintenance().syncKvCopies()).toBe(2);
    expect((await readCopy(created.hash))?.record.revokedAt).toBeNull();
    expect((await readCopy(revoked.hash))?.record.revokedAt).toBe(NOW);
    expect(await pending()).toBe(0);
  });

  it("writes a key to KV in the next run when the isolate stops after the commit", async () => {
    const key = await createKey();
    await newMaintenance().syncKvCopies();
    await revoke(key.id);
    // The isolate stops here: KV has the old copy, and the change log supersedes it.
    const [copy, { changes: logged }] = [await readCopy(key.hash), await createD1Records(db).since(0)];
    expect(copy?.record.revokedAt).toBeNull();
    expect(logged.at(0)).toMatchObject({ keyId: key.id, version: (copy?.record.version ?? 0) + 1 });
    expect(await newMaintenance().syncKvCopies()).toBe(1);
    expect((await readCopy(key.hash))?.record.revokedAt).toBe(NOW);
  });

  it("writes a key to KV again when the isolate stops before it clears the pending flag", async () => {
    const key = await createKey();
    d1.trouble = (sql) => (sql.startsWith("UPDATE") ? STOPPED : null);
    await expect(newMaintenance().syncKvCopies()).rejects.toThrow(STOPPED.message);
    expect(await pending()).toBe(1);
    d1.trouble = null;
    expect(await newMaintenance().syncKvCopies()).toBe(1);
    expect((await readCopy(key.hash))?.record.id).toBe(key.id);
    expect(await pending()).toBe(0);
  });

  it("keeps a key pending that changed after it was read", async () => {
    const key = await createKey();
    d1.before = async (sql) => {
      d1.before = null;
      if (!sql.startsWith("UPDATE")) d1.before = async () => void (await revoke(key.id));
    };
    await newMaintenance().syncKvCopies();
    expect(await pending()).toBe(1);
    await newMaintenance().syncKvCopies();
    expect((await readCopy(key.hash))?.record.revokedAt).toBe(NOW);
    expect(await pending()).toBe(0);
  });

  it("throws and keeps a key pending when KV fails", async () => {
    await createKey();
    kv.onPut = new Error("KV PUT failed: 429");
    await expect(newMaintenance().syncKvCopies()).rejects.toThrow("could not be written to KV");
    expect(await pending()).toBe(1);
  });

  it("writes a key to KV though a full batch of other keys cannot be read", async () => {
    for (let i = 0; i < 100; i += 1) await createKey();
    const bad = db.prepare(
      "INSERT INTO roles (id, account_id, display_name, permissions, created_at, updated_at) VALUES (?, ?, 'bad', '[\"NO:SUCH\"]', 0, 0)",
    );
    const roleId = crypto.randomUUID();
    await bad.bind(roleId, ACCOUNT).run();
    await db.prepare("UPDATE api_keys SET role_id = ?").bind(roleId).run();
    const good = await createKey();
    await expect(newMaintenance().syncKvCopies()).rejects.toThrow("could not be written to KV");
    await newMaintenance()
      .syncKvCopies()
      .catch(() => undefined);
    expect((await readCopy(good.hash))?.record.id).toBe(good.id);
  });

  it("reads all pending keys with one query", async () => {
    for (let i = 0; i < 30; i += 1) await createKey();
    await newMaintenance().syncKvCopies();
    expect(d1.ran.filter((sql) => sql.includes("SELECT k.hash"))).toHaveLength(1);
    expect(kv.counts.puts).toBe(30);
  });
});

describe("recordExpiries", () => {
  const EXPIRED = { expireAfterHours: 1, expiresAt: NOW + HOUR };

  it("records an expiry once, and not before its time", async () => {
    await makeKey(EXPIRED);
    expect(await newMaintenance().recordExpiries(NOW + HOUR - 1)).toBe(0);
    expect(await newMaintenance().recordExpiries(NOW + HOUR)).toBe(1);
    expect(await newMaintenance().recordExpiries(NOW + 2 * HOUR)).toBe(0);
    expect(await events()).toEqual(["CREATE_API_KEY", "EXPIRE_API_KEY"]);
  });

  it("records an expiry once in concurrent runs", async () => {
    for (let i = 0; i < 5; i += 1) await makeKey(EXPIRED);
    const runs = [newMaintenance(), newMaintenance(), newMaintenance()].map((maintenance) =>
      maintenance.recordExpiries(NOW + HOUR),
    );
    const recorded = (await Promise.all(runs)).reduce((sum, count) => sum + count, 0);
    expect(recorded).toBe(5);
    expect((await events()).filter((type) => type === "EXPIRE_API_KEY")).toHaveLength(5);
  });

  it("records the other expiries in the next run when a run stops half-way", async () => {
    for (let i = 0; i < 3; i += 1) await makeKey(EXPIRED);
    let batches = 0;
    d1.trouble = (sql) => {
      batches += sql.startsWith("INSERT INTO audit_events") ? 1 : 0;
      return batches > 1 ? STOPPED : null;
    };
    await expect(newMaintenance().recordExpiries(NOW + HOUR)).rejects.toThrow(STOPPED.message);
    d1.trouble = null;
    expect(await newMaintenance().recordExpiries(NOW + HOUR)).toBe(2);
    expect((await events()).filter((type) => type === "EXPIRE_API_KEY")).toHaveLength(3);
  });

  it("records no expiry of a revoked key", async () => {
    const key = await makeKey(EXPIRED);
    await revoke(key.id);
    expect(await newMaintenance().recordExpiries(NOW + HOUR)).toBe(0);
  });
});

describe("pruneChanges", () => {
  const DAY = 24 * HOUR;
  const line = (at: number) =>
    db.prepare("INSERT INTO key_changes (key_id, version, at) VALUES ('k', 2, ?)").bind(at).run();

  it("prunes only changes that are older than every copy in KV", async () => {
    for (const hours of [30, 26, 24, 1]) await line(NOW - hours * HOUR);
    expect(await newMaintenance().pruneChanges(NOW)).toBe(3);
    expect(await createD1Records(db).since(0)).toMatchObject({ oldestSeq: 4, newestSeq: 5 });
  });

  it("never prunes the newest change", async () => {
    await line(NOW - 3 * DAY);
    await newMaintenance().pruneChanges(NOW);
    expect(await createD1Records(db).since(0)).toMatchObject({ oldestSeq: 2, newestSeq: 2 });
    expect(await newMaintenance().pruneChanges(NOW + 30 * DAY)).toBe(0);
  });

  it("prunes no change from the middle of the log when a writer's clock was wrong", async () => {
    await newMaintenance().pruneChanges(NOW);
    await line(NOW - 30 * HOUR);
    await line(NOW + HOUR);
    await line(NOW - 30 * HOUR);
    await line(NOW);
    await newMaintenance().pruneChanges(NOW);
    // The line before the oldest one that stays is pruned; the old line after it is not.
    expect(await changes()).toHaveLength(3);
  });

  it("prunes each change once in concurrent runs", async () => {
    for (const hours of [30, 26, 24, 1]) await line(NOW - hours * HOUR);
    const pruned = await Promise.all([newMaintenance().pruneChanges(NOW), newMaintenance().pruneChanges(NOW)]);
    expect(pruned.sort()).toEqual([0, 3]);
  });
});

it("names a KV copy by the hash of its key, and lets it expire after a day", async () => {
  const key = await createKey();
  await newMaintenance().syncKvCopies();
  const { keys: names } = await env.KEY_COPIES.list();
  expect(names.map(({ name }) => name)).toEqual([copyName(key.hash)]);
  expect(names[0]?.expiration).toBeLessThanOrEqual(Date.now() / 1_000 + 86_401);
});
