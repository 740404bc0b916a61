// All servers of a measurement: an upstream and storage behind it, and the Workers under test.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../scripts/free-port.ts";
import { buildGatehouse, buildWithOperations, WORKERS } from "./build.ts";
import { createStore, type Secrets, type Store } from "./keys.ts";
import { start, untilReady } from "./process.ts";
import { startWorker, type Worker, type WorkerSpec } from "./workerd.ts";

export interface Servers {
  get(name: string): Worker;
  stop(): Promise<void>;
}

/** The upstream, and D1 and KV over one database. */
export interface Backends {
  /** Everything that Gatehouse needs beside its script. */
  readonly bindings: Omit<WorkerSpec, "name" | "script">;
  /** Everything that a plain pass-through needs. */
  readonly upstream: number;
  readonly upstreamUrl: string;
  readonly storagePid: number;
}

/**
 * Runs one measurement on a database, an upstream and storage of its own, which stop with it.
 *
 * @param fill adds keys to the database; its result is passed on
 */
export async function withBackends<Filled, Result>(
  name: string,
  secrets: Secrets,
  fill: (store: Store) => Promise<Filled>,
  measure: (backends: Backends, filled: Filled) => Promise<Result>,
): Promise<Result> {
  const store = createStore(name, secrets.ring);
  const filled = await fill(store);
  store.close();
  const [upstream, d1, kv] = [await freePort(), await freePort(), await freePort()];
  const upstreamUrl = `http://127.0.0.1:${upstream}`;
  const api = await startScript("upstream-server.ts", [upstream], `${upstreamUrl}/seen`);
  const storage = await startScript("storage-server.ts", [store.file, d1, kv], `http://127.0.0.1:${kv}/`);
  const { KEY_RING, IDENTITY_KEYS } = secrets;
  const vars = { KEY_RING, IDENTITY_KEYS, UPSTREAM_URL: upstreamUrl, UPSTREAM_AUDIENCE: "bench" };
  const bindings = { upstream, storage: { d1, kv }, vars };
  try {
    return await measure({ bindings, upstream, upstreamUrl, storagePid: storage.pid }, filled);
  } finally {
    await Promise.all([api.stop(), storage.stop()]);
  }
}

async function startScript(name: string, args: readonly (string | number)[], url: string) {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const server = start("other", process.execPath, [script, ...args.map(String)]);
  await untilReady(url, server);
  return server;
}

/** How each Worker is started, by the name that scenarios have for it. */
export async function specOf(name: string, { bindings, upstream }: Backends): Promise<WorkerSpec> {
  const passThrough = (script: string) => ({ name, script: join(WORKERS, script), upstream });
  const vars = { ...bindings.vars, KEY_CACHE_SIZE: "50000" };
  switch (name) {
    case "raw":
    case "raw again":
      return passThrough("raw.js");
    case "headers":
      return passThrough("headers.js");
    case "constant 401":
      return passThrough("constant-401.js");
    case "gatehouse":
      return { name, script: buildGatehouse(), ...bindings };
    case "20,000 keys":
      return { name, script: buildGatehouse(), ...bindings, vars };
    case "100 operations":
      return { name, script: await buildWithOperations(100), ...bindings };
    case "5,000 operations":
      return { name, script: await buildWithOperations(5_000), ...bindings };
  }
  throw new Error(`no server is called "${name}"`);
}

/** Starts Workers one by one. */
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

/** Starts Workers by the names that scenarios have for them. */
export async function startServers(names: Iterable<string>, backends: Backends): Promise<Servers> {
  const specs: WorkerSpec[] = [];
  for (const name of new Set(names)) specs.push(await specOf(name, backends));
  return startAll(specs);
}
