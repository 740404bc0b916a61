import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { LISTS_PATH, V1 } from "../support/admin-client.ts";
import { hasBrowser, violations } from "../support/browser.ts";
import { putKeys } from "../support/console.ts";
import { consoleTest } from "../support/console-test.ts";
import { ACCOUNT, PROJECT } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

const now = Date.now();

describe.skipIf(!hasBrowser)("accessibility", () => {
  let ids: readonly string[];
  const console = consoleTest(async ({ gatehouse, admin }) => {
    ids = await putKeys(gatehouse, [
      { name: "soon", createdAt: now - 1, expiresAt: now + 86_400_000, lastUsedAt: now, description: "ends tomorrow" },
      { name: "gone", createdAt: now - 2, revokedAt: now - 1 },
      { name: "old", createdAt: now - 3, expiresAt: now - 2 },
      { name: "A-name-of-64-characters-without-a-place-to-break-it-abcdefghijkl", createdAt: now - 4 },
    ]);
    await gatehouse.key({ name: "bound", rules: ["203.0.113.0/24"], projectId: PROJECT });
    const list = JSON.stringify({ name: "logged", allow_list: ["198.51.100.0/24"] });
    const headers = { "content-type": "application/json" };
    const made = await gatehouse.call(admin.token, LISTS_PATH, { method: "POST", headers, body: list });
    expect(made.status).toBe(200);
    const operator = JSON.stringify({ name: "Ada Lovelace", email: "ada@example.com", role_id: ROLE_IDS.Admin });
    const path = `${V1}/accounts/${ACCOUNT}/operators`;
    const added = await gatehouse.call(admin.token, path, { method: "POST", headers, body: operator });
    expect(added.status).toBe(200);
  });

  /** All screens: name, path, and the steps that lead to it. */
  const screens: readonly (readonly [string, string, (page: Page) => Promise<unknown>])[] = [
    ["the keys", "/console/keys", (page) => page.getByRole("link", { name: "soon" }).waitFor()],
    [
      "no match",
      "/console/keys",
      async (page) => {
        await page.getByRole("searchbox").fill("nothing at all");
        await page.getByRole("heading", { name: "No key matches" }).waitFor();
      },
    ],
    ["a key", "KEY", (page) => page.getByText("Recent activity").waitFor()],
    [
      "a revocation",
      "KEY",
      async (page) => {
        await page.getByRole("button", { name: "Revoke this key …" }).click();
        await page.getByRole("button", { name: "Cancel" }).waitFor();
      },
    ],
    [
      "a revocation of many keys",
      "/console/keys",
      async (page) => {
        await page.getByRole("button", { name: /^Current [1-9]/ }).waitFor();
        await page.getByRole("button", { name: "Revoke keys …" }).click();
        await page.getByLabel("Descendants of").fill("soon");
        await page.getByRole("button", { name: "Continue" }).click();
        await page.getByRole("button", { name: "Revoke 1 key" }).waitFor();
      },
    ],
    [
      "a new key's form",
      "/console/keys",
      async (page) => {
        await page.getByRole("button", { name: "Create API key" }).click();
        await page.getByRole("combobox", { name: "Role" }).selectOption({ label: "Developer" });
        await page.getByRole("radio", { name: "Never" }).click();
        await page.getByRole("radio", { name: "Addresses in IP allow lists only" }).click();
        await page.getByRole("group", { name: "Allow lists" }).getByRole("checkbox").first().click();
        await page.getByText("Your address is not in these lists").waitFor();
        await page.getByRole("button", { name: "Create key" }).click();
        await page.getByText("Enter a name.").waitFor();
      },
    ],
    [
      "a new key",
      "/console/keys",
      async (page) => {
        await page.getByRole("button", { name: "Create API key" }).click();
        await page.getByRole("dialog").getByLabel("Name").fill("shown");
        await page.getByRole("combobox", { name: "Role" }).selectOption({ label: "Viewer" });
        await page.getByRole("button", { name: "Create key" }).click();
        await page.getByRole("button", { name: "I have stored it" }).waitFor();
      },
    ],
    ["the lists", "/console/allow-lists", (page) => page.getByRole("cell", { name: "203.0.113.0/24" }).waitFor()],
    [
      "a list",
      "/console/allow-lists",
      async (page) => {
        await page
          .getByRole("row", { name: /203\.0\.113\.0/ })
          .getByRole("link")
          .click();
        await page.getByText("API keys with this list").waitFor();
      },
    ],
    [
      "a new list",
      "/console/allow-lists",
      async (page) => {
        await page.getByRole("button", { name: "Create allow list" }).click();
        await page.getByRole("button", { name: "Add it" }).waitFor();
      },
    ],
    ["the roles", "/console/roles", (page) => page.getByRole("link", { name: "Viewer" }).waitFor()],
    ["a role", `/console/roles/${ROLE_IDS.Admin}`, (page) => page.getByText("Sensitive").first().waitFor()],
    [
      "a new role",
      "/console/roles",
      async (page) => {
        await page.getByRole("button", { name: "Create role" }).click();
        await page.getByRole("checkbox", { name: "Pause clusters" }).waitFor();
      },
    ],
    [
      "the activity",
      "/console/activity",
      async (page) => {
        const row = page.getByRole("row", { name: /logged/ });
        await row.getByText("Create Allow List").click();
        await row.getByText("Request ID", { exact: true }).waitFor();
      },
    ],
    [
      "no activity",
      "/console/activity",
      async (page) => {
        await page.getByRole("searchbox").fill("nothing at all");
        await page.getByRole("heading", { name: "No event matches" }).waitFor();
      },
    ],
    [
      "the operators",
      "/console/operators",
      async (page) => {
        await page.getByRole("link", { name: "Ada Lovelace" }).click();
        await page.getByRole("button", { name: "Remove …" }).waitFor();
      },
    ],
    [
      "a new operator",
      "/console/operators",
      async (page) => {
        await page.getByRole("button", { name: "Add operator" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Add operator" }).click();
        await page.getByText("Enter a name.").waitFor();
      },
    ],
    [
      "the policy's form",
      "/console/policy",
      async (page) => {
        await page.getByText("Every active key is within the policy.").waitFor();
        await page.getByRole("button", { name: "Edit policy" }).click();
        await page.getByLabel("Longest life of a new key, in hours").fill("long");
        await page.getByRole("button", { name: "Save" }).click();
        await page.getByText("Enter a whole number, or leave it empty for no limit.").waitFor();
      },
    ],
    ["no approval", "/console/approvals", (page) => page.getByRole("heading", { name: "Nothing waits" }).waitFor()],
    [
      "an explanation",
      "/console/explain",
      async (page) => {
        await page.getByRole("radio", { name: "Simulate a request" }).click();
        await page.getByLabel("Key ID").fill(ids[1] ?? "");
        await page.getByLabel("Client address (optional)").fill("203.0.113.7");
        await page.getByRole("button", { name: "Explain" }).click();
        await page.getByText("The request would be denied: key_revoked").waitFor();
        await page.getByText("Compared values").first().click();
      },
    ],
    [
      "a failed request",
      "/console/keys",
      async (page) => {
        await page.getByRole("link", { name: "soon" }).waitFor();
        await page.route("**/api-keys?*", (route) => route.abort());
        await page.getByRole("button", { name: "Reload the keys" }).click();
        await page.getByText("No connection").waitFor();
      },
    ],
  ];

  describe.each(["light", "dark"] as const)("accessibility in the %s theme", (theme) => {
    it("shows the sign-in page without accessibility violations", async () => {
      const { page } = await console.open("/console/", { theme });
      await page.getByRole("button", { name: "Sign in" }).click();
      expect(await violations(page)).toEqual([]);
    });

    it.each(screens)("shows %s without accessibility violations", async (_, path, reachScreen) => {
      const page = await console.enter(path === "KEY" ? `/console/keys/${ids[0]}` : path, { theme });
      await reachScreen(page);
      expect(await violations(page)).toEqual([]);
    });
  });

  it.each([360, 768, 1280, 3840])("fits every screen into a width of %i pixels", async (width) => {
    const page = await console.enter("/console/keys", { width, height: 800 });
    for (const [, path, reachScreen] of screens) {
      if (path === "KEY") continue;
      await page.evaluate((to) => {
        history.pushState(null, "", to);
        dispatchEvent(new PopStateEvent("popstate"));
      }, path);
      await reachScreen(page);
      const wide = await page.evaluate(() =>
        [document.documentElement, ...document.querySelectorAll('[role="dialog"], main')]
          .filter((each) => each.scrollWidth > each.clientWidth + 1)
          .map((each) => `${each.tagName} ${each.scrollWidth} > ${each.clientWidth}`),
      );
      expect(wide, path).toEqual([]);
      await closeOverlays(page);
    }
  });

  it("switches the theme on demand and stores nothing", async () => {
    const page = await console.enter();
    await page.getByRole("button", { name: "Switch to the dark theme" }).click();
    expect(await page.locator("html").getAttribute("data-mode")).toBe("dark");
    expect(await page.evaluate(() => localStorage.length + sessionStorage.length)).toBe(0);
    await page.getByRole("button", { name: "Switch to the light theme" }).click();
    expect(await page.locator("html").getAttribute("data-mode")).toBe("light");
  });

  it("creates and revokes a key with the keyboard only", async () => {
    const { page } = await console.open();
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const reach = async (name: RegExp) => {
      for (let i = 0; i < 60; i += 1) {
        const found = await page.evaluate(() => {
          const { activeElement: at } = document;
          if (at === null || !/^(A|BUTTON|INPUT|SELECT|TEXTAREA)$/.test(at.tagName)) return "";
          const label = (at as HTMLInputElement).labels?.[0]?.textContent ?? "";
          return `${at.getAttribute("aria-label") ?? ""} ${label} ${at.textContent ?? ""}`;
        });
        if (name.test(found)) return;
        await press("Tab");
      }
      throw new Error(`${name} cannot be reached`);
    };
    await reach(/^ API key/);
    await page.keyboard.insertText(console.world().admin.token);
    await press("Enter");
    await page.getByRole("link", { name: "soon" }).waitFor();
    await reach(/Create API key/);
    await press("Enter");
    await page.getByRole("dialog").waitFor();
    await reach(/^ Name/);
    await page.keyboard.type("by-keyboard");
    await reach(/^ Role/);
    await page.getByRole("option", { name: "Viewer" }).waitFor({ state: "attached" });
    await page.keyboard.type("Viewer");
    await press("Enter");
    await reach(/Create key/);
    await press("Enter");
    await page.getByRole("button", { name: "I have stored it" }).waitFor();
    await reach(/I have stored it/);
    await press("Enter");
    await page.getByRole("link", { name: "by-keyboard" }).waitFor();
    await reach(/by-keyboard/);
    await press("Enter");
    await page.getByRole("dialog", { name: "by-keyboard" }).waitFor();
    await reach(/Revoke this key/);
    await press("Enter");
    await page.getByRole("button", { name: "Cancel" }).waitFor();
    await reach(/^ {2}Revoke$/);
    await press("Enter");
    await page.getByRole("dialog", { name: "“by-keyboard” is revoked" }).waitFor();
  });
});

/** Closes all overlays. */
async function closeOverlays(page: Page): Promise<void> {
  const stored = page.getByRole("button", { name: "I have stored it" });
  if ((await stored.count()) > 0) await stored.click();
  while ((await page.getByRole("dialog").count()) > 0) {
    await page.keyboard.press("Escape");
    await page.waitForTimeout(50);
  }
  await page.unroute("**/api-keys?*");
}
