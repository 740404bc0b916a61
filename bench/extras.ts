// Measured once or a few times, beside the steady state: latency, bodies, cold keys, memory, start-up, size.
import { join } from "node:path";
import { freePort } from "../scripts/free-port.ts";
import { measureColdKeys, measureFirstRequest, measureManyKeys } from "./cold.ts";
import { type Direction, transfer } from "./measure/bodies.ts";
import { openClient } from "./measure/client.ts";
import { ADDRESS } from "./measure/edge-request.ts";
import { inspect } from "./measure/inspector.ts";
import { atMost, progress, type Result, spreadOf, spreadText } from "./report.ts";
import { comparePair } from "./rounds.ts";
import { MANY_KEYS } from "./scenarios.ts";
import { buildGatehouse, bundle, bytesAtStart, WORKERS } from "./setup/build.ts";
import type { Store } from "./setup/keys.ts";
import { cpuNanoseconds } from "./setup/process.ts";
import { addKey, startServers, withBackends } from "./setup/servers.ts";
import { startWorker } from "./setup/workerd.ts";

const MEASURES: Readonly<Record<string, () => Promise<readonly Result[]>>> = {
  latency: measureLatency,
  bodies: measureBodies,
  cold: measureColdKeys,
  first: measureFirstRequest,
  many: measureManyKeys,
  memory: measureMemory,
  "start-up": measureStartUp,
  bundle: measureBundle,
};

/** All extra measurements, or those named. */
export async function measureExtras(only: readonly string[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const [name, measure] of Object.entries(MEASURES)) {
    if (only.length === 0 || only.includes(name)) results.push(...(await measure()));
  }
  return results;
}

/** The median time of single requests over one connection, added to that of the raw pass-through. */
function measureLatency(): Promise<readonly Result[]> {
  return withBackends("latency", addKey, async (backends, token) => {
    const servers = await startServers(["gatehouse", "raw"], backends);
    const p50 = async (name: string) => {
      const { port } = servers(name);
      const client = openClient({ tokens: [token], status: 200 }, port, 1);
      await client.ready();
      const times: number[] = [];
      for (const end = performance.now() + 1_000; performance.now() < end; ) {
        const startedAt = performance.now();
        await client.burst(1);
        times.push((performance.now() - startedAt) * 1_000);
      }
      client.close();
      return spreadOf(times).median;
    };
    for (const name of ["gatehouse", "raw"]) await p50(name);
    const sides = [() => p50("gatehouse"), () => p50("raw")] as const;
    const added = await comparePair("latency", 9, sides, (ours, raw) => ours - raw);
    return [atMost("added median latency at concurrency 1", 60, "µs", added, 0)];
  });
}

/** CPU of a gigabyte beside the raw pass-through, and the growth of memory meanwhile. */
function measureBodies(): Promise<readonly Result[]> {
  const [least, mostGrownMiB] = [0.95, 32];
  return withBackends("bodies", addKey, async (backends, token) => {
    const servers = await startServers(["gatehouse", "raw"], backends);
    const results: Result[] = [];
    for (const direction of ["down", "up"] as const satisfies readonly Direction[]) {
      let grownMiB = 0;
      const raw = async () => (await transfer(servers("raw"), direction, token)).cpu;
      const ours = async () => {
        const { cpu, grown } = await transfer(servers("gatehouse"), direction, token);
        grownMiB = Math.max(grownMiB, grown / 1024 ** 2);
        return cpu;
      };
      const ratio = await comparePair(`a gigabyte ${direction}`, 3, [raw, ours], (base, subject) => base / subject);
      const measured = `${spreadText(ratio, 3)}, ${grownMiB.toFixed(0)} MiB at most`;
      const met = ratio.median >= least && grownMiB <= mostGrownMiB;
      results.push({ name: `1 GiB ${direction}, to raw; memory`, goal: `>= ${least}, flat`, measured, met });
    }
    return results;
  });
}

/** The heap after a full collection, before and after requests of 20,000 keys. */
function measureMemory(): Promise<readonly Result[]> {
  progress(`memory: ${MANY_KEYS} keys with 10 rules each`);
  const fill = async (store: Store) => {
    const tokens: string[] = [];
    // No two keys share a list, so that nothing of it can be compiled once for many.
    for (let i = 0; i < MANY_KEYS; i++) tokens.push(await store.key({ rules: rulesOf(i) }));
    return tokens;
  };
  return withBackends("memory", fill, async ({ bindings }, tokens) => {
    const vars = { ...bindings.vars, KEY_CACHE_SIZE: String(2 * MANY_KEYS) };
    const inspector = await freePort();
    await buildGatehouse();
    const script = await bundle("memory", join(WORKERS, "collect.js"));
    const spec = { name: "memory", script, v8Flags: ["--expose-gc"], inspector };
    const worker = await startWorker({ ...spec, ...bindings, vars });
    const session = await inspect(inspector);
    const heapBytes = async () => {
      await fetch(`${worker.url}/collect-garbage`);
      const usage = (await session.send("Runtime.getHeapUsage")) as Record<string, number>;
      return (usage.usedSize ?? 0) + (usage.embedderHeapUsedSize ?? 0) + (usage.backingStorageSize ?? 0);
    };
    const before = await heapBytes();
    const client = openClient({ tokens, status: 200 }, worker.port, 16);
    await client.ready();
    await client.burst(tokens.length);
    client.close();
    const mebibytes = ((await heapBytes()) - before) / 1024 ** 2;
    session.close();
    return [atMost("memory: 20,000 cached keys with 10 rules each", 24, "MiB", spreadOf([mebibytes]), 1)];
  });
}

function rulesOf(i: number): string[] {
  return [...Array.from({ length: 9 }, (_, j) => `10.${i >> 8}.${i & 255}.${j * 16}/30`), `${ADDRESS}/32`];
}

/** CPU from the start to the first response, beside a Worker without code and with the same bindings. */
async function measureStartUp(): Promise<readonly Result[]> {
  const scripts = [await buildGatehouse(), join(WORKERS, "empty.js")] as const;
  const noKeys = async () => undefined;
  return withBackends("start-up", noKeys, async ({ bindings }) => {
    const startOnce = async (script: string) => {
      const worker = await startWorker({ name: "start-up", script, ...bindings });
      const milliseconds = cpuNanoseconds(worker.pid) / 1e6;
      await worker.stop();
      return milliseconds;
    };
    const sides = [() => startOnce(scripts[0]), () => startOnce(scripts[1])] as const;
    const added = await comparePair("start-up", 11, sides, (subject, base) => subject - base);
    return [atMost("start-up, CPU added to an empty Worker", 15, "ms", added, 1)];
  });
}

/** The size of the code that loads before the first request. */
export async function measureBundle(): Promise<readonly Result[]> {
  const mostKiB = 25;
  const { minified, gzipped } = await bytesAtStart();
  const measured = `${(gzipped / 1024).toFixed(1)} KiB (minified ${(minified / 1024).toFixed(1)})`;
  const goal = `<= ${mostKiB} KiB`;
  return [{ name: "code loaded at start, gzipped", goal, measured, met: gzipped <= mostKiB * 1024 }];
}
