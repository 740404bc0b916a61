// A real browser in front of a real Gatehouse. Records what a page must never do: send a request to another host, break its
// content security policy, or write to the browser's console.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Gatehouse } from "./gatehouse.ts";

export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** With CI=true no browser test is skipped: without a browser, they fail. */
export const hasBrowser = existsSync(CHROMIUM) || process.env.CI === "true";

const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ARGS });
}

export interface Watched {
  readonly page: Page;
  /** Everything that the page did and must not do, a line each. */
  readonly faults: string[];
  /** Every message in the browser's console. */
  readonly said: string[];
  close(): Promise<void>;
}

export interface PageOptions {
  readonly theme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
}

/** Opens a console page without signing in. */
export async function openConsole(
  browser: Browser,
  gatehouse: Gatehouse,
  path = "/console/",
  { theme = "light", width = 1280, height = 900 }: PageOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: "reduce",
    locale: "en-GB",
    timezoneId: "UTC",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  const faults: string[] = [];
  const said: string[] = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(gatehouse.url) && !url.startsWith("blob:")) faults.push(`asked ${url}`);
  });
  page.on("pageerror", (error) => faults.push(`threw ${error.message}`));
  page.on("console", (message) => {
    said.push(message.text());
    // Chromium itself writes a line for every failed request; all others are the page's.
    if (!message.text().startsWith("Failed to load resource")) faults.push(`said ${message.text()}`);
  });
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile} ${event.sample}`);
    });
  });
  await page.goto(gatehouse.url + path);
  return { page, faults, said, close: () => context.close() };
}

export async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel("API key").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor({ state: "detached" });
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The accessibility violations that axe finds in the page, a line each. */
export async function violations(page: Page): Promise<readonly string[]> {
  // Evaluated through the debugger, since the page's policy forbids scripts in it.
  await page.evaluate(AXE);
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html} — ${node.failureSummary}`),
  );
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}
