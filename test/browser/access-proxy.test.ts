// The console behind an access proxy, which identifies the user, so that the user needs no key.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AccessProxy, startAccessProxy } from "../support/access-proxy.ts";
import { clientOf, V1 } from "../support/admin-client.ts";
import { hasBrowser, signIn, violations } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";
import { ACCOUNT, OTHER_ACCOUNT } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

describe.skipIf(!hasBrowser)("the console behind an access proxy", () => {
  let proxy: AccessProxy;
  let beaElsewhere: string;
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
      const both = { name: "bea", email: "bea@example.com", role_id: ROLE_IDS.Admin };
      const other = clientOf(gatehouse, (await gatehouse.key({ accountId: OTHER_ACCOUNT, name: "other-admin" })).token);
      await client("POST", `${V1}/accounts/${ACCOUNT}/operators`, both);
      beaElsewhere = (await other("POST", `${V1}/accounts/${OTHER_ACCOUNT}/operators`, both)).body.data.info.id;
    },
    () => proxy.vars,
  );

  const assertions = new WeakMap<Page, string | null>();

  /** Adds the assertion to every request of the page, as the proxy does. Changing it leaves no request without one. */
  async function assertIdentity(page: Page, assertion: string | null): Promise<void> {
    const first = !assertions.has(page);
    assertions.set(page, assertion);
    if (!first) return;
    await page.route("**/*", async (route) => {
      const headers = await route.request().allHeaders();
      const current = assertions.get(page) ?? null;
      await route.continue(current === null ? {} : { headers: { ...headers, "cf-access-jwt-assertion": current } });
    });
  }

  async function openWith(assertion: string, path = "/console/", theme: "light" | "dark" = "light") {
    const watched = await console.open("/console/address", { theme });
    await assertIdentity(watched.page, assertion);
    await watched.page.goto(console.world().gatehouse.url + path);
    return watched.page;
  }

  it("signs in an operator without a key, shows the identity, and creates and revokes a key as that operator", async () => {
    const page = await openWith(await proxy.assertionOf("ada@example.com"));
    await page.getByText("Signed in as ada@example.com (Admin)").waitFor();
    await page.getByRole("button", { name: "Create API key" }).click();
    const form = page.getByRole("dialog", { name: "Create an API key" });
    await form.getByLabel("Name").fill("created-by-ada");
    await form.getByLabel("Role").selectOption({ label: "Viewer" });
    await form.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("button", { name: "I have stored it" }).click();
    await page.getByRole("link", { name: "created-by-ada" }).click();
    const sheet = page.getByRole("dialog", { name: "created-by-ada" });
    await sheet.getByText("Created by ada@example.com").waitFor();
    await sheet.getByRole("button", { name: "Revoke this key …" }).click();
    await page.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByRole("button", { name: "Done" }).click();
    await sheet.getByText("Revoked by ada@example.com").waitFor();
  });

  it("opens a link's page after a reload and shows a Viewer no buttons that change anything", async () => {
    const page = await openWith(
      await proxy.assertionOf("eve@example.com"),
      `/console/keys/${console.world().admin.id}`,
    );
    await page.getByRole("dialog", { name: "console-admin" }).getByText("Recent activity").waitFor();
    await page.reload();
    await page.getByRole("dialog", { name: "console-admin" }).getByText("Recent activity").waitFor();
    expect(await page.getByRole("button", { name: /Revoke/ }).count()).toBe(0);
  });

  it("keeps the input when the proxy's session ends and continues after a new sign-in", async () => {
    const page = await openWith(await proxy.assertionOf("ada@example.com"));
    await page.getByRole("button", { name: "Create API key" }).click();
    const form = page.getByRole("dialog", { name: "Create an API key" });
    await form.getByLabel("Name").fill("typed before the end");
    await form.getByLabel("Role").selectOption({ label: "Viewer" });
    await assertIdentity(page, await proxy.assertionOf("ada@example.com", "1 hour ago"));
    // Not a mouse click, and also when hidden: another request of the page may have opened the dialog over the form.
    const hidden = page.getByRole("dialog", { name: "Create an API key", includeHidden: true });
    await hidden.getByRole("button", { name: "Create key", includeHidden: true }).dispatchEvent("click");
    const ended = page.getByRole("dialog", { name: "Your session has ended" });
    await ended.getByRole("link", { name: "Sign in in another tab" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await ended.getByRole("button", { name: "Continue" }).click();
    await ended.getByRole("alert").waitFor();
    await assertIdentity(page, await proxy.assertionOf("ada@example.com"));
    await ended.getByRole("button", { name: "Continue" }).click();
    await ended.waitFor({ state: "detached" });
    expect(await form.getByLabel("Name").inputValue()).toBe("typed before the end");
    await form.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("button", { name: "I have stored it" }).waitFor();
  });

  it("asks for a new sign-in when the proxy redirects requests to its sign-in page", async () => {
    const page = await openWith(await proxy.assertionOf("ada@example.com"));
    await page.getByRole("link", { name: "Roles" }).waitFor();
    await page.route("**/api/**", (route) =>
      route.fulfill({ status: 302, headers: { location: `${proxy.url}/login` } }),
    );
    await page.getByRole("link", { name: "Roles" }).dispatchEvent("click");
    await page.getByRole("dialog", { name: "Your session has ended" }).waitFor();
  });

  it.each(["light", "dark"] as const)(
    "lets an operator of several accounts choose one, remembers it for the tab, and switches, in the %s theme",
    async (theme) => {
      const page = await openWith(await proxy.assertionOf("bea@example.com"), "/console/", theme);
      await page.getByRole("heading", { name: "Choose an account" }).waitFor();
      expect(await violations(page)).toEqual([]);
      await page.getByRole("button", { name: `Another account ${OTHER_ACCOUNT}` }).click();
      await page.getByRole("link", { name: "other-admin" }).waitFor();
      expect(await violations(page)).toEqual([]);
      await page.reload();
      await page.getByRole("link", { name: "other-admin" }).waitFor();
      const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
      expect(JSON.parse(stored)).toEqual([{}, { "gatehouse-account": OTHER_ACCOUNT }]);
      await page.getByRole("link", { name: "Roles" }).click();
      await page.getByRole("link", { name: "Developer" }).click();
      await page.getByRole("dialog", { name: "Developer" }).getByRole("button", { name: "Close" }).click();
      await page.getByLabel("Account").selectOption({ label: `Test account (${ACCOUNT.slice(0, 8)})` });
      await page.getByRole("link", { name: "API keys" }).click();
      await page.getByRole("link", { name: "console-admin" }).waitFor();
      expect(await page.getByRole("link", { name: "other-admin" }).count()).toBe(0);
      const beside = await openWith(await proxy.assertionOf("bea@example.com"));
      await beside.getByRole("heading", { name: "Choose an account" }).waitFor();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("button", { name: "Sign in through the proxy" }).click();
      await page.getByRole("heading", { name: "Choose an account" }).waitFor();
    },
  );

  it("continues in the only account that is left when the remembered one has removed the operator", async () => {
    const page = await openWith(await proxy.assertionOf("bea@example.com"));
    await page.getByRole("button", { name: "Another account" }).click();
    await page.getByRole("link", { name: "other-admin" }).waitFor();
    const { DB } = console.world().gatehouse.env;
    await DB.prepare("UPDATE operators SET deleted_at = 1 WHERE id = ?").bind(beaElsewhere).run();
    await page.reload();
    await page.getByRole("link", { name: "console-admin" }).waitFor();
    expect(await page.getByLabel("Account").count()).toBe(0);
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });

  it("signs out and signs in through the proxy again", async () => {
    const page = await openWith(await proxy.assertionOf("ada@example.com"));
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in through the proxy" }).click();
    await page.getByText("Signed in as ada@example.com (Admin)").waitFor();
  });

  it.each(["light", "dark"] as const)(
    "tells an unknown identity that it is not an operator and accepts a key, in the %s theme",
    async (theme) => {
      const page = await openWith(await proxy.assertionOf("unknown@example.com"), "/console/", theme);
      await page.getByText("You are not an operator here.").waitFor();
      expect(await violations(page)).toEqual([]);
      await signIn(page, console.world().admin.token);
      await page.getByText("Signed in with console-admin (Admin)").waitFor();
    },
  );
});
