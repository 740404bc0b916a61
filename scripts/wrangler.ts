// Runs installed commands, wrangler above all, quietly: their output is shown only when they fail.
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const ROOT = fileURLToPath(new URL("../", import.meta.url));
const WRANGLER = `${ROOT}node_modules/wrangler/bin/wrangler.js`;

// No telemetry, no update check, no sample request fetched from outside, no log files in the home directory.
export const QUIET = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_WRITE_LOGS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
};

/** Runs wrangler to its end with its output on the terminal. @returns its exit code */
export function wranglerShown(args: readonly string[]): number {
  const env = { ...process.env, ...QUIET };
  const { status } = spawnSync(process.execPath, [WRANGLER, ...args], { cwd: ROOT, env, stdio: "inherit" });
  return status ?? 1;
}

/** Runs wrangler to its end with a text as its input, which no other process can see. @throws Error when it fails */
export async function wranglerInput(args: readonly string[], input: string): Promise<void> {
  const env = { ...process.env, ...QUIET };
  const { status, stderr } = spawnSync(process.execPath, [WRANGLER, ...args], { cwd: ROOT, env, input });
  if (status !== 0) throw new Error(`wrangler ${args.join(" ")} failed:\n${stderr}`);
}

/** Runs wrangler to its end. @returns its output. @throws Error with the output, when it fails */
export function wranglerQuietly(args: readonly string[]): Promise<string> {
  return run(WRANGLER, args, QUIET);
}

/** Runs a Node script to its end. @returns its output. @throws Error with the output, when it fails */
export async function run(script: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const options = { cwd: ROOT, env: { ...process.env, NO_COLOR: "1", ...env }, maxBuffer: Infinity };
  const ended = promisify(execFile)(process.execPath, [script, ...args], options);
  const { stdout, stderr } = await ended.catch(({ stdout, stderr }) => {
    throw new Error(`${script} ${args.slice(0, 3).join(" ")} failed:\n${stdout}${stderr}`);
  });
  return stdout + stderr;
}
