// Bundles the Worker once, as a deployment would, for all tests that start it with Miniflare.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";

export const WORKER_BUNDLE = "dist/test-worker";

export default function buildWorker(): void {
  // wrangler.toml names the directory of the console.
  mkdirSync("dist/assets", { recursive: true });
  const env = { ...process.env, WRANGLER_HIDE_BANNER: "true", WRANGLER_SEND_METRICS: "false" };
  execFileSync("npx", ["wrangler", "deploy", "--dry-run", "--outdir", WORKER_BUNDLE], {
    env,
    stdio: "pipe",
  });
}
