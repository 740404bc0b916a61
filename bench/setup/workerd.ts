// workerd alone, served by a configuration of its own: no development proxy, nothing in front of the Worker.
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { answers, freePort, type Running, start } from "./process.ts";
import { WORK } from "./work.ts";

const require = createRequire(import.meta.url);
/** The binary that wrangler deploys with: whichever workerd is installed. */
export const WORKERD: string = require(require.resolve("workerd", { paths: [require.resolve("wrangler")] })).default;

export interface WorkerSpec {
  readonly name: string;
  /** The Worker's one module. */
  readonly script: string;
  readonly vars?: Readonly<Record<string, string>>;
  /** Ports of the loopback. */
  readonly upstream: number;
  readonly storage?: { readonly d1: number; readonly kv: number };
  /** A module that answers first, and imports the script as "./worker.js". */
  readonly before?: string;
  readonly v8Flags?: readonly string[];
  /** A command that the server is run by. */
  readonly under?: readonly string[];
  /** Where a debugger may look in. */
  readonly inspector?: number;
}

export interface Worker extends Running {
  readonly name: string;
  readonly port: number;
  readonly url: string;
}

/** Start a Worker and wait for its first answer. */
export async function startWorker(spec: WorkerSpec): Promise<Worker> {
  const port = await freePort();
  const config = writeConfig(spec, port);
  const url = `http://127.0.0.1:${port}`;
  const [command, ...rest] = [...(spec.under ?? []), WORKERD, ...workerdArguments(config, spec.inspector)];
  const server = start("server", command as string, rest);
  await answers(`${url}/`, server, spec.under === undefined ? 10_000 : 60_000);
  return { ...server, name: spec.name, port, url };
}

export function workerdArguments(config: string, inspector?: number): readonly string[] {
  const inspect = inspector === undefined ? [] : [`--inspector-addr=127.0.0.1:${inspector}`];
  return ["serve", "--experimental", ...inspect, config];
}

/** Write the capnp configuration beside the script; returns its path. */
export function writeConfig(spec: WorkerSpec, port: number): string {
  const directory = join(WORK, "config");
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${spec.name.replaceAll(/\W+/g, "-")}.capnp`);
  const bindings = Object.entries(spec.vars ?? {}).map(([name, value]) => `(name = ${q(name)}, text = ${q(value)})`);
  const services = [external("upstream", spec.upstream)];
  if (spec.storage !== undefined) {
    // D1 as miniflare binds it: the runtime's own client over a service that speaks its wire format.
    bindings.push(`(name = "DB", wrapped = (moduleName = "cloudflare-internal:d1-api",
        innerBindings = [(name = "fetcher", service = "d1")]))`);
    bindings.push(`(name = "KEY_COPIES", kvNamespace = "kv")`);
    services.push(external("d1", spec.storage.d1), external("kv", spec.storage.kv));
  }
  const module = (name: string, file: string) =>
    `(name = ${q(name)}, esModule = embed ${q(relative(directory, file))})`;
  const modules = [
    ...(spec.before === undefined ? [] : [module("before.js", spec.before)]),
    module("worker.js", spec.script),
  ];
  writeFileSync(
    path,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = [${(spec.v8Flags ?? []).map(q).join(", ")}],
  services = [
    (name = "main", worker = (
      modules = [${modules.join(", ")}],
      compatibilityDate = "2026-10-20",
      globalOutbound = "upstream",
      bindings = [${bindings.join(",\n        ")}],
    )),
    ${services.join(",\n    ")},
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`,
  );
  return path;
}

function external(name: string, port: number): string {
  return `(name = ${q(name)}, external = (address = "127.0.0.1:${port}", http = ()))`;
}

function q(text: string): string {
  return JSON.stringify(text);
}
