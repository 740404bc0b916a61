// Files that only their owner may read: keys, and the values of secrets.
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { decodeJwt } from "jose";
import { ROOT } from "./wrangler.ts";

export type Vars = Readonly<Record<string, string | undefined>>;

/** Writes a file that only its owner may read. It is there as a whole, or not at all. */
export function keep(path: string, text: string): void {
  const unfinished = `${path}.new`;
  writeFileSync(unfinished, text, { mode: 0o600 });
  chmodSync(unfinished, 0o600);
  renameSync(unfinished, path);
}

/**
 * Keeps a key of `npm start` in `.dev/`, and beside it the header that curl reads: a key on a command line is seen by every
 * process of the machine, and stays in the shell's history.
 *
 * @param name the file's name: `admin-key`
 */
export function keepKey(name: string, token: string): void {
  keep(`${ROOT}.dev/${name}`, `${token}\n`);
  keep(`${ROOT}.dev/${name}.header`, `Authorization: Bearer ${token}\n`);
}

/** The claims of a key in `.dev/`; `null`: there is none, or it is no key. */
export function readKept(name: string): { readonly acc?: unknown; readonly jti?: unknown } | null {
  try {
    return decodeJwt(readFileSync(`${ROOT}.dev/${name}`, "utf8").trim());
  } catch {
    return null;
  }
}

/** The variables of a file in the format of .dev.vars; none when there is no file. */
export function readVars(path: string): Vars {
  return existsSync(path) ? parseEnv(readFileSync(path, "utf8")) : {};
}

/**
 * Changes variables of a file and leaves its other lines as they are.
 *
 * @param changes new values without a single quote or a line break
 */
export function writeVars(path: string, changes: Readonly<Record<string, string>>): void {
  const lines = existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
  const kept = lines.filter((line) => !Object.keys(changes).some((name) => line.startsWith(`${name}=`)));
  const added = Object.entries(changes).map(([name, value]) => `${name}='${value}'`);
  keep(path, [...kept, ...added, ""].join("\n").trimStart());
}
