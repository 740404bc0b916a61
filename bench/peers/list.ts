// The gateways that are compared: how each is installed and started.
import { spawnSync } from "node:child_process";
import { freePort } from "../../scripts/free-port.ts";
import { start, untilReady } from "../setup/process.ts";
import { type Backends, startServers } from "../setup/servers.ts";
import { writeHaproxyConfig } from "./keys.ts";

/** A server, or one port of it. */
interface Side {
  readonly port: number;
  readonly pid: number;
}

/** A running gateway: once proxying plainly, once with the job. */
export interface Contender {
  readonly plain: Side;
  readonly gate: Side;
  stop(): Promise<void>;
}

export interface Peer {
  readonly name: string;
  /** The command that installs it; empty when it is installed. */
  readonly install: string;
  start(backends: Backends): Promise<Contender>;
}

/** Two plain servers: their share shows how far to trust the others. */
export const EQUAL = "two equal raw Workers";

const hasHaproxy = spawnSync("haproxy", ["-v"]).error === undefined;

export const PEERS: readonly Peer[] = [
  { name: EQUAL, install: "", start: (backends) => startWorkers("raw again", backends) },
  { name: "Gatehouse", install: "", start: (backends) => startWorkers("gatehouse", backends) },
  { name: "HAProxy", install: hasHaproxy ? "" : "apt-get install haproxy", start: startHaproxy },
];

async function startWorkers(gate: string, backends: Backends): Promise<Contender> {
  const servers = await startServers(["raw", gate], backends);
  return { plain: servers.get("raw"), gate: servers.get(gate), stop: () => servers.stop() };
}

/** One process serves both ports. */
async function startHaproxy({ upstream }: Backends): Promise<Contender> {
  const [PLAIN, GATE] = [await freePort(), await freePort()];
  const server = start("server", "haproxy", ["-f", writeHaproxyConfig({ PLAIN, GATE, UPSTREAM: upstream })]);
  const { pid, stop } = server;
  for (const port of [PLAIN, GATE]) await untilReady(`http://127.0.0.1:${port}/`, server);
  return { plain: { port: PLAIN, pid }, gate: { port: GATE, pid }, stop };
}
