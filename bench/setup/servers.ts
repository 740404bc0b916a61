// All servers of a measurement: an upstream and storage behind it, and the Workers under test.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../scripts/free-port.ts";
import { buildGatehouse, buildWithOperations, buildWithoutChanges, WORKERS } from "./build.ts";
import type { Delays } from "./delays.ts";
import { createStore, type Store } from "./keys.ts";
import { start, stopAll, untilReady } from "./process.ts";
import { startWorker, type Worker, type WorkerSpec } from "./workerd.ts";

/** A running Worker by its name. @throws Error when it was not started */
export type Servers = (name: string) => Worker;

/** The upstream, and D1 and KV over one database. */
export interface Backends {
  /** Everything that Gatehouse needs beside its script. */
  readonly bindings: Omit<WorkerSpec, "name" | "script">;
  /** Everything that a plain pass-through needs. */
  readonly upstream: number;
  readonly upstreamUrl: string;
  readonly storagePid: number;
  /** What storage has been asked for so far. */
  readonly storageCounts: () => Promise<StorageCounts>;
}

/** Statements of D1, and operations of KV. */
export type StorageCounts = Readonly<Record<"d1Reads" | "d1Writes" | "kvReads" | "kvWrites", number>>;

/**
 * Runs one measurement on a database, an upstream and storage of its own. Every process stops with it.
 *
 * @param fill adds keys to the database; its result is passed on
 * @param keepsCopies whether KV keeps what is written; otherwise it stays empty, and a key that is not cached is read from D1
 * @param delays how long storage and the upstream take; `null`: no longer than they need
 */
export async function withBackends<Filled, Result>(
  name: string,
  fill: (store: Store) => Promise<Filled>,
  measure: (backends: Backends, filled: Filled) => Promise<Result>,
  keepsCopies = false,
  delays: Delays | null = null,
): Promise<Result> {
  const store = await createStore(name);
  const filled = await fill(store);
  store.close();
  const [upstream, d1, kv] = [await freePort(), await freePort(), await freePort()];
  const upstreamUrl = `http://127.0.0.1:${upstream}`;
  await startScript("upstream-server.ts", [upstream, delays?.upstreamMs ?? 0], `${upstreamUrl}/seen`);
  const counts = `http://127.0.0.1:${kv}/counts`;
  const storage = await startScript(
    "storage-server.ts",
    [store.file, d1, kv, String(keepsCopies), delays?.d1Ms ?? ""],
    counts,
  );
  const storageCounts = async () => (await (await fetch(counts)).json()) as StorageCounts;
  const vars = { ...store.secrets, UPSTREAM_URL: upstreamUrl, UPSTREAM_AUDIENCE: "bench" };
  const bindings = { upstream, storage: { d1, kv }, vars };
  try {
    return await measure({ bindings, upstream, upstreamUrl, storagePid: storage.pid, storageCounts }, filled);
  } finally {
    stopAll();
  }
}

/** Fills a database with one key. @returns its token */
export const addKey = (store: Store) => store.key();

async function startScript(name: string, args: readonly (string | number)[], url: string) {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const server = start("other", [process.execPath, script, ...args.map(String)]);
  await untilReady(url, server);
  return server;
}

const PASS_THROUGHS: Readonly<Record<string, string>> = {
  raw: "raw.js",
  "raw again": "raw.js",
  headers: "headers.js",
  "constant 401": "constant-401.js",
};

/** How each Worker is started, by the name that scenarios have for it. */
export async function specOf(name: string, { bindings, upstream }: Backends): Promise<WorkerSpec> {
  const passThrough = PASS_THROUGHS[name];
  if (passThrough !== undefined) return { name, script: join(WORKERS, passThrough), upstream };
  const operations = /^([\d,]+) operations$/.exec(name)?.[1]?.replace(",", "");
  if (operations !== undefined) return { name, script: await buildWithOperations(Number(operations)), ...bindings };
  if (name === "changes without a row") {
    // A request with a body is not forwarded before its key is confirmed, as no change is.
    const vars = { ...bindings.vars, SPECULATIVE_FORWARDING: "off" };
    return { name, script: await buildWithoutChanges(), ...bindings, vars };
  }
  const more = name === "20,000 keys" ? { KEY_CACHE_SIZE: "50000" } : {};
  return { name, script: await buildGatehouse(), ...bindings, vars: { ...bindings.vars, ...more } };
}

/** Starts Workers one by one. */
export async function startAll(specs: readonly WorkerSpec[]): Promise<Servers> {
  const workers = new Map<string, Worker>();
  for (const spec of specs) workers.set(spec.name, await startWorker(spec));
  return (name) => {
    const worker = workers.get(name);
    if (worker === undefined) throw new Error(`${name} was not started`);
    return worker;
  };
}

/** Starts Workers by the names that scenarios have for them. */
export async function startServers(names: Iterable<string>, backends: Backends): Promise<Servers> {
  const specs: WorkerSpec[] = [];
  for (const name of new Set(names)) specs.push(await specOf(name, backends));
  return startAll(specs);
}
