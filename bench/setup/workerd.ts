// Starts workerd with a configuration of its own: no development proxy, nothing in front of the Worker.
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { freePort } from "../../scripts/free-port.ts";
import { CF_HEADER } from "../measure/edge-request.ts";
import { WORK } from "./build.ts";
import { type Running, start, untilReady } from "./process.ts";

const require = createRequire(import.meta.url);
/** The binary of the workerd that wrangler brings. */
const WORKERD: string = require(require.resolve("workerd", { paths: [require.resolve("wrangler")] })).default;

export interface WorkerSpec {
  readonly name: string;
  /** The Worker's one module. */
  readonly script: string;
  readonly vars?: Readonly<Record<string, string>>;
  /** Ports of the loopback. */
  readonly upstream: number;
  readonly storage?: { readonly d1: number; readonly kv: number };
  readonly v8Flags?: readonly string[];
  readonly compatibilityFlags?: readonly string[];
  /** A command to run workerd under. */
  readonly under?: readonly string[];
  /** The port of the debugging protocol. */
  readonly inspector?: number;
  /** A port on which every request runs the Worker's scheduled event. */
  readonly timer?: number;
}

export interface Worker extends Running {
  readonly name: string;
  readonly port: number;
  readonly url: string;
}

/** Starts a Worker and waits for its first response. */
export async function startWorker(spec: WorkerSpec): Promise<Worker> {
  const port = await freePort();
  const config = writeConfig(spec, port);
  const url = `http://127.0.0.1:${port}`;
  const inspector = spec.inspector === undefined ? [] : [`--inspector-addr=127.0.0.1:${spec.inspector}`];
  const command = [WORKERD, "serve", "--experimental", ...inspector, config];
  const server = start("server", [...(spec.under ?? []), ...command]);
  await untilReady(`${url}/`, server, spec.under === undefined ? 10_000 : 60_000);
  return { ...server, name: spec.name, port, url };
}

/** Writes the capnp configuration. @returns its path */
function writeConfig(spec: WorkerSpec, port: number): string {
  mkdirSync(join(WORK, "config"), { recursive: true });
  const path = join(WORK, "config", `${spec.name.replaceAll(/\W+/g, "-")}.capnp`);
  const bindings = Object.entries(spec.vars ?? {}).map(([name, value]) => `(name = ${q(name)}, text = ${q(value)})`);
  const services = [external("upstream", spec.upstream)];
  if (spec.storage !== undefined) {
    // D1 as miniflare binds it: the runtime's own client over a service that speaks its wire format.
    bindings.push(`(name = "DB", wrapped = (moduleName = "cloudflare-internal:d1-api",
        innerBindings = [(name = "fetcher", service = "d1")]))`);
    bindings.push(`(name = "KEY_COPIES", kvNamespace = "kv")`);
    services.push(external("d1", spec.storage.d1), external("kv", spec.storage.kv));
  }
  const sockets = [socket("http", port, "main")];
  if (spec.timer !== undefined) {
    const module = `export default { async fetch(_, { MAIN }) { await MAIN.scheduled({ cron: "* * * * *" }); return new Response(); } }`;
    services.push(`(name = "timer", worker = (modules = [(name = "timer.js", esModule = ${q(module)})],
      compatibilityDate = "2026-10-20", bindings = [(name = "MAIN", service = "main")]))`);
    sockets.push(socket("timer", spec.timer, "timer"));
  }
  writeFileSync(
    path,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = [${(spec.v8Flags ?? []).map(q).join(", ")}],
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed ${q(relative(dirname(path), spec.script))})],
      compatibilityDate = "2026-10-20",
      compatibilityFlags = [${(spec.compatibilityFlags ?? []).map(q).join(", ")}],
      globalOutbound = "upstream",
      bindings = [${bindings.join(",\n        ")}],
    )),
    ${services.join(",\n    ")},
  ],
  sockets = [${sockets.join(", ")}],
);
`,
  );
  return path;
}

function socket(name: string, port: number, service: string): string {
  return `(name = ${q(name)}, address = "127.0.0.1:${port}", http = (cfBlobHeader = ${q(CF_HEADER)}), service = ${q(service)})`;
}

function external(name: string, port: number): string {
  return `(name = ${q(name)}, external = (address = "127.0.0.1:${port}", http = ()))`;
}

function q(text: string): string {
  return JSON.stringify(text);
}
