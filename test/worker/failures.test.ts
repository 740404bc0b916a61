// "Dependency x failure x behaviour" of docs/operating.md, row by row, through the whole Worker in its own runtime.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { copyName } from "../../src/store/key-cache/kv-copies.ts";
import { ACCOUNT, ACTOR, db, keys, makeAccounts, NOW } from "../store/builders.ts";
import { laggyKV } from "../support/laggy-kv.ts";
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

const DOWN = new Error("D1_ERROR: internal error; reference = 1");
const SECOND = 1_000;

/** A door that has answered a read of a key, and with it read the change log. */
async function warmGateway(vars = {}, bindings = {}): Promise<{ gateway: WorkerUnderTest; id: string; token: string }> {
  const gateway = await openGateway(vars, bindings);
  const key = await gateway.key();
  expect((await gateway.call(key.token)).status).toBe(200);
  await gateway.behind();
  gateway.resetCounts();
  return { gateway, ...key };
}

const revoke = (id: string) => keys.revoke(ACCOUNT, id, true, ACTOR, Date.now());

describe("KV", () => {
  it("that throws on a read changes no verdict", async () => {
    const gateway = await openGateway();
    gateway.kv.onGet = new Error("KV GET failed: 500");
    expect((await gateway.call((await gateway.key()).token)).status).toBe(200);
    expect((await gateway.call((await gateway.key({ revokedAt: NOW })).token)).status).toBe(401);
  });

  it("that is slower than 75 ms is not waited for", async () => {
    const gateway = await openGateway();
    const { token } = await gateway.key();
    gateway.kv.onGet = "silent";
    expect((await timePassesUntil(gateway.call(token))).status).toBe(200);
    expect(gateway.lines.filter(({ reason }) => reason === "kv_read")).toHaveLength(1);
  });

  it("that still shows an active key after its revocation opens it to nobody", async () => {
    const place = laggyKV(env.KEY_COPIES);
    const { gateway, id, token } = await warmGateway({}, { KEY_COPIES: place.kv });
    await revoke(id);
    await gateway.scheduled();
    // A new isolate at the same place, which has seen nothing but that copy.
    const fresh = await openGateway({}, { KEY_COPIES: place.kv });
    expect((await fresh.call(token)).status).toBe(401);
    expect((await (await openGateway({}, { KEY_COPIES: place.kv })).change(token)).status).toBe(401);
  });

  it("that remembers to have had nothing turns no new key away", async () => {
    const place = laggyKV(env.KEY_COPIES);
    const { hash, token } = await (await openGateway()).key();
    expect(await place.kv.get(copyName(hash as never))).toBeNull();
    const gateway = await openGateway({}, { KEY_COPIES: place.kv });
    await env.KEY_COPIES.put(copyName(hash as never), "{}");
    expect((await gateway.call(token)).status).toBe(200);
  });

  it("that holds something unreadable counts as empty", async () => {
    const gateway = await openGateway();
    const { hash, token } = await gateway.key();
    for (const text of ["", "null", "{", '{"asOf":1}', '{"asOf":1,"id":"x","version":"2"}']) {
      await env.KEY_COPIES.put(copyName(hash as never), text);
      expect((await (await openGateway()).call(token)).status).toBe(200);
    }
    expect((await gateway.call(token)).status).toBe(200);
  });

  it("that takes no write leaves a revocation as it was committed, and is told by the scheduled job", async () => {
    const { gateway, id, token } = await warmGateway();
    await revoke(id);
    gateway.kv.onPut = new Error("KV PUT failed: 429");
    await gateway.scheduled();
    expect(gateway.lines.some(({ reason }) => reason === "kv_repaired")).toBe(true);
    expect((await gateway.change(token)).status).toBe(401);
    gateway.kv.onPut = null;
    await gateway.scheduled();
    expect(gateway.lines.some(({ kind, count }) => kind === "upkeep" && count === 1)).toBe(true);
  });
});

describe("D1 with a transient error", () => {
  it("is asked once more, and the call is answered", async () => {
    const { gateway, token } = await warmGateway();
    let failures = 0;
    gateway.d1.trouble = () => {
      failures += 1;
      return failures === 1 ? new Error("D1_ERROR: Network connection lost.") : null;
    };
    expect((await timePassesUntil(gateway.change(token))).status).toBe(200);
    expect(gateway.asked().rows).toBe(2);
  });
});

describe("D1 that is overloaded", () => {
  it("is left alone for five seconds, without a retry", async () => {
    const { gateway, token } = await warmGateway();
    gateway.d1.trouble = new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long.");
    for (let i = 0; i < 10; i += 1) expect((await gateway.change(token)).status).toBe(503);
    expect(gateway.asked().rows).toBe(1);
    gateway.d1.trouble = null;
    passTime(5 * SECOND);
    expect((await gateway.change(token)).status).toBe(200);
  });
});

describe("D1 that is down", () => {
  it("leaves a read of a remembered key at 200 until the grace has passed, marked degraded in the log", async () => {
    const { gateway, token } = await warmGateway();
    gateway.d1.trouble = DOWN;
    passTime(69 * SECOND);
    expect((await gateway.call(token)).status).toBe(200);
    expect(gateway.lines.at(-1)).toMatchObject({ verdict: "allow", degraded: true, age_ms: 69_000 });
    passTime(SECOND);
    const answer = await gateway.call(token);
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("leaves a read of a key that is in KV at 200 within the grace", async () => {
    // Another isolate has told KV of it.
    const teller = await openGateway();
    const other = await teller.key();
    await teller.call(other.token);
    await teller.behind();
    const isolate = await warmGateway();
    isolate.gateway.d1.trouble = DOWN;
    passTime(30 * SECOND);
    expect((await isolate.gateway.call(other.token)).status).toBe(200);
    expect(isolate.gateway.lines.at(-1)).toMatchObject({ degraded: true, source: "kv" });
  });

  it("turns a change away with 503 at once", async () => {
    const { gateway, token } = await warmGateway();
    gateway.d1.trouble = DOWN;
    const answer = await gateway.change(token);
    expect(answer.status).toBe(503);
    expect(answer.headers.has("retry-after")).toBe(true);
    expect(gateway.upstream.reached).toHaveLength(1);
  });

  it("answers 503 for a key that is not at hand, and never 401", async () => {
    const { gateway } = await warmGateway();
    const { token } = await gateway.key();
    gateway.d1.trouble = DOWN;
    expect((await gateway.call(token)).status).toBe(503);
    expect((await (await openGateway({}, { DB: gateway.d1.db })).call(token)).status).toBe(503);
  });

  it("answers 401 for a tombstone that is remembered, an expired key and a bad signature", async () => {
    const { gateway, token } = await warmGateway();
    const dead = await gateway.key({ revokedAt: NOW });
    const dying = await gateway.key({ expiresAt: NOW + 20 * SECOND });
    await gateway.call(dead.token);
    await gateway.call(dying.token);
    gateway.d1.trouble = DOWN;
    passTime(3_600 * SECOND);
    expect((await gateway.call(dead.token)).status).toBe(401);
    expect((await gateway.change(dead.token)).status).toBe(401);
    expect((await gateway.call(dying.token)).status).toBe(401);
    const swapped = token.slice(0, -44) + dead.token.slice(-44);
    expect((await gateway.call(swapped)).status).toBe(401);
  });

  it("keeps nobody waiting for longer than a second and a half when it says nothing at all", async () => {
    const { gateway, token } = await warmGateway();
    gateway.d1.trouble = "silent";
    passTime(100 * SECOND);
    for (const call of [() => gateway.call(token), () => gateway.change(token)]) {
      const startedAt = Date.now();
      expect((await timePassesUntil(call())).status).toBe(503);
      expect(Date.now() - startedAt).toBeLessThanOrEqual(1_550);
    }
  });
});

describe("a row of D1 that is corrupt", () => {
  it.each([
    ["a rule that is no rule", "UPDATE allow_lists SET rules = '[\"300.1.2.3/8\"]'"],
    ["a permission that does not exist", "UPDATE roles SET permissions = '[\"NO:SUCH\"]' WHERE account_id IS NOT NULL"],
  ])("refuses its own key as a fault and no other: %s", async (_, spoil) => {
    const gateway = await openGateway();
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

describe("the upstream", () => {
  it("that hangs is answered 504, and a change is not sent again", async () => {
    const { gateway, token } = await warmGateway({ UPSTREAM_TIMEOUT_SECONDS: "0.5" });
    gateway.upstream.answer = (request) =>
      new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(new Error("aborted"))));
    expect((await timePassesUntil(gateway.call(token))).status).toBe(504);
    gateway.upstream.reached.length = 0;
    expect((await timePassesUntil(gateway.change(token))).status).toBe(504);
    expect(gateway.upstream.reached).toHaveLength(1);
  });

  it("that cannot be reached is answered 502, and a change is not sent again", async () => {
    const { gateway, token } = await warmGateway();
    gateway.upstream.answer = () => Promise.reject(new Error("connection reset"));
    expect((await gateway.call(token)).status).toBe(502);
    gateway.upstream.reached.length = 0;
    expect((await gateway.change(token)).status).toBe(502);
    expect(gateway.upstream.reached).toHaveLength(1);
  });

  it("that answers 5xx is passed on as it is", async () => {
    const { gateway, token } = await warmGateway();
    gateway.upstream.answer = () => new Response("busy", { status: 529, headers: { "retry-after": "7" } });
    const answer = await gateway.change(token);
    expect([answer.status, answer.headers.get("retry-after"), await answer.text()]).toEqual([529, "7", "busy"]);
  });

  it("that drips is streamed: the first bytes are out before the last ones exist", async () => {
    const { gateway, token } = await warmGateway();
    const { readable, writable } = new IdentityTransformStream();
    gateway.upstream.answer = () => new Response(readable);
    const answer = await gateway.call(token);
    const [writer, reader] = [writable.getWriter(), (answer.body as ReadableStream<Uint8Array>).getReader()];
    void writer.write(new TextEncoder().encode("first"));
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("first");
    void writer.close();
    expect((await reader.read()).done).toBe(true);
  });
});

describe("the record of uses", () => {
  it.each([
    ["throws", DOWN],
    ["never answers", "silent"],
  ] as const)("that %s changes no answer", async (_, trouble) => {
    const gateway = await openGateway();
    const { token } = await gateway.key();
    gateway.d1.trouble = (sql) => (sql.includes("usage_count") ? trouble : null);
    expect((await gateway.call(token)).status).toBe(200);
    if (trouble !== "silent") await gateway.behind();
    expect(gateway.lines.some(({ reason }) => reason === "usage_write")).toBe(trouble !== "silent");
  });
});

describe("an isolate", () => {
  it("answers fifty cold calls at once with one feed read, one KV read and one row read", async () => {
    const gateway = await openGateway();
    const { token } = await gateway.key();
    const answers = await Promise.all(Array.from({ length: 50 }, () => gateway.call(token)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await gateway.behind();
    expect(gateway.asked()).toEqual({ rows: 1, logs: 1, copies: 1 });
  });

  it("goes on after the call that had begun a read for others has gone away", async () => {
    const gateway = await openGateway();
    const { token } = await gateway.key();
    const first = gateway.call(token, CLUSTERS);
    const others = [gateway.call(token), gateway.call(token)];
    void first.catch(() => undefined);
    for (const answer of await Promise.all(others)) expect(answer.status).toBe(200);
  });
});

describe("a configuration that is wrong", () => {
  it("refuses to serve anybody, and says everything that is wrong at once, in the log alone", async () => {
    const gateway = await openGateway({
      KEY_RING: "",
      UPSTREAM_URL: "ftp://x",
      STALE_IF_ERROR_SECONDS: "301",
      TYPO: "1",
    });
    const answer = await gateway.call(null, "/.well-known/gatehouse/health");
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain("STALE_IF_ERROR_SECONDS");
    const { faults: errors } = gateway.lines[0] as { faults: string[] };
    for (const name of ["KEY_RING", "UPSTREAM_URL", "STALE_IF_ERROR_SECONDS", "TYPO"]) {
      expect(
        errors.some((fault) => fault.startsWith(name)),
        name,
      ).toBe(true);
    }
  });
});

describe("the rate-limiting bindings", () => {
  it("that throw limit nobody and change no verdict, and the log says so", async () => {
    const broken = { limit: () => Promise.reject(new Error("no limiter")) };
    const gateway = await openGateway({}, { AUTH_FAILURE_RATE_LIMIT: broken, KEY_RATE_LIMIT: broken });
    const [{ token }, other] = [await gateway.key(), await gateway.key()];
    expect((await gateway.call(token)).status).toBe(200);
    expect((await gateway.change(token)).status).toBe(200);
    expect((await gateway.call(token.slice(0, -44) + other.token.slice(-44))).status).toBe(401);
    expect(gateway.lines.filter(({ reason }) => reason === "rate_limit")).toHaveLength(3);
  });
});
