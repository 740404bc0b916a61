// The servers behind the gateway: how each is installed and started, and what it serves.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { freePort } from "../../scripts/free-port.ts";
import type { ServerDocument } from "./imported.ts";
import { build, find, ROOT, SCRATCH, versionOf } from "./scratch.ts";

export interface Server {
  readonly name: string;
  /** Which requests it serves, as `METHOD /path`. */
  readonly serves: RegExp;
  /** The `Authorization` that it requires. */
  readonly authorization?: string;
  /** Of its API, where the gateway has that table; without one, every path is forwarded. */
  readonly document?: ServerDocument;
  /** Installs it. @returns its version and its command line. @throws when it cannot be had */
  prepare(): { readonly version: string; command(port: number): readonly string[] };
}

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

const APPLICATION = /^(?!\w+ \/(?:v3\/|api\/|files$))/;

/** A server with packages of npm, the first of which is the server itself; a program of `servers/` if it is no other. */
function nodeServer(
  name: string,
  packages: readonly string[],
  serves = APPLICATION,
  command = (folder: string, port: number) => [join(folder, `${name}.mjs`), `${port}`, ROOT],
): Server {
  return {
    name,
    serves,
    prepare() {
      const npm = ["npm", "install", "--prefix=.", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
      const folder = packages.length === 0 ? build("servers", name) : build("servers", name, ...npm, ...packages);
      const version = packages[0]?.replace(/^.*@/, "") ?? process.version.slice(1);
      return { version, command: (port) => [process.execPath, ...command(folder, port)] };
    },
  };
}

const KOA = ["koa@3.3.0", "koa-static@5.0.0", "koa-compress@5.2.2", "koa-conditional-get@3.0.0", "koa-etag@5.0.0"];
const FASTIFY = ["fastify@5.12.8", "@fastify/static@10.1.11", "@fastify/compress@9.2.0", "@fastify/formbody@9.0.1"];

export const SERVERS: readonly Server[] = [
  nodeServer("node", []),
  nodeServer("express", ["express@5.3.0", "compression@1.8.2"], /^(?!\w+ \/(v3|api)\/)/),
  nodeServer("koa", [...KOA, "koa-range@0.3.0", "@koa/bodyparser@6.1.0"]),
  nodeServer("fastify", FASTIFY),
  nodeServer(
    "json-server",
    ["json-server@0.17.4"],
    /^(GET|HEAD) \/(files\/|items|missing)|^POST \/(json|form)/,
    (folder, port) => {
      const database = join(mkdtempSync(join(SCRATCH, "db-")), "db.json");
      writeFileSync(database, JSON.stringify({ items: [{ id: 1 }, { id: 2 }, { id: 3 }], json: [], form: [] }));
      const program = join(folder, "node_modules/json-server/lib/cli/bin.js");
      // It looks for its static files below the folder that it is started in.
      return [program, "--quiet", "--host=127.0.0.1", `--port=${port}`, "--static=root", database];
    },
  ),
  nodeServer(
    "prism",
    ["@stoplight/prism-cli@5.16.0"],
    // It never answers to a body that is no JSON.
    /^GET \/(items|missing|error)|^POST \/(json$|form)|^DELETE \/items/,
    (folder, port) => {
      const program = join(folder, "node_modules/@stoplight/prism-cli/dist/index.js");
      const options = ["--host=127.0.0.1", `--port=${port}`, "--verboseLevel=silent"];
      return [program, "mock", ...options, join(folder, "prism.yaml")];
    },
  ),
  {
    name: "go",
    serves: /^(GET|HEAD) \/(files|download|missing)(?!.*_page)/,
    prepare() {
      const folder = build("servers", "go", find("go"), "build", "-o", "server", "server.go");
      return { version: versionOf("go", "version"), command: (port) => [join(folder, "server"), `${port}`, ROOT] };
    },
  },
  {
    name: "nginx",
    serves: /^(GET|HEAD) \/(files|download|missing|moved|error)|^DELETE \/items/,
    prepare() {
      const program = find("nginx");
      const command = (port: number) => {
        const text = readFileSync(join(import.meta.dirname, "servers/nginx.conf"), "utf8");
        const config = join(SCRATCH, `nginx-${port}.conf`);
        writeFileSync(config, text.replaceAll("PORT", `${port}`).replaceAll("FOLDER", ROOT));
        return [program, "-c", config];
      };
      return { version: versionOf(program, "-v"), command };
    },
  },
  {
    name: "etcd",
    serves: /^POST \/v3\//,
    document: { file: "test/compat/documents/etcd.yaml" },
    prepare() {
      const program = find("etcd");
      // The same name for both: the ids of a member come from what it advertises, and nobody connects to a single one.
      const peer = "http://127.0.0.1:1";
      const command = (port: number) => [
        ...[program, `--data-dir=${mkdtempSync(join(SCRATCH, "etcd-"))}`, "--log-level=error"],
        ...[`--listen-client-urls=http://127.0.0.1:${port}`, `--advertise-client-urls=http://127.0.0.1:${port}`],
        ...["--listen-peer-urls=http://127.0.0.1:0", `--initial-advertise-peer-urls=${peer}`],
        `--initial-cluster=default=${peer}`,
      ];
      return { version: versionOf(program, "--version"), command };
    },
  },
  {
    name: "RabbitMQ",
    serves: /^\w+ \/api\//,
    authorization: `Basic ${btoa("guest:guest")}`,
    document: {
      file: "test/compat/documents/rabbitmq.yaml",
      edits: [["encodedSlash: []", 'encodedSlash: ["vhost", "name", "exchange"]']],
    },
    prepare() {
      const program = find("rabbitmq-server");
      const script = join(import.meta.dirname, "servers/rabbitmq.sh");
      const command = (port: number) => ["sh", script, program, SCRATCH, `${port}`];
      // Its own command for that leaves a process behind.
      return { version: /\d+\.[\d.]+\d/.exec(realpathSync(program))?.[0] ?? "", command };
    },
  },
];

/** Starts a server on a free port of the loopback, which is its `PORT`, and waits until it accepts connections. */
export async function startServer(
  command: (port: number) => readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const port = await freePort();
  const [program = "", ...args] = command(port);
  const options = { cwd: SCRATCH, env: { ...process.env, PORT: `${port}`, ...env }, stdio: "ignore" } as const;
  const child = spawn(program, args, options);
  const exited = once(child, "exit");
  for (let tries = 0; !(await accepts(port)); tries += 1) {
    if (tries > 600 || child.exitCode !== null) throw new Error(`${program} does not start`);
    await setTimeout(100);
  }
  const close = async () => {
    child.kill("SIGTERM");
    await exited;
  };
  return { port, close };
}

function accepts(port: number): Promise<boolean> {
  const socket = createConnection(port, "127.0.0.1");
  const accepted = once(socket, "connect").then(
    () => true,
    () => false,
  );
  return accepted.finally(() => socket.destroy());
}
