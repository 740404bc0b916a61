// Builds the console's static files, quietly.
import { ROOT, run } from "./wrangler.ts";

/** @throws Error with the output, when the build fails */
export async function buildConsole(): Promise<void> {
  // Also when a test runs this: the build is the deployed one.
  await run(`${ROOT}node_modules/vite/bin/vite.js`, ["build", "--logLevel", "warn"], { NODE_ENV: "production" });
}
