// Runs the installed wrangler, quietly: its output is shown only when it fails.
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../", import.meta.url));
const WRANGLER = fileURLToPath(new URL("../node_modules/wrangler/bin/wrangler.js", import.meta.url));

// No telemetry, no update check, no sample request fetched from outside, no log files in the home directory.
export const QUIET = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_WRITE_LOGS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
};

/** Runs wrangler to its end with its output on the terminal. @returns its exit code */
export function wranglerShown(args: readonly string[], input?: string): number {
  const { status } = spawnSync(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...QUIET },
    stdio: [input === undefined ? "inherit" : "pipe", "inherit", "inherit"],
    ...(input === undefined ? {} : { input }),
  });
  return status ?? 1;
}

/** Runs wrangler to its end. @returns its output. @throws Error with the output, when it fails */
export function wranglerQuietly(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = startWrangler(args);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (part) => {
        output += part;
      });
    }
    child.on("exit", (code) =>
      code === 0 ? resolve(output) : reject(new Error(`wrangler ${args.slice(0, 3).join(" ")} failed:\n${output}`)),
    );
  });
}

/** Starts wrangler with its output piped. */
export function startWrangler(args: readonly string[]) {
  return spawn(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...QUIET, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
}
