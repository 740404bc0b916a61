// A safe call goes to the upstream while its check is under way: nothing of the answer is let out before the check agrees.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ACCOUNT, ACTOR, db, keys, makeAccounts, NOW, VIEWER_ROLE } from "../store/builders.ts";
import {
  CLUSTERS,
  closeDoors,
  holdTime,
  openGateway,
  passTime,
  timePassesUntil,
  type WorkerUnderTest,
} from "./worker-harness.ts";

beforeEach(async () => {
  holdTime(NOW);
  await makeAccounts();
});
afterEach(closeDoors);

// D1 and KV are real, and the machine may be busy.
vi.setConfig({ testTimeout: 30_000 });

const IDLE_MS = 60_000;
const D1_MS = 300;
const UPSTREAM_MS = 300;

const later = (ms: number) => new Promise<void>((resume) => setTimeout(resume, ms));

/** A door that knows a key, has been idle for a minute, and has a D1 and an upstream that take their time. */
async function idleDoor(vars = {}) {
  const gateway = await openGateway(vars);
  const key = await gateway.key();
  await gateway.call(key.token);
  await gateway.behind();
  passTime(IDLE_MS);
  gateway.resetCounts();
  gateway.upstream.reached.length = 0;
  const order: string[] = [];
  gateway.d1.before = async (sql) => {
    if (!/AS oldestSeq|WHERE k.hash/.test(sql)) return;
    await later(D1_MS);
    order.push("checked");
  };
  gateway.upstream.answer = async () => {
    order.push("reached");
    await later(UPSTREAM_MS);
    order.push("answered");
    return Response.json({ secret: "of the cluster" });
  };
  return { gateway, order, ...key };
}

async function timed(gateway: WorkerUnderTest, call: () => Promise<Response>) {
  const startedAt = Date.now();
  const answer = await timePassesUntil(call());
  return { answer, tookMs: Date.now() - startedAt, logged: gateway.lines.findLast(({ kind }) => kind === "call") };
}

describe("a read from an idle isolate", () => {
  it("waits for the longer of its check and its upstream, not for their sum", async () => {
    const { gateway, token, order } = await idleDoor();
    const { answer, tookMs, logged } = await timed(gateway, () => gateway.call(token));
    expect(answer.status).toBe(200);
    expect(logged).toMatchObject({ speculated: true, degraded: false });
    expect(order[0]).toBe("reached");
    expect(tookMs / Math.max(D1_MS, UPSTREAM_MS)).toBeLessThan(1.4);
    expect(tookMs).toBeGreaterThanOrEqual(Math.max(D1_MS, UPSTREAM_MS));
  });

  it("waits for their sum with SPECULATIVE_FORWARDING=off", async () => {
    const { gateway, token, order } = await idleDoor({ SPECULATIVE_FORWARDING: "off" });
    const { answer, tookMs } = await timed(gateway, () => gateway.call(token));
    expect(answer.status).toBe(200);
    expect(order).toEqual(["checked", "reached", "answered"]);
    expect(tookMs).toBeGreaterThanOrEqual(D1_MS + UPSTREAM_MS);
  });

  it("is exact at the price of the longer one with STRONG_CHECK=all", async () => {
    const { gateway, token } = await idleDoor({ STRONG_CHECK: "all" });
    const { answer, tookMs, logged } = await timed(gateway, () => gateway.call(token));
    expect(answer.status).toBe(200);
    expect(logged).toMatchObject({ speculated: true, source: "d1" });
    expect(tookMs / Math.max(D1_MS, UPSTREAM_MS)).toBeLessThan(1.4);
  });

  it("reaches the upstream before D1 has said anything when only KV knows the key", async () => {
    const { token } = await idleDoor();
    const fresh = await openGateway();
    fresh.d1.before = () => later(D1_MS);
    let checked = false;
    fresh.upstream.answer = () => {
      checked = fresh.d1.ran.length > 1;
      return new Response("ok");
    };
    expect((await timePassesUntil(fresh.call(token))).status).toBe(200);
    expect(checked).toBe(false);
  });
});

describe("a read with a key that was revoked meanwhile", () => {
  async function revoked(vars = {}) {
    const setting = await idleDoor(vars);
    await keys.revoke(ACCOUNT, setting.id, true, ACTOR, Date.now());
    return setting;
  }

  it("is never let out, though the upstream had answered first", async () => {
    const { gateway, token, order } = await revoked();
    let cancelled = false;
    gateway.upstream.answer = () => {
      order.push("answered");
      const cancel = () => {
        cancelled = true;
      };
      return new Response(new ReadableStream({ cancel }, { highWaterMark: 0 }));
    };
    const { answer } = await timed(gateway, () => gateway.call(token));
    expect(order[0]).toBe("answered");
    expect(answer.status).toBe(401);
    expect(await answer.text()).not.toContain("secret");
    await timePassesUntil(later(5));
    expect(cancelled).toBe(true);
  });

  it("is called off at the upstream, which has not answered yet", async () => {
    const { gateway, token } = await revoked();
    let aborted = false;
    gateway.upstream.answer = (request) =>
      new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => {
          aborted = true;
          reject(new Error("aborted"));
        });
      });
    const { answer, tookMs } = await timed(gateway, () => gateway.call(token));
    expect(answer.status).toBe(401);
    expect(aborted).toBe(true);
    expect(tookMs).toBeLessThan(3 * D1_MS);
  });

  it("is never let out with STRONG_CHECK=all, not even from an isolate that is busy", async () => {
    const { gateway, token } = await revoked({ STRONG_CHECK: "all" });
    expect((await timed(gateway, () => gateway.call(token))).answer.status).toBe(401);
  });
});

describe("a read whose check fails", () => {
  it("is answered 503 past the grace, though the upstream had answered", async () => {
    const { gateway, token } = await idleDoor();
    passTime(60_000);
    gateway.d1.trouble = new Error("D1_ERROR: internal error");
    const { answer } = await timed(gateway, () => gateway.call(token));
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain("secret");
  });
});

describe("a read with a key whose role was changed meanwhile", () => {
  it("is asked again with the identity as it is now", async () => {
    const { gateway, token, id } = await idleDoor();
    await db.batch([
      db.prepare("UPDATE api_keys SET role_id = ?, version = version + 1 WHERE id = ?").bind(VIEWER_ROLE, id),
      db
        .prepare("INSERT INTO key_changes (key_id, version, at) SELECT id, version, 0 FROM api_keys WHERE id = ?")
        .bind(id),
    ]);
    const { answer } = await timed(gateway, () => gateway.call(token));
    expect(answer.status).toBe(200);
    const roles = gateway.upstream.reached.map((request) => {
      const [, payload = ""] = (request.headers.get("gatehouse-identity") ?? "").split(".");
      return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))).role;
    });
    expect(roles).toEqual(["Admin", "Viewer"]);
  });
});

describe("what is never sent ahead", () => {
  it("is a call that changes something", async () => {
    const { gateway, token, order } = await idleDoor();
    expect((await timed(gateway, () => gateway.change(token))).answer.status).toBe(200);
    expect(order).toEqual(["checked", "reached", "answered"]);
  });

  it("is a call without a record at hand", async () => {
    const { gateway, order } = await idleDoor();
    const { token } = await gateway.key();
    expect((await timed(gateway, () => gateway.call(token))).answer.status).toBe(200);
    expect(order.indexOf("checked")).toBeLessThan(order.indexOf("reached"));
  });

  it("is a call that the record at hand already refuses", async () => {
    const { gateway } = await idleDoor();
    const { token } = await gateway.key({ rules: ["203.0.113.0/24"] });
    await timed(gateway, () => gateway.call(token));
    passTime(IDLE_MS);
    gateway.upstream.reached.length = 0;
    expect((await timed(gateway, () => gateway.call(token))).answer.status).toBe(403);
    expect(gateway.upstream.reached).toHaveLength(0);
  });

  it("is a call that Gatehouse itself answers", async () => {
    const { gateway, token, order } = await idleDoor();
    const path = CLUSTERS.replace(/\/projects.*/, "/api-keys");
    const { answer } = await timed(gateway, () => gateway.call(token, path));
    expect(answer.status).toBe(200);
    expect(order).toEqual(["checked"]);
  });
});
