// The clients in front of the gateway: how each is built, and how it is given the requests of a session.
import { join } from "node:path";
import { runCurl } from "./curl.ts";
import type { Step } from "./scenarios.ts";
import { build, converse, find, versionOf } from "./scratch.ts";

/** What a client has to say of a response. */
export interface ClientResult {
  readonly status: number;
  /** Of the last response, where redirects were followed. */
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** In Base64. */
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
  /** Sends the requests one after the other, all with this `Authorization`; with none where it is "". */
  send(base: string, authorization: string, steps: readonly Step[]): Promise<readonly ClientResult[]>;
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
      const folder = build("clients", name, "sh", "-c", setUp);
      return ready(pinned, [join(folder, "bin/python"), join(folder, "python.py"), name]);
    },
  };
}

function javaClient(name: string, protocol: string): Client {
  return {
    name,
    prepare() {
      const java = find("java");
      const folder = build("clients", "java", find("javac"), "Client.java");
      return ready(versionOf(java, "--version"), [java, "-cp", folder, "Client", protocol], forJava);
    },
  };
}

export const CLIENTS: readonly Client[] = [
  {
    name: "curl",
    prepare() {
      const program = find("curl");
      return { version: versionOf(program, "--version"), send: (...to) => runCurl(program, ...to) };
    },
  },
  nodeClient("fetch", "fetch"),
  nodeClient("node:http", "http"),
  pythonClient("requests", "2.34.2"),
  pythonClient("httpx", "0.28.1"),
  {
    name: "go",
    prepare() {
      const folder = build("clients", "go", find("go"), "build", "-o", "client", "client.go");
      return ready(versionOf("go", "version"), [join(folder, "client")]);
    },
  },
  javaClient("java", "HTTP_1_1"),
  // What it uses by default: without TLS it asks for an upgrade to HTTP/2 in every request (RFC 9110 section 7.8).
  javaClient("java, h2c", "HTTP_2"),
];

function ready(version: string, command: readonly string[], write: typeof forJava = JSON.stringify): ReadyClient {
  return {
    version,
    async send(base, authorization, steps) {
      const printed = await converse([...command, base, authorization], write(steps));
      if (printed === "") throw new Error("no result within a minute");
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
