// A copy of the project in a folder of its own: for `npm start` and the commands of an operator, which keep their state there.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "../../scripts/wrangler.ts";

const FILES = [
  "api",
  "biome.json",
  ".gitignore",
  "src",
  "scripts",
  "migrations",
  "demo",
  "wrangler.toml",
  "package.json",
  "vite.config.ts",
  "tsconfig.json",
];
const READY_WITHIN_MS = 120_000;

export interface Ended {
  readonly code: number;
  /** Standard output and standard error, which are no terminal. */
  readonly output: string;
}

export interface Started {
  readonly pid: number;
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number>;
  /** All that it has written so far. */
  readonly output: string;
  /** The lines that begin with "curl ". */
  readonly commands: readonly string[];
  stop(): Promise<void>;
}

export interface ProjectCopy {
  readonly root: string;
  read(path: string): string;
  /** Runs a script of the project to its end. */
  run(script: string, ...args: readonly string[]): Promise<Ended>;
  /** Runs a line in a shell, in the copy's folder. @returns the output */
  shell(line: string): string;
  /** Starts `npm start` on a port, and waits until it is ready. @throws Error with its output when it ends before */
  start(port: number, args?: readonly string[], env?: Readonly<Record<string, string>>): Promise<Started>;
  remove(): void;
}

export function copyProject(): ProjectCopy {
  const root = mkdtempSync(join(tmpdir(), "gatehouse-copy-"));
  for (const file of FILES) cpSync(ROOT + file, join(root, file), { recursive: true });
  mkdirSync(join(root, "dist/assets"), { recursive: true });
  symlinkSync(`${ROOT}node_modules`, join(root, "node_modules"));
  const { KEY_RING: _ring, IDENTITY_KEYS: _keys, ...env } = process.env;
  const script = (name: string, args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    spawn(process.execPath, [`scripts/${name}.ts`, ...args], { cwd: root, env: { ...env, ...more } });
  return {
    root,
    read: (path) => readFileSync(join(root, path), "utf8"),
    async run(name, ...args) {
      const child = script(name, args);
      let output = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
      const [code] = await once(child, "close");
      return { code: Number(code), output };
    },
    shell: (line) => execFileSync("sh", ["-c", line], { cwd: root, encoding: "utf8" }),
    async start(port, args = [], more = {}) {
      const child = script("start", args, { PORT: String(port), ...more });
      const lines: string[] = [];
      const ended = once(child, "exit").then(([code]) => Number(code ?? 1));
      const timer = setTimeout(() => child.kill("SIGTERM"), READY_WITHIN_MS);
      createInterface({ input: child.stderr }).on("line", (line) => void lines.push(line));
      const ready = new Promise<boolean>((resolve) => {
        createInterface({ input: child.stdout }).on("line", (line) => {
          lines.push(line);
          const isReady = lines.some((each) => each.startsWith("Ready: "));
          if (isReady && /^# revocation|^Stop this/.test(lines.at(-2) ?? "")) resolve(true);
        });
        void ended.then(() => resolve(false));
      });
      const isReady = await ready;
      clearTimeout(timer);
      if (!isReady) throw new Error(`ended before it was ready:\n${lines.join("\n")}`);
      const commands = lines.filter((line) => line.startsWith("curl "));
      return {
        pid: Number(child.pid),
        ended,
        get output() {
          return lines.join("\n");
        },
        commands,
        async stop() {
          child.kill("SIGTERM");
          await ended;
        },
      };
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
