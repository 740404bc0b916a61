// A path that the gateway accepts is the same path for every server behind it, and its operation the same one: compared with a
// second implementation, with the URL standard, and with nginx, HAProxy and Caddy, where installed.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer as createHttpServer, get, type Server } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canonicalPath, isPlainPath } from "../../src/core/routing/canonical-path.ts";
import { matchOperation } from "../../src/core/routing/match-operation.ts";
import { compileTable } from "../../src/core/routing/operation-table.ts";
import { OPERATIONS, type Operation } from "../../src/core/routing/operations.ts";
import { naiveCanonical, naiveTarget } from "../support/naive-paths.ts";
import { type Random, seededRandom } from "../support/random.ts";

const URLS = Number(process.env.PATH_ROUNDS ?? 300_000);
const SERVED = Number(process.env.PATH_SERVED ?? 1_500);

const PIECES = [
  "a",
  "B",
  "9",
  "admin",
  ".",
  "..",
  "...",
  "/",
  "/",
  "//",
  "%2e",
  "%2f",
  "%5c",
  "%",
  "%00",
  "\\",
  ";",
  ";x=1",
].concat([
  "~",
  "-",
  "_",
  "!",
  "$",
  "&",
  "'",
  "(",
  ")",
  "*",
  "+",
  ",",
  "=",
  ":",
  "@",
  "?",
  "#",
  " ",
  "\t",
  "\n",
  "é",
  "|",
  "{",
  "[",
  '"',
]);

const A = "/api/public/v1/accounts/0f3b1c52-6d0a-4a7e-9c55-2f8f0c1d7a10";
const AUDIT = `${A}/audit/head`;
/** Where the paths of the table below begin, and what follows, encoded and not. */
const STARTS = [
  "/v1/",
  "/v1/",
  "/v1/",
  "/v1/7/",
  "/v1/a/parts/",
  "/kv/",
  "/kv/a/",
  "/",
  "/console",
  "/x/",
  AUDIT,
  `${A}/roles`,
  `${A}/roles/`,
];
const VALUES = ["a", "a", "7", "-", "all", "a+b", "a%2Bb", ":cancel", "%3acancel", ".json", "/parts/", "/", "/"].concat(
  ["%20", "%40", "%2f", "%2F", "/lock", "%2Flock", "%c3%a9", "%C3%A9", "%F0%9F%98%80", ".", "..", "console", "x"],
  ["%EF%BD%83onsole", "accounts", "A", "audit%2Fhead", "%3B", "%3F", "%7c"],
);
const BAD_VALUES = ["%25", "%00", "%C3", "%EF%BC%8F", "%2e", "%41", "%", "%C2%80", "%5C", "..%2F"];

const row = (
  method: Operation["method"],
  path: string,
  permission: Operation["permission"],
  more: Partial<Operation> = {},
) =>
  ({
    ...{ operationId: `${method} ${path}`, method, path, permission, handledBy: "upstream" },
    ...{ effect: method === "GET" ? "safe" : "mutating", ...more },
  }) as const satisfies Operation;

/** What the grammar has, each in a way that another row could be read as. */
const TABLE: readonly Operation[] = [
  row("GET", "/v1/{id}", "CLUSTER:READ"),
  row("HEAD", "/v1/{id}", "CLUSTER:READ"),
  row("DELETE", "/v1/{id}", "CLUSTER:DELETE"),
  row("GET", "/v1/{id}:cancel", "CLUSTER:PAUSE"),
  row("GET", "/v1/{name}.json", "CLUSTER:READ"),
  row("GET", "/v1/all", "PROJECT:READ"),
  row("GET", "/v1/all/", "PROJECT:READ"),
  row("GET", "/v1/a+b", "VPC:READ"),
  row("GET", "/v1/{id}/parts/{part}", "CLUSTER:READ", { encodedSlash: ["part"] }),
  row("GET", "/v1/{n}/{u}", "BACKUP:READ", { formats: { n: "integer", u: { pattern: "^[a-é 😀@]+$" } } }),
  row("DELETE", "/v1/{n}/{u}", "BACKUP:DELETE", { formats: { n: { enum: ["a", "7", "a b"] } } }),
  row("GET", "/kv/{key...}", "TRACK:READ", { encodedSlash: ["key"] }),
  row("DELETE", "/kv/{key}", "CDC_SINK:DELETE", { encodedSlash: ["key"] }),
  row("DELETE", "/kv/{key}/lock", "CDC_STREAM:DELETE"),
  row("GET", "/kv/{key}/lock", "TRACK:READ"),
  row("GET", "/{a}/{b}", "TRACK:READ"),
  row("GET", "/{a}/{b}/{rest...}", "TRACK:READ", { encodedSlash: ["rest"] }),
  ...OPERATIONS.filter(({ operationId }) => ["getAuditHead", "listRbacRoles", "getRole"].includes(operationId)),
];
const ROUTES = compileTable(TABLE);
/** Gatehouse's, as access-control.md and well-known paths have them. */
const RESERVED = ["/console", "/.well-known/gatehouse"]
  .concat(TABLE.filter(({ handledBy }) => handledBy === "gatehouse").map(({ path }) => path))
  .map((path) => new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}(/|$)`));

/** What the gateway authorizes, in the form of the second implementation. */
function targetOf(method: string, path: string): ReturnType<typeof naiveTarget> {
  const target = matchOperation(method, path, "", ROUTES);
  if ("reason" in target) return target.reason as Exclude<ReturnType<typeof naiveTarget>, object>;
  const values = Object.entries(target.params).map(([name, value]) => [name, decodeURIComponent(value)]);
  return { row: target.operation as Operation, values: Object.fromEntries(values) };
}

/** A server that forwards to an upstream, with the path as the server itself reads it in `X-Read`, in brackets. */
interface PathServer {
  readonly name: string;
  config(port: number, upstream: number): string;
  args(file: string, folder: string): readonly string[];
  /** What it reads of a path: nginx decodes and merges slashes, HAProxy decodes nothing, Caddy decodes. */
  reading(path: string): string;
}

const PATH_SERVERS: readonly PathServer[] = [
  {
    name: "nginx",
    config: (port, upstream) => `daemon off; error_log /dev/null; pid nginx.pid; events {} http { access_log off;
      server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstream}; proxy_set_header X-Read "[$uri]"; } } }`,
    args: (file, folder) => ["-p", folder, "-c", file],
    reading: (path) => decodeURIComponent(path).replace(/\/{2,}/g, "/"),
  },
  {
    name: "haproxy",
    config: (
      port,
      upstream,
    ) => `global\n expose-experimental-directives\ndefaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s
frontend f\n bind 127.0.0.1:${port}
 http-request normalize-uri path-merge-slashes\n http-request normalize-uri path-strip-dotdot full
 http-request normalize-uri path-strip-dot\n http-request normalize-uri percent-decode-unreserved
 http-request normalize-uri percent-to-uppercase\n http-request set-header x-read [%[path]]\n default_backend b
backend b\n server s 127.0.0.1:${upstream}\n`,
    args: (file) => ["-f", file],
    reading: (path) => path,
  },
  {
    name: "caddy",
    config: (
      port,
      upstream,
    ) => `{\n admin off\n auto_https off\n log {\n output discard\n }\n}\nhttp://127.0.0.1:${port} {
 reverse_proxy 127.0.0.1:${upstream} {\n header_up X-Read "[{http.request.uri.path}]"\n }\n}\n`,
    args: (file) => ["run", "--adapter", "caddyfile", "--config", file],
    reading: (path) => decodeURIComponent(path),
  },
];

function randomPath(random: Random, pieces: readonly string[]): string {
  return `/${random.text(pieces, 1 + random.below(9))}`;
}

/** A path near those of the table. */
function randomCall(random: Random): string {
  const start = random.pick(STARTS);
  const values = random.below(6) === 0 ? [...VALUES, ...BAD_VALUES] : VALUES;
  return start + random.text(values, random.below(start === "/" ? 6 : 4));
}

describe("canonicalPath", () => {
  it(`accepts only paths that the URL standard reads the same, in ${URLS} random addresses`, () => {
    const random = seededRandom(11);
    let [accepted, encoded] = [0, 0];
    for (let i = 0; i < URLS; i++) {
      const text = i % 2 === 0 ? randomPath(random, PIECES) : randomCall(random);
      const path = canonicalPath(`https://api.example.com${text}`);
      if (path !== naiveCanonical(text.replace(/\?[^#]*$/, ""))) expect(text).toBe(path);
      if (path === null) continue;
      accepted += 1;
      if (path.includes("%")) encoded += 1;
      const standard = new URL(path, "https://api.example.com").pathname;
      if (standard !== path || encodedAgain(path) !== path) expect(text).toBe(path);
    }
    expect(accepted).toBeGreaterThan(URLS / 10);
    expect(encoded).toBeGreaterThan(URLS / 20);
  }, 60_000);

  it("accepts paths that the URL standard reads differently once the matcher decodes them", () => {
    const random = seededRandom(11);
    const decoding = (url: string) => {
      try {
        return canonicalPath(decodeURIComponent(url));
      } catch {
        return null;
      }
    };
    const urls = Array.from({ length: 20_000 }, () => `https://api.example.com${randomPath(random, PIECES)}`);
    const differs = (url: string) => decoding(url) !== null && new URL(url).pathname !== decoding(url);
    expect(urls.some(differs)).toBe(true);
  });
});

describe("matchOperation", () => {
  it(`authorizes what a second implementation of the grammar does, in ${URLS} random paths`, () => {
    const random = seededRandom(12);
    const kinds = new Map<string, number>();
    for (let i = 0; i < URLS; ) {
      const path = canonicalPath(`https://x${randomCall(random)}`);
      if (path === null) continue;
      i += 1;
      const method = random.pick(["GET", "GET", "HEAD", "DELETE", "PUT"]);
      const [target, should] = [targetOf(method, path), naiveTarget(TABLE, RESERVED, method, path)];
      const kind = typeof should === "string" ? should : should.row.operationId;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      if (JSON.stringify(target) !== JSON.stringify(should))
        expect([method, path, target]).toEqual([method, path, should]);
    }
    // Every row and every denial occurs.
    expect(kinds.size).toBe(TABLE.length + 4);
  }, 120_000);
});

/** A path decoded and encoded again, segment by segment, with the characters kept that it has in plain. */
function encodedAgain(path: string): string {
  return path.replace(/(?:%..)+/g, (octets) =>
    [...decodeURIComponent(octets)]
      .flatMap((character) => [...new TextEncoder().encode(character)])
      .map((octet) => `%${octet.toString(16).toUpperCase().padStart(2, "0")}`)
      .join(""),
  );
}

describe.each(PATH_SERVERS)("canonicalPath against $name", (pathServer) => {
  const installed = isInstalled(pathServer.name);
  let folder = "";
  let server: ChildProcess | null = null;
  let upstream: Server | null = null;
  let port = 0;
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  beforeAll(async () => {
    if (!installed) return;
    folder = mkdtempSync(join(tmpdir(), "gatehouse-path-"));
    // The upstream answers with what it was asked, and what the server in front of it has read.
    upstream = createHttpServer((request, response) => {
      response.end(JSON.stringify([request.url, utf8(request.headers["x-read"])]));
    }).listen(0, "127.0.0.1");
    await once(upstream, "listening");
    port = await freePort();
    const file = join(folder, "config");
    writeFileSync(file, pathServer.config(port, (upstream.address() as AddressInfo).port));
    // A process group of its own, to be ended as a whole: nginx serves from a child that would outlive it.
    server = spawn(pathServer.name, pathServer.args(file, folder), { stdio: "ignore", cwd: folder, detached: true });
    for (let tries = 0; tries < 80; tries++) {
      if ((await fetchPath(agent, port, "/up").catch(() => null))?.[0] === "/up") return;
      await new Promise((resume) => setTimeout(resume, 100));
    }
    throw new Error(`${pathServer.name} does not start`);
  }, 10_000);
  afterAll(() => {
    if (server?.pid !== undefined) process.kill(-server.pid, "SIGKILL");
    agent.destroy();
    upstream?.closeAllConnections();
    upstream?.close();
    if (folder !== "") rmSync(folder, { recursive: true, force: true });
  });

  it.skipIf(!installed)(
    `asks the upstream for what was authorized, and accepts only paths that the server reads so${installed ? "" : " (skipped: not installed)"}`,
    async () => {
      const random = seededRandom(13);
      const pieces = PIECES.filter((piece) => !/[?#]/.test(piece));
      const paths = new Map<string, unknown>();
      while (paths.size < SERVED) {
        const text = paths.size % 2 === 0 ? randomPath(random, pieces) : randomCall(random);
        const path = canonicalPath(`https://x${text}`);
        if (path === null) continue;
        // Half are those that the table has; a path with "%" that it does not have is denied.
        const target = targetOf("GET", path);
        if (typeof target === "object" || (isPlainPath(path) && paths.size % 2 === 0)) paths.set(path, target);
      }
      expect([...paths.keys()].filter((path) => path.includes("%")).length).toBeGreaterThan(SERVED / 5);
      await Promise.all(
        [...paths].map(async ([path, target]) => {
          const [asked, read] = await fetchPath(agent, port, path);
          expect([path, asked, read]).toEqual([path, path, `[${pathServer.reading(path)}]`]);
          expect([path, naiveTarget(TABLE, RESERVED, "GET", asked)]).toEqual([path, target]);
        }),
      );
    },
    30_000,
  );
});

/** Node reads header fields as Latin-1. */
function utf8(value: string | readonly string[] | undefined): string {
  return Buffer.from(String(value), "latin1").toString("utf8");
}

function fetchPath(agent: Agent, port: number, path: string): Promise<readonly [asked: string, read: string]> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path, agent }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => resolve(JSON.parse(Buffer.concat(parts).toString())));
    }).on("error", reject);
  });
}

function isInstalled(name: string): boolean {
  try {
    execFileSync("which", [name], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
