// The storage reads that requests cost, counted at the bindings over more than ten thousand requests.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ACCOUNT, ACTOR, keys, makeAccounts, NOW } from "../store/builders.ts";
import { advanceClock, freezeTime, startGateway, stopGateways, type TestGateway } from "./worker-harness.ts";

beforeEach(async () => {
  freezeTime(NOW);
  await makeAccounts();
});
afterEach(stopGateways);

// Every read is real and may be slow on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const KEYS = 20;

async function cachedKeys(gateway: TestGateway) {
  const active = await Promise.all(Array.from({ length: KEYS }, () => gateway.key()));
  const inactive = await Promise.all(Array.from({ length: 5 }, () => gateway.key({ revokedAt: NOW - 1 })));
  for (const { token } of [...active, ...inactive]) await gateway.call(token);
  await gateway.finishBackgroundWork();
  gateway.resetCounts();
  return { active: active.map(({ token }) => token), inactive: inactive.map(({ token }) => token) };
}

/** A well-formed key that carries the signature of another one. */
const forge = (token: string, other: string) => token.slice(0, -44) + other.slice(-44);

it("makes no lookup per request in steady state and one feed read per five seconds", async () => {
  const gateway = await startGateway();
  const { active, inactive } = await cachedKeys(gateway);
  const statuses = new Map<number, number>();
  const seconds = 61;
  for (let second = 0; second < seconds; second += 1) {
    for (let i = 0; i < 170; i += 1) {
      const token = active[i % KEYS] as string;
      const kind = i % 10;
      const sent = kind === 7 ? forge(token, active[(i + 1) % KEYS] as string) : kind === 8 ? inactive[i % 5] : token;
      const { status, body } = await gateway.call(kind === 9 ? null : (sent as string));
      // One that stays open is authorized again.
      await body?.cancel();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    await gateway.finishBackgroundWork();
    advanceClock(1_000);
  }
  const calls = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  expect(calls).toBe(10_370);
  expect(statuses.get(200)).toBe(7_259);
  expect(statuses.get(401)).toBe(3_111);
  const { rows, copies, logs } = gateway.storageReads();
  expect({ rows, copies }).toEqual({ rows: 0, copies: 0 });
  expect(logs).toBeGreaterThan(5);
  expect(logs).toBeLessThanOrEqual(Math.ceil(seconds / 5));
  expect(gateway.kv.counts.puts).toBe(0);
  // The only other statements write key usage: at most one per key and minute.
  expect(gateway.d1.ran.length - logs).toBeLessThanOrEqual(2 * KEYS);
});

it("makes one row read for every mutation and no other lookup", async () => {
  const gateway = await startGateway();
  const { active } = await cachedKeys(gateway);
  for (let i = 0; i < 60; i += 1) expect((await gateway.mutate(active[i % KEYS] as string)).status).toBe(200);
  expect(gateway.storageReads()).toEqual({ rows: 60, copies: 0, logs: 0 });
});

it("makes one KV read for an uncached key with a KV copy and one row read more without", async () => {
  const [writer, gateway] = [await startGateway(), await startGateway()];
  const { active } = await cachedKeys(writer);
  const withoutCopy = await Promise.all(Array.from({ length: 20 }, () => gateway.key()));
  await gateway.call((await gateway.key()).token);
  await gateway.finishBackgroundWork();
  gateway.resetCounts();
  for (const token of active) await gateway.call(token);
  expect(gateway.storageReads()).toEqual({ rows: 0, copies: KEYS, logs: 0 });
  gateway.resetCounts();
  for (const { token } of withoutCopy) await gateway.call(token);
  expect(gateway.storageReads()).toEqual({ rows: 20, copies: 20, logs: 0 });
});

it("makes no lookup for any number of forged keys", async () => {
  const gateway = await startGateway();
  const [a, b] = [await gateway.key(), await gateway.key()];
  gateway.resetCounts();
  for (let i = 0; i < 500; i += 1) {
    const payload = `${a.token.split(".")[0]}.${btoa(`forged ${i} `.repeat(9)).replaceAll("=", "")}`;
    expect((await gateway.call(payload + b.token.slice(-44))).status).toBe(401);
  }
  expect(gateway.storageReads()).toEqual({ rows: 0, copies: 0, logs: 0 });
  expect(gateway.d1.ran).toEqual([]);
});

it("makes one more feed read after a revocation and no lookup for other keys", async () => {
  const gateway = await startGateway();
  const { active } = await cachedKeys(gateway);
  const revoked = await gateway.key();
  await gateway.call(revoked.token);
  await gateway.finishBackgroundWork();
  await keys.revoke(ACCOUNT, revoked.id, true, ACTOR, NOW);
  advanceClock(10_000);
  gateway.resetCounts();
  expect((await gateway.call(revoked.token)).status).toBe(401);
  for (const token of active) expect((await gateway.call(token)).status).toBe(200);
  expect(gateway.storageReads()).toEqual({ rows: 1, copies: 0, logs: 1 });
});
