// Which gateways there are, how each is installed and started, and what of the job it cannot do.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Ground } from "../setup/servers.ts";
import { type Contender, startBoth, startEach, startWorkers } from "./contender.ts";
import { filled, HERE, type PeerKeys } from "./keys.ts";

export interface Peer {
  readonly name: string;
  /** What of the job it leaves out, or nothing. */
  readonly lacks: string;
  readonly install: string;
  isInstalled(): boolean;
  start(keys: PeerKeys, ground: Ground): Promise<Contender>;
  /** `false`: its keys do not end by themselves. */
  readonly knowsExpiry?: boolean;
  /** `false`: there is no job, only two equal servers. */
  readonly hasJob?: boolean;
  /** Where the caller's address is looked for, when it cannot be `cf-connecting-ip`. */
  readonly addressHeader?: string;
  /** How a key is written in a call, when it cannot be as it is. */
  credential?(token: string): string;
}

/** All at once: npm takes away what an earlier `--no-save` brought. */
const NPM =
  "npm install --prefix bench/peers --no-save --ignore-scripts fastify@5 @fastify/http-proxy@11 fast-gateway@3 express-gateway@1";
const runs = (command: string, argument: string) => spawnSync(command, [argument]).error === undefined;
const hasPackage = (name: string) => existsSync(join(HERE, "node_modules", name));
const modulesOf = (names: readonly string[]) => names.map((name) => `/usr/lib/nginx/modules/${name}_module.so`);

export const PEERS: readonly Peer[] = [
  {
    name: "two equal raw Workers",
    lacks: "the job: tells how far to trust the rest",
    install: "",
    hasJob: false,
    isInstalled: () => true,
    start: (_, ground) => startWorkers("raw", "raw again", ground),
  },
  {
    name: "Gatehouse",
    lacks: "",
    install: "",
    isInstalled: () => true,
    start: (_, ground) => startWorkers("raw", "gatehouse", ground),
  },
  {
    name: "HAProxy",
    lacks: "",
    install: "apt-get install haproxy",
    isInstalled: () => runs("haproxy", "-v"),
    start: (keys, ground) => configured("haproxy.cfg", keys, ground, (file) => ["haproxy", ["-f", file]]),
  },
  nginx("nginx + Lua", "nginx-lua.conf", ["ndk_http", "ngx_http_lua"], "libnginx-mod-http-lua"),
  nginx("nginx + njs", "nginx-njs.conf", ["ngx_http_js"], "libnginx-mod-http-js"),
  {
    name: "Caddy",
    lacks: "hashes: 100 keys in plain text",
    install: "apt-get install caddy",
    addressHeader: "x-forwarded-for",
    isInstalled: () => runs("caddy", "version"),
    start: (keys, ground) =>
      configured("Caddyfile", keys, ground, (file) => ["caddy", ["run", "--adapter", "caddyfile", "--config", file]]),
  },
  inNode("Fastify + http-proxy", "fastify.mjs", "@fastify/http-proxy"),
  inNode("fast-gateway", "fast-gateway.mjs", "fast-gateway"),
  {
    name: "express-gateway",
    lacks: "hashes, expiry",
    install: NPM,
    knowsExpiry: false,
    isInstalled: () => hasPackage("express-gateway"),
    // Its keys have an id and a secret, with a colon between.
    credential: (token) => `${token.slice(0, -43)}:${token.slice(-43)}`,
    start: ({ directory }, { surroundings: { upstream } }) =>
      startEach((port, job) => node("express-gateway.mjs", job, port, upstream, directory)),
  },
];

function nginx(name: string, file: string, modules: readonly string[], debian: string): Peer {
  const paths = modulesOf(modules);
  const MODULES = paths.map((path) => `load_module ${path};`).join("\n");
  return {
    name,
    lacks: "",
    install: `apt-get install nginx ${debian}`,
    isInstalled: () => runs("nginx", "-v") && paths.every((path) => existsSync(path)),
    start: (keys, ground) =>
      configured(file, keys, ground, (path) => ["nginx", ["-p", keys.directory, "-c", path]], { MODULES }),
  };
}

function inNode(name: string, script: string, needs: string): Peer {
  return {
    name,
    lacks: "",
    install: NPM,
    isInstalled: () => hasPackage(needs),
    start: ({ directory }, { surroundings: { upstream } }) =>
      startBoth(upstream, ({ PLAIN, GATE, UPSTREAM }) => node(script, PLAIN, GATE, UPSTREAM, directory)),
  };
}

function node(script: string, ...args: readonly (string | number)[]): [string, string[]] {
  return [process.execPath, [join(HERE, script), ...args.map(String)]];
}

function configured(
  name: string,
  { directory }: PeerKeys,
  { surroundings: { upstream } }: Ground,
  command: (file: string) => readonly [string, readonly string[]],
  values: Readonly<Record<string, string>> = {},
): Promise<Contender> {
  return startBoth(upstream, (ports) => command(filled(name, directory, { ...ports, ...values })));
}
