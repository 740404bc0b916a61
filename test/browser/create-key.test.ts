import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { hasBrowser, signIn, violations } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";
import { ACCOUNT, PROJECT } from "../support/gatehouse.ts";

const LISTS = `/api/public/v1/accounts/${ACCOUNT}/projects/${PROJECT}/allow-lists`;

describe.skipIf(!hasBrowser)("creating an API key", () => {
  const console = consoleTest(async ({ gatehouse, admin }) => {
    for (const [name, rule] of [
      ["elsewhere", "203.0.113.0/24"],
      ["loopback", "127.0.0.0/8"],
    ]) {
      const body = JSON.stringify({ name, description: "", allow_list: [rule] });
      const headers = { "content-type": "application/json" };
      expect((await gatehouse.call(admin.token, LISTS, { method: "POST", headers, body })).status).toBe(200);
    }
  });

  async function openForm(page: Page) {
    await page.getByRole("button", { name: "Create API key" }).first().click();
    return page.getByRole("dialog", { name: "Create an API key" });
  }

  async function fill(page: Page, name: string) {
    const form = await openForm(page);
    await form.getByLabel("Name").fill(name);
    await form.getByLabel("Role").selectOption({ label: "Viewer" });
    return form;
  }

  const stored = async (name: string) =>
    (await console.world().gatehouse.env.DB.prepare(`SELECT * FROM api_keys WHERE name = '${name}'`).all()).results;

  it("shows the key once, to copy, download or try, and keeps it nowhere afterwards", async () => {
    const { page, said } = await console.open();
    await signIn(page, console.world().admin.token);
    const form = await fill(page, "once");
    await form.getByRole("button", { name: "Create key" }).click();
    const dialog = page.getByRole("dialog", { name: "“once” is ready" });
    const secret = (await dialog.getByRole("region", { name: "API key" }).textContent()) ?? "";
    expect(secret).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    expect((await console.world().gatehouse.call(secret, "/api/public/v1/account")).status).toBe(200);

    await dialog.getByRole("button", { name: "Copy key" }).click();
    await dialog.getByText("Copied", { exact: true }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);
    const { url } = console.world().gatehouse;
    const command = `curl -sS -H "Authorization: Bearer ${secret}" ${url}/api/public/v1/auth/self`;
    expect(await dialog.getByRole("region", { name: "Try it" }).textContent()).toBe(command);
    const download = page.waitForEvent("download");
    await dialog.getByRole("button", { name: "Download .env" }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe("once.env");
    expect(readFileSync(await file.path(), "utf8")).toContain(`\nYBM_HOST=${url}\nYBM_APIKEY=${secret}\n`);

    // Only the button closes the dialog.
    await page.keyboard.press("Escape");
    expect(await dialog.isVisible()).toBe(true);
    await dialog.getByRole("button", { name: "I have stored it" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("link", { name: "once" }).waitFor();
    const remaining = await page.evaluate(async () => {
      const values = [...document.querySelectorAll("input,textarea")].map((each) => (each as HTMLInputElement).value);
      const storage = [{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state, location.href];
      return JSON.stringify([document.documentElement.outerHTML, values, storage, await indexedDB.databases()]);
    });
    expect(remaining).not.toContain(secret.slice(-40));
    expect(said.join("\n")).not.toContain(secret.slice(-40));
  });

  it("creates a key with the description, role, expiry and allow list of the form", async () => {
    const page = await console.enter();
    const form = await fill(page, "as-specified");
    await form.getByLabel("Description").fill("for the test");
    await form.getByText("List or View", { exact: false }).first().waitFor({ state: "detached" });
    await form.getByRole("list", { name: "Permissions" }).getByText("Clusters:").waitFor();
    await form.getByRole("radio", { name: "30 days" }).click();
    await form.getByRole("radio", { name: "Addresses in IP allow lists only" }).click();
    await form.getByRole("checkbox", { name: /loopback/ }).click();
    await form.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("button", { name: "I have stored it" }).click();
    await page.getByRole("link", { name: "as-specified" }).click();
    const sheet = page.getByRole("dialog", { name: "as-specified" });
    await sheet.getByRole("link", { name: "loopback" }).waitFor();
    expect(await stored("as-specified")).toMatchObject([
      { description: "for the test", expire_after_hours: 720, restricted: 1, issuer: "console-admin" },
    ]);
  });

  it("creates a canary key, says that it never opens, and offers no rotation and no pause of it", async () => {
    const page = await console.enter();
    const form = await fill(page, "canary-in-a-file");
    const choice = form.getByRole("checkbox", { name: "Canary key" });
    await choice.focus();
    await page.keyboard.press("Space");
    expect(await choice.isChecked()).toBe(true);
    await form.getByText(/It never opens: put it where only an attacker would use it/).waitFor();
    expect(await violations(page)).toEqual([]);
    await form.getByRole("button", { name: "Create key" }).click();
    const dialog = page.getByRole("dialog", { name: "“canary-in-a-file” is ready" });
    await dialog.getByText("This is a canary key. It never opens").waitFor();
    expect(await dialog.getByRole("region", { name: "Try it" }).count()).toBe(0);
    const secret = (await dialog.getByRole("region", { name: "API key" }).textContent()) ?? "";
    expect((await console.world().gatehouse.call(secret, "/api/public/v1/account")).status).toBe(401);
    await dialog.getByRole("button", { name: "I have stored it" }).click();
    await page
      .getByRole("row", { name: /canary-in-a-file/ })
      .getByText("Canary", { exact: true })
      .waitFor();
    await page.getByRole("link", { name: "canary-in-a-file" }).click();
    const sheet = page.getByRole("dialog", { name: "canary-in-a-file" });
    await sheet.getByText("Canary", { exact: true }).waitFor();
    await sheet.getByText(/This is a canary key: it never opens/).waitFor();
    await sheet.getByRole("button", { name: "Revoke this key …" }).waitFor();
    expect(await sheet.getByRole("button", { name: /^(?:Rotate|Disable|Enable) this key/ }).count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    await sheet.getByRole("button", { name: "Edit this key …" }).click();
    const edit = page.getByRole("dialog", { name: "Edit “canary-in-a-file”" });
    await edit.getByLabel("Description").fill("in the old backup");
    await edit.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Done" }).click();
    await sheet.getByText("in the old backup").waitFor();
  });

  it("offers no canary key where the API makes none", async () => {
    const { page } = await console.open();
    await page.route("**/openapi.json", async (route) => {
      const response = await route.fetch();
      const document = await response.json();
      delete document.components.schemas.ApiKeySpec.properties.canary;
      await route.fulfill({ response, json: document });
    });
    await signIn(page, console.world().admin.token);
    const described = page.waitForResponse("**/openapi.json");
    const form = await fill(page, "no-canary");
    await described;
    await page.waitForLoadState("networkidle");
    expect(await form.getByRole("checkbox", { name: "Canary key" }).count()).toBe(0);
    await form.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("button", { name: "I have stored it" }).click();
    await page
      .getByRole("row", { name: /no-canary/ })
      .getByText("Active", { exact: true })
      .waitFor();
  });

  it("warns about a key without an expiry and about lists without the user's address", async () => {
    const page = await console.enter();
    const form = await fill(page, "warned");
    await form.getByRole("radio", { name: "Never" }).click();
    await form.getByText("This key never expires").waitFor();
    await form.getByRole("radio", { name: "Addresses in IP allow lists only" }).click();
    await form.getByText("Your address is 127.0.0.1.").waitFor();
    await form.getByRole("checkbox", { name: /elsewhere/ }).click();
    await form.getByText("Your address is not in these lists").waitFor();
    await form.getByRole("checkbox", { name: /loopback/ }).click();
    await form.getByText("Your address is not in these lists").waitFor({ state: "detached" });
  });

  it("expires a key at the end of the chosen date and rejects a past date", async () => {
    const page = await console.enter();
    const form = await fill(page, "dated");
    await form.getByRole("radio", { name: "On a date" }).click();
    await form.getByLabel("Last day").fill("2020-01-01");
    await form.getByRole("button", { name: "Create key" }).click();
    await form.getByText("Choose a date in the future.").waitFor();
    const day = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10);
    await form.getByLabel("Last day").fill(day);
    await form.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("button", { name: "I have stored it" }).click();
    const [key] = await stored("dated");
    expect(new Date(key?.expires_at as number).toISOString().slice(0, 10)).toBe(day);
  });

  it("warns of lists that together allow next to everything, while they are chosen", async () => {
    const { gatehouse, admin } = console.world();
    for (const [name, rule] of [
      ["lower half", "0.0.0.0/2"],
      ["upper half", "128.0.0.0/2"],
    ]) {
      const init = { method: "POST", headers: { "content-type": "application/json" } };
      await gatehouse.call(admin.token, LISTS, { ...init, body: JSON.stringify({ name, allow_list: [rule] }) });
    }
    const page = await console.enter();
    const form = await fill(page, "wide");
    await form.getByRole("radio", { name: "Addresses in IP allow lists only" }).click();
    await form.getByRole("checkbox", { name: /lower half/ }).click();
    const warning = form.getByText("Together they allow at least half of all IPv4 addresses.");
    expect(await warning.count()).toBe(0);
    await form.getByRole("checkbox", { name: /upper half/ }).click();
    await warning.waitFor();
  });

  it("shows missing values and the server's errors at their fields", async () => {
    const page = await console.enter();
    const form = await openForm(page);
    await form.getByRole("button", { name: "Create key" }).click();
    await form.getByText("Enter a name.").waitFor();
    await form.getByText("Choose a role.").waitFor();
    await form.getByLabel("Name").fill("?bad");
    await form.getByLabel("Role").selectOption({ label: "Viewer" });
    await form.getByRole("button", { name: "Create key" }).click();
    await form.getByText("A name has 1 to 64 letters", { exact: false }).waitFor();
    expect(await form.getByLabel("Name").inputValue()).toBe("?bad");
    expect(await form.getByLabel("Name").getAttribute("aria-invalid")).toBe("true");
  });

  it("creates one key on a double click", async () => {
    const page = await console.enter();
    const form = await fill(page, "doubled");
    await form.getByRole("button", { name: "Create key" }).dblclick();
    await page.getByRole("button", { name: "I have stored it" }).click();
    expect(await stored("doubled")).toHaveLength(1);
  });

  it("creates one key and links to it when the user retries after a lost response", async () => {
    const page = await console.enter();
    const form = await fill(page, "lost");
    await page.route("**/api-keys", async (route) => {
      await route.fetch();
      await route.abort();
    });
    await form.getByRole("button", { name: "Create key" }).click();
    await form.getByText("No connection").waitFor();
    await page.unroute("**/api-keys");
    await form.getByRole("button", { name: "Create key" }).click();
    await form.getByRole("button", { name: "Show “lost”" }).click();
    await page.getByRole("dialog", { name: "lost" }).getByText("Recent activity").waitFor();
    expect(await stored("lost")).toHaveLength(1);
  });

  it("keeps the input while the connection is lost", async () => {
    const page = await console.enter();
    const form = await fill(page, "offline");
    await form.getByRole("list", { name: "Permissions" }).waitFor();
    await page.context().setOffline(true);
    await form.getByRole("button", { name: "Create key" }).click();
    await form.getByText("No connection").waitFor();
    expect(await form.getByLabel("Name").inputValue()).toBe("offline");
    await page.context().setOffline(false);
    await form.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("button", { name: "I have stored it" }).click();
    expect(await stored("offline")).toHaveLength(1);
  });
});
