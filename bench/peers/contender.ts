// What is measured: a gateway that runs, once passing all calls on and once with the job, and how it is started.
import { answers, freePort, type Running, start } from "../setup/process.ts";
import { type Ground, startServers } from "../setup/servers.ts";

/** A server, or the port of one. */
export interface Side {
  readonly port: number;
  /** Of the process whose CPU counts, with all that it has started. */
  readonly pid: number;
}

export interface Contender {
  readonly plain: Side;
  readonly gate: Side;
  stop(): Promise<void>;
}

export interface Ports {
  readonly PLAIN: number;
  readonly GATE: number;
  readonly UPSTREAM: number;
}

export type Command = readonly [string, readonly string[]];

/** Start one process that serves both ports. */
export async function startBoth(upstream: number, command: (ports: Ports) => Command): Promise<Contender> {
  const ports = { PLAIN: await freePort(), GATE: await freePort(), UPSTREAM: upstream };
  const server = start("server", ...command(ports));
  const [plain, gate] = [ports.PLAIN, ports.GATE].map((port) => ({ port, pid: server.pid })) as [Side, Side];
  await ready([plain, gate], [server]);
  return { plain, gate, stop: () => server.stop() };
}

/** Start a process for each port, for a gateway that has one in a process. */
export async function startEach(command: (port: number, job: "plain" | "gate") => Command): Promise<Contender> {
  const sides: Side[] = [];
  const servers: Running[] = [];
  for (const job of ["plain", "gate"] as const) {
    const port = await freePort();
    const server = start("server", ...command(port, job));
    sides.push({ port, pid: server.pid });
    servers.push(server);
  }
  await ready(sides, servers);
  const [plain, gate] = sides as [Side, Side];
  return { plain, gate, stop: () => stopAll(servers) };
}

/** Start two Workers by the names that `npm run bench` has for them. */
export async function startWorkers(plain: string, gate: string, ground: Ground): Promise<Contender> {
  const servers = await startServers(new Set([plain, gate]), ground);
  return { plain: servers.get(plain), gate: servers.get(gate), stop: () => servers.stop() };
}

async function ready(sides: readonly Side[], servers: readonly Running[]): Promise<void> {
  try {
    for (const [i, { port }] of sides.entries()) {
      await answers(`http://127.0.0.1:${port}/`, servers[i] ?? (servers[0] as Running));
    }
  } catch (error) {
    await stopAll(servers);
    throw error;
  }
}

async function stopAll(servers: readonly Running[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}
