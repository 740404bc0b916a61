// Before the browser's tests: a console as it is in this working tree, or one line that says why they are left out.
import { existsSync } from "node:fs";
import { buildConsole } from "../../scripts/build-console.ts";
import { CHROMIUM } from "../support/browser.ts";

export default async function setup(): Promise<void> {
  // No sample of a request is fetched from outside.
  process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= "false";
  await buildConsole();
  if (existsSync(CHROMIUM)) return;
  if (process.env.CI === "true") throw new Error(`the browser tests need Chromium, and there is none at ${CHROMIUM}`);
  process.stdout.write(`\nBrowser tests left out: no Chromium at ${CHROMIUM}; CHROMIUM names another one.\n`);
}
