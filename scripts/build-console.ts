// Builds the console's static files, quietly.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const VITE = fileURLToPath(new URL("../node_modules/vite/bin/vite.js", import.meta.url));

/** @throws Error when the build fails; its output is on the terminal */
export function buildConsole(): Promise<void> {
  const child = spawn(process.execPath, [VITE, "build", "--logLevel", "warn"], {
    cwd: ROOT,
    // Also when a test runs this: the build is the deployed one.
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error("the console could not be built"))));
  });
}
