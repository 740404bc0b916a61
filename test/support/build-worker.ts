// Bundles the Worker once, as a deployment would, for all tests that start it with Miniflare.
import { execFileSync } from "node:child_process";

export const WORKER_BUNDLE = "dist/test-worker";

export default function buildWorker(): void {
  const env = { ...process.env, WRANGLER_HIDE_BANNER: "true", WRANGLER_SEND_METRICS: "false" };
  execFileSync("npx", ["wrangler", "deploy", "--dry-run", "--outdir", WORKER_BUNDLE], { env, stdio: "pipe" });
}
