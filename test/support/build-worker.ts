// Bundles the Worker once for all tests that start it on the bare runtime, as a deployment would.
import { execFileSync } from "node:child_process";

export const WORKER_BUNDLE = "dist/edge-tests";

export default function buildWorker(): void {
  const env = { ...process.env, WRANGLER_HIDE_BANNER: "true", WRANGLER_SEND_METRICS: "false" };
  execFileSync("npx", ["wrangler", "deploy", "--dry-run", "--outdir", WORKER_BUNDLE], { env, stdio: "pipe" });
}
