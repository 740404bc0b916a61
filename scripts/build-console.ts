// Builds the console's static files, quietly.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const VITE = fileURLToPath(new URL("../node_modules/vite/bin/vite.js", import.meta.url));

/** @throws Error when it cannot be built; why is on the terminal */
export function buildConsole(): Promise<void> {
  const child = spawn(process.execPath, [VITE, "build", "--logLevel", "warn"], {
    cwd: ROOT,
    // Whatever runs this, such as a test: what is built is what is deployed.
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error("the console could not be built"))));
  });
}
