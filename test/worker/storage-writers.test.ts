// Insiders who can write to KV or to D1, through the whole Worker: what they write makes no key another one.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../src/core/audit/hash-chain.ts";
import { compareTables } from "../../src/core/audit/replay/compare.ts";
import { createReplay } from "../../src/core/audit/replay/replay.ts";
import { readTables } from "../../src/store/audit/tables-sql.ts";
import { copyName } from "../../src/store/key-cache/kv-copies.ts";
import { ACCOUNT, ACTOR, db, keys, makeAccounts, makeKey, NOW, OTHER_ACCOUNT } from "../store/builders.ts";
import { type SeededKey, seedKey } from "../support/seed.ts";
import { KEY_RING, parseKeyRing, startGateway, stopGateways } from "./worker-harness.ts";

beforeEach(makeAccounts);
afterEach(stopGateways);

const nameOf = ({ hash }: SeededKey) => copyName(hash as never);
const copyOf = async (key: SeededKey) => (await env.KEY_COPIES.get(nameOf(key))) ?? "";

/** A key whose copy KV has. */
async function copiedKey(options: { readonly role?: "Admin" | "Viewer"; readonly revokedAt?: number } = {}) {
  const gateway = await startGateway();
  const key = await gateway.key(options);
  await gateway.call(key.token);
  await gateway.finishBackgroundWork();
  expect(await copyOf(key)).not.toBe("");
  return key;
}

/** The identity that the upstream was told by an isolate that has read nothing yet. */
async function read(token: string) {
  const gateway = await startGateway();
  const { status } = await gateway.call(token);
  await gateway.finishBackgroundWork();
  const identity = gateway.upstream.reached.at(-1)?.headers.get("gatehouse-identity") ?? null;
  const claims =
    identity === null ? null : JSON.parse(atob(identity.split(".")[1]?.replace(/-/g, "+").replace(/_/g, "/") ?? ""));
  return { status, claims, lines: gateway.lines };
}

describe("a KV writer", () => {
  it("gives a key no role of another: a copy under another key's name counts as missing", async () => {
    const [admin, viewer] = [await copiedKey(), await copiedKey({ role: "Viewer" })];
    await env.KEY_COPIES.put(nameOf(viewer), await copyOf(admin));
    const seen = await read(viewer.token);
    expect([seen.status, seen.claims.sub, seen.claims.role]).toEqual([200, viewer.id, "Viewer"]);
    expect(seen.lines).toContainEqual(expect.objectContaining({ kind: "fault", reason: "kv_read" }));
  });

  it("gives a key no role, account or life by an edited copy, whatever its code", async () => {
    const viewer = await copiedKey({ role: "Viewer" });
    const [mac, ...rest] = (await copyOf(viewer)).split(" ");
    const copy = JSON.parse(rest.join(" "));
    const edits = [
      { roleId: "36ec6789-6dbf-4d12-91b4-243587d6882b", roleName: "Admin" },
      { accountId: OTHER_ACCOUNT },
      { id: crypto.randomUUID() },
      { asOf: 900_000_000 },
      { version: 99 },
    ];
    for (const edit of edits) {
      const json = JSON.stringify({ ...copy, ...edit });
      for (const code of [mac, `${mac?.split(".")[0]}.`, "none.x", "", "."]) {
        await env.KEY_COPIES.put(nameOf(viewer), `${code} ${json}`);
        const seen = await read(viewer.token);
        expect([seen.status, seen.claims.sub, seen.claims.role]).toEqual([200, viewer.id, "Viewer"]);
      }
      await env.KEY_COPIES.put(nameOf(viewer), json);
      expect((await read(viewer.token)).claims.role).toBe("Viewer");
    }
  });

  it("brings no revoked key back and ends no valid one", async () => {
    const [revoked, valid] = [await copiedKey(), await copiedKey()];
    const active = await copyOf(revoked);
    await keys.revoke(ACCOUNT, revoked.id, true, ACTOR, NOW);
    const { asOf: _, ...copy } = JSON.parse(active.slice(active.indexOf(" ") + 1));
    for (const text of [active, JSON.stringify({ ...copy, asOf: 900_000_000 })]) {
      await env.KEY_COPIES.put(nameOf(revoked), text);
      expect((await read(revoked.token)).status).toBe(401);
    }
    const forged = JSON.stringify({
      ...JSON.parse((await copyOf(valid)).replace(/^\S+ /, "")),
      revokedAt: 1,
      asOf: 9e8,
    });
    for (const text of [forged, `x.y ${forged}`]) {
      await env.KEY_COPIES.put(nameOf(valid), text);
      expect((await read(valid.token)).status).toBe(200);
    }
  });
});

describe("a D1 writer", () => {
  it("opens no canary key by an edit of its row, and is found", async () => {
    for (const edit of ["disabled_at = NULL", "canary = 0"]) {
      const { id } = await makeKey({ canary: true });
      const key = await seedKey(env.DB, parseKeyRing(KEY_RING), { accountId: ACCOUNT, canary: true });
      await db.prepare(`UPDATE api_keys SET ${edit} WHERE id IN (?, ?)`).bind(id, key.id).run();
      // First of D1, then of its copy in KV.
      for (let i = 0; i < 2; i++) expect((await read(key.token)).status).toBe(401);
      expect(await copyOf(key)).not.toBe("");
      const { results } = await db.prepare("SELECT * FROM audit_events ORDER BY seq").all();
      const replay = createReplay();
      for (const event of results) replay.add(event as unknown as StoredEvent);
      const tables = await readTables(async (sql) => (await db.prepare(sql).all()).results);
      const findings = compareTables(replay.tables, tables).map(({ message }) => message);
      expect(findings).toContain(`api_keys ${id}: no event explains the value of ${edit.split(" ")[0]}.`);
    }
  });

  it.each(["read", "change"])("gives a key no other's access by its hash: a %s is answered 503", async (kind) => {
    const gateway = await startGateway();
    const [admin, viewer] = [await gateway.key(), await gateway.key({ role: "Viewer" })];
    await db.batch([
      db.prepare("UPDATE api_keys SET hash = ? WHERE id = ?").bind("0".repeat(64), viewer.id),
      db.prepare("UPDATE api_keys SET hash = ? WHERE id = ?").bind(viewer.hash, admin.id),
    ]);
    const fresh = await startGateway();
    const response = kind === "read" ? await fresh.call(viewer.token) : await fresh.mutate(viewer.token);
    expect([response.status, fresh.upstream.reached.length]).toEqual([503, 0]);
    expect(JSON.stringify(fresh.lines)).toContain(viewer.id);
    // Neither is it served from the key cache afterwards.
    expect((await fresh.call(viewer.token)).status).toBe(503);
  });

  it("moves a key into no other account, and gives it no longer life than it was signed for", async () => {
    const gateway = await startGateway();
    const moved = await gateway.key();
    const expiresAt = Date.now() + 3_600_000;
    const prolonged = await gateway.key({ expiresAt });
    const immortal = await gateway.key({ expiresAt });
    await db.batch([
      db.prepare("UPDATE api_keys SET account_id = ? WHERE id = ?").bind(OTHER_ACCOUNT, moved.id),
      db.prepare("UPDATE api_keys SET expires_at = expires_at + 1000 WHERE id = ?").bind(prolonged.id),
      db.prepare("UPDATE api_keys SET expires_at = NULL WHERE id = ?").bind(immortal.id),
    ]);
    for (const { token } of [moved, prolonged, immortal]) expect((await read(token)).status).toBe(503);
  });

  it("is not passed on by the copy of a changed row", async () => {
    const ring = parseKeyRing(KEY_RING);
    const [admin, viewer] = [
      await seedKey(db, ring, { accountId: ACCOUNT }),
      await seedKey(db, ring, { accountId: ACCOUNT, role: "Viewer" }),
    ];
    await db.batch([
      db.prepare("UPDATE api_keys SET hash = ? WHERE id = ?").bind("0".repeat(64), viewer.id),
      db.prepare("UPDATE api_keys SET hash = ?, kv_pending = 1 WHERE id = ?").bind(viewer.hash, admin.id),
    ]);
    await (await startGateway()).scheduled();
    expect(await copyOf(viewer)).not.toBe("");
    expect((await read(viewer.token)).status).toBe(503);
  });

  it("still ends a key earlier than it was signed for", async () => {
    const gateway = await startGateway();
    const key = await gateway.key({ expiresAt: Date.now() + 3_600_000 });
    await db
      .prepare("UPDATE api_keys SET expires_at = ? WHERE id = ?")
      .bind(Date.now() - 1, key.id)
      .run();
    expect((await read(key.token)).status).toBe(401);
  });
});

describe("a copy that was written under another secret", () => {
  it("counts as missing, without a fault, once the secret has left the ring", async () => {
    const key = await copiedKey();
    const ring = JSON.parse(KEY_RING);
    const later = JSON.stringify({ new: ring.new });
    const text = (await copyOf(key)).replace(/^new\./, "retired.");
    await env.KEY_COPIES.put(nameOf(key), text);
    const gateway = await startGateway({ KEY_RING: later });
    expect((await gateway.call(key.token)).status).toBe(200);
    expect(gateway.lines.filter(({ kind }) => kind === "fault")).toEqual([]);
  });
});
