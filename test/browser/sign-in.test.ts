import { describe, expect, it } from "vitest";
import { hasBrowser, signIn } from "../support/browser.ts";
import { consoleTest, headingOf } from "../support/console-test.ts";

describe.skipIf(!hasBrowser)("signing in", () => {
  const console = consoleTest();

  it("shows the keys, with who is signed in", async () => {
    const page = await console.enter();
    await page.getByRole("cell", { name: "console-admin" }).waitFor();
    expect(await headingOf(page).textContent()).toBe("API keys");
    expect(await page.getByText("Signed in with console-admin (Admin)").isVisible()).toBe(true);
  });

  it("keeps the key in memory alone: no storage, no cookie, and gone with a reload", async () => {
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
    ["not-a-key", "This is not an API key of Gatehouse"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJhIiwiYWNjIjoiYiJ9.c2ln", "Gatehouse does not accept this key"],
  ])("says at the field what is wrong with %j, and keeps it there", async (text, sentence) => {
    const { page } = await console.open();
    await page.getByLabel("API key").fill(text);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText(sentence).waitFor();
    expect(await page.getByLabel("API key").inputValue()).toBe(text);
  });

  it("tells a key that has expired from one that is none", async () => {
    const expired = await console.world().gatehouse.key({ expiresAt: Date.now() - 1_000 });
    const { page } = await console.open();
    await page.getByLabel("API key").fill(expired.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("This key has expired.").waitFor();
  });

  it("says so when the connection is lost", async () => {
    const { page } = await console.open();
    await page.context().setOffline(true);
    await page.getByLabel("API key").fill(console.world().admin.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("No connection").waitFor();
    await page.context().setOffline(false);
    await signIn(page, console.world().admin.token);
  });

  it("shows a Viewer everything, without what a Viewer may not do", async () => {
    const viewer = await console.world().gatehouse.key({ role: "Viewer", name: "viewer" });
    const { page } = await console.open();
    await signIn(page, viewer.token);
    await page.getByText("Your role, Viewer, may look at them and not make any.").waitFor();
    expect(await page.getByRole("button", { name: "Create API key" }).count()).toBe(0);
    await page.getByRole("link", { name: "console-admin" }).click();
    await page.getByText("Recent activity").waitFor();
    expect(await page.getByRole("button", { name: /Revoke/ }).count()).toBe(0);
  });

  it("asks again when the key is revoked meanwhile, over a page that stays as it was", async () => {
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
    const dialog = page.getByRole("dialog", { name: "Your sign-in has ended" });
    await dialog.getByLabel("API key").fill(console.world().admin.token);
    await dialog.getByRole("button", { name: "Sign in" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(await form.getByLabel("Name").inputValue()).toBe("typed before the end");
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("button", { name: "I have stored it" }).waitFor();
  });

  it("signs out to a page that knows nothing", async () => {
    const page = await console.enter();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in to Gatehouse" }).waitFor();
    expect(await page.getByText("console-admin").count()).toBe(0);
  });
});
