// The gateways of a fleet: each a workerd of its own, over one D1 and one KV.
import { buildGatehouse } from "../../bench/setup/build.ts";
import { startWorker, type Worker } from "../../bench/setup/workerd.ts";
import { freePort } from "../../scripts/free-port.ts";
import type { Route, Storage } from "./storage.ts";

export interface Fleet {
  /** How each gateway reaches D1 and KV. */
  readonly routes: readonly Route[];
  /** The port of a gateway, which is another after every start. */
  port(gateway: number): number;
  /** Starts a gateway again that was killed. */
  start(gateway: number): Promise<void>;
  kill(gateway: number): Promise<void>;
  /** Runs the scheduled maintenance of a gateway. */
  maintain(gateway: number): Promise<void>;
  close(): Promise<void>;
}

/** Builds Gatehouse and starts gateways. @param vars their variables and secrets, with the upstream's URL */
export async function startFleet(
  count: number,
  storage: Storage,
  vars: Readonly<Record<"UPSTREAM_URL", string> & Record<string, string>>,
): Promise<Fleet> {
  const script = await buildGatehouse();
  const upstream = Number(new URL(vars.UPSTREAM_URL).port);
  const routes: Route[] = [];
  const workers: Worker[] = [];
  const timers: number[] = [];

  async function start(i: number): Promise<void> {
    const route = routes[i] ?? (await storage.route());
    const timer = await freePort();
    const bindings = { upstream, storage: { d1: route.d1, kv: route.kv }, timer };
    workers[i] = await startWorker({ name: `fleet-${i}`, script, vars, ...bindings });
    routes[i] = route;
    timers[i] = timer;
  }
  const kill = (i: number) => (workers[i] as Worker).stop();
  for (let i = 0; i < count; i += 1) await start(i);
  return {
    routes,
    port: (i) => (workers[i] as Worker).port,
    start,
    kill,
    maintain: async (i) => void (await (await fetch(`http://127.0.0.1:${timers[i]}/`)).arrayBuffer()),
    close: async () => void (await Promise.all(workers.map((_, i) => kill(i)))),
  };
}
