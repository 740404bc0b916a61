// `npm run screenshots`: the README's pictures of the console, from a Gatehouse with invented keys. The key in the pictures
// is fake: it replaces the real one before the response reaches the page.
import { mkdirSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, openConsole, type PageOptions, signIn } from "../test/support/browser.ts";
import { type ConsoleWorld, putKeys, startConsoleWorld } from "../test/support/console.ts";
import { ACCOUNT, CLUSTERS, PROJECT } from "../test/support/gatehouse.ts";
import { ROLE_IDS } from "../test/support/seed.ts";
import { buildConsole } from "./build-console.ts";
import { ROOT } from "./wrangler.ts";

// Miniflare must not fetch a sample of `request.cf` from the network.
process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= "false";
const OUT = `${ROOT}docs/images`;
const DAY = 86_400_000;
const FAKE = `eyJhbGciOiJIUzI1NiIsInR5cCI6ImdhdGVob3VzZS1rZXkrand0In0.${"EXAMPLE-".repeat(28)}.NOT-A-KEY-ONLY-A-PICTURE-OF-ONE`;
const THEMES = ["light", "dark"] as const;
const CREATED = "deploy-bot";

interface World extends ConsoleWorld {
  /** The ID of a denied request. */
  readonly deniedId: string;
}

async function makeWorld(): Promise<World> {
  const world = await startConsoleWorld();
  const now = Date.now();
  const ago = (days: number) => now - days * DAY;
  const by = { anna: "anna.keller@example.com", jun: "jun.park@example.com", ci: "terraform" };
  await putKeys(world.gatehouse, [
    {
      name: "backup-nightly",
      role: "Developer",
      issuer: by.ci,
      createdAt: ago(81),
      lastUsedAt: now - 6 * 3_600_000,
      lastUsedFrom: "198.51.100.20",
      uses: 1893,
      expiresAt: now + 4.2 * DAY,
      description: "Takes the backups of production, every night at two",
    },
    {
      name: "grafana-dashboards",
      role: "Viewer",
      issuer: by.anna,
      createdAt: ago(212),
      lastUsedAt: now - 40_000,
      uses: 981_220,
      expiresAt: now + 153 * DAY,
    },
    {
      name: "terraform-production",
      role: "Admin",
      issuer: by.anna,
      createdAt: ago(40),
      lastUsedAt: now - 2.4 * 3_600_000,
      uses: 4211,
      expiresAt: now + 50 * DAY,
    },
    {
      name: "ci-integration-tests",
      role: "Developer",
      issuer: by.jun,
      createdAt: ago(18),
      lastUsedAt: now - 300_000,
      uses: 12_877,
      expiresAt: now + 72 * DAY,
    },
    { name: "cost-report", role: "Viewer", issuer: by.jun, createdAt: ago(9), expiresAt: now + 21 * DAY },
    {
      name: "migration-2025",
      role: "Admin",
      issuer: by.anna,
      createdAt: ago(420),
      lastUsedAt: ago(330),
      uses: 77,
      revokedAt: ago(329),
      expiresAt: now + 10 * DAY,
    },
    {
      name: "laptop-jun",
      role: "Developer",
      issuer: by.jun,
      createdAt: ago(120),
      lastUsedAt: ago(31),
      uses: 640,
      expiresAt: ago(30),
    },
    {
      name: "autoscaler",
      role: "Developer",
      issuer: by.ci,
      createdAt: ago(64),
      lastUsedAt: now - 11_000,
      uses: 55_340,
      expiresAt: null,
    },
  ]);
  await createList(world, "office-zurich", ["203.0.113.0/24", "2001:db8:42::/48"]);
  await createList(world, "ci-runners", ["198.51.100.16/28"]);
  await bind(world, "terraform-production", "office-zurich");
  await bind(world, "ci-integration-tests", "ci-runners");
  await addOperator(world, "Anna Keller", by.anna, ROLE_IDS.Admin);
  await addOperator(world, "Jun Park", by.jun, ROLE_IDS.Developer);
  return { ...world, deniedId: await denyRequest(world) };
}

async function addOperator({ gatehouse, admin }: ConsoleWorld, name: string, email: string, role_id: string) {
  const body = JSON.stringify({ name, email, role_id });
  const headers = { "content-type": "application/json" };
  const path = `/api/public/v1/accounts/${ACCOUNT}/operators`;
  const made = await gatehouse.call(admin.token, path, { method: "POST", headers, body });
  if (!made.ok) throw new Error(`${name} was not added: ${made.status} ${await made.text()}`);
}

/** Sends a request that a Viewer has no permission for. @returns its request ID */
async function denyRequest({ gatehouse }: ConsoleWorld): Promise<string> {
  const { token } = await gatehouse.key({ name: "status-page", role: "Viewer" });
  const answer = await gatehouse.call(token, `${CLUSTERS}/c1f0a7de-6a53-4c0c-8f3f-0a3f1c7d9a10/pause`, {
    method: "POST",
  });
  return ((await answer.json()) as { error: { request_id: string } }).error.request_id;
}

async function bind({ gatehouse }: ConsoleWorld, key: string, list: string): Promise<void> {
  const { DB } = gatehouse.env;
  await DB.prepare("UPDATE api_keys SET restricted = 1 WHERE name = ?").bind(key).run();
  await DB.prepare(
    `INSERT INTO api_key_allow_lists (key_id, allow_list_id)
     SELECT api_keys.id, allow_lists.id FROM api_keys, allow_lists WHERE api_keys.name = ? AND allow_lists.name = ?`,
  )
    .bind(key, list)
    .run();
}

async function createList({ gatehouse, admin }: ConsoleWorld, name: string, rules: readonly string[]): Promise<void> {
  const path = `/api/public/v1/accounts/${ACCOUNT}/projects/${PROJECT}/allow-lists`;
  const body = JSON.stringify({ name, description: "", allow_list: rules });
  const headers = { "content-type": "application/json" };
  const made = await gatehouse.call(admin.token, path, { method: "POST", headers, body });
  if (!made.ok) throw new Error(`the list ${name} was not created: ${made.status} ${await made.text()}`);
}

async function takeAll(browser: Browser, world: World, theme: "light" | "dark"): Promise<void> {
  const { page, faults, close } = await openKeys(browser, world, { theme, width: 1360, height: 850 });
  const shoot = (name: string) => page.screenshot({ path: `${OUT}/${name}-${theme}.png` });
  await page.mouse.move(0, 0);
  await shoot("keys");
  await page.getByRole("link", { name: "backup-nightly" }).click();
  await page.getByRole("dialog").getByText("Recent activity").waitFor();
  await shoot("key");
  await page.keyboard.press("Escape");
  await fillCreate(page);
  await shoot("create");
  await page.route("**/api-keys", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), jwt: FAKE } });
  });
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByRole("button", { name: "I have stored it" }).waitFor();
  await shoot("key-once");
  await page.getByRole("button", { name: "I have stored it" }).click();
  await page.getByRole("link", { name: "Roles" }).click();
  await page.getByRole("link", { name: "Developer" }).click();
  await page.getByText("List or View clusters").waitFor();
  await shoot("role");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Operators" }).click();
  await page.getByRole("link", { name: "Jun Park" }).waitFor();
  await shoot("operators");
  await page.getByRole("link", { name: "Activity" }).click();
  await page.getByText("Create Operator").first().waitFor();
  await shoot("activity");
  await page.getByRole("link", { name: "Denied requests" }).click();
  await page.getByLabel("Request ID").fill(world.deniedId);
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByText("The request was denied").waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  await shoot("explain");
  if (faults.length > 0) throw new Error(faults.join("\n"));
  await close();
  // The pictures of the next theme must show the same keys.
  await world.gatehouse.env.DB.prepare("DELETE FROM api_keys WHERE name = ?").bind(CREATED).run();
}

async function openKeys(browser: Browser, world: ConsoleWorld, options: PageOptions) {
  const watched = await openConsole(browser, world.gatehouse, "/console/keys", options);
  await signIn(watched.page, world.admin.token);
  await watched.page.getByRole("cell", { name: "backup-nightly" }).waitFor();
  if ((options.width ?? 0) > 1_000) await watched.page.getByRole("cell", { name: "office-zurich" }).waitFor();
  return watched;
}

async function takePhone(browser: Browser, world: ConsoleWorld): Promise<void> {
  const { page, close } = await openKeys(browser, world, { width: 360, height: 740 });
  await page.screenshot({ path: `${OUT}/keys-phone.png` });
  await close();
}

async function fillCreate(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Create API key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(CREATED);
  await dialog.getByLabel("Role").selectOption({ label: "Viewer" });
}

mkdirSync(OUT, { recursive: true });
await buildConsole();
const world = await makeWorld();
const browser = await launchBrowser();
try {
  for (const theme of THEMES) await takeAll(browser, world, theme);
  await takePhone(browser, world);
} finally {
  await browser.close();
  await world.close();
}
