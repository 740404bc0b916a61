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
async function idleGateway(vars = {}, bindings = {}) {
  const gateway = await startGateway(vars, bindings);
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

describe("read of a rate-limited key from an idle isolate", () => {
  const limiter = () => {
    let left = 1;
    let counted = 0;
    const limit = async () => {
      counted += 1;
      left -= 1;
      return { success: left >= 0 };
    };
    return { counted: () => counted, bindings: { KEY_RATE_LIMIT: { limit } } };
  };

  it("is counted once, and never reaches the upstream beyond the limit", async () => {
    const { counted, bindings } = limiter();
    const { gateway, token, order } = await idleGateway({}, bindings);
    const { response } = await timed(gateway, () => gateway.call(token));
    expect([response.status, order, gateway.upstream.reached, counted()]).toEqual([429, ["checked"], [], 2]);
  });

  it("is denied as what it is when the key was revoked meanwhile", async () => {
    const { gateway, token, id } = await idleGateway({}, limiter().bindings);
    await keys.revoke(ACCOUNT, id, true, ACTOR, Date.now());
    const { response } = await timed(gateway, () => gateway.call(token));
    expect([response.status, gateway.upstream.reached]).toEqual([401, []]);
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
  /** The first request to the upstream has the role of before, the second one that of now. */
  async function changed(first: (request: Request) => Promise<Response> | Response, isOver: () => boolean) {
    const setup = await idleGateway();
    const { gateway, id } = setup;
    const overBefore: boolean[] = [];
    gateway.upstream.answer = (request) => {
      overBefore.push(isOver());
      return overBefore.length === 1 ? first(request) : new Response("of the second");
    };
    await db.batch([
      db.prepare("UPDATE api_keys SET role_id = ?, version = version + 1 WHERE id = ?").bind(VIEWER_ROLE, id),
      db
        .prepare("INSERT INTO key_changes (key_id, version, at) SELECT id, version, 0 FROM api_keys WHERE id = ?")
        .bind(id),
    ]);
    return { ...setup, overBefore };
  }

  it("forwards again with the current identity when the role of the key changed", async () => {
    const { gateway, token } = await changed(
      () => new Response("of the first"),
      () => false,
    );
    const { response } = await timed(gateway, () => gateway.call(token));
    expect(response.status).toBe(200);
    const roles = gateway.upstream.reached.map((request) => {
      const [, payload = ""] = (request.headers.get("gatehouse-identity") ?? "").split(".");
      return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))).role;
    });
    expect(roles).toEqual(["Admin", "Viewer"]);
  });

  it("aborts the first request before it forwards again", async () => {
    let isOver = false;
    const { gateway, token, overBefore } = await changed(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            isOver = true;
            reject(new Error("aborted"));
          });
        }),
      () => isOver,
    );
    const { response } = await timed(gateway, () => gateway.call(token));
    expect(await response.text()).toBe("of the second");
    expect(overBefore).toEqual([false, true]);
  });

  it("cancels the first response, which has come already, and never uses it", async () => {
    let isOver = false;
    const cancel = () => {
      isOver = true;
    };
    const { gateway, token, overBefore } = await changed(
      () => new Response(new ReadableStream({ cancel }, { highWaterMark: 0 })),
      () => isOver,
    );
    const { response } = await timed(gateway, () => gateway.call(token));
    expect(await response.text()).toBe("of the second");
    expect(overBefore).toEqual([false, true]);
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
    const path = CLUSTERS.replace(/\/projects.*/, "/api-keys");
    // Loads what serves it: on a busy machine that takes longer than the request may.
    const first = await startGateway();
    await advanceTimeUntil(first.call((await first.key()).token, path));
    const { gateway, token, order } = await idleGateway();
    const { response } = await timed(gateway, () => gateway.call(token, path));
    expect(response.status).toBe(200);
    expect(order).toEqual(["checked"]);
  });
});
