// Before the browser's tests: a console as it is in this working tree, or one line that says why they are left out.
import { buildConsole } from "../../scripts/build-console.ts";
import { CHROMIUM, hasBrowser } from "../support/browser.ts";

export default async function setup(): Promise<void> {
  // No sample of a request is fetched from outside.
  process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= "false";
  await buildConsole();
  if (hasBrowser) return;
  process.stdout.write(`\nBrowser tests left out: no Chromium at ${CHROMIUM}; CHROMIUM names another one.\n`);
}
