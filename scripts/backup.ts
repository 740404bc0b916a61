// `npm run backup -- [FILE]`: a copy of D1 that `npm run restore` and `npm run audit:verify -- --file` read.
import { chmodSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { SigningKey } from "../src/core/audit/checkpoint.ts";
import type { Verified } from "../src/core/audit/verify.ts";
import { readCopy } from "./audit/read.ts";
import { verifyDatabase } from "./audit/verify-database.ts";
import { type Command, runCommand, say, UsageError } from "./command.ts";
import { LOCAL_STATE } from "./local-worker.ts";
import type { Target } from "./target.ts";
import { ROOT, wranglerQuietly } from "./wrangler.ts";

const USAGE = `npm run backup -- [FILE]

Copies D1 into FILE (mode 0600; backups/<time> by default) and verifies the copy: its audit log, and that the log explains every
key, role, list and operator. The copy has no key and no secret, but names, addresses and hashes: keep it as you keep those.
`;

/** A path from the project's root. */
export const fromRoot = (path: string): string => (isAbsolute(path) ? path : join(ROOT, path));

/** Copies D1. @param purpose begins the file's name @returns the file, from the project's root */
export async function backUp(target: Target, purpose: string, file?: string): Promise<string> {
  const time = new Date().toISOString().replaceAll(":", "-");
  const name = file ?? `backups/${purpose}-${time}${target.remote ? ".sql" : ".sqlite"}`;
  const path = fromRoot(name);
  if (existsSync(path)) throw new Error(`${name} exists already. Nothing was done.`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (target.remote) await wranglerQuietly(["d1", "export", "DB", "--remote", "--skip-confirmation", "--output", path]);
  else copyLocal(path);
  chmodSync(path, 0o600);
  return name;
}

/** SQLite's own copy: also complete while `npm start` writes. */
function copyLocal(path: string): void {
  const folder = join(ROOT, LOCAL_STATE, "v3/d1/miniflare-D1DatabaseObject");
  const found = existsSync(folder) ? readdirSync(folder).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name)) : [];
  const [file] = found;
  if (file === undefined || found.length > 1) throw new Error(`${found.length} databases in ${folder}`);
  const db = new DatabaseSync(join(folder, file));
  try {
    db.exec(`VACUUM INTO '${path.replaceAll("'", "''")}'`);
  } finally {
    db.close();
  }
}

/** Verifies a copy. @throws Error when it is none of Gatehouse */
export async function verifyCopy(target: Target, file: string): Promise<Verified> {
  const text = target.secrets().IDENTITY_KEYS;
  if (text === undefined) throw new Error(`IDENTITY_KEYS is neither in ${target.secretsFile} nor in the environment.`);
  const { keys } = JSON.parse(text) as { readonly keys: readonly SigningKey[] };
  const kept = async () => ({ ends: [], findings: [] });
  return verifyDatabase(readCopy(fromRoot(file)), keys, { kept, witnesses: [], state: true }).catch((error: Error) => {
    throw new Error(`${file} is no copy of Gatehouse's database: ${error.message}`);
  });
}

async function run({ target, words, dryRun }: Command): Promise<void> {
  const [file, ...more] = words;
  if (more.length > 0) throw new UsageError("one file");
  if (dryRun) return say(`Would copy D1 of ${target.remote ? "the deployment" : "npm start"}. Nothing was done.`);
  const name = await backUp(target, "gatehouse", file);
  const { events, accounts, findings } = await verifyCopy(target, name);
  for (const { message } of findings) say(`  ${message}`);
  say(`${name}: ${events} audit events of ${accounts} accounts, ${findings.length} findings.`);
  if (findings.length > 0) process.exitCode = 1;
}

if (import.meta.main) await runCommand({ usage: USAGE, run });
