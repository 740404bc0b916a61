import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { ApiKeyData } from "../../src/admin/api-keys/schema.ts";
import type { ListOf } from "../../src/admin/schema.ts";
import { hasBrowser, signIn, violations } from "../support/browser.ts";
import { putKeys } from "../support/console.ts";
import { consoleTest } from "../support/console-test.ts";

const DAY = 86_400_000;
const now = Date.now();

/** The names in the table, in order. */
const names = (page: Page) => page.getByRole("row").getByRole("link").allTextContents();

describe.skipIf(!hasBrowser)("the table of keys", () => {
  let ids: readonly string[];
  const console = consoleTest(async ({ gatehouse }) => {
    ids = await putKeys(gatehouse, [
      { name: "alpha", createdAt: now - 3 * DAY, expiresAt: now + 2 * DAY, lastUsedAt: now - 7_200_000, uses: 12 },
      { name: "beta", createdAt: now - 2 * DAY, role: "Viewer", expiresAt: now + 90 * DAY, issuer: "anna@example.com" },
      { name: "gone", createdAt: now - 9 * DAY, revokedAt: now - DAY, lastUsedAt: now - 2 * DAY },
      { name: "old", createdAt: now - 40 * DAY, expiresAt: now - DAY },
      { name: `<img src=x onerror="alert(1)">`, createdAt: now - 50 * DAY, description: "<script>alert(2)</script>" },
    ]);
  });

  it("shows all columns of a key", async () => {
    const page = await console.enter();
    const row = page.getByRole("row", { name: /alpha/ });
    await row.waitFor();
    expect(await row.getByRole("cell").allTextContents()).toEqual([
      "alphaDeveloper",
      "Developer",
      "Active",
      "console-admin",
      "3 days ago",
      "2 hours ago",
      "tomorrow Soon",
      "Any address",
    ]);
    expect(await page.getByRole("row", { name: /beta/ }).getByText("Not yet used").isVisible()).toBe(true);
    expect(await page.getByRole("row", { name: /beta/ }).getByText("Soon").count()).toBe(0);
    const time = row.locator("time").first();
    expect(await time.getAttribute("title")).toMatch(/\d{4}, \d\d:\d\d:\d\d UTC$/);
  });

  it("finds keys by name, role, creator and ID, and reports an empty result", async () => {
    const page = await console.enter();
    const search = page.getByRole("searchbox");
    for (const [words, found] of [
      ["ALPH", ["alpha"]],
      ["viewer anna", ["beta"]],
      [ids[1] ?? "", ["beta"]],
    ] as const) {
      await search.fill(words);
      await expect.poll(() => names(page)).toEqual(found);
    }
    await search.fill("no such name");
    await page.getByRole("heading", { name: "No key matches" }).waitFor();
    await page.getByRole("button", { name: "Show all keys" }).click();
    await expect.poll(async () => (await names(page)).length).toBe(6);
  });

  it("leaves out revoked and expired keys until they are asked for, and keeps disabled and canary keys", async () => {
    const { page } = await console.open();
    await page.route("**/api-keys?*", async (route) => {
      const response = await route.fetch();
      const body = (await response.json()) as ListOf<ApiKeyData>;
      for (const { spec, info } of body.data) {
        const ended = { status: "REVOKED", disabled_at_time: info.metadata.created_on };
        const unusable = { beta: "disabled", alpha: "canary", old: "disabled" }[spec.name];
        if (unusable !== undefined) Object.assign(info, { ...ended, unusable_reason: unusable });
      }
      await route.fulfill({ response, json: body });
    });
    await signIn(page, console.world().admin.token);
    await page.getByRole("button", { name: "Current 4", pressed: true }).waitFor();
    expect((await names(page)).slice(0, 3)).toEqual(["console-admin", "beta", "alpha"]);
    expect(await page.getByRole("row", { name: /beta/ }).getByText("Disabled", { exact: true }).isVisible()).toBe(true);
    expect(await page.getByRole("row", { name: /alpha/ }).getByText("Canary", { exact: true }).isVisible()).toBe(true);
    expect(await violations(page)).toEqual([]);
    const filters = await page.getByRole("group", { name: "Status" }).getByRole("button").allTextContents();
    expect(filters).toEqual("Current 4,Active 2,Disabled 1,Canary 1,Expired 1,Revoked 1,All 6".split(","));
    await page.getByRole("searchbox").fill("gone");
    await page.getByRole("button", { name: "Show 1 ended key" }).click();
    await expect.poll(() => names(page)).toEqual(["gone"]);
    await page.getByRole("searchbox").fill("");
    await expect.poll(async () => (await names(page)).length).toBe(6);
  });

  it("filters keys by status", async () => {
    const page = await console.enter();
    await page.getByRole("button", { name: "Revoked 1" }).click();
    await expect.poll(() => names(page)).toEqual(["gone"]);
    expect(await page.getByRole("button", { name: "Revoked 1" }).getAttribute("aria-pressed")).toBe("true");
    await page.getByRole("button", { name: "Expired 1" }).click();
    await expect.poll(() => names(page)).toEqual(["old"]);
  });

  it("sorts by a column in both directions and announces the order", async () => {
    const page = await console.enter();
    await page.getByRole("button", { name: "All 6" }).click();
    const header = page.getByRole("columnheader", { name: "Name" });
    await header.getByRole("button").click();
    await expect.poll(() => header.getAttribute("aria-sort")).toBe("ascending");
    const ascending = await names(page);
    expect(ascending.slice(1)).toEqual(["alpha", "beta", "console-admin", "gone", "old"]);
    await header.getByRole("button").click();
    await expect.poll(() => names(page)).toEqual([...ascending].reverse());
    await page.getByRole("columnheader", { name: "Expires" }).getByRole("button").click();
    await expect.poll(async () => (await names(page)).slice(0, 3)).toEqual(["old", "alpha", "beta"]);
  });

  it("shows markup in a name as text", async () => {
    const page = await console.enter();
    await page.getByRole("link", { name: "<img src=x" }).click();
    await page.getByRole("dialog").getByText("<script>alert(2)</script>").waitFor();
    expect(await page.locator("img").count()).toBe(0);
  });

  it("opens a key's sheet at a link that still works after a reload", async () => {
    const page = await console.enter();
    await page.getByRole("link", { name: "alpha" }).click();
    await page.getByRole("dialog", { name: "alpha" }).getByText("Recent activity").waitFor();
    expect(new URL(page.url()).pathname).toBe(`/console/keys/${ids[0]}`);
    await page.reload();
    await signIn(page, console.world().admin.token);
    const sheet = page.getByRole("dialog", { name: "alpha" });
    await sheet.getByText("12", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });
    expect(new URL(page.url()).pathname).toBe("/console/keys");
    await page.goBack();
    await sheet.waitFor();
  });

  it("reports a link to a key that does not exist", async () => {
    const page = await console.enter("/console/keys/00000000-0000-4000-8000-000000000000");
    await page.getByRole("heading", { name: "API key not found" }).waitFor();
  });

  it("shows a failed request and retries it", async () => {
    const { page } = await console.open();
    await page.route("**/api-keys?*", (route) => route.abort());
    await signIn(page, console.world().admin.token);
    await page.getByText("No connection").waitFor();
    await page.unroute("**/api-keys?*");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("link", { name: "alpha" }).waitFor();
    expect(await page.getByText("No connection").count()).toBe(0);
  });
});

describe.skipIf(!hasBrowser)("the notice of keys that end", () => {
  const console = consoleTest(({ gatehouse }) =>
    putKeys(gatehouse, [
      { name: "later", createdAt: now - DAY, expiresAt: now + 20 * DAY },
      { name: "alpha", createdAt: now - 60 * DAY, expiresAt: now + 2 * DAY },
      { name: "not-yet", createdAt: now - 2 * DAY, expiresAt: now + 31 * DAY },
    ]),
  );

  it("warns of the keys that end within thirty days, the next one first", async () => {
    const page = await console.enter();
    await page.getByText("2 keys will expire within 30 days").waitFor();
    await page.getByText("Rotate what is still needed: alpha (tomorrow), later (in 19 days).").waitFor();
    await page.getByRole("link", { name: "later" }).click();
    await page.getByRole("button", { name: "Rotate this key …" }).click();
    await page.getByRole("dialog", { name: "Rotate “later”" }).getByRole("button", { name: "Rotate" }).click();
    await page.getByRole("button", { name: "I have stored it" }).click();
    await page.keyboard.press("Escape");
    await page.getByText("later (in 23 hours, rotated already)", { exact: false }).waitFor();
  });
});

describe.skipIf(!hasBrowser)("the table of ten thousand keys", () => {
  const COUNT = 10_000;
  const console = consoleTest(({ gatehouse }) =>
    putKeys(
      gatehouse,
      Array.from({ length: COUNT }, (_, i) => ({ name: `key-${i}`, createdAt: now - i * 60_000 })),
    ),
  );

  it("shows the first keys within a second, then all of them, and searches and sorts without delay", async () => {
    const signInTimed = async () => {
      const { page } = await console.open();
      await page.getByLabel("API key").fill(console.world().admin.token);
      const from = performance.now();
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("link", { name: "key-0", exact: true }).waitFor();
      return { page, from, first: performance.now() - from };
    };
    let signedIn = await signInTimed();
    // The best of three runs: other processes of the machine must not fail the test.
    for (let i = 0; i < 2 && signedIn.first >= 1_000; i += 1) {
      await signedIn.page.close();
      signedIn = await signInTimed();
    }
    const { page, from, first } = signedIn;
    await page.getByRole("button", { name: "All 10,001" }).waitFor({ timeout: 50_000 });
    await page.getByText("1–50 of 10,001").waitFor();
    const all = performance.now() - from;

    const timed = async (act: () => Promise<unknown>, seen: () => Promise<unknown>) => {
      const start = performance.now();
      await act();
      await seen();
      return performance.now() - start;
    };
    const only = (name: string) => async () =>
      page.waitForFunction((text) => document.querySelector("tbody a")?.textContent === text, name);
    const search = await timed(() => page.getByRole("searchbox").fill("key-9999"), only("key-9999"));
    await page.getByRole("searchbox").fill("");
    const sort = await timed(
      () => page.getByRole("columnheader", { name: "Name" }).getByRole("button").click(),
      only("console-admin"),
    );
    const last = await timed(() => page.getByRole("button", { name: "Last", exact: true }).click(), only("key-9999"));
    const shown = await page.getByRole("row").count();
    const figures = { first, all, search, sort, last };
    const words = Object.entries(figures).map(([name, ms]) => `${name} ${Math.round(ms)} ms`);
    globalThis.console.log(`console, 10,000 keys: ${words.join(", ")}`);
    expect(first).toBeLessThan(1_000);
    for (const each of [search, sort, last]) expect(each).toBeLessThan(500);
    expect(shown).toBeLessThanOrEqual(51);
  });
});
