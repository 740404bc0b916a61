// Bundles the Worker once, as a deployment would, for all tests that start it with Miniflare.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { apiArguments } from "../../scripts/api/chosen-api.ts";

export const WORKER_BUNDLE = "dist/test-worker";

export default function buildWorker(): void {
  bundleWorker(WORKER_BUNDLE, apiArguments("aeon"));
}

/** Bundles the Worker into a folder, for the API that the arguments of wrangler name. */
export function bundleWorker(folder: string, api: readonly string[]): void {
  // wrangler.toml names the directory of the console.
  mkdirSync("dist/assets", { recursive: true });
  const env = { ...process.env, WRANGLER_HIDE_BANNER: "true", WRANGLER_SEND_METRICS: "false" };
  execFileSync("npx", ["wrangler", "deploy", "--dry-run", "--outdir", folder, ...api], { env, stdio: "pipe" });
}
