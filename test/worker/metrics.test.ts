// The metrics of the whole Worker: what several isolates count, and failing storage.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeAccounts, NOW } from "../store/builders.ts";
import { parseOpenMetrics, sampleOf } from "../support/openmetrics.ts";
import { advanceClock, CLUSTERS, freezeTime, startGateway, stopGateways, type TestGateway } from "./worker-harness.ts";

beforeEach(async () => {
  freezeTime(NOW);
  await makeAccounts();
});
afterEach(stopGateways);
vi.setConfig({ testTimeout: 30_000 });

const TOKEN = "metrics-token-0123456789-0123456789";
const METRICS = "/.well-known/gatehouse/metrics";
const DOWN = new Error("D1_ERROR: internal error; reference = 1");
// Taken before the timers are frozen.
const realSetTimeout = globalThis.setTimeout;
const start = (vars = {}) => startGateway({ METRICS_TOKEN: TOKEN, ...vars });

/** Waits for D1 first: it has less time than the counters wait for. */
async function finish(gateway: TestGateway): Promise<void> {
  await new Promise<void>((resume) => realSetTimeout(resume, 100));
  await vi.advanceTimersByTimeAsync(5_000);
  await gateway.finishBackgroundWork();
}

async function scrape(gateway: TestGateway) {
  const response = await gateway.call(TOKEN, METRICS);
  expect(response.status).toBe(200);
  const families = parseOpenMetrics(new TextDecoder().decode(await response.arrayBuffer()));
  await finish(gateway);
  return (sample: string) => sampleOf(families, `gatehouse_${sample}`);
}

it("counts requests of two isolates, each once, whichever of them is asked", async () => {
  const a = await start();
  const [key, viewer] = [await a.key(), await a.key({ role: "Viewer" })];
  for (let i = 0; i < 3; i++) await a.call(key.token);
  await a.call("mistyped");
  await finish(a);
  // From here on the runtime has another isolate.
  const b = await start();
  for (let i = 0; i < 4; i++) await b.call(key.token);
  await b.mutate(viewer.token);
  b.upstream.answer = () => Promise.reject(new Error("refused"));
  await b.call(key.token);
  b.upstream.answer = () => new Response(null, { status: 404 });
  await b.call(key.token);
  for (let scrapes = 0; scrapes < 2; scrapes++) {
    const value = await scrape(b);
    expect(value('requests_total{outcome="allowed"}')).toBe(8);
    expect(value('requests_total{outcome="denied"}')).toBe(2);
    expect(value('requests_total{outcome="failed"}')).toBe(1);
    expect(value('requests_total{outcome="public"}')).toBe(scrapes);
    expect(value('denials_total{reason="permission_missing"}')).toBe(1);
    expect(value('denials_total{reason="token_malformed"}')).toBe(1);
    expect(value('upstream_responses_total{status="2xx"}')).toBe(7);
    expect(value('upstream_responses_total{status="4xx"}')).toBe(1);
    expect(value('upstream_errors_total{reason="unreachable"}')).toBe(1);
    expect(value("upstream_response_seconds_count")).toBe(9);
    expect(value('faults_total{reason="request"}')).toBe(1);
    expect([value("isolates_started_total"), value("isolates_active")]).toEqual([2, 2]);
    const lookups = ["memory", "kv", "d1"].map((source) => value(`key_lookups_total{source="${source}"}`) ?? 0);
    expect(lookups.reduce((sum, each) => sum + each)).toBe(10);
    expect(lookups[0]).toBeGreaterThan(5);
  }
});

it("writes at most once a minute however many forged keys come, and what was counted stays", async () => {
  const gateway = await start();
  for (let i = 0; i < 50; i++) await gateway.call("forged");
  await finish(gateway);
  for (let i = 0; i < 50; i++) await gateway.call("forged");
  await finish(gateway);
  expect(gateway.d1.ran.filter((sql) => sql.includes("INSERT INTO metric_counts"))).toHaveLength(1);
  const value = await scrape(gateway);
  expect(value('denials_total{reason="token_malformed"}')).toBe(100);
});

it("has uses of keys that are not written yet", async () => {
  const gateway = await start();
  const { token } = await gateway.key();
  await gateway.call(token);
  await finish(gateway);
  for (let i = 0; i < 3; i++) await gateway.call(token);
  expect((await scrape(gateway))("uses_unwritten")).toBe(3);
});

it("answers 503 while D1 cannot be read, and has every count afterwards", async () => {
  const gateway = await start();
  const { token } = await gateway.key();
  await gateway.call(token);
  await finish(gateway);
  gateway.d1.trouble = DOWN;
  advanceClock(15_000);
  for (let i = 0; i < 2; i++) {
    expect((await gateway.call(token)).status).toBe(200);
    advanceClock(1_000);
  }
  const response = await gateway.call(TOKEN, METRICS);
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("5");
  expect(await response.text()).toContain("The metrics cannot be read: storage is unavailable.");
  await finish(gateway);
  gateway.d1.trouble = null;
  advanceClock(10_000);
  const value = await scrape(gateway);
  expect(value('requests_total{outcome="allowed"}')).toBe(3);
  expect(value("degraded_requests_total")).toBe(2);
  expect(value("degraded_seconds_total")).toBe(2);
  expect(value('d1_errors_total{kind="read"}')).toBeGreaterThan(0);
  expect(value('d1_errors_total{kind="write"}')).toBe(1);
  expect(value('faults_total{reason="change_feed"}')).toBeGreaterThan(0);
});

it("counts rate limits by whose they are", async () => {
  const none = { limit: async () => ({ success: false }) };
  const gateway = await startGateway({ METRICS_TOKEN: TOKEN }, { KEY_RATE_LIMIT: none, AUTH_FAILURE_RATE_LIMIT: none });
  const { token } = await gateway.key();
  expect((await gateway.call(token)).status).toBe(429);
  expect((await gateway.call("mistyped")).status).toBe(429);
  const value = await scrape(gateway);
  expect([value('rate_limited_total{limit="key"}'), value('rate_limited_total{limit="address"}')]).toEqual([1, 1]);
});

it("times the operations of D1 and KV", async () => {
  const gateway = await start();
  await gateway.call((await gateway.key()).token);
  await finish(gateway);
  const value = await scrape(gateway);
  expect(value('kv_operation_seconds_count{operation="get"}')).toBe(1);
  expect(value('kv_operation_seconds_count{operation="put"}')).toBe(1);
  expect(value('d1_query_seconds_count{kind="read"}')).toBeGreaterThan(1);
  expect(value('d1_query_seconds_count{kind="write"}')).toBeGreaterThan(0);
});

it("writes what scheduled maintenance has counted, and merges isolates that write no more", async () => {
  const [old, other] = [await start(), await start()];
  const { token } = await old.key();
  await old.call(token);
  await scrape(old);
  advanceClock(660_000);
  await other.scheduled();
  const merged = other.d1.ran.filter((sql) => sql.includes("SET merged_at"));
  expect(merged).toHaveLength(1);
  const value = await scrape(other);
  expect(value('requests_total{outcome="allowed"}')).toBe(1);
  expect(value("isolates_active")).toBe(1);
  await old.call(token);
  expect((await scrape(old))('requests_total{outcome="allowed"}')).toBe(2);
});

it("measures nothing, writes nothing and has no metrics without METRICS_TOKEN", async () => {
  const gateway = await startGateway();
  const { token } = await gateway.key();
  for (const each of [TOKEN, token, null]) expect((await gateway.call(each, METRICS)).status).toBe(404);
  await gateway.call(token, CLUSTERS);
  await finish(gateway);
  await gateway.scheduled();
  expect(gateway.d1.ran.filter((sql) => sql.includes("metric_counts"))).toEqual([]);
});
