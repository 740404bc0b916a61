// "Dependency x failure x behaviour" of docs/operating.md, row by row, through the whole Worker in its own runtime.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { warmName } from "../../src/store/kv-keys.ts";
import { laggyKV } from "../support/laggy-kv.ts";
import { ACCOUNT, ACTOR, db, keys, makeAccounts, NOW } from "./builders.ts";
import { CLUSTERS, closeDoors, type Door, holdTime, openDoor, passTime, timePassesUntil } from "./worker-door.ts";

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
async function warmDoor(vars = {}, bindings = {}): Promise<{ door: Door; id: string; token: string }> {
  const door = await openDoor(vars, bindings);
  const key = await door.key();
  expect((await door.call(key.token)).status).toBe(200);
  await door.behind();
  door.resetCounts();
  return { door, ...key };
}

const revoke = (id: string) => keys.revoke(ACCOUNT, id, true, ACTOR, Date.now());

describe("KV", () => {
  it("that throws on a read changes no verdict", async () => {
    const door = await openDoor();
    door.kv.onGet = new Error("KV GET failed: 500");
    expect((await door.call((await door.key()).token)).status).toBe(200);
    expect((await door.call((await door.key({ revokedAt: NOW })).token)).status).toBe(401);
  });

  it("that is slower than 75 ms is not waited for", async () => {
    const door = await openDoor();
    const { token } = await door.key();
    door.kv.onGet = "silent";
    expect((await timePassesUntil(door.call(token))).status).toBe(200);
    expect(door.lines.filter(({ reason }) => reason === "kv_read")).toHaveLength(1);
  });

  it("that still shows an active key after its revocation opens it to nobody", async () => {
    const place = laggyKV(env.KEYS);
    const { door, id, token } = await warmDoor({}, { KEYS: place.kv });
    await revoke(id);
    await door.scheduled();
    // A new isolate at the same place, which has seen nothing but that copy.
    const fresh = await openDoor({}, { KEYS: place.kv });
    expect((await fresh.call(token)).status).toBe(401);
    expect((await (await openDoor({}, { KEYS: place.kv })).change(token)).status).toBe(401);
  });

  it("that remembers to have had nothing turns no new key away", async () => {
    const place = laggyKV(env.KEYS);
    const { hash, token } = await (await openDoor()).key();
    expect(await place.kv.get(warmName(hash as never))).toBeNull();
    const door = await openDoor({}, { KEYS: place.kv });
    await env.KEYS.put(warmName(hash as never), "{}");
    expect((await door.call(token)).status).toBe(200);
  });

  it("that holds something unreadable counts as empty", async () => {
    const door = await openDoor();
    const { hash, token } = await door.key();
    for (const text of ["", "null", "{", '{"asOf":1}', '{"asOf":1,"id":"x","version":"2"}']) {
      await env.KEYS.put(warmName(hash as never), text);
      expect((await (await openDoor()).call(token)).status).toBe(200);
    }
    expect((await door.call(token)).status).toBe(200);
  });

  it("that takes no write leaves a revocation as it was committed, and is told by the scheduled job", async () => {
    const { door, id, token } = await warmDoor();
    await revoke(id);
    door.kv.onPut = new Error("KV PUT failed: 429");
    await door.scheduled();
    expect(door.lines.some(({ reason }) => reason === "kv_repaired")).toBe(true);
    expect((await door.change(token)).status).toBe(401);
    door.kv.onPut = null;
    await door.scheduled();
    expect(door.lines.some(({ kind, count }) => kind === "upkeep" && count === 1)).toBe(true);
  });
});

describe("D1 with a transient error", () => {
  it("is asked once more, and the call is answered", async () => {
    const { door, token } = await warmDoor();
    let failures = 0;
    door.d1.trouble = () => {
      failures += 1;
      return failures === 1 ? new Error("D1_ERROR: Network connection lost.") : null;
    };
    expect((await timePassesUntil(door.change(token))).status).toBe(200);
    expect(door.asked().rows).toBe(2);
  });
});

describe("D1 that is overloaded", () => {
  it("is left alone for five seconds, without a retry", async () => {
    const { door, token } = await warmDoor();
    door.d1.trouble = new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long.");
    for (let i = 0; i < 10; i += 1) expect((await door.change(token)).status).toBe(503);
    expect(door.asked().rows).toBe(1);
    door.d1.trouble = null;
    passTime(5 * SECOND);
    expect((await door.change(token)).status).toBe(200);
  });
});

describe("D1 that is down", () => {
  it("leaves a read of a remembered key at 200 until the grace has passed, marked degraded in the log", async () => {
    const { door, token } = await warmDoor();
    door.d1.trouble = DOWN;
    passTime(69 * SECOND);
    expect((await door.call(token)).status).toBe(200);
    expect(door.lines.at(-1)).toMatchObject({ verdict: "allow", degraded: true, age_ms: 69_000 });
    passTime(SECOND);
    const answer = await door.call(token);
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("leaves a read of a key that is in KV at 200 within the grace", async () => {
    // Another isolate has told KV of it.
    const teller = await openDoor();
    const other = await teller.key();
    await teller.call(other.token);
    await teller.behind();
    const isolate = await warmDoor();
    isolate.door.d1.trouble = DOWN;
    passTime(30 * SECOND);
    expect((await isolate.door.call(other.token)).status).toBe(200);
    expect(isolate.door.lines.at(-1)).toMatchObject({ degraded: true, source: "kv" });
  });

  it("turns a change away with 503 at once", async () => {
    const { door, token } = await warmDoor();
    door.d1.trouble = DOWN;
    const answer = await door.change(token);
    expect(answer.status).toBe(503);
    expect(answer.headers.has("retry-after")).toBe(true);
    expect(door.upstream.reached).toHaveLength(1);
  });

  it("turns a change away with STRONG_CHECK=none too, once what is remembered is no longer fresh", async () => {
    const { door, token } = await warmDoor({ STRONG_CHECK: "none" });
    door.d1.trouble = DOWN;
    passTime(9 * SECOND);
    expect((await door.change(token)).status).toBe(200);
    passTime(2 * SECOND);
    expect((await door.call(token)).status).toBe(200);
    expect((await door.change(token)).status).toBe(503);
  });

  it("answers 503 for a key that is not at hand, and never 401", async () => {
    const { door } = await warmDoor();
    const { token } = await door.key();
    door.d1.trouble = DOWN;
    expect((await door.call(token)).status).toBe(503);
    expect((await (await openDoor({}, { DB: door.d1.db })).call(token)).status).toBe(503);
  });

  it("answers 401 for a tombstone that is remembered, an expired key and a bad signature", async () => {
    const { door, token } = await warmDoor();
    const dead = await door.key({ revokedAt: NOW });
    const dying = await door.key({ expiresAt: NOW + 20 * SECOND });
    await door.call(dead.token);
    await door.call(dying.token);
    door.d1.trouble = DOWN;
    passTime(3_600 * SECOND);
    expect((await door.call(dead.token)).status).toBe(401);
    expect((await door.change(dead.token)).status).toBe(401);
    expect((await door.call(dying.token)).status).toBe(401);
    const swapped = token.slice(0, -44) + dead.token.slice(-44);
    expect((await door.call(swapped)).status).toBe(401);
  });

  it("keeps nobody waiting for longer than a second and a half when it says nothing at all", async () => {
    const { door, token } = await warmDoor();
    door.d1.trouble = "silent";
    passTime(100 * SECOND);
    for (const call of [() => door.call(token), () => door.change(token)]) {
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
    const door = await openDoor();
    const roleId = crypto.randomUUID();
    await db
      .prepare(
        "INSERT INTO roles (id, account_id, display_name, permissions, created_at, updated_at) VALUES (?, ?, 'r', '[]', 0, 0)",
      )
      .bind(roleId, ACCOUNT)
      .run();
    const [bad, good] = [await door.key({ rules: ["192.0.2.0/24"], roleId }), await door.key()];
    await db.exec(spoil);
    expect((await door.call(bad.token)).status).toBe(503);
    expect(door.lines.at(-1)).toMatchObject({ kind: "fault", verdict: "fault" });
    expect(String(door.lines.at(-1)?.error)).toContain(`CorruptRecord: key ${bad.id} cannot be read`);
    expect((await door.call(good.token)).status).toBe(200);
  });
});

describe("the upstream", () => {
  it("that hangs is answered 504, and a change is not sent again", async () => {
    const { door, token } = await warmDoor({ UPSTREAM_TIMEOUT_SECONDS: "0.5" });
    door.upstream.answer = (request) =>
      new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(new Error("aborted"))));
    expect((await timePassesUntil(door.call(token))).status).toBe(504);
    door.upstream.reached.length = 0;
    expect((await timePassesUntil(door.change(token))).status).toBe(504);
    expect(door.upstream.reached).toHaveLength(1);
  });

  it("that cannot be reached is answered 502, and a change is not sent again", async () => {
    const { door, token } = await warmDoor();
    door.upstream.answer = () => Promise.reject(new Error("connection reset"));
    expect((await door.call(token)).status).toBe(502);
    door.upstream.reached.length = 0;
    expect((await door.change(token)).status).toBe(502);
    expect(door.upstream.reached).toHaveLength(1);
  });

  it("that answers 5xx is passed on as it is", async () => {
    const { door, token } = await warmDoor();
    door.upstream.answer = () => new Response("busy", { status: 529, headers: { "retry-after": "7" } });
    const answer = await door.change(token);
    expect([answer.status, answer.headers.get("retry-after"), await answer.text()]).toEqual([529, "7", "busy"]);
  });

  it("that drips is streamed: the first bytes are out before the last ones exist", async () => {
    const { door, token } = await warmDoor();
    const { readable, writable } = new IdentityTransformStream();
    door.upstream.answer = () => new Response(readable);
    const answer = await door.call(token);
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
    const door = await openDoor();
    const { token } = await door.key();
    door.d1.trouble = (sql) => (sql.includes("usage_count") ? trouble : null);
    expect((await door.call(token)).status).toBe(200);
    if (trouble !== "silent") await door.behind();
    expect(door.lines.some(({ reason }) => reason === "usage_write")).toBe(trouble !== "silent");
  });
});

describe("an isolate", () => {
  it("answers fifty cold calls at once with one feed read, one KV read and one row read", async () => {
    const door = await openDoor();
    const { token } = await door.key();
    const answers = await Promise.all(Array.from({ length: 50 }, () => door.call(token)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await door.behind();
    expect(door.asked()).toEqual({ rows: 1, logs: 1, copies: 1 });
  });

  it("goes on after the call that had begun a read for others has gone away", async () => {
    const door = await openDoor();
    const { token } = await door.key();
    const first = door.call(token, CLUSTERS);
    const others = [door.call(token), door.call(token)];
    void first.catch(() => undefined);
    for (const answer of await Promise.all(others)) expect(answer.status).toBe(200);
  });
});

describe("a configuration that is wrong", () => {
  it("refuses to serve anybody, and says everything that is wrong at once, in the log alone", async () => {
    const door = await openDoor({ KEY_RING: "", UPSTREAM_URL: "ftp://x", GRACE_SECONDS: "301", TYPO: "1" });
    const answer = await door.call(null, "/.well-known/gatehouse/health");
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain("GRACE_SECONDS");
    const { faults } = door.lines[0] as { faults: string[] };
    for (const name of ["KEY_RING", "UPSTREAM_URL", "GRACE_SECONDS", "TYPO"]) {
      expect(
        faults.some((fault) => fault.startsWith(name)),
        name,
      ).toBe(true);
    }
  });
});

describe("the rate-limiting bindings", () => {
  it("that throw limit nobody and change no verdict, and the log says so", async () => {
    const broken = { limit: () => Promise.reject(new Error("no limiter")) };
    const door = await openDoor({}, { BAD_TOKEN_LIMIT: broken, KEY_LIMIT: broken });
    const [{ token }, other] = [await door.key(), await door.key()];
    expect((await door.call(token)).status).toBe(200);
    expect((await door.change(token)).status).toBe(200);
    expect((await door.call(token.slice(0, -44) + other.token.slice(-44))).status).toBe(401);
    expect(door.lines.filter(({ reason }) => reason === "rate_limit")).toHaveLength(3);
  });
});
