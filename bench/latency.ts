// `npm run bench -- --latency`: what a request waits for beside its upstream, with storage and the upstream as far away as they
// are in production. Every delay is injected (bench/setup/delays.ts), so that the noise of the machine is small beside them.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ROOT } from "../scripts/wrangler.ts";
import { type Client, openClient, type Requests } from "./measure/client.ts";
import { EDGE } from "./measure/edge-request.ts";
import { printTable, progress, writeJson } from "./report.ts";
import { buildGatehouse, bundle, WORKERS } from "./setup/build.ts";
import { KV } from "./setup/delays.ts";
import type { Store } from "./setup/keys.ts";
import { type Backends, withBackends } from "./setup/servers.ts";
import { startWorker, type Worker, type WorkerSpec } from "./setup/workerd.ts";

const UPSTREAM_MS = 40;
const D1_MS = [60, 200] as const;
const SILENCE_MS = 12_000;

/** A server to measure, beside the pass-through. */
interface Subject {
  readonly name: string;
  spec(backends: Backends): Promise<WorkerSpec>;
}

const gatehouse: Subject = {
  name: "Gatehouse",
  spec: async ({ bindings }) => ({ name: "latency", script: await buildGatehouse(), ...bindings }),
};

function hono(name: string, keepKeySeconds: number): Subject {
  const settings = { KEEP_KEY_SECONDS: String(keepKeySeconds), KEEP_IDENTITY_SECONDS: "35" };
  return {
    name,
    async spec({ bindings }) {
      const script = await bundle("hono", join(ROOT, "bench/peers/hono.ts"));
      return { name: "latency", script, ...bindings, vars: { ...bindings.vars, ...settings } };
    },
  };
}

const SUBJECTS = [gatehouse, hono("Hono, keys kept for 30 s", 30), hono("Hono, KV for each request", 0)];

/** How often each scenario is measured. */
interface Counts {
  readonly hot: number;
  readonly keys: number;
  readonly silences: number;
  readonly isolates: number;
}

const WHOLE: Counts = { hot: 300, keys: 300, silences: 24, isolates: 60 };
const QUICK: Counts = { hot: 50, keys: 60, silences: 8, isolates: 15 };

/** Milliseconds that the pass-through does not take. */
interface Added {
  readonly scenario: string;
  readonly subject: string;
  readonly d1Ms: number;
  readonly requests: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Measures, prints, and writes the result as JSON. */
export async function measureAddedLatency(quick: boolean): Promise<void> {
  const counts = quick ? QUICK : WHOLE;
  const added: Added[] = [];
  for (const d1Ms of D1_MS) {
    for (const subject of SUBJECTS) added.push(...(await measureSubject(subject, d1Ms, counts)));
  }
  progress("");
  const rows = added.map(({ scenario, subject, d1Ms, requests, p50, p95, p99 }) => [
    ...[scenario, subject, `${d1Ms} ms`, String(requests)],
    ...[p50, p95, p99].map((ms) => ms.toFixed(1)),
  ]);
  printTable([["milliseconds added", "", "D1", "requests", "p50", "p95", "p99"], ...rows]);
  const delays = { upstreamMs: UPSTREAM_MS, kv: KV };
  const result = { at: new Date().toISOString(), delays, added };
  console.log(`\nwritten to ${writeJson(quick ? "quick.latency" : "latency", result)}`);
}

function measureSubject(subject: Subject, d1Ms: number, counts: Counts): Promise<readonly Added[]> {
  const fill = async (store: Store) => {
    const tokens: string[] = [];
    for (let i = 0; i < counts.keys + counts.isolates + 1; i += 1) tokens.push(await store.key());
    return tokens;
  };
  const delays = { d1Ms, upstreamMs: UPSTREAM_MS };
  const measure = async (backends: Backends, tokens: readonly string[]) => {
    const step = (name: string) => progress(`${subject.name}, D1 ${d1Ms} ms: ${name}`);
    const spec = await subject.spec(backends);
    const [[hot = ""], first, alone] = [
      tokens.slice(0, 1),
      tokens.slice(1, counts.keys + 1),
      tokens.slice(counts.keys + 1),
    ];
    step("KV is filled");
    await usedOnce(spec, tokens);
    const raw = await startWorker({ name: "raw", script: join(WORKERS, "raw.js"), upstream: backends.upstream });
    const passed = percentile(await timesOf(raw, { tokens: [hot], status: 200 }, counts.hot), 0.5);
    const scenarios = new Map<string, readonly number[]>();
    const worker = await startWorker(spec);
    step("a key in use");
    scenarios.set("a key in use", await timesOf(worker, { tokens: [hot], status: 200 }, counts.hot));
    step("first request of a key");
    const keys = { tokens: first, status: 200 };
    scenarios.set("first request of a key, isolate in use", await timesOf(worker, keys, counts.keys, false));
    step("changes");
    const change = { tokens: [hot], body: "{}", status: 200 };
    scenarios.set("a change", await timesOf(worker, change, Math.ceil(counts.hot / 3)));
    await worker.stop();
    step("first requests of isolates");
    const isolates: number[] = [];
    for (const token of alone) isolates.push(await firstOf(spec, token));
    scenarios.set("first request of an isolate", isolates);
    step("silence");
    scenarios.set("a read after 12 s of silence", await afterSilence(spec, hot, counts.silences));
    return [...scenarios].map(([scenario, times]) => {
      const of = (share: number) => percentile(times, share) - passed;
      return {
        scenario,
        subject: subject.name,
        d1Ms,
        requests: times.length,
        p50: of(0.5),
        p95: of(0.95),
        p99: of(0.99),
      };
    });
  };
  return withBackends(`latency-${d1Ms}`, fill, measure, true, delays);
}

/** Uses each key once in an isolate of its own, which writes the copies. */
async function usedOnce(spec: WorkerSpec, tokens: readonly string[]): Promise<void> {
  const worker = await startWorker({ ...spec, name: "fill" });
  const client = openClient({ tokens, headers: EDGE, status: 200 }, worker.port);
  await client.ready();
  await client.burst(tokens.length);
  client.close();
  // The copies are written behind the responses.
  await delay(1_000);
  await worker.stop();
}

async function timeOf(client: Client): Promise<number> {
  const startedAt = performance.now();
  await client.burst(1);
  return performance.now() - startedAt;
}

/** The times of requests one by one over one connection, after one that is not counted unless each token counts. */
async function timesOf({ port }: Worker, requests: Requests, count: number, warm = true): Promise<readonly number[]> {
  const client = openClient({ headers: EDGE, ...requests }, port, 1);
  await client.ready();
  if (warm) await client.burst(1);
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) times.push(await timeOf(client));
  client.close();
  return times;
}

async function firstOf(spec: WorkerSpec, token: string): Promise<number> {
  const worker = await startWorker(spec);
  const [time = Number.NaN] = await timesOf(worker, { tokens: [token], status: 200 }, 1, false);
  await worker.stop();
  return time;
}

/** Isolates are silent together, and are then asked one after another. */
async function afterSilence(spec: WorkerSpec, token: string, count: number): Promise<readonly number[]> {
  const together = 4;
  const requests = { tokens: [token], status: 200 };
  const workers: Worker[] = [];
  for (let i = 0; i < together; i += 1) workers.push(await startWorker({ ...spec, name: `silent ${i}` }));
  for (const worker of workers) await timesOf(worker, requests, 1);
  const times: number[] = [];
  while (times.length < count) {
    await delay(SILENCE_MS);
    for (const worker of workers) times.push(...(await timesOf(worker, requests, 1, false)));
  }
  for (const worker of workers) await worker.stop();
  return times;
}

/** The value that so large a share does not exceed. */
function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
