// Rate limits: failed authentication attempts per address, and requests per key.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { mintKey, readKeyRing } from "../../src/core/token/api-key-token.ts";
import { KEYS_PATH } from "../support/admin-client.ts";
import { ACCOUNT, CLUSTERS } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

const FAILURE_LIMIT = 5;
const KEY_LIMIT = 8;

let gateway: WorkerdGateway;
beforeAll(async () => {
  const simple = (limit: number) => ({ namespace_id: String(limit), simple: { limit, period: 60 } });
  gateway = await startWorkerdGateway({
    worker: { ratelimits: { AUTH_FAILURE_RATE_LIMIT: simple(FAILURE_LIMIT), KEY_RATE_LIMIT: simple(KEY_LIMIT) } },
  });
});
afterAll(() => gateway.close());
beforeEach(async () => {
  gateway.upstream.reset();
  // workerd's rate limiter counts per minute of the clock: a test must not span two of them.
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs < 5_000) await new Promise((resume) => setTimeout(resume, leftMs));
});

const from = (address: string, token: string) =>
  sendRaw(
    gateway.port,
    rawRequest(`GET ${CLUSTERS} HTTP/1.1`, [`CF-Connecting-IP: ${address}`, `Authorization: Bearer ${token}`]),
  );

async function statuses(count: number, call: (i: number) => Promise<{ status: number }>): Promise<readonly number[]> {
  const seen: number[] = [];
  for (let i = 0; i < count; i++) seen.push((await call(i)).status);
  return seen;
}

const times = (count: number, status: number) => Array<number>(count).fill(status);

describe("AUTH_FAILURE_RATE_LIMIT", () => {
  it("rate limits an address after too many failed authentication attempts, and no other address", async () => {
    const seen = await statuses(FAILURE_LIMIT + 3, () => from("203.0.113.1", "mistyped"));
    expect(seen).toEqual([...times(FAILURE_LIMIT, 401), ...times(3, 429)]);
    const response = await from("203.0.113.1", "mistyped");
    expect(response.headers).toMatchObject({
      "retry-after": "60",
      ratelimit: '"address";r=0;t=60',
      "cache-control": "no-store",
    });
    expect(JSON.parse(response.body).error).toMatchObject({ status: 429, code: "rate_limited" });
    expect((await from("203.0.113.2", "mistyped")).status).toBe(401);
  });

  it("113: makes one lookup for each signed key that is not stored, and never limits one", async () => {
    const read = readKeyRing(gateway.secrets.KEY_RING);
    if ("errors" in read) throw new Error("no ring");
    await gateway.logs();
    const keys = await Promise.all(
      [1, 2].map((i) => mintKey(read.ring, { keyId: `k${i}`, accountId: ACCOUNT, expiresAt: null, now: Date.now() })),
    );
    const seen = await statuses(FAILURE_LIMIT + 2, (i) => from("203.0.113.3", keys[i % 2]?.token ?? ""));
    expect(seen).toEqual(times(FAILURE_LIMIT + 2, 401));
    const lookups = (await gateway.logs()).filter(({ source }) => source === "d1");
    expect(lookups).toHaveLength(2);
  });

  it("allows a key that is not cached, and its change, from a rate-limited address", async () => {
    await statuses(FAILURE_LIMIT + 1, () => from("203.0.113.4", "mistyped"));
    const { token } = await gateway.key();
    expect((await from("203.0.113.4", token)).status).toBe(200);
    const lines = ["CF-Connecting-IP: 203.0.113.4", `Authorization: Bearer ${token}`, "Content-Length: 0"];
    const change = await sendRaw(gateway.port, rawRequest(`POST ${CLUSTERS} HTTP/1.1`, lines));
    expect(change.status).toBe(200);
    expect((await from("203.0.113.4", `${token.slice(0, -4)}AAAA`)).status).toBe(429);
  });

  it("counts failed authentication attempts per /48 of IPv6", async () => {
    const seen = await statuses(FAILURE_LIMIT + 1, (i) => from(`2001:db8:1:${i}::1`, "mistyped"));
    expect(seen).toEqual([...times(FAILURE_LIMIT, 401), 429]);
    expect((await from("2001:db8:2::1", "mistyped")).status).toBe(401);
  });

  it("counts failed authentication attempts without a readable address together", async () => {
    const send = (token: string, lines: readonly string[] = []) =>
      sendRaw(gateway.port, rawRequest(`GET ${CLUSTERS} HTTP/1.1`, [...lines, `Authorization: Bearer ${token}`]));
    const seen = await statuses(FAILURE_LIMIT, () => send("mistyped"));
    expect(seen).toEqual(times(FAILURE_LIMIT, 401));
    expect((await send("mistyped", ["CF-Connecting-IP: 203.0.113.4, 203.0.113.5"])).status).toBe(429);
    expect((await send((await gateway.key()).token)).status).toBe(200);
  });
});

describe("KEY_RATE_LIMIT", () => {
  it("rate limits a key across all addresses, and no other key", async () => {
    const [one, other] = [await gateway.key(), await gateway.key()];
    const seen = await statuses(KEY_LIMIT + 2, (i) => from(`198.51.100.${i}`, one.token));
    expect(seen).toEqual([...times(KEY_LIMIT, 200), 429, 429]);
    expect(gateway.upstream.reached).toHaveLength(KEY_LIMIT);
    expect((await from("198.51.100.1", other.token)).status).toBe(200);
    expect(await gateway.logs()).toContainEqual(expect.objectContaining({ reason: "rate_limited", key_id: one.id }));
  });

  it("lets a key revoke itself beyond its limit", async () => {
    const { token, id } = await gateway.key({ role: "Viewer" });
    await statuses(KEY_LIMIT + 1, () => from("198.51.100.1", token));
    expect((await gateway.call(token, `${KEYS_PATH}/${id}/revoke`, { method: "POST" })).status).toBe(200);
    expect((await from("198.51.100.1", token)).status).toBe(401);
  });
});

describe("failing rate limiter", () => {
  it("allows requests and logs an internal error when a rate limiter fails", async () => {
    // This service binding has no limit(), so every use of it throws.
    const failing = await startWorkerdGateway({
      worker: { serviceBindings: { KEY_RATE_LIMIT: () => new Response("no limit here") } },
    });
    const { token } = await failing.key();
    expect((await failing.call(token, CLUSTERS)).status).toBe(200);
    expect(await failing.logs()).toContainEqual(expect.objectContaining({ kind: "fault", reason: "rate_limit" }));
    await failing.close();
  });
});
