// Speculative forwarding: a safe request goes to the upstream while its key is checked, and nothing of the response is sent
// before the check allows it.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ACCOUNT, ACTOR, db, keys, makeAccounts, NOW, VIEWER_ROLE } from "../store/builders.ts";
import {
  advanceClock,
  advanceTimeUntil,
  CLUSTERS,
  freezeTime,
  startGateway,
  stopGateways,
  type TestGateway,
} from "./worker-harness.ts";

beforeEach(async () => {
  freezeTime(NOW);
  await makeAccounts();
});
afterEach(stopGateways);

// D1 and KV are real and may be slow on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const IDLE_MS = 60_000;
const D1_MS = 300;
const UPSTREAM_MS = 300;

const delay = (ms: number) => new Promise<void>((resume) => setTimeout(resume, ms));

/** A gateway with a cached key that has been idle for a minute, in front of a slow D1 and a slow upstream. */
async function idleGateway(vars = {}) {
  const gateway = await startGateway(vars);
  const key = await gateway.key();
  await gateway.call(key.token);
  await gateway.finishBackgroundWork();
  advanceClock(IDLE_MS);
  gateway.resetCounts();
  gateway.upstream.reached.length = 0;
  const order: string[] = [];
  gateway.d1.before = async (sql) => {
    if (!/AS oldestSeq|WHERE k.hash/.test(sql)) return;
    await delay(D1_MS);
    order.push("checked");
  };
  gateway.upstream.answer = async () => {
    order.push("reached");
    await delay(UPSTREAM_MS);
    order.push("answered");
    return Response.json({ secret: "of the cluster" });
  };
  return { gateway, order, ...key };
}

async function timed(gateway: TestGateway, call: () => Promise<Response>) {
  const startedAt = Date.now();
  const response = await advanceTimeUntil(call());
  return { response, tookMs: Date.now() - startedAt, logged: gateway.lines.findLast(({ kind }) => kind === "call") };
}

describe("read from an idle isolate", () => {
  it("takes as long as the slower of check and upstream", async () => {
    const { gateway, token, order } = await idleGateway();
    const { response, tookMs, logged } = await timed(gateway, () => gateway.call(token));
    expect(response.status).toBe(200);
    expect(logged).toMatchObject({ speculated: true, degraded: false });
    expect(order[0]).toBe("reached");
    expect(tookMs / Math.max(D1_MS, UPSTREAM_MS)).toBeLessThan(1.4);
    expect(tookMs).toBeGreaterThanOrEqual(Math.max(D1_MS, UPSTREAM_MS));
  });

  it("takes as long as check and upstream together with SPECULATIVE_FORWARDING=off", async () => {
    const { gateway, token, order } = await idleGateway({ SPECULATIVE_FORWARDING: "off" });
    const { response, tookMs } = await timed(gateway, () => gateway.call(token));
    expect(response.status).toBe(200);
    expect(order).toEqual(["checked", "reached", "answered"]);
    expect(tookMs).toBeGreaterThanOrEqual(D1_MS + UPSTREAM_MS);
  });

  it("checks the primary in parallel to the upstream with STRONG_CHECK=all", async () => {
    const { gateway, token } = await idleGateway({ STRONG_CHECK: "all" });
    const { response, tookMs, logged } = await timed(gateway, () => gateway.call(token));
    expect(response.status).toBe(200);
    expect(logged).toMatchObject({ speculated: true, source: "d1" });
    expect(tookMs / Math.max(D1_MS, UPSTREAM_MS)).toBeLessThan(1.4);
  });

  it("forwards before D1 has answered when only KV has the key", async () => {
    const { token } = await idleGateway();
    const fresh = await startGateway();
    fresh.d1.before = () => delay(D1_MS);
    let checked = false;
    fresh.upstream.answer = () => {
      checked = fresh.d1.ran.length > 1;
      return new Response("ok");
    };
    expect((await advanceTimeUntil(fresh.call(token))).status).toBe(200);
    expect(checked).toBe(false);
  });
});

describe("read with a key revoked meanwhile", () => {
  async function revoked(vars = {}) {
    const setup = await idleGateway(vars);
    await keys.revoke(ACCOUNT, setup.id, true, ACTOR, Date.now());
    return setup;
  }

  it("never answers a revoked key with the upstream's response, even if the upstream answered first", async () => {
    const { gateway, token, order } = await revoked();
    let canceled = false;
    gateway.upstream.answer = () => {
      order.push("answered");
      const cancel = () => {
        canceled = true;
      };
      return new Response(new ReadableStream({ cancel }, { highWaterMark: 0 }));
    };
    const { response } = await timed(gateway, () => gateway.call(token));
    expect(order[0]).toBe("answered");
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain("secret");
    await advanceTimeUntil(delay(5));
    expect(canceled).toBe(true);
  });

  it("aborts the pending upstream request when the check denies the key", async () => {
    const { gateway, token } = await revoked();
    let aborted = false;
    gateway.upstream.answer = (request) =>
      new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => {
          aborted = true;
          reject(new Error("aborted"));
        });
      });
    const { response, tookMs } = await timed(gateway, () => gateway.call(token));
    expect(response.status).toBe(401);
    expect(aborted).toBe(true);
    expect(tookMs).toBeLessThan(3 * D1_MS);
  });

  it("denies a revoked key from a busy isolate with STRONG_CHECK=all", async () => {
    const { gateway, token } = await revoked({ STRONG_CHECK: "all" });
    expect((await timed(gateway, () => gateway.call(token))).response.status).toBe(401);
  });
});

describe("read whose check fails", () => {
  it("answers 503 after the stale-if-error window although the upstream had answered", async () => {
    const { gateway, token } = await idleGateway();
    advanceClock(60_000);
    gateway.d1.trouble = new Error("D1_ERROR: internal error");
    const { response } = await timed(gateway, () => gateway.call(token));
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain("secret");
  });
});

describe("read with a key whose role changed meanwhile", () => {
  it("forwards again with the current identity when the role of the key changed", async () => {
    const { gateway, token, id } = await idleGateway();
    await db.batch([
      db.prepare("UPDATE api_keys SET role_id = ?, version = version + 1 WHERE id = ?").bind(VIEWER_ROLE, id),
      db
        .prepare("INSERT INTO key_changes (key_id, version, at) SELECT id, version, 0 FROM api_keys WHERE id = ?")
        .bind(id),
    ]);
    const { response } = await timed(gateway, () => gateway.call(token));
    expect(response.status).toBe(200);
    const roles = gateway.upstream.reached.map((request) => {
      const [, payload = ""] = (request.headers.get("gatehouse-identity") ?? "").split(".");
      return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))).role;
    });
    expect(roles).toEqual(["Admin", "Viewer"]);
  });
});

describe("requests that are never forwarded speculatively", () => {
  it("checks a mutation before it is forwarded", async () => {
    const { gateway, token, order } = await idleGateway();
    expect((await timed(gateway, () => gateway.mutate(token))).response.status).toBe(200);
    expect(order).toEqual(["checked", "reached", "answered"]);
  });

  it("checks a request without a cached record before it is forwarded", async () => {
    const { gateway, order } = await idleGateway();
    const { token } = await gateway.key();
    expect((await timed(gateway, () => gateway.call(token))).response.status).toBe(200);
    expect(order.indexOf("checked")).toBeLessThan(order.indexOf("reached"));
  });

  it("never forwards a request that the cached record denies", async () => {
    const { gateway } = await idleGateway();
    const { token } = await gateway.key({ rules: ["203.0.113.0/24"] });
    await timed(gateway, () => gateway.call(token));
    advanceClock(IDLE_MS);
    gateway.upstream.reached.length = 0;
    expect((await timed(gateway, () => gateway.call(token))).response.status).toBe(403);
    expect(gateway.upstream.reached).toHaveLength(0);
  });

  it("never forwards a request that Gatehouse handles", async () => {
    const { gateway, token, order } = await idleGateway();
    const path = CLUSTERS.replace(/\/projects.*/, "/api-keys");
    const { response } = await timed(gateway, () => gateway.call(token, path));
    expect(response.status).toBe(200);
    expect(order).toEqual(["checked"]);
  });
});
