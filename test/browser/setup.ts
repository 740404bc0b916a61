// Builds the console of this working tree before the browser tests. Without a browser, one line says that they are skipped.
import { buildConsole } from "../../scripts/build-console.ts";
import { CHROMIUM, hasBrowser } from "../support/browser.ts";

export default async function setup(): Promise<void> {
  // Miniflare must not fetch a sample of `request.cf` from the network.
  process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= "false";
  await buildConsole();
  if (hasBrowser) return;
  process.stdout.write(`\nBrowser tests skipped: no Chromium at ${CHROMIUM}. Set CHROMIUM to use another path.\n`);
}
