// `npm run screenshots`: the README's pictures of the console, from a Gatehouse with invented keys. The shown key is not
// valid: it replaces the real one before it reaches the page.
import { mkdirSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { clientOf, LISTS_PATH, V1 } from "../test/support/admin-client.ts";
import { launchBrowser, openConsole, type PageOptions, signIn } from "../test/support/browser.ts";
import { putKeys, type StoredKey, startConsoleWorld } from "../test/support/console.ts";
import { ACCOUNT, CLUSTERS, type Gatehouse } from "../test/support/gatehouse.ts";
import { ROLE_IDS } from "../test/support/seed.ts";
import { buildConsole } from "./build-console.ts";
import { ROOT } from "./wrangler.ts";

// wrangler must not download a sample request.
process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= "false";
const OUT = `${ROOT}docs/images`;
const DAY = 86_400_000;
const FAKE = `eyJhbGciOiJIUzI1NiIsInR5cCI6ImdhdGVob3VzZS1rZXkrand0In0.${"EXAMPLE-".repeat(28)}.NOT-A-KEY-ONLY-A-PICTURE-OF-ONE`;
const MADE = "deploy-bot";

const ANNA = "anna.keller@example.com";
const JUN = "jun.park@example.com";

type Row = readonly [name: string, role: keyof typeof ROLE_IDS, issuer: string, createdAt: number, ...times: Times];
type Times = readonly [lastUsedAt: number | null, uses: number, expiresAt: number | null, revokedAt?: number];

/** The keys of the pictures; times in days from now. */
const KEYS: readonly Row[] = [
  ["backup-nightly", "Developer", "terraform", -81, -0.25, 1893, 4.2],
  ["grafana-dashboards", "Viewer", ANNA, -212, -0.0005, 981_220, 153],
  ["terraform-production", "Admin", ANNA, -40, -0.1, 4211, 50],
  ["ci-integration-tests", "Developer", JUN, -18, -0.0035, 12_877, 72],
  ["cost-report", "Viewer", JUN, -9, null, 0, 21],
  ["migration-2025", "Admin", ANNA, -420, -330, 77, 10, -329],
  ["laptop-jun", "Developer", JUN, -120, -31, 640, -30],
  ["autoscaler", "Developer", "terraform", -64, -0.0001, 55_340, null],
];

/** A Gatehouse with the keys, lists and operators of the pictures. */
async function makeWorld() {
  const world = await startConsoleWorld();
  const { gatehouse, admin } = world;
  const at = (days: number | null = null) => (days === null ? null : Math.round(Date.now() + days * DAY));
  const keys = KEYS.map(([name, role, issuer, created, used, uses, expires, revoked]) => {
    const times = { createdAt: at(created) ?? 0, lastUsedAt: at(used), expiresAt: at(expires), revokedAt: at(revoked) };
    return { name, role, issuer, uses, ...times };
  });
  const [first, ...others] = keys as [StoredKey, ...StoredKey[]];
  const description = "Takes the backups of production, every night at two";
  await putKeys(gatehouse, [{ ...first, description, lastUsedFrom: "198.51.100.20" }, ...others]);
  const send = clientOf(gatehouse, admin.token);
  const office = ["203.0.113.0/24", "2001:db8:42::/48"];
  await send("POST", LISTS_PATH, { name: "office-zurich", description: "", allow_list: office });
  await send("POST", LISTS_PATH, { name: "ci-runners", description: "", allow_list: ["198.51.100.16/28"] });
  await bind(gatehouse, "terraform-production", "office-zurich");
  await bind(gatehouse, "ci-integration-tests", "ci-runners");
  const operators = `${V1}/accounts/${ACCOUNT}/operators`;
  await send("POST", operators, { name: "Anna Keller", email: ANNA, role_id: ROLE_IDS.Admin });
  await send("POST", operators, { name: "Jun Park", email: JUN, role_id: ROLE_IDS.Developer });
  return { ...world, deniedRequest: await sendDenied(gatehouse) };
}

type World = Awaited<ReturnType<typeof makeWorld>>;

async function bind({ env }: Gatehouse, key: string, list: string): Promise<void> {
  await env.DB.prepare("UPDATE api_keys SET restricted = 1 WHERE name = ?").bind(key).run();
  const sql = `INSERT INTO api_key_allow_lists (key_id, allow_list_id)
    SELECT api_keys.id, allow_lists.id FROM api_keys, allow_lists WHERE api_keys.name = ? AND allow_lists.name = ?`;
  await env.DB.prepare(sql).bind(key, list).run();
}

/** Sends a request that a Viewer is denied. @returns its request id */
async function sendDenied(gatehouse: Gatehouse): Promise<string> {
  const { token } = await gatehouse.key({ name: "status-page", role: "Viewer" });
  const path = `${CLUSTERS}/c1f0a7de-6a53-4c0c-8f3f-0a3f1c7d9a10/pause`;
  return (await clientOf(gatehouse, token)("POST", path)).body.error.request_id;
}

/** The list of keys, signed in. */
async function openKeys(browser: Browser, { gatehouse, admin }: World, options: PageOptions) {
  const watched = await openConsole(browser, gatehouse, "/console/keys", options);
  await signIn(watched.page, admin.token);
  await watched.page.getByRole("cell", { name: "backup-nightly" }).waitFor();
  if ((options.width ?? 0) > 1_000) await watched.page.getByRole("cell", { name: "office-zurich" }).waitFor();
  return watched;
}

const press = (page: Page, role: "link" | "button", name: string) => page.getByRole(role, { name }).click();

async function takeAll(browser: Browser, world: World, theme: "light" | "dark"): Promise<void> {
  const { page, faults, close } = await openKeys(browser, world, { theme, width: 1360, height: 850 });
  const shoot = (name: string) => page.screenshot({ path: `${OUT}/${name}-${theme}.png` });
  await page.mouse.move(0, 0);
  await shoot("keys");
  await press(page, "link", "backup-nightly");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Recent activity").waitFor();
  await shoot("key");
  await page.keyboard.press("Escape");
  await press(page, "button", "Create API key");
  await dialog.getByLabel("Name").fill(MADE);
  await dialog.getByLabel("Role").selectOption({ label: "Viewer" });
  await shoot("create");
  await page.route("**/api-keys", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), jwt: FAKE } });
  });
  await press(page, "button", "Create key");
  await page.getByRole("button", { name: "I have stored it" }).waitFor();
  await shoot("key-once");
  await press(page, "button", "I have stored it");
  if (theme === "light") await takeOtherPages(page, world, shoot);
  if (faults.length > 0) throw new Error(faults.join("\n"));
  await close();
  // The next pictures show the same keys.
  await world.gatehouse.env.DB.prepare("DELETE FROM api_keys WHERE name = ?").bind(MADE).run();
}

/** The pages that README.md shows in one theme only. */
async function takeOtherPages(page: Page, { deniedRequest }: World, shoot: (name: string) => Promise<unknown>) {
  await press(page, "link", "Roles");
  await press(page, "link", "Developer");
  await page.getByText("List or View clusters").waitFor();
  await shoot("role");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await press(page, "link", "Operators");
  await page.getByRole("link", { name: "Jun Park" }).waitFor();
  await shoot("operators");
  await press(page, "link", "Activity");
  await page.getByText("Create Operator").first().waitFor();
  await shoot("activity");
  await press(page, "link", "Denied requests");
  await page.getByLabel("Request ID").fill(deniedRequest);
  await press(page, "button", "Explain");
  await page.getByText("The request was denied").waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  await shoot("explain");
}

mkdirSync(OUT, { recursive: true });
await buildConsole();
const world = await makeWorld();
const browser = await launchBrowser();
try {
  for (const theme of ["light", "dark"] as const) await takeAll(browser, world, theme);
  const { page } = await openKeys(browser, world, { width: 360, height: 740 });
  await page.screenshot({ path: `${OUT}/keys-phone.png` });
} finally {
  await browser.close();
  await world.close();
}
