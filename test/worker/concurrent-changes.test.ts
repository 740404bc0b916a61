// What changes cost that are made at the same time in one isolate, and what their responses wait for.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ACCOUNT, db, makeAccounts, NOW, VIEWER_ROLE } from "../store/builders.ts";
import {
  advanceClock,
  advanceTimeUntil,
  freezeTime,
  startGateway,
  stopGateways,
  type TestGateway,
} from "./worker-harness.ts";

beforeEach(makeAccounts);
afterEach(stopGateways);
vi.setConfig({ testTimeout: 60_000 });

const KEYS = `/api/public/v1/accounts/${ACCOUNT}/api-keys`;
const SPEC = { name: "ci", expire_after_hours: 1, role_id: VIEWER_ROLE };
const HEADERS = { "content-type": "application/json" };

const createKey = (gateway: TestGateway, token: string) =>
  gateway.call(token, KEYS, { method: "POST", body: JSON.stringify(SPEC), headers: HEADERS });

async function createKeys(gateway: TestGateway, token: string, count: number): Promise<void> {
  const all = Promise.all(Array.from({ length: count }, () => createKey(gateway, token)));
  const responses = await (vi.isFakeTimers() ? advanceTimeUntil(all) : all);
  expect(responses.map(({ status }) => status)).toEqual(Array(count).fill(200));
}

/** A gateway that has made a change already, so that everything is loaded, and a key for it. */
async function warmGateway() {
  const gateway = await startGateway();
  const { token } = await gateway.key();
  await createKeys(gateway, token, 1);
  await gateway.finishBackgroundWork();
  gateway.resetCounts();
  return { gateway, token };
}

const pendingKeys = () => db.prepare("SELECT count(*) FROM api_keys WHERE kv_pending IS NOT NULL").first("count(*)");

it("costs as much for each of fifty concurrent creations as for one", async () => {
  freezeTime(NOW);
  const seen: Record<number, { statements: number; puts: number; hashUpdates: number }> = {};
  for (const count of [1, 5, 10, 20, 50]) {
    const { gateway, token } = await warmGateway();
    await createKeys(gateway, token, count);
    await gateway.finishBackgroundWork();
    const hashUpdates = gateway.d1.ran.filter((sql) => sql.startsWith("UPDATE audit_events SET hash")).length;
    seen[count] = { statements: gateway.d1.ran.length, puts: gateway.kv.counts.puts, hashUpdates };
  }
  console.info(JSON.stringify(seen));
  const one = seen[1]?.statements ?? 0;
  for (const [count, { statements, puts, hashUpdates }] of Object.entries(seen)) {
    expect(statements).toBeLessThanOrEqual(Number(count) * one);
    // The end of the account's audit log is kept in KV as well, once in each run.
    expect(puts).toBeLessThanOrEqual(2 * Number(count));
    expect(hashUpdates).toBeLessThanOrEqual(Math.min(Number(count), 5));
  }
  expect(await pendingKeys()).toBe(0);
});

/** Statements wait until all that can be asked are asked, and are then run together. Counts such round trips. */
function countRoundTrips(gateway: TestGateway): () => number {
  let [waiting, trips] = [[] as (() => void)[], 0];
  gateway.d1.before = () =>
    new Promise<void>((resume) => {
      waiting.push(resume);
      const seen = waiting.length;
      setTimeout(() => {
        if (waiting.length !== seen || waiting.at(-1) !== resume) return;
        trips += 1;
        for (const run of waiting.splice(0)) run();
      }, 50);
    });
  return () => trips;
}

it("answers fifty concurrent creations within three times the round trips of one", async () => {
  const { gateway, token } = await warmGateway();
  const trips = countRoundTrips(gateway);
  await createKeys(gateway, token, 1);
  const one = trips();
  await gateway.finishBackgroundWork();
  const before = trips();
  await createKeys(gateway, token, 50);
  expect(one).toBeGreaterThan(3);
  expect(trips() - before).toBeLessThanOrEqual(3 * one);
});

it("writes the changed key alone to KV, and leaves the others to the scheduled run", async () => {
  const { gateway, token } = await warmGateway();
  const other = await gateway.key();
  await db.prepare("UPDATE api_keys SET kv_pending = version WHERE id = ?").bind(other.id).run();
  await createKeys(gateway, token, 1);
  await gateway.finishBackgroundWork();
  expect(await pendingKeys()).toBe(1);
  await gateway.scheduled();
  expect(await pendingKeys()).toBe(0);
});

it("writes a key to KV at most once a second, and the last state with the scheduled run", async () => {
  freezeTime(NOW);
  const { gateway, token } = await warmGateway();
  const { data } = (await (await createKey(gateway, token)).json()) as { data: { info: { id: string } } };
  await gateway.finishBackgroundWork();
  const puts = gateway.kv.counts.puts;
  expect((await gateway.call(token, `${KEYS}/${data.info.id}/revoke`, { method: "POST" })).status).toBe(200);
  await gateway.finishBackgroundWork();
  expect(gateway.kv.counts.puts).toBe(puts);
  expect(await pendingKeys()).toBe(1);
  advanceClock(1_000);
  await gateway.scheduled();
  expect(await pendingKeys()).toBe(0);
});

it("tries each key once while KV cannot be written", async () => {
  const { gateway, token } = await warmGateway();
  gateway.kv.onPut = new Error("KV PUT failed: 429");
  await createKeys(gateway, token, 20);
  await gateway.finishBackgroundWork();
  expect(gateway.kv.counts.puts).toBeLessThanOrEqual(40);
});
