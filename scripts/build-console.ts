// Builds the console's static files, quietly.
import { fileURLToPath } from "node:url";
import { build } from "vite";

/** @throws Error when it cannot be built */
export async function buildConsole(): Promise<void> {
  await build({ configFile: fileURLToPath(new URL("../vite.config.ts", import.meta.url)), logLevel: "warn" });
}
