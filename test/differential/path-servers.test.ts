// A path that the gateway accepts is the same path for every server behind it: compared with the URL standard and with nginx,
// HAProxy and Caddy, where installed.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canonicalPath } from "../../src/core/routing/canonical-path.ts";
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

/** A server that answers with the path as it reads it. */
interface PathServer {
  readonly name: string;
  config(port: number): string;
  args(file: string, folder: string): readonly string[];
}

const PATH_SERVERS: readonly PathServer[] = [
  {
    name: "nginx",
    config: (port) => `daemon off; error_log /dev/null; pid nginx.pid; events {} http { access_log off;
      server { listen 127.0.0.1:${port}; location / { default_type text/plain; return 200 $uri; } } }`,
    args: (file, folder) => ["-p", folder, "-c", file],
  },
  {
    name: "haproxy",
    config: (
      port,
    ) => `global\n expose-experimental-directives\ndefaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s
frontend f\n bind 127.0.0.1:${port}
 http-request normalize-uri path-merge-slashes\n http-request normalize-uri path-strip-dotdot full
 http-request normalize-uri path-strip-dot\n http-request normalize-uri percent-decode-unreserved
 http-request return status 200 content-type text/plain lf-string %[path]\n`,
    args: (file) => ["-f", file],
  },
  {
    name: "caddy",
    config: (port) => `{\n admin off\n auto_https off\n log {\n output discard\n }\n}\nhttp://127.0.0.1:${port} {
 respond "{http.request.uri.path}"\n}\n`,
    args: (file) => ["run", "--adapter", "caddyfile", "--config", file],
  },
];

function randomPath(random: Random, pieces: readonly string[]): string {
  return `/${random.text(pieces, 1 + random.below(9))}`;
}

describe("canonicalPath", () => {
  it(`accepts only paths that the URL standard reads the same, in ${URLS} random addresses`, () => {
    const random = seededRandom(11);
    let accepted = 0;
    for (let i = 0; i < URLS; i++) {
      const url = `https://api.example.com${randomPath(random, PIECES)}`;
      const path = canonicalPath(url);
      if (path === null) continue;
      accepted += 1;
      const standard = new URL(url);
      if (standard.pathname !== path || decodeURIComponent(standard.pathname) !== path) expect(url).toBe(path);
    }
    expect(accepted).toBeGreaterThan(URLS / 50);
  });

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

describe.each(PATH_SERVERS)("canonicalPath against $name", (pathServer) => {
  const installed = isInstalled(pathServer.name);
  let folder = "";
  let server: ChildProcess | null = null;
  let port = 0;
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  beforeAll(async () => {
    if (!installed) return;
    folder = mkdtempSync(join(tmpdir(), "gatehouse-path-"));
    port = await freePort();
    const file = join(folder, "config");
    writeFileSync(file, pathServer.config(port));
    // A process group of its own, to be ended as a whole: nginx serves from a child that would outlive it.
    server = spawn(pathServer.name, pathServer.args(file, folder), { stdio: "ignore", cwd: folder, detached: true });
    for (let tries = 0; tries < 80; tries++) {
      if ((await fetchPath(agent, port, "/up").catch(() => null)) === "/up") return;
      await new Promise((resume) => setTimeout(resume, 100));
    }
    throw new Error(`${pathServer.name} does not start`);
  }, 10_000);
  afterAll(() => {
    if (server?.pid !== undefined) process.kill(-server.pid, "SIGKILL");
    agent.destroy();
    if (folder !== "") rmSync(folder, { recursive: true, force: true });
  });

  it.skipIf(!installed)(
    `accepts only paths that the server reads unchanged${installed ? "" : " (skipped: not installed)"}`,
    async () => {
      const random = seededRandom(13);
      const paths = new Set<string>();
      while (paths.size < SERVED) {
        const path = canonicalPath(
          `https://x${randomPath(
            random,
            PIECES.filter((piece) => !/[?#]/.test(piece)),
          )}`,
        );
        if (path !== null) paths.add(path);
      }
      const seen = await Promise.all([...paths].map((path) => fetchPath(agent, port, path)));
      expect(seen).toEqual([...paths]);
    },
    30_000,
  );
});

function fetchPath(agent: Agent, port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path, agent }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => resolve(Buffer.concat(parts).toString()));
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
