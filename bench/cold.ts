// Requests whose key the isolate has not cached: the first one of an isolate, keys that only D1 has, more keys than are cached.
import { setTimeout as delay } from "node:timers/promises";
import { openClient } from "./measure/client.ts";
import { EDGE } from "./measure/edge-request.ts";
import { atMost, progress, type Result, spreadOf } from "./report.ts";
import { comparePair, spend } from "./rounds.ts";
import { buildGatehouse } from "./setup/build.ts";
import type { Store } from "./setup/keys.ts";
import { cpuNanoseconds } from "./setup/process.ts";
import { addKey, withBackends } from "./setup/servers.ts";
import { startWorker } from "./setup/workerd.ts";

/** CPU of the first authorized request of an isolate that has answered one 401 before, with what runs behind its response. */
export async function measureFirstRequest(): Promise<readonly Result[]> {
  const script = await buildGatehouse();
  return withBackends("first", addKey, async ({ bindings }, token) => {
    const milliseconds: number[] = [];
    for (let start = 1; start <= 11; start++) {
      progress(`first request: start ${start}/11`);
      const worker = await startWorker({ name: "first", script, ...bindings });
      const client = openClient({ tokens: [token], headers: EDGE, status: 200 }, worker.port, 1);
      await client.ready();
      // What the start has left to do.
      await delay(200);
      const before = cpuNanoseconds(worker.pid);
      await client.burst(1);
      await delay(100);
      milliseconds.push((cpuNanoseconds(worker.pid) - before) / 1e6);
      client.close();
      await worker.stop();
    }
    return [atMost("first authorized request of an isolate, CPU", 5, "ms", spreadOf(milliseconds), 1)];
  });
}

/** What storage is asked for when more keys are in use than an isolate caches. */
export async function measureManyKeys(): Promise<readonly Result[]> {
  const script = await buildGatehouse();
  const size = 10_000;
  const perRequest = (keys: number) => {
    progress(`many keys: making ${keys}`);
    const fill = async (store: Store) => {
      const tokens: string[] = [];
      for (let i = 0; i < keys; i++) tokens.push(await store.key());
      return tokens;
    };
    return withBackends(
      `many-${keys}`,
      fill,
      async ({ bindings, storageCounts }, tokens) => {
        const vars = { ...bindings.vars, KEY_CACHE_SIZE: String(size) };
        const worker = await startWorker({ name: `many-${keys}`, script, ...bindings, vars });
        const client = openClient({ tokens, headers: EDGE, status: 200 }, worker.port);
        await client.ready();
        await client.burst(keys);
        const before = await storageCounts();
        await client.burst(keys);
        const after = await storageCounts();
        client.close();
        const of = (name: keyof typeof after) => (after[name] - before[name]) / keys;
        return { lookups: of("kvReads") + of("d1Reads"), writes: of("d1Writes") };
      },
      true,
    );
  };
  const [same, more] = [await perRequest(size), await perRequest(10 * size)];
  return [
    atMost("10,000 keys in turn, all cached: reads of storage", 0.001, "per request", spreadOf([same.lookups]), 3),
    atMost("100,000 keys in turn, 10,000 cached: D1 writes", 0.02, "per request", spreadOf([more.writes]), 3),
  ];
}

/** Keys that only D1 has, among a thousand and among a million: the CPU of the Worker and of D1. */
export function measureColdKeys(): Promise<readonly Result[]> {
  return withColdKeys(1_000, (few) =>
    withColdKeys(1_000_000, async (many) => {
      for (const warmUp of [few, many]) await warmUp();
      const ratio = await comparePair("cold keys", 8, [many, few], (subject, base) => subject / base);
      return [atMost("cold key through D1, 1,000,000 keys to 1,000", 1.15, "x", ratio, 2)];
    }),
  );
}

function withColdKeys<T>(count: number, measure: (burst: () => Promise<number>) => Promise<T>) {
  const used = 1_000;
  progress(`cold keys: a database with ${count} keys`);
  const fill = async (store: Store) => {
    const tokens: string[] = [];
    for (let i = 0; i < used; i++) tokens.push(await store.key());
    store.fill(count - used);
    return tokens;
  };
  return withBackends(`cold-${count}`, fill, async ({ bindings, storagePid }, tokens) => {
    // Room for a single key, so that every request is the first one of its key.
    const vars = { ...bindings.vars, KEY_CACHE_SIZE: "1" };
    const worker = await startWorker({ name: `cold-${count}`, script: await buildGatehouse(), ...bindings, vars });
    const client = openClient({ tokens, status: 200 }, worker.port, 1);
    await client.ready();
    await client.burst(used);
    return measure(async () => {
      const before = cpuNanoseconds(storagePid);
      const spent = await spend(worker.pid, client, 300);
      return spent + cpuNanoseconds(storagePid) - before;
    });
  });
}
