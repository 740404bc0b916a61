// Limits: tries with keys that are none, for each address; calls, for each key.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { mintKey, readKeyRing } from "../../src/core/token/api-key-token.ts";
import { type Bare, startBare } from "../support/bare.ts";
import { ACCOUNT, CLUSTERS } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";

const TRIES = 5;
const CALLS = 8;

let bare: Bare;
beforeAll(async () => {
  const simple = (limit: number) => ({ namespace_id: String(limit), simple: { limit, period: 60 } });
  bare = await startBare({
    worker: { ratelimits: { AUTH_FAILURE_RATE_LIMIT: simple(TRIES), KEY_RATE_LIMIT: simple(CALLS) } },
  });
});
afterAll(() => bare.close());
beforeEach(async () => {
  bare.upstream.reset();
  // The runtime's stand-in counts by the minutes of the clock: a test must not stand astride two of them.
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs < 5_000) await new Promise((resume) => setTimeout(resume, leftMs));
});

const from = (address: string, token: string) =>
  sendRaw(
    bare.port,
    rawRequest(`GET ${CLUSTERS} HTTP/1.1`, [`CF-Connecting-IP: ${address}`, `Authorization: Bearer ${token}`]),
  );

async function statuses(count: number, call: (i: number) => Promise<{ status: number }>): Promise<readonly number[]> {
  const seen: number[] = [];
  for (let i = 0; i < count; i++) seen.push((await call(i)).status);
  return seen;
}

const times = (count: number, status: number) => Array<number>(count).fill(status);

describe("an address that tries keys which are none", () => {
  it("is told to wait when it has had its share, and others are not", async () => {
    const seen = await statuses(TRIES + 3, () => from("203.0.113.1", "mistyped"));
    expect(seen).toEqual([...times(TRIES, 401), ...times(3, 429)]);
    const answer = await from("203.0.113.1", "mistyped");
    expect(answer.headers).toMatchObject({
      "retry-after": "60",
      ratelimit: '"address";r=0;t=60',
      "cache-control": "no-store",
    });
    expect(JSON.parse(answer.body).error).toMatchObject({ status: 429, code: "rate_limited" });
    expect((await from("203.0.113.2", "mistyped")).status).toBe(401);
  });

  it("113: is not looked up for, though its keys are well signed, until the period is over", async () => {
    const read = readKeyRing(bare.secrets.KEY_RING);
    if ("errors" in read) throw new Error("no ring");
    await bare.logs();
    const seen = await statuses(TRIES + 4, async (i) => {
      const claims = { keyId: `k${i}`, accountId: ACCOUNT, expiresAt: null, now: Date.now() };
      return from("203.0.113.3", (await mintKey(read.ring, claims)).token);
    });
    expect(seen).toEqual([...times(TRIES, 401), ...times(4, 429)]);
    const lookUps = (await bare.logs()).filter(({ source }) => source === "d1");
    expect(lookUps).toHaveLength(TRIES + 1);
  });

  it("does not keep out a key that is remembered, from the same address", async () => {
    const { token } = await bare.key();
    expect((await from("203.0.113.4", token)).status).toBe(200);
    await statuses(TRIES + 1, () => from("203.0.113.4", "mistyped"));
    expect((await from("203.0.113.4", token)).status).toBe(200);
  });

  it("is a whole /64 of IPv6, since that is what one customer has", async () => {
    const seen = await statuses(TRIES + 1, (i) => from(`2001:db8:1:2::${i + 1}`, "mistyped"));
    expect(seen).toEqual([...times(TRIES, 401), 429]);
    expect((await from("2001:db8:1:3::1", "mistyped")).status).toBe(401);
  });
});

describe("a key that is used too often", () => {
  it("is told to wait, wherever it calls from; another key is not", async () => {
    const [one, other] = [await bare.key(), await bare.key()];
    const seen = await statuses(CALLS + 2, (i) => from(`198.51.100.${i}`, one.token));
    expect(seen).toEqual([...times(CALLS, 200), 429, 429]);
    expect(bare.upstream.reached).toHaveLength(CALLS);
    expect((await from("198.51.100.1", other.token)).status).toBe(200);
    expect(await bare.logs()).toContainEqual(expect.objectContaining({ reason: "rate_limited", key_id: one.id }));
  });
});

describe("a limit that fails", () => {
  it("lets calls go on, and says so in the log", async () => {
    // What stands in for the binding here fails whenever it is asked.
    const failing = await startBare({
      worker: { serviceBindings: { KEY_RATE_LIMIT: () => new Response("no limit here") } },
    });
    const { token } = await failing.key();
    expect((await failing.call(token, CLUSTERS)).status).toBe(200);
    expect(await failing.logs()).toContainEqual(expect.objectContaining({ kind: "fault", reason: "rate_limit" }));
    await failing.close();
  });
});
