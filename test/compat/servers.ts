// The servers behind the gateway: how each is installed and started, and what it serves.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { copySources, find, install, ROOT, run, SCRATCH } from "./scratch.ts";

export interface Server {
  readonly name: string;
  /** Which requests it serves, as `METHOD /path`. */
  readonly serves: RegExp;
  /** Installs it. @returns its version and its command line. @throws when it cannot be had */
  prepare(): { readonly version: string; command(port: number): readonly string[] };
}

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

const APPLICATION = /^(?!\w+ \/(?:v3\/|files$))/;

/** A program of `servers/` with packages of npm, the first of which is the server itself. */
function nodeServer(name: string, packages: readonly string[], serves = APPLICATION): Server {
  return {
    name,
    serves,
    prepare() {
      const folder = npm(name, packages);
      const version = packages[0]?.replace(/^.*@/, "") ?? process.version.slice(1);
      return { version, command: (port) => [process.execPath, join(folder, `${name}.mjs`), `${port}`, ROOT] };
    },
  };
}

function npm(name: string, packages: readonly string[]): string {
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  if (packages.length === 0) return copySources("servers", `npm-${name}`);
  return install("servers", `npm-${name}`, ["npm", "install", ...options, ...packages]);
}

const KOA = ["koa@3.3.0", "koa-static@5.0.0", "koa-compress@5.2.2", "koa-conditional-get@3.0.0", "koa-etag@5.0.0"];

export const SERVERS: readonly Server[] = [
  nodeServer("node", []),
  nodeServer("express", ["express@5.3.0", "compression@1.8.2"], /^(?!\w+ \/v3\/)/),
  nodeServer("koa", [...KOA, "koa-range@0.3.0", "@koa/bodyparser@6.1.0"]),
  nodeServer("fastify", [
    "fastify@5.12.8",
    "@fastify/static@10.1.11",
    "@fastify/compress@9.2.0",
    "@fastify/formbody@9.0.1",
  ]),
  {
    name: "json-server",
    // It looks for its static files below the folder that it is started in.
    serves: /^(GET|HEAD) \/(files\/|items|missing)|^POST \/(json|form)/,
    prepare() {
      const folder = npm("json-server", ["json-server@0.17.4"]);
      const program = join(folder, "node_modules/json-server/lib/cli/bin.js");
      return {
        version: "0.17.4",
        command(port) {
          const database = join(mkdtempSync(join(SCRATCH, "db-")), "db.json");
          writeFileSync(database, JSON.stringify({ items: [{ id: 1 }, { id: 2 }, { id: 3 }], json: [], form: [] }));
          return [
            process.execPath,
            program,
            "--quiet",
            "--host=127.0.0.1",
            `--port=${port}`,
            "--static=root",
            database,
          ];
        },
      };
    },
  },
  {
    name: "prism",
    // It never answers to a body that is no JSON.
    serves: /^GET \/(items|missing|error)|^POST \/(json$|form)|^DELETE \/items/,
    prepare() {
      const folder = npm("prism", ["@stoplight/prism-cli@5.16.0"]);
      const program = join(folder, "node_modules/@stoplight/prism-cli/dist/index.js");
      const command = (port: number) => [
        ...[process.execPath, program, "mock", "--host=127.0.0.1", `--port=${port}`, "--verboseLevel=silent"],
        join(folder, "prism.yaml"),
      ];
      return { version: "5.16.0", command };
    },
  },
  {
    name: "go",
    serves: /^(GET|HEAD) \/(files|download|missing)(?!.*_page)/,
    prepare() {
      const folder = copySources("servers", "go-server");
      run(find("go"), ["build", "-o", "server", "server.go"], folder);
      const version = run("go", ["env", "GOVERSION"]).trim().replace("go", "");
      return { version, command: (port) => [join(folder, "server"), `${port}`, ROOT] };
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
      const inPackages = run("sh", ["-c", '"$0" -v 2>&1', program]);
      return { version: /nginx\/([\d.]+)/.exec(inPackages)?.[1] ?? "", command };
    },
  },
  {
    name: "etcd",
    serves: /^POST \/v3\//,
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
      return { version: /[\d.]+/.exec(run(program, ["--version"]))?.[0] ?? "", command };
    },
  },
];

/** Starts a server on a free port of the loopback, and waits until it accepts connections. */
export async function startServer(command: (port: number) => readonly string[]): Promise<RunningServer> {
  const port = await freePort();
  const [program = "", ...args] = command(port);
  const child = spawn(program, args, { cwd: SCRATCH, stdio: "ignore" });
  for (let tries = 0; !(await accepts(port)); tries += 1) {
    if (tries > 300 || child.exitCode !== null) throw new Error(`${program} does not start`);
    await setTimeout(100);
  }
  return { port, close: () => end(child) };
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
