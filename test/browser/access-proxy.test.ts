// Behind an access proxy: whoever it vouches for enters without a key.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AccessProxy, startAccessProxy } from "../support/access-proxy.ts";
import { clientOf, V1 } from "../support/admin-client.ts";
import { hasBrowser, signIn, violations } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";
import { ACCOUNT } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

describe.skipIf(!hasBrowser)("behind an access proxy", () => {
  let proxy: AccessProxy;
  beforeAll(async () => {
    proxy = await startAccessProxy();
  });
  afterAll(() => proxy.close());
  const console = consoleTest(
    async ({ gatehouse, admin }) => {
      const client = clientOf(gatehouse, admin.token);
      for (const name of ["ada", "eve"]) {
        const spec = { name, email: `${name}@example.com`, role_id: ROLE_IDS[name === "ada" ? "Admin" : "Viewer"] };
        expect((await client("POST", `${V1}/accounts/${ACCOUNT}/operators`, spec)).status).toBe(200);
      }
    },
    () => proxy.vars,
  );

  const vouchedFor = new WeakMap<Page, string | null>();

  /** As the proxy does: every call of the page gets the word of who has signed in; at no instant it gets none in between. */
  async function vouch(page: Page, assertion: string | null): Promise<void> {
    const first = !vouchedFor.has(page);
    vouchedFor.set(page, assertion);
    if (!first) return;
    await page.route("**/*", async (route) => {
      const headers = await route.request().allHeaders();
      const word = vouchedFor.get(page) ?? null;
      await route.continue(word === null ? {} : { headers: { ...headers, "cf-access-jwt-assertion": word } });
    });
  }

  async function arrive(assertion: string, path = "/console/", theme: "light" | "dark" = "light") {
    const watched = await console.open("/console/address", { theme });
    await vouch(watched.page, assertion);
    await watched.page.goto(console.world().gatehouse.url + path);
    return watched.page;
  }

  it("enters without a key, says who it is, and makes and revokes a key in their name", async () => {
    const page = await arrive(await proxy.assertionOf("ada@example.com"));
    await page.getByText("Signed in as ada@example.com (Admin)").waitFor();
    await page.getByRole("button", { name: "Create API key" }).click();
    const form = page.getByRole("dialog", { name: "Create an API key" });
    await form.getByLabel("Name").fill("made-by-ada");
    await form.getByLabel("Role").selectOption({ label: "Viewer" });
    await form.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("button", { name: "I have stored it" }).click();
    await page.getByRole("link", { name: "made-by-ada" }).click();
    const sheet = page.getByRole("dialog", { name: "made-by-ada" });
    await sheet.getByText("Created by ada@example.com").waitFor();
    await sheet.getByRole("button", { name: "Revoke this key …" }).click();
    await page.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByRole("button", { name: "Done" }).click();
    await sheet.getByText("Revoked by ada@example.com").waitFor();
  });

  it("shows a link's page after a reload, and a Viewer nothing to change", async () => {
    const page = await arrive(await proxy.assertionOf("eve@example.com"), `/console/keys/${console.world().admin.id}`);
    await page.getByRole("dialog", { name: "console-admin" }).getByText("Recent activity").waitFor();
    await page.reload();
    await page.getByRole("dialog", { name: "console-admin" }).getByText("Recent activity").waitFor();
    expect(await page.getByRole("button", { name: /Revoke/ }).count()).toBe(0);
  });

  it("keeps what was typed when the proxy's sign-in ends, and goes on after another", async () => {
    const page = await arrive(await proxy.assertionOf("ada@example.com"));
    await page.getByRole("button", { name: "Create API key" }).click();
    const form = page.getByRole("dialog", { name: "Create an API key" });
    await form.getByLabel("Name").fill("typed before the end");
    await form.getByLabel("Role").selectOption({ label: "Viewer" });
    await vouch(page, await proxy.assertionOf("ada@example.com", "1 hour ago"));
    // Not by the mouse: whatever the page reads meanwhile may have brought the dialog up before.
    await form.getByRole("button", { name: "Create key" }).dispatchEvent("click");
    const ended = page.getByRole("dialog", { name: "Your sign-in has ended" });
    await ended.getByRole("link", { name: "Sign in in another tab" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await ended.getByRole("button", { name: "Go on" }).click();
    await ended.getByRole("alert").waitFor();
    await vouch(page, await proxy.assertionOf("ada@example.com"));
    await ended.getByRole("button", { name: "Go on" }).click();
    await ended.waitFor({ state: "detached" });
    expect(await form.getByLabel("Name").inputValue()).toBe("typed before the end");
    await form.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("button", { name: "I have stored it" }).waitFor();
  });

  it("asks to sign in again when the proxy sends calls to its own sign-in", async () => {
    const page = await arrive(await proxy.assertionOf("ada@example.com"));
    await page.getByRole("link", { name: "Roles" }).waitFor();
    await page.route("**/api/**", (route) =>
      route.fulfill({ status: 302, headers: { location: `${proxy.url}/login` } }),
    );
    await page.getByRole("link", { name: "Roles" }).dispatchEvent("click");
    await page.getByRole("dialog", { name: "Your sign-in has ended" }).waitFor();
  });

  it("leaves, and comes back at a word", async () => {
    const page = await arrive(await proxy.assertionOf("ada@example.com"));
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in through the proxy" }).click();
    await page.getByText("Signed in as ada@example.com (Admin)").waitFor();
  });

  it.each(["light", "dark"] as const)(
    "says that somebody is no operator here, and takes a key, in the %s theme",
    async (theme) => {
      const page = await arrive(await proxy.assertionOf("stranger@example.com"), "/console/", theme);
      await page.getByText("You are not an operator here.").waitFor();
      expect(await violations(page)).toEqual([]);
      await signIn(page, console.world().admin.token);
      await page.getByText("Signed in with console-admin (Admin)").waitFor();
    },
  );
});
