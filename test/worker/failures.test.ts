// The failure table of docs/operating.md, row by row, through the whole Worker in workerd.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { copyName } from "../../src/store/key-cache/kv-copies.ts";
import { ACCOUNT, ACTOR, db, keys, makeAccounts, NOW } from "../store/builders.ts";
import { laggyKV } from "../support/laggy-kv.ts";
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

const DOWN = new Error("D1_ERROR: internal error; reference = 1");
const SECOND = 1_000;

/** A gateway that has cached a key and read the change log. */
async function gatewayWithCachedKey(
  vars = {},
  bindings = {},
): Promise<{ gateway: TestGateway; id: string; token: string }> {
  const gateway = await startGateway(vars, bindings);
  const key = await gateway.key();
  expect((await gateway.call(key.token)).status).toBe(200);
  await gateway.finishBackgroundWork();
  gateway.resetCounts();
  return { gateway, ...key };
}

const revoke = (id: string) => keys.revoke(ACCOUNT, id, true, ACTOR, Date.now());

describe("KV failures", () => {
  it("decides the same when a KV read throws", async () => {
    const gateway = await startGateway();
    gateway.kv.onGet = new Error("KV GET failed: 500");
    expect((await gateway.call((await gateway.key()).token)).status).toBe(200);
    expect((await gateway.call((await gateway.key({ revokedAt: NOW })).token)).status).toBe(401);
  });

  it("answers without KV when a read takes longer than 75 ms", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.key();
    gateway.kv.onGet = "silent";
    expect((await advanceTimeUntil(gateway.call(token))).status).toBe(200);
    expect(Date.now()).toBeLessThan(NOW + 400);
    await vi.advanceTimersByTimeAsync(400);
    expect(gateway.lines.filter(({ reason }) => reason === "kv_read")).toHaveLength(1);
  });

  it("denies a revoked key when KV still shows it active", async () => {
    const dataCenter = laggyKV(env.KEY_COPIES);
    const { gateway, id, token } = await gatewayWithCachedKey({}, { KEY_COPIES: dataCenter.kv });
    await revoke(id);
    await gateway.scheduled();
    // A new isolate in the same data center, which has read nothing but the stale copy.
    const fresh = await startGateway({}, { KEY_COPIES: dataCenter.kv });
    expect((await fresh.call(token)).status).toBe(401);
    expect((await (await startGateway({}, { KEY_COPIES: dataCenter.kv })).mutate(token)).status).toBe(401);
  });

  it("allows a new key when KV still shows that it does not exist", async () => {
    const dataCenter = laggyKV(env.KEY_COPIES);
    const { hash, token } = await (await startGateway()).key();
    expect(await dataCenter.kv.get(copyName(hash as never))).toBeNull();
    const gateway = await startGateway({}, { KEY_COPIES: dataCenter.kv });
    await env.KEY_COPIES.put(copyName(hash as never), "{}");
    expect((await gateway.call(token)).status).toBe(200);
  });

  it("treats an unreadable KV copy as missing", async () => {
    const gateway = await startGateway();
    const { hash, token } = await gateway.key();
    for (const text of ["", "null", "{", '{"asOf":1}', '{"asOf":1,"id":"x","version":"2"}']) {
      await env.KEY_COPIES.put(copyName(hash as never), text);
      expect((await (await startGateway()).call(token)).status).toBe(200);
    }
    expect((await gateway.call(token)).status).toBe(200);
  });

  it("keeps a revocation in force when KV rejects the write and writes the copy in the scheduled job", async () => {
    const { gateway, id, token } = await gatewayWithCachedKey();
    await revoke(id);
    // The copy that the call has written is a second old.
    advanceClock(SECOND);
    gateway.kv.onPut = new Error("KV PUT failed: 429");
    await gateway.scheduled();
    expect(gateway.lines.some(({ reason }) => reason === "kv_repaired")).toBe(true);
    expect((await gateway.mutate(token)).status).toBe(401);
    gateway.kv.onPut = null;
    await gateway.scheduled();
    expect(gateway.lines.some(({ kind, count }) => kind === "upkeep" && count === 1)).toBe(true);
  });
});

describe("D1 transient errors", () => {
  it("retries a D1 read once after a transient error", async () => {
    const { gateway, token } = await gatewayWithCachedKey();
    let failures = 0;
    gateway.d1.trouble = () => {
      failures += 1;
      return failures === 1 ? new Error("D1_ERROR: Network connection lost.") : null;
    };
    expect((await advanceTimeUntil(gateway.mutate(token))).status).toBe(200);
    expect(gateway.storageReads().rows).toBe(2);
  });
});

describe("D1 overload", () => {
  it("sends an overloaded D1 no query for five seconds and does not retry", async () => {
    const { gateway, token } = await gatewayWithCachedKey();
    gateway.d1.trouble = new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long.");
    for (let i = 0; i < 10; i += 1) expect((await gateway.mutate(token)).status).toBe(503);
    expect(gateway.storageReads().rows).toBe(1);
    gateway.d1.trouble = null;
    advanceClock(5 * SECOND);
    expect((await gateway.mutate(token)).status).toBe(200);
  });
});

describe("D1 outage", () => {
  it("allows reads of a cached key within the stale-if-error window and logs them as degraded", async () => {
    const { gateway, token } = await gatewayWithCachedKey();
    gateway.d1.trouble = DOWN;
    advanceClock(69 * SECOND);
    expect((await gateway.call(token)).status).toBe(200);
    expect(gateway.lines.at(-1)).toMatchObject({ verdict: "allow", degraded: true, age_ms: 69_000 });
    advanceClock(SECOND);
    const response = await gateway.call(token);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  it("allows reads of a key with a KV copy within the stale-if-error window", async () => {
    // Another isolate has written the key to KV.
    const writer = await startGateway();
    const other = await writer.key();
    await writer.call(other.token);
    await writer.finishBackgroundWork();
    const reader = await gatewayWithCachedKey();
    reader.gateway.d1.trouble = DOWN;
    advanceClock(30 * SECOND);
    expect((await reader.gateway.call(other.token)).status).toBe(200);
    expect(reader.gateway.lines.at(-1)).toMatchObject({ degraded: true, source: "kv" });
  });

  it("answers a mutation with 503 at once while D1 is down", async () => {
    const { gateway, token } = await gatewayWithCachedKey();
    gateway.d1.trouble = DOWN;
    const response = await gateway.mutate(token);
    expect(response.status).toBe(503);
    expect(response.headers.has("retry-after")).toBe(true);
    expect(gateway.upstream.reached).toHaveLength(1);
  });

  it("answers 503 and never 401 for a key that is not cached", async () => {
    const { gateway } = await gatewayWithCachedKey();
    const { token } = await gateway.key();
    gateway.d1.trouble = DOWN;
    expect((await gateway.call(token)).status).toBe(503);
    expect((await (await startGateway({}, { DB: gateway.d1.db })).call(token)).status).toBe(503);
  });

  it("answers 401 for a cached revoked key, an expired key and an invalid signature", async () => {
    const { gateway, token } = await gatewayWithCachedKey();
    const revoked = await gateway.key({ revokedAt: NOW });
    const expiring = await gateway.key({ expiresAt: NOW + 20 * SECOND });
    await gateway.call(revoked.token);
    await gateway.call(expiring.token);
    gateway.d1.trouble = DOWN;
    advanceClock(3_600 * SECOND);
    expect((await gateway.call(revoked.token)).status).toBe(401);
    expect((await gateway.mutate(revoked.token)).status).toBe(401);
    expect((await gateway.call(expiring.token)).status).toBe(401);
    const swapped = token.slice(0, -44) + revoked.token.slice(-44);
    expect((await gateway.call(swapped)).status).toBe(401);
  });

  it("answers within a second and a half when D1 never responds", async () => {
    const { gateway, token } = await gatewayWithCachedKey();
    gateway.d1.trouble = "silent";
    advanceClock(100 * SECOND);
    for (const call of [() => gateway.call(token), () => gateway.mutate(token)]) {
      const startedAt = Date.now();
      expect((await advanceTimeUntil(call())).status).toBe(503);
      expect(Date.now() - startedAt).toBeLessThanOrEqual(1_550);
    }
  });
});

describe("corrupt D1 rows", () => {
  it.each([
    ["an invalid CIDR", "UPDATE allow_lists SET rules = '[\"300.1.2.3/8\"]'"],
    ["an unknown permission", "UPDATE roles SET permissions = '[\"NO:SUCH\"]' WHERE account_id IS NOT NULL"],
  ])("answers 503 for the key of a corrupt row and for no other: %s", async (_, spoil) => {
    const gateway = await startGateway();
    const roleId = crypto.randomUUID();
    await db
      .prepare(
        "INSERT INTO roles (id, account_id, display_name, permissions, created_at, updated_at) VALUES (?, ?, 'r', '[]', 0, 0)",
      )
      .bind(roleId, ACCOUNT)
      .run();
    const [bad, good] = [await gateway.key({ rules: ["192.0.2.0/24"], roleId }), await gateway.key()];
    await db.exec(spoil);
    expect((await gateway.call(bad.token)).status).toBe(503);
    expect(gateway.lines.at(-1)).toMatchObject({ kind: "fault", verdict: "fault" });
    expect(String(gateway.lines.at(-1)?.error)).toContain(`CorruptRecord: key ${bad.id} cannot be read`);
    expect((await gateway.call(good.token)).status).toBe(200);
  });
});

describe("upstream failures", () => {
  it("answers 504 when the upstream hangs and does not retry a mutation", async () => {
    const { gateway, token } = await gatewayWithCachedKey({ UPSTREAM_TIMEOUT_SECONDS: "0.5" });
    gateway.upstream.answer = (request) =>
      new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(new Error("aborted"))));
    expect((await advanceTimeUntil(gateway.call(token))).status).toBe(504);
    gateway.upstream.reached.length = 0;
    expect((await advanceTimeUntil(gateway.mutate(token))).status).toBe(504);
    expect(gateway.upstream.reached).toHaveLength(1);
  });

  it("answers 502 when the upstream cannot be reached and does not retry a mutation", async () => {
    const { gateway, token } = await gatewayWithCachedKey();
    gateway.upstream.answer = () => Promise.reject(new Error("connection reset"));
    expect((await gateway.call(token)).status).toBe(502);
    gateway.upstream.reached.length = 0;
    expect((await gateway.mutate(token)).status).toBe(502);
    expect(gateway.upstream.reached).toHaveLength(1);
  });

  it("forwards a 5xx response of the upstream unchanged", async () => {
    const { gateway, token } = await gatewayWithCachedKey();
    gateway.upstream.answer = () => new Response("busy", { status: 529, headers: { "retry-after": "7" } });
    const response = await gateway.mutate(token);
    expect([response.status, response.headers.get("retry-after"), await response.text()]).toEqual([529, "7", "busy"]);
  });

  it("streams a slow response before its last bytes exist", async () => {
    const { gateway, token } = await gatewayWithCachedKey();
    let upstream: ReadableStreamDefaultController | undefined;
    // The runtime does not pipe one of its transform streams into another; a socket's body is none.
    const body = new ReadableStream({
      start(controller) {
        upstream = controller;
      },
    });
    gateway.upstream.answer = () => new Response(body);
    const response = await gateway.call(token);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    upstream?.enqueue(new TextEncoder().encode("first"));
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("first");
    upstream?.close();
    expect((await reader.read()).done).toBe(true);
  });
});

describe("key usage recorder", () => {
  it.each([
    ["throws", DOWN],
    ["never answers", "silent"],
  ] as const)("allows a request when the usage write %s", async (_, trouble) => {
    const gateway = await startGateway();
    const { token } = await gateway.key();
    gateway.d1.trouble = (sql) => (sql.includes("usage_count") ? trouble : null);
    expect((await gateway.call(token)).status).toBe(200);
    if (trouble !== "silent") await gateway.finishBackgroundWork();
    expect(gateway.lines.some(({ reason }) => reason === "usage_write")).toBe(trouble !== "silent");
  });
});

describe("concurrent requests of an isolate", () => {
  it("answers fifty concurrent requests of an uncached key with one feed read, one KV read and one row read", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.key();
    const responses = await advanceTimeUntil(Promise.all(Array.from({ length: 50 }, () => gateway.call(token))));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    await gateway.finishBackgroundWork();
    expect(gateway.storageReads()).toEqual({ rows: 1, logs: 1, copies: 1 });
  });

  it("completes the other requests when the request that started a shared read is gone", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.key();
    const first = gateway.call(token, CLUSTERS);
    const others = [gateway.call(token), gateway.call(token)];
    void first.catch(() => undefined);
    for (const response of await advanceTimeUntil(Promise.all(others))) expect(response.status).toBe(200);
  });
});

describe("invalid configuration", () => {
  it("answers 503 with an invalid configuration and names every error in the log only", async () => {
    const gateway = await startGateway({
      KEY_RING: "",
      UPSTREAM_URL: "ftp://x",
      STALE_IF_ERROR_SECONDS: "301",
      TYPO: "1",
    });
    const response = await gateway.call(null, "/.well-known/gatehouse/health");
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain("STALE_IF_ERROR_SECONDS");
    const { faults: errors } = gateway.lines[0] as { faults: string[] };
    for (const name of ["KEY_RING", "UPSTREAM_URL", "STALE_IF_ERROR_SECONDS", "TYPO"]) {
      expect(
        errors.some((fault) => fault.startsWith(name)),
        name,
      ).toBe(true);
    }
  });
});

describe("rate limiter failures", () => {
  it("allows requests and logs an internal error when the rate limiter bindings throw", async () => {
    const broken = { limit: () => Promise.reject(new Error("no limiter")) };
    const gateway = await startGateway({}, { AUTH_FAILURE_RATE_LIMIT: broken, KEY_RATE_LIMIT: broken });
    const [{ token }, other] = [await gateway.key(), await gateway.key()];
    expect((await gateway.call(token)).status).toBe(200);
    expect((await gateway.mutate(token)).status).toBe(200);
    expect((await gateway.call(token.slice(0, -44) + other.token.slice(-44))).status).toBe(401);
    expect(gateway.lines.filter(({ reason }) => reason === "rate_limit")).toHaveLength(3);
  });
});
