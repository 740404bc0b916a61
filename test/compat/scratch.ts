// The folder below the system's temporary one in which servers and clients are installed and built. Nothing of it becomes a
// dependency of the project.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { MODIFIED } from "./scenarios.ts";

export const SCRATCH = join(tmpdir(), "gatehouse-compat");

/** The root that servers of files serve. */
export const ROOT = join(SCRATCH, "root");

/** Runs a program to its end. @returns what it has printed, on either output @throws when it fails */
export function run(cwd: string, [program = "", ...args]: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8", timeout: 300_000 });
  if (error !== undefined || status !== 0) throw error ?? new Error(`${program} fails: ${stderr}`);
  return stdout + stderr;
}

/** Runs a client, which gets a text. @returns what it has printed by its end, which is a minute later at the most */
export function converse([program = "", ...args]: readonly string[], input = ""): Promise<string> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], timeout: 60_000 });
  child.stdin.end(input);
  return text(child.stdout);
}

/** The version that a program prints, by its full path. */
export function versionOf(...command: readonly string[]): string {
  return /\d+\.[\d.]*\d/.exec(run(SCRATCH, command))?.[0] ?? "";
}

/** The full path of a program. @throws when it is not installed */
export function find(program: string): string {
  // RabbitMQ's packages put a script into the search path that runs as another user; the program itself is here.
  const folders = ["/usr/lib/rabbitmq/bin", ...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"];
  const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${program} is not installed`);
  return found;
}

/** Copies the programs into a folder of the scratch folder, and builds there. @returns the folder */
export function build(from: "servers" | "clients", to: string, ...command: readonly string[]): string {
  const folder = join(SCRATCH, `${from}-${to}`);
  cpSync(join(import.meta.dirname, from), folder, { recursive: true });
  if (command.length > 0) run(folder, command);
  return folder;
}

/** Writes the files that every server has. */
export function writeFiles(): void {
  mkdirSync(join(ROOT, "files"), { recursive: true });
  const lines = Array.from({ length: 2_000 }, (_, index) => `${index}: the quick brown fox\n`);
  writeIfMissing(join(ROOT, "files", "text.txt"), lines.join(""));
  writeIfMissing(join(ROOT, "files", "index.html"), "<!doctype html><title>files</title>\n");
  writeIfMissing(join(ROOT, "download"), Buffer.alloc(20 * 1_048_576, "0123456789abcdef-"));
}

/** Two servers that serve one file say the same of it, today and tomorrow. */
function writeIfMissing(path: string, content: string | Buffer): void {
  if (!existsSync(path)) writeFileSync(path, content);
  utimesSync(path, MODIFIED, MODIFIED);
}
