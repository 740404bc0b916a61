// The first-start page in a real browser: from a Worker without secrets to an Admin key that works.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, openConsole, violations, type Watched } from "../support/browser.ts";
import { type Gatehouse, startGatehouse } from "../support/gatehouse.ts";

const SETUP = "/console/setup";
const THEMES = ["light", "dark"] as const;

let browser: Promise<Browser>;
let opened: Watched[] = [];
let started: Gatehouse[] = [];

beforeAll(() => {
  browser = launchBrowser();
  // A missing browser fails each test, not the hook.
  browser.catch(() => null);
});
afterEach(async () => {
  const faults = opened.flatMap((watched) => watched.faults);
  await Promise.all(opened.map((watched) => watched.close()));
  await Promise.all(started.map((gatehouse) => gatehouse.close()));
  [opened, started] = [[], []];
  expect(faults).toEqual([]);
});
afterAll(async () => {
  await browser.then((launched) => launched.close()).catch(() => null);
});

async function start(secrets: Readonly<Record<string, string>>, vars: Readonly<Record<string, string>> = {}) {
  const gatehouse = await startGatehouse(vars, secrets, false);
  started.push(gatehouse);
  return gatehouse;
}

async function open(gatehouse: Gatehouse, path = SETUP, theme: (typeof THEMES)[number] = "light"): Promise<Page> {
  const watched = await openConsole(await browser, gatehouse, path, { theme });
  opened.push(watched);
  return watched.page;
}

const shown = async (page: Page, label: string) =>
  (await page.getByRole("region", { name: label }).textContent()) ?? "";

async function makeSecrets(page: Page) {
  await page.getByRole("button", { name: "Make the secrets" }).click();
  await page.getByRole("button", { name: "Copy KEY_RING" }).waitFor();
  return { KEY_RING: await shown(page, "KEY_RING"), IDENTITY_KEYS: await shown(page, "IDENTITY_KEYS") };
}

async function claim(page: Page, keyRing: string) {
  await page.getByLabel("Company").fill("Example Ltd");
  await page.getByLabel("KEY_RING").fill(keyRing);
  await page.getByRole("button", { name: "Create the account" }).click();
}

/** The texts that make the secrets: of the key ring its secret, of the identity keys the private part. */
function textsIn({ KEY_RING, IDENTITY_KEYS }: { readonly KEY_RING: string; readonly IDENTITY_KEYS: string }) {
  const keys = (JSON.parse(IDENTITY_KEYS) as { readonly keys: readonly { readonly d: string }[] }).keys;
  return [...Object.values(JSON.parse(KEY_RING) as Record<string, string>), ...keys.map(({ d }) => d)];
}

const NOTHING = { KEY_RING: "generate-me", IDENTITY_KEYS: "generate-me" };

describe("the first-start page", () => {
  it("makes secrets with which the Worker starts, then an Admin key that works", async () => {
    const page = await open(await start(NOTHING), "/");
    expect(new URL(page.url()).pathname).toBe(SETUP);
    const secrets = await makeSecrets(page);
    expect(JSON.parse(await shown(page, "Input of wrangler secret bulk"))).toEqual(secrets);

    const configured = await start(secrets);
    configured.upstream.answer((_, response) => response.end("{}"));
    const account = await open(configured);
    await claim(account, secrets.KEY_RING);
    await account.getByRole("heading", { name: "Your Admin key" }).waitFor();
    const adminKey = await shown(account, "Admin key");
    expect((await configured.call(adminKey, "/api/public/v1/account")).status).toBe(200);

    await account.getByRole("button", { name: "I have stored it" }).click();
    await account.getByLabel("API key").waitFor();
    expect((await configured.call(null, SETUP)).status).toBe(404);
  });

  it("sends no secret while it makes them, and stores none", async () => {
    const page = await open(await start(NOTHING));
    const sent: string[] = [];
    page.on("request", (request) => sent.push(`${request.method()} ${request.url()} ${request.postData() ?? ""}`));
    const secrets = await makeSecrets(page);
    await page.getByRole("button", { name: "continue" }).click();
    await page.getByText("Still missing: KEY_RING, IDENTITY_KEYS.").waitFor();
    await expect.poll(() => sent.filter((line) => line.includes("/setup/state")).length).toBeGreaterThan(0);
    expect(sent.filter((line) => !line.startsWith("GET "))).toEqual([]);
    for (const value of textsIn(secrets)) expect(sent.join()).not.toContain(value);
    expect(await page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length)).toBe(0);
  });

  it("makes only the secret that is missing", async () => {
    const page = await open(await start({ IDENTITY_KEYS: "" }));
    await page.getByText("This Worker lacks IDENTITY_KEYS.").waitFor();
    await page.getByRole("button", { name: "Make the secrets" }).click();
    await page.getByRole("button", { name: "Copy IDENTITY_KEYS" }).waitFor();
    expect(await page.getByRole("region", { name: "KEY_RING" }).count()).toBe(0);
  });

  it("says how to set the upstream when that is missing", async () => {
    const page = await open(await start({}, { UPSTREAM_URL: "" }));
    await page.getByRole("heading", { name: "Name your API" }).waitFor();
    expect(await page.getByRole("button", { name: "Make the secrets" }).count()).toBe(0);
  });

  it("names the commands that make the secrets in a browser without Ed25519", async () => {
    const page = await open(await start(NOTHING));
    await page.evaluate(() => {
      const value = () => Promise.reject(new DOMException("no", "NotSupportedError"));
      Object.defineProperty(crypto.subtle, "generateKey", { value });
    });
    await page.getByRole("button", { name: "Make the secrets" }).click();
    await page.getByText("This browser cannot make the secrets").waitFor();
    expect(await shown(page, "Command for IDENTITY_KEYS")).toContain("generateKeyPairSync");
    expect(await violations(page)).toEqual([]);
  });

  it("shows at the field that another key ring is denied, and keeps the form", async () => {
    const gatehouse = await start({});
    const page = await open(gatehouse);
    await claim(page, '{"k1":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}');
    await page.getByText("This is not the KEY_RING of this deployment.").waitFor();
    expect(await page.getByLabel("KEY_RING").getAttribute("aria-invalid")).toBe("true");
    expect(await page.getByLabel("Company").inputValue()).toBe("Example Ltd");
    await claim(page, gatehouse.secrets.KEY_RING);
    await page.getByRole("heading", { name: "Your Admin key" }).waitFor();
  });

  it("leads to the console when another request has made the account", async () => {
    const gatehouse = await start({});
    const page = await open(gatehouse);
    await page.getByLabel("Company").waitFor();
    const body = JSON.stringify({ account_name: "Faster", key_ring: gatehouse.secrets.KEY_RING });
    await gatehouse.call(null, SETUP, { method: "POST", headers: { "content-type": "application/json" }, body });
    await claim(page, gatehouse.secrets.KEY_RING);
    await page.getByRole("link", { name: "Sign in to the console" }).waitFor();
  });

  it.each(THEMES)("has no accessibility violation on any of its steps in the %s theme", async (theme) => {
    const page = await open(await start(NOTHING, { UPSTREAM_URL: "" }), SETUP, theme);
    await page.getByRole("button", { name: "Make the secrets" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await makeSecrets(page);
    expect(await violations(page)).toEqual([]);

    const gatehouse = await start({});
    const account = await open(gatehouse, SETUP, theme);
    await account.getByLabel("Company").waitFor();
    expect(await violations(account)).toEqual([]);
    await claim(account, gatehouse.secrets.KEY_RING);
    await account.getByRole("heading", { name: "Your Admin key" }).waitFor();
    expect(await violations(account)).toEqual([]);
  });
});
