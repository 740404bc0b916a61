// The gateways that are compared: how each is installed and started.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { freePort } from "../../scripts/free-port.ts";
import { start, untilReady } from "../setup/process.ts";
import { type Backends, startServers } from "../setup/servers.ts";
import { DIRECTORY, filled } from "./keys.ts";

/** A server, or one port of it. */
export interface Side {
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
  readonly install: string;
  isInstalled(): boolean;
  start(backends: Backends): Promise<Contender>;
}

/** Two plain servers: their share shows how far to trust the others. */
export const EQUAL = "two equal raw Workers";

const isCommand = (command: string, argument: string) => spawnSync(command, [argument]).error === undefined;
const MODULES = ["ndk_http", "ngx_http_lua"].map((name) => `/usr/lib/nginx/modules/${name}_module.so`);

export const PEERS: readonly Peer[] = [
  { name: EQUAL, install: "", isInstalled: () => true, start: (backends) => startWorkers("raw again", backends) },
  { name: "Gatehouse", install: "", isInstalled: () => true, start: (backends) => startWorkers("gatehouse", backends) },
  {
    name: "HAProxy",
    install: "apt-get install haproxy",
    isInstalled: () => isCommand("haproxy", "-v"),
    start: (backends) => startBoth(backends, (ports) => ["haproxy", ["-f", filled("haproxy.cfg", ports)]]),
  },
  {
    name: "nginx + Lua",
    install: "apt-get install nginx libnginx-mod-http-lua",
    isInstalled: () => isCommand("nginx", "-v") && MODULES.every((path) => existsSync(path)),
    start: (backends) =>
      startBoth(backends, (ports) => {
        const values = { ...ports, MODULES: MODULES.map((path) => `load_module ${path};`).join("\n") };
        return ["nginx", ["-p", DIRECTORY, "-c", filled("nginx-lua.conf", values)]];
      }),
  },
];

async function startWorkers(gate: string, backends: Backends): Promise<Contender> {
  const servers = await startServers(["raw", gate], backends);
  return { plain: servers.get("raw"), gate: servers.get(gate), stop: () => servers.stop() };
}

type Ports = Readonly<Record<"PLAIN" | "GATE" | "UPSTREAM", number>>;

/** Starts one process that serves both ports. */
async function startBoth(
  { upstream }: Backends,
  command: (ports: Ports) => [string, readonly string[]],
): Promise<Contender> {
  const ports = { PLAIN: await freePort(), GATE: await freePort(), UPSTREAM: upstream };
  const server = start("server", ...command(ports));
  const [plain, gate] = [ports.PLAIN, ports.GATE].map((port) => ({ port, pid: server.pid })) as [Side, Side];
  try {
    for (const { port } of [plain, gate]) await untilReady(`http://127.0.0.1:${port}/`, server);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { plain, gate, stop: () => server.stop() };
}
