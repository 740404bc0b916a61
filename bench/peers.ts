// `npm run bench -- --peers`: other gateways at the same job, each against its own plain proxying: what authorising costs
// them. One process each, the same upstream, the same keys; those that are installed, and how to install the others.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashToken } from "../src/core/token.ts";
import { openCaller } from "./measure/burst.ts";
import { cpuNanoseconds } from "./measure/cpu.ts";
import { spreadOf } from "./measure/statistics.ts";
import { progress, progressEnds } from "./report/progress.ts";
import { ADDRESS } from "./scenarios.ts";
import { CLUSTERS, createStore, type Secrets } from "./setup/keys.ts";
import { answers, freePort, start } from "./setup/process.ts";
import { startUpstream } from "./setup/servers.ts";
import { WORK } from "./setup/work.ts";

interface Ports {
  readonly PLAIN: number;
  readonly GATE: number;
  readonly UPSTREAM: number;
}

interface Peer {
  readonly name: string;
  readonly install: string;
  isInstalled(): boolean;
  command(directory: string, ports: Ports): readonly [string, readonly string[]];
}

const HERE = fileURLToPath(new URL("peers/", import.meta.url));
const KEYS = 10_000;
const ROUNDS = 7;
const CALLS = 3_000;
const LUA = ["ndk_http_module.so", "ngx_http_lua_module.so"].map((name) => `/usr/lib/nginx/modules/${name}`);
const runs = (command: string, argument: string) => spawnSync(command, [argument]).error === undefined;

const PEERS: readonly Peer[] = [
  {
    name: "HAProxy: SHA-256, map, addresses",
    install: "apt-get install haproxy",
    isInstalled: () => runs("haproxy", "-v"),
    command: (directory, ports) => ["haproxy", ["-f", filled("haproxy.cfg", directory, ports)]],
  },
  {
    name: "nginx + Lua: SHA-256, table, geo",
    install: "apt-get install nginx libnginx-mod-http-lua",
    isInstalled: () => runs("nginx", "-v") && LUA.every((path) => existsSync(path)),
    command: (directory, ports) => ["nginx", ["-p", directory, "-c", filled("nginx.conf", directory, ports)]],
  },
  {
    name: "Caddy: map of plain keys",
    install: "apt-get install caddy",
    isInstalled: () => runs("caddy", "version"),
    command: (directory, ports) => [
      "caddy",
      ["run", "--adapter", "caddyfile", "--config", filled("Caddyfile", directory, ports)],
    ],
  },
  {
    name: "Fastify + http-proxy: SHA-256, Map, addresses",
    install: "npm install --prefix bench/peers --no-save fastify @fastify/http-proxy",
    isInstalled: () => existsSync(join(HERE, "node_modules/@fastify/http-proxy")),
    command: (directory, { PLAIN, GATE, UPSTREAM }) => [
      process.execPath,
      [join(HERE, "fastify.mjs"), String(PLAIN), String(GATE), String(UPSTREAM), directory],
    ],
  },
];

/** Measure what is installed, and print the shares of the plain throughput that are kept. */
export async function measurePeers(secrets: Secrets): Promise<void> {
  const directory = join(WORK, "peers");
  mkdirSync(directory, { recursive: true });
  const token = await writeKeys(directory, secrets);
  console.log("\nshare of its own plain proxying that a gateway keeps, by CPU per call");
  for (const peer of PEERS) {
    if (!peer.isInstalled()) {
      console.log(`${peer.name.padEnd(48)} not installed: ${peer.install}`);
      continue;
    }
    const line = await measurePeer(peer, directory, token);
    progressEnds();
    console.log(`${peer.name.padEnd(48)} ${line}`);
  }
}

async function measurePeer(peer: Peer, directory: string, token: string): Promise<string> {
  progress(`peers: ${peer.name}`);
  const upstream = await startUpstream();
  const ports = { PLAIN: await freePort(), GATE: await freePort(), UPSTREAM: upstream.port };
  const server = start("server", ...peer.command(directory, ports));
  await answers(`http://127.0.0.1:${ports.PLAIN}/`, server);
  const calls = { path: CLUSTERS, headers: { "cf-connecting-ip": ADDRESS }, status: 200, connections: 32 };
  const plain = openCaller({ ...calls, port: ports.PLAIN, tokens: [token] });
  const gate = openCaller({ ...calls, port: ports.GATE, tokens: [token] });
  const stranger = await fetch(`http://127.0.0.1:${ports.GATE}/`, { headers: { authorization: "Bearer no" } });
  if (stranger.status !== 401) throw new Error(`${peer.name} answers a stranger with ${stranger.status}`);
  const cost = async (caller: typeof plain): Promise<number> => {
    await caller.ready();
    const before = cpuNanoseconds(server.pid);
    await caller.burst(CALLS);
    return (cpuNanoseconds(server.pid) - before) / 1_000 / CALLS;
  };
  const [shares, micros]: [number[], number[]] = [[], []];
  for (let round = -1; round < ROUNDS; round++) {
    const [without, withJob] = [await cost(plain), await cost(gate)];
    if (round < 0) continue;
    shares.push(without / withJob);
    micros.push(withJob);
  }
  for (const caller of [plain, gate]) caller.close();
  await Promise.all([server.stop(), upstream.stop()]);
  const { median, min, max } = spreadOf(shares);
  return `${median.toFixed(2)}  (${min.toFixed(2)} to ${max.toFixed(2)}), ${spreadOf(micros).median.toFixed(0)} µs a call`;
}

/** The same keys for all: hash and identity, as many as a gateway has to search. Returns one of them. */
async function writeKeys(directory: string, { ring }: Secrets): Promise<string> {
  const store = createStore("peers", ring);
  const identity = "i".repeat(430);
  const tokens: string[] = [];
  for (let i = 0; i < KEYS; i++) tokens.push(await store.key());
  store.close();
  writeFileSync(join(directory, "keys.map"), tokens.map((token) => `${hashToken(token)} ${identity}\n`).join(""));
  // Caddy looks through its map one by one: a hundred keys are what it takes gladly.
  const few = tokens.slice(-100).map((token) => `"Bearer ${token}" "${identity}"\n`);
  writeFileSync(join(directory, "keys.caddy"), few.join(""));
  return tokens.at(-1) as string;
}

function filled(name: string, directory: string, ports: Ports): string {
  const modules = LUA.map((path) => `load_module ${path};`).join("\n");
  const values: Record<string, string> = { DIR: directory, MODULES: modules };
  for (const [port, number] of Object.entries(ports)) values[port] = String(number);
  const path = join(directory, name);
  const text = readFileSync(join(HERE, name), "utf8");
  writeFileSync(
    path,
    text.replaceAll(/@([A-Z]+)@/g, (_, key: string) => values[key] ?? ""),
  );
  return path;
}
