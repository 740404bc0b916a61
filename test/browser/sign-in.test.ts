import { describe, expect, it } from "vitest";
import { hasBrowser, signIn } from "../support/browser.ts";
import { consoleTest, headingOf } from "../support/console-test.ts";

describe.skipIf(!hasBrowser)("the sign-in page", () => {
  const console = consoleTest();

  it("shows the keys and the name of the signed-in key", async () => {
    const page = await console.enter();
    await page.getByRole("cell", { name: "console-admin" }).waitFor();
    expect(await headingOf(page).textContent()).toBe("API keys");
    expect(await page.getByText("Signed in with console-admin (Admin)").isVisible()).toBe(true);
  });

  it("keeps the key in memory only, without storage or cookies, until a reload", async () => {
    const page = await console.enter();
    const { token } = console.world().admin;
    const stored = await page.evaluate(async () =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, await indexedDB.databases()]),
    );
    expect(stored).toBe('[{},{},"",[]]');
    expect(await page.content()).not.toContain(token);
    await page.reload();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(await page.getByLabel("API key").inputValue()).toBe("");
  });

  it.each([
    ["", "Paste an API key."],
    ["not-a-key", "This is not a Gatehouse API key"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJhIiwiYWNjIjoiYiJ9.c2ln", "This key is not valid"],
  ])("shows at the field why %j is not accepted and keeps the input", async (text, sentence) => {
    const { page } = await console.open();
    await page.getByLabel("API key").fill(text);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText(sentence).waitFor();
    expect(await page.getByLabel("API key").inputValue()).toBe(text);
  });

  it("distinguishes an expired key from an invalid one", async () => {
    const expired = await console.world().gatehouse.key({ expiresAt: Date.now() - 1_000 });
    const { page } = await console.open();
    await page.getByLabel("API key").fill(expired.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("This key has expired.").waitFor();
  });

  it("reports a lost connection", async () => {
    const { page } = await console.open();
    await page.context().setOffline(true);
    await page.getByLabel("API key").fill(console.world().admin.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("No connection").waitFor();
    await page.context().setOffline(false);
    await signIn(page, console.world().admin.token);
  });

  it("shows a Viewer everything read-only", async () => {
    const viewer = await console.world().gatehouse.key({ role: "Viewer", name: "viewer" });
    const { page } = await console.open();
    await signIn(page, viewer.token);
    await page.getByText("Your role, Viewer, can view keys but not create them.").waitFor();
    expect(await page.getByRole("button", { name: "Create API key" }).count()).toBe(0);
    await page.getByRole("link", { name: "console-admin" }).click();
    await page.getByText("Recent activity").waitFor();
    expect(await page.getByRole("button", { name: /Revoke/ }).count()).toBe(0);
  });

  it("asks for a new sign-in when the key is revoked and keeps the page below it", async () => {
    const { gatehouse } = console.world();
    const admin = await gatehouse.key({ name: "second-admin" });
    const { page } = await console.open();
    await signIn(page, admin.token);
    await page.getByRole("button", { name: "Create API key" }).click();
    const form = page.getByRole("dialog", { name: "Create an API key" });
    await form.getByLabel("Name").fill("typed before the end");
    await form.getByLabel("Role").selectOption({ label: "Viewer" });
    const path = `/api/public/v1/accounts/340af43a-8a7c-4659-9258-4876fd6a207b/api-keys/${admin.id}/revoke`;
    expect((await gatehouse.call(console.world().admin.token, path, { method: "POST" })).status).toBe(200);
    await page.getByRole("button", { name: "Create key" }).click();
    const dialog = page.getByRole("dialog", { name: "Your session has ended" });
    await dialog.getByLabel("API key").fill(console.world().admin.token);
    await dialog.getByRole("button", { name: "Sign in" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(await form.getByLabel("Name").inputValue()).toBe("typed before the end");
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("button", { name: "I have stored it" }).waitFor();
  });

  it("signs out to a page without any data", async () => {
    const page = await console.enter();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in to Gatehouse" }).waitFor();
    expect(await page.getByText("console-admin").count()).toBe(0);
  });
});

describe.skipIf(!hasBrowser)("the console of a gateway with MANAGEMENT_PREFIX", () => {
  const console = consoleTest(undefined, () => ({ MANAGEMENT_PREFIX: "/gatehouse/v1" }));

  it("works below that path", async () => {
    const page = await console.enter();
    await page.getByRole("cell", { name: "console-admin" }).waitFor();
  });

  it("names the API on the sign-in page", async () => {
    const { page } = await console.open();
    await page.getByText("Gatehouse manages the API keys of YugabyteDB Aeon.").waitFor();
  });
});
