// The folder below the system's temporary one in which servers and clients are installed and built. Nothing of it becomes a
// dependency of the project.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { MODIFIED } from "./scenarios.ts";

export const SCRATCH = join(tmpdir(), "gatehouse-compat");

/** A client has to have sent its requests after so long. */
export const CLIENT_TIMEOUT_MS = 60_000;

/** The root that servers of files serve. */
export const ROOT = join(SCRATCH, "root");

/** Runs a program to its end. @returns what it has printed, on either output */
export function run(command: string, args: readonly string[], cwd = SCRATCH): string {
  mkdirSync(cwd, { recursive: true });
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 300_000 });
}

/** The full path of a program. @throws when it is not installed */
export function find(program: string): string {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"];
  const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${program} is not installed`);
  return found;
}

/** Copies a program's sources into a folder of the scratch folder. @returns that folder */
export function copySources(from: "servers" | "clients", to: string): string {
  const folder = join(SCRATCH, to);
  cpSync(join(import.meta.dirname, from), folder, { recursive: true });
  return folder;
}

/** Installs packages once for each list of versions. @returns the folder that has them, with the programs of `from` */
export function install(from: "servers" | "clients", to: string, command: readonly string[]): string {
  const folder = copySources(from, to);
  const marker = join(folder, `.installed-${command.join(" ").replace(/[^\w.@-]+/g, "-")}`);
  if (existsSync(marker)) return folder;
  const [program = "", ...args] = command;
  if (program === "npm") writeFileSync(join(folder, "package.json"), "{}");
  run(program, args, folder);
  writeFileSync(marker, "");
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
