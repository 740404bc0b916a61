// The emergency procedures of docs/operating.md, step by step as documented.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createKvCopies } from "../../src/store/key-cache/kv-copies.ts";
import { ACCOUNT, ACTOR, db, keys, makeAccounts, NOW } from "../store/builders.ts";
import { freezeTime, KEY_RING, parseKeyRing, startGateway, stopGateways } from "./worker-harness.ts";

beforeEach(async () => {
  freezeTime(NOW);
  await makeAccounts();
});
afterEach(stopGateways);

// D1 and KV are real and may be slow on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const DOWN = new Error("D1_ERROR: internal error");

describe("BLOCKED_KEY_IDS", () => {
  it("denies a blocked key at once and no other key, even with D1 and KV down", async () => {
    const seeder = await startGateway();
    const [blocked, other] = [await seeder.key(), await seeder.key()];
    const gateway = await startGateway({ BLOCKED_KEY_IDS: ` ${blocked.id} , 00000000-0000-4000-8000-000000000000` });
    expect((await gateway.call(other.token)).status).toBe(200);
    const denied = await gateway.call(blocked.token);
    expect(denied.status).toBe(401);
    expect(gateway.lines.at(-1)).toMatchObject({ reason: "key_denied", key_id: blocked.id });
    gateway.d1.trouble = DOWN;
    gateway.kv.onGet = DOWN;
    expect((await gateway.call(blocked.token)).status).toBe(401);
  });
});

describe("STRONG_CHECK=all", () => {
  it("denies a revoked key from the next read on with STRONG_CHECK=all", async () => {
    const gateway = await startGateway({ STRONG_CHECK: "all" });
    const { id, token } = await gateway.key();
    expect((await gateway.call(token)).status).toBe(200);
    await keys.revoke(ACCOUNT, id, true, ACTOR, Date.now());
    expect((await gateway.call(token)).status).toBe(401);
  });

  it("serves no stale record with STRONG_CHECK=all", async () => {
    const gateway = await startGateway({ STRONG_CHECK: "all" });
    const { token } = await gateway.key();
    await gateway.call(token);
    gateway.d1.trouble = DOWN;
    expect((await gateway.call(token)).status).toBe(503);
  });
});

describe("KEY_RING", () => {
  const ring = JSON.parse(KEY_RING) as Record<string, string>;
  const ringWith = (...ids: string[]) => JSON.stringify(Object.fromEntries(ids.map((id) => [id, ring[id]])));

  it("denies no key during a rotation that adds the new secret last, replaces the keys and removes the old secret", async () => {
    // 1. Before the rotation, keys are signed with the old secret.
    const before = await startGateway({ KEY_RING: ringWith("old") });
    const oldKey = await before.key({ ring: ringWith("old") });
    expect((await before.call(oldKey.token)).status).toBe(200);
    // 2. The new secret is added last: it signs new keys, and keys of the old secret stay valid.
    const between = await startGateway({ KEY_RING: ringWith("old", "new") });
    const newKey = await between.key({ ring: ringWith("old", "new") });
    expect(newKey.token.split(".")[0]).not.toBe(oldKey.token.split(".")[0]);
    for (const { token } of [oldKey, newKey]) expect((await between.call(token)).status).toBe(200);
    // 3. Once every key was replaced, the old secret is removed.
    const after = await startGateway({ KEY_RING: ringWith("new") });
    expect((await after.call(newKey.token)).status).toBe(200);
    expect((await after.call(oldKey.token)).status).toBe(401);
  });

  it("denies every key of a removed signing secret at once, without a lookup and with D1 and KV down", async () => {
    const { token } = await (await startGateway()).key({ ring: ringWith("old") });
    const gateway = await startGateway({ KEY_RING: ringWith("new") });
    gateway.d1.trouble = DOWN;
    gateway.kv.onGet = DOWN;
    expect((await gateway.call(token)).status).toBe(401);
    expect(gateway.storageReads()).toEqual({ rows: 0, copies: 0, logs: 0 });
  });
});

describe("D1 restored to an earlier point in time", () => {
  // The statement that docs/operating.md gives.
  const RESTART_CHANGE_LOG = `INSERT INTO key_changes (seq, key_id, version, at)
    SELECT max(seq) + 1000000000, NULL, 0, max(at) FROM key_changes`;

  it("ignores KV copies written after the restore point once the change log was restarted", async () => {
    const { token, id, hash } = await (await startGateway()).key();
    await keys.revoke(ACCOUNT, id, true, ACTOR, NOW);
    const revokedCopyWriter = await startGateway();
    await revokedCopyWriter.call(token);
    await revokedCopyWriter.finishBackgroundWork();
    expect((await createKvCopies(env.KEY_COPIES, parseKeyRing(KEY_RING)).get(hash as never))?.record.revokedAt).toBe(
      NOW,
    );
    // Restores D1 to before the revocation, then makes other changes.
    await db.exec("UPDATE api_keys SET revoked_at = NULL, version = 1; DELETE FROM key_changes WHERE seq > 1;");
    await db.exec("INSERT INTO key_changes (key_id, version, at) VALUES ('a', 2, 0), ('b', 2, 0), ('c', 2, 0)");
    await db.exec(RESTART_CHANGE_LOG.replaceAll("\n", " "));
    const gateway = await startGateway();
    expect((await gateway.call(token)).status).toBe(200);
    expect(gateway.lines.at(-1)).toMatchObject({ source: "d1" });
  });
});
