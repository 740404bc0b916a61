// All servers of a run, started together and ended together.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildGatehouse, bundle } from "./build.ts";
import type { Secrets } from "./keys.ts";
import { withOperations } from "./operations.ts";
import { answers, freePort, type Running, start } from "./process.ts";
import { ROOT, WORKERS } from "./work.ts";
import { startWorker, type Worker, type WorkerSpec } from "./workerd.ts";

export interface Servers {
  get(name: string): Worker;
  stop(): Promise<void>;
}

/** What Gatehouse needs beside its script. */
export type Surroundings = Omit<WorkerSpec, "name" | "script">;

export interface Ground {
  /** Variables, secrets and ports for a Gatehouse. */
  readonly surroundings: Surroundings;
  readonly upstreamUrl: string;
  readonly storagePid: number;
  stop(): Promise<void>;
}

/** Start an upstream and a storage server over a database. */
export async function startGround(file: string, secrets: Secrets): Promise<Ground> {
  const upstream = await startUpstream();
  const storage = await startStorage(file);
  const upstreamUrl = `http://127.0.0.1:${upstream.port}`;
  const { KEY_RING, IDENTITY_KEYS } = secrets;
  return {
    surroundings: {
      upstream: upstream.port,
      storage,
      vars: { KEY_RING, IDENTITY_KEYS, UPSTREAM_URL: upstreamUrl, UPSTREAM_AUDIENCE: "bench" },
    },
    upstreamUrl,
    storagePid: storage.pid,
    async stop() {
      await Promise.all([upstream.stop(), storage.stop()]);
    },
  };
}

/** Start the named servers of `npm run bench`. */
export async function startServers(names: ReadonlySet<string>, ground: Ground): Promise<Servers> {
  const gatehouse = buildGatehouse();
  const { surroundings } = ground;
  const remembering = { ...surroundings, vars: { ...surroundings.vars, KEY_CACHE_SIZE: "50000" } };
  const floor = (script: string) => ({ script: join(WORKERS, script), upstream: surroundings.upstream });
  const recipes: Readonly<Record<string, () => Recipe | Promise<Recipe>>> = {
    raw: () => floor("raw.js"),
    "raw again": () => floor("raw.js"),
    headers: () => floor("headers.js"),
    "constant 401": () => floor("constant-401.js"),
    gatehouse: () => ({ script: gatehouse, ...surroundings }),
    "20,000 keys": () => ({ script: gatehouse, ...remembering }),
    "100 operations": async () => ({ script: await variant(100), ...surroundings }),
    "5,000 operations": async () => ({ script: await variant(5_000), ...surroundings }),
  };
  const specs: WorkerSpec[] = [];
  for (const name of names) {
    const recipe = recipes[name];
    if (recipe === undefined) throw new Error(`nobody knows how to start "${name}"`);
    specs.push({ name, ...(await recipe()) });
  }
  return startAll(specs);
}

type Recipe = Omit<WorkerSpec, "name">;

/** Start servers one by one. */
export async function startAll(specs: readonly WorkerSpec[]): Promise<Servers> {
  const workers = new Map<string, Worker>();
  for (const spec of specs) workers.set(spec.name, await startWorker(spec));
  return {
    get(name) {
      const worker = workers.get(name);
      if (worker === undefined) throw new Error(`${name} was not started`);
      return worker;
    },
    async stop() {
      await Promise.all([...workers.values()].map((worker) => worker.stop()));
    },
  };
}

function variant(count: number): Promise<string> {
  return bundle(`operations-${count}`, join(ROOT, "src/index.ts"), [withOperations(count)]);
}

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export async function startUpstream(): Promise<Running & { readonly port: number }> {
  const port = await freePort();
  const server = start("other", process.execPath, [script("upstream-server.ts"), String(port)]);
  await answers(`http://127.0.0.1:${port}/seen`, server);
  return { ...server, port };
}

/** D1 and KV over a database file. */
export async function startStorage(file: string): Promise<Running & { readonly d1: number; readonly kv: number }> {
  const [d1, kv] = [await freePort(), await freePort()];
  const server = start("other", process.execPath, [script("storage-server.ts"), file, String(d1), String(kv)]);
  await answers(`http://127.0.0.1:${kv}/`, server);
  return { ...server, d1, kv };
}
