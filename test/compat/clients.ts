// The clients in front of the gateway: how each is built, and how it is given the requests of a session.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { runCurl } from "./curl.ts";
import type { Step } from "./scenarios.ts";
import { CLIENT_TIMEOUT_MS, copySources, find, install, run } from "./scratch.ts";

/** What a client has to say of a response. */
export interface ClientResult {
  readonly status: number;
  /** Of the last response, where redirects were followed. */
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** In Base64, or the length and the checksum of a long one. */
  readonly body: string;
  /** Milliseconds between the first and the last bytes of the body. */
  readonly spread: number;
  readonly error?: boolean;
}

export interface Client {
  readonly name: string;
  /** Builds it. @throws when it cannot be had */
  prepare(): ReadyClient;
}

export interface ReadyClient {
  readonly version: string;
  /** Sends the requests one after the other, with one key; without one where it is "". */
  send(base: string, token: string, steps: readonly Step[]): Promise<readonly ClientResult[]>;
}

function nodeClient(name: string, kind: "fetch" | "http"): Client {
  const program = join(import.meta.dirname, "clients/node.mjs");
  return { name, prepare: () => ready(process.version.slice(1), [process.execPath, program, kind]) };
}

function pythonClient(name: "requests" | "httpx", pinned: string): Client {
  return {
    name,
    prepare() {
      const setUp = `python3 -m venv . && bin/pip install --quiet --disable-pip-version-check ${name}==${pinned}`;
      const folder = install("clients", `python-${name}`, ["sh", "-c", setUp]);
      return ready(pinned, [join(folder, "bin/python"), join(folder, "python.py"), name]);
    },
  };
}

function javaClient(name: string, protocol: string): Client {
  return {
    name,
    prepare() {
      const java = find("java");
      const folder = copySources("clients", "java-client");
      run(find("javac"), ["Client.java"], folder);
      const version = /[\d.]+/.exec(run(java, ["--version"]))?.[0] ?? "";
      return ready(version, [java, "-cp", folder, "Client", protocol], forJava);
    },
  };
}

export const CLIENTS: readonly Client[] = [
  {
    name: "curl",
    prepare() {
      const program = find("curl");
      const version = /[\d.]+/.exec(run(program, ["--version"]))?.[0] ?? "";
      const send = async (base: string, token: string, steps: readonly Step[]) =>
        JSON.parse(await runCurl(program, base, token, steps));
      return { version, send };
    },
  },
  nodeClient("fetch", "fetch"),
  nodeClient("node:http", "http"),
  pythonClient("requests", "2.34.2"),
  pythonClient("httpx", "0.28.1"),
  {
    name: "go",
    prepare() {
      const folder = copySources("clients", "go-client");
      run(find("go"), ["build", "-o", "client", "client.go"], folder);
      return ready(run("go", ["env", "GOVERSION"]).trim().replace("go", ""), [join(folder, "client")]);
    },
  },
  javaClient("java", "HTTP_1_1"),
  // What it uses by default: without TLS it asks for an upgrade to HTTP/2 in every request (RFC 9110 section 7.8).
  javaClient("java, h2c", "HTTP_2"),
];

function ready(version: string, command: readonly string[], write = JSON.stringify as typeof forJava): ReadyClient {
  return {
    version,
    async send(base, token, steps) {
      const printed = await feed([...command, base, token], write(steps));
      if (printed === "") throw new Error(`no result within ${CLIENT_TIMEOUT_MS / 1_000} s`);
      return JSON.parse(printed);
    },
  };
}

/** A line for each step: Java has no parser of JSON of its own. */
function forJava(steps: readonly Step[]): string {
  const lines = steps.map(({ method, path, follow, text, size, breakAfter, chunked, until, headers }) => {
    const pairs = Object.entries(headers ?? {}).map(([name, value]) => `${name}=${value}`);
    const fields = [follow ?? false, text ?? "", size ?? 0, breakAfter ?? 0, chunked ?? false, until ?? ""];
    return [method, path, ...fields, ...pairs].join("\t");
  });
  return lines.join("\n");
}

function feed([program = "", ...args]: readonly string[], input: string): Promise<string> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], timeout: CLIENT_TIMEOUT_MS });
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    child.stdout.on("data", (part) => parts.push(part));
    child.on("error", reject);
    child.on("close", () => resolve(Buffer.concat(parts).toString("utf8")));
  });
}
