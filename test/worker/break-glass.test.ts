// The procedures of docs/operating.md that an operator reaches for when something has gone wrong, as they are written there.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createKvCopies } from "../../src/store/key-cache/kv-copies.ts";
import { ACCOUNT, ACTOR, db, keys, makeAccounts, NOW } from "../store/builders.ts";
import { closeDoors, holdTime, KEY_RING, openGateway } from "./worker-harness.ts";

beforeEach(async () => {
  holdTime(NOW);
  await makeAccounts();
});
afterEach(closeDoors);

// D1 and KV are real, and the machine may be busy.
vi.setConfig({ testTimeout: 30_000 });

const DOWN = new Error("D1_ERROR: internal error");

describe("BLOCKED_KEY_IDS", () => {
  it("denies a blocked key at once and no other key, even with D1 and KV down", async () => {
    const seeder = await openGateway();
    const [blocked, other] = [await seeder.key(), await seeder.key()];
    const gateway = await openGateway({ BLOCKED_KEY_IDS: ` ${blocked.id} , 00000000-0000-4000-8000-000000000000` });
    expect((await gateway.call(other.token)).status).toBe(200);
    const refused = await gateway.call(blocked.token);
    expect(refused.status).toBe(401);
    expect(gateway.lines.at(-1)).toMatchObject({ reason: "key_denied", key_id: blocked.id });
    gateway.d1.trouble = DOWN;
    gateway.kv.onGet = DOWN;
    expect((await gateway.call(blocked.token)).status).toBe(401);
  });
});

describe("STRONG_CHECK=all", () => {
  it("denies a revoked key from the next read on with STRONG_CHECK=all", async () => {
    const gateway = await openGateway({ STRONG_CHECK: "all" });
    const { id, token } = await gateway.key();
    expect((await gateway.call(token)).status).toBe(200);
    await keys.revoke(ACCOUNT, id, true, ACTOR, Date.now());
    expect((await gateway.call(token)).status).toBe(401);
  });

  it("serves no stale record with STRONG_CHECK=all", async () => {
    const gateway = await openGateway({ STRONG_CHECK: "all" });
    const { token } = await gateway.key();
    await gateway.call(token);
    gateway.d1.trouble = DOWN;
    expect((await gateway.call(token)).status).toBe(503);
  });
});

describe("KEY_RING", () => {
  const ring = JSON.parse(KEY_RING) as Record<string, string>;
  const only = (...ids: string[]) => JSON.stringify(Object.fromEntries(ids.map((id) => [id, ring[id]])));

  it("denies no key during a rotation that adds the new secret last, replaces the keys and removes the old secret", async () => {
    // 1. As it was: keys are signed with the old secret.
    const before = await openGateway({ KEY_RING: only("old") });
    const old = await before.key({ ring: only("old") });
    expect((await before.call(old.token)).status).toBe(200);
    // 2. The new secret is added last: it signs from now on, and keys of the old one still open.
    const between = await openGateway({ KEY_RING: only("old", "new") });
    const young = await between.key({ ring: only("old", "new") });
    expect(young.token.split(".")[0]).not.toBe(old.token.split(".")[0]);
    for (const { token } of [old, young]) expect((await between.call(token)).status).toBe(200);
    // 3. Every key has been replaced: the old secret is taken out.
    const after = await openGateway({ KEY_RING: only("new") });
    expect((await after.call(young.token)).status).toBe(200);
    expect((await after.call(old.token)).status).toBe(401);
  });

  it("denies every key of a removed signing secret at once, without a lookup and with D1 and KV down", async () => {
    const { token } = await (await openGateway()).key({ ring: only("old") });
    const gateway = await openGateway({ KEY_RING: only("new") });
    gateway.d1.trouble = DOWN;
    gateway.kv.onGet = DOWN;
    expect((await gateway.call(token)).status).toBe(401);
    expect(gateway.asked()).toEqual({ rows: 0, copies: 0, logs: 0 });
  });
});

describe("D1 restored to an earlier point in time", () => {
  // The statement of docs/operating.md.
  const START_ANEW = `INSERT INTO key_changes (seq, key_id, version, at)
    SELECT max(seq) + 1000000000, NULL, 0, max(at) FROM key_changes`;

  it("ignores KV copies written after the restore point once the change log was restarted", async () => {
    const { token, id, hash } = await (await openGateway()).key();
    await keys.revoke(ACCOUNT, id, true, ACTOR, NOW);
    const tombstone = await openGateway();
    await tombstone.call(token);
    await tombstone.behind();
    expect((await createKvCopies(env.KEY_COPIES).get(hash as never))?.record.revokedAt).toBe(NOW);
    // D1 goes back to before the revocation, and goes on from there with other changes.
    await db.exec("UPDATE api_keys SET revoked_at = NULL, version = 1; DELETE FROM key_changes WHERE seq > 1;");
    await db.exec("INSERT INTO key_changes (key_id, version, at) VALUES ('a', 2, 0), ('b', 2, 0), ('c', 2, 0)");
    await db.exec(START_ANEW.replaceAll("\n", " "));
    const gateway = await openGateway();
    expect((await gateway.call(token)).status).toBe(200);
    expect(gateway.lines.at(-1)).toMatchObject({ source: "d1" });
  });
});
