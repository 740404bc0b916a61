import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { clientOf, KEYS_PATH, LISTS_PATH } from "../support/admin-client.ts";
import { hasBrowser, signIn, violations } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";
import { ROLE_IDS } from "../support/seed.ts";

describe.skipIf(!hasBrowser)("the dry run in a key's sheet", () => {
  let office: string;
  const console = consoleTest(async ({ gatehouse, admin }) => {
    const spec = { name: "office", description: "", allow_list: ["192.0.2.0/24"] };
    office = (await clientOf(gatehouse, admin.token)("POST", LISTS_PATH, spec)).body.data.info.id;
  });

  const client = () => clientOf(console.world().gatehouse, console.world().admin.token);
  const status = async (token: string, address: string) => {
    const headers = { "cf-connecting-ip": address };
    return (await console.world().gatehouse.call(token, "/api/public/v1/account", { headers })).status;
  };
  const sheetOf = (page: Page, name: string) => page.getByRole("dialog", { name, exact: true });
  const formOf = (page: Page, name: string) => page.getByRole("dialog", { name: `Dry run on “${name}”` });

  it("counts the requests that a dry run would deny and denies them after the promotion", async () => {
    const { id, token } = await console.world().gatehouse.key({ name: "narrowed", role: "Developer" });
    const page = await console.enter(`/console/keys/${id}`);
    const sheet = sheetOf(page, "narrowed");
    await sheet.getByRole("button", { name: "Start a dry run …" }).click();
    const form = formOf(page, "narrowed");
    await form.getByRole("combobox", { name: "Role" }).selectOption({ label: "Viewer" });
    await form.getByRole("radio", { name: "Addresses in IP allow lists only" }).click();
    await form.getByRole("checkbox", { name: /office/ }).click();
    await form.getByRole("button", { name: "Start dry run" }).click();
    await sheet.getByText("None so far").waitFor();

    expect(await status(token, "192.0.2.1")).toBe(200);
    expect(await status(token, "198.51.100.1")).toBe(200);
    await sheet.getByRole("button", { name: "Refresh" }).click();
    await sheet.getByText("1 request from 1 network").waitFor();
    await sheet.getByText("2 requests", { exact: true }).waitFor();
    const reason = sheet.getByRole("list", { name: "Reasons" }).getByRole("listitem");
    expect(await reason.textContent()).toBe("address_not_allowed1 request, last just now");
    await sheet.getByText("Latest requests that would have been denied").click();
    const example = sheet.getByRole("list", { name: "Examples" }).getByRole("listitem");
    expect(await example.textContent()).toContain("from 198.51.100.0/24: address_not_allowed, 1 request");

    await sheet.getByRole("button", { name: "Promote …" }).click();
    const dialog = page.getByRole("dialog", { name: "Promote the dry run of “narrowed”?" });
    await dialog.getByText("1 request from 1 network").waitFor();
    await dialog.getByRole("button", { name: "Promote", exact: true }).click();
    const receipt = page.getByRole("dialog", { name: "The dry run of “narrowed” is promoted" });
    await receipt.getByText("within 10 seconds").waitFor();
    await receipt.getByRole("button", { name: "Done" }).click();
    await sheet.getByRole("link", { name: "Viewer" }).waitFor();
    await sheet.getByRole("button", { name: "Start a dry run …" }).waitFor();
    expect(await status(token, "198.51.100.1")).toBe(403);
    expect(await status(token, "192.0.2.1")).toBe(200);
  });

  it("shows errors at their fields, replaces a dry run and discards it", async () => {
    const { id } = await console.world().gatehouse.key({ name: "replaced", role: "Developer" });
    const page = await console.enter(`/console/keys/${id}`);
    const sheet = sheetOf(page, "replaced");
    await sheet.getByRole("button", { name: "Start a dry run …" }).click();
    const form = formOf(page, "replaced");
    await form.getByRole("button", { name: "Start dry run" }).click();
    await form.getByText("Choose another role, IP allow lists, or both.").waitFor();
    await form.getByRole("radio", { name: "Addresses in IP allow lists only" }).click();
    await form.getByRole("button", { name: "Start dry run" }).click();
    await form.getByText("This holds 1 to 10 different ids", { exact: false }).waitFor();
    await form.getByRole("checkbox", { name: /office/ }).click();
    await form.getByRole("button", { name: "Start dry run" }).click();
    await sheet.getByText("Unchanged: Developer").waitFor();
    await sheet.getByRole("button", { name: "Replace …" }).click();
    await form.getByRole("combobox", { name: "Role" }).selectOption({ label: "Viewer" });
    await form.getByRole("radio", { name: "Unchanged addresses" }).click();
    await form.getByRole("button", { name: "Replace dry run" }).click();
    await sheet.getByText("Unchanged", { exact: true }).waitFor();
    const { spec } = (await client()("GET", `${KEYS_PATH}/${id}/trial`)).body.data;
    expect(spec).toEqual({ role_id: ROLE_IDS.Viewer, allow_list_info: null });
    await sheet.getByRole("button", { name: "Discard" }).click();
    await sheet.getByRole("button", { name: "Start a dry run …" }).waitFor();
    expect((await client()("GET", `${KEYS_PATH}/${id}/trial`)).status).toBe(404);
  });

  it("offers no dry run to a user without permission and none for a revoked key", async () => {
    const { gatehouse } = console.world();
    const reader = await gatehouse.key({ name: "reader", role: "Viewer" });
    const { page } = await console.open(`/console/keys/${reader.id}`);
    await signIn(page, reader.token);
    await sheetOf(page, "reader").getByText("Recent activity").waitFor();
    await page.waitForLoadState("networkidle");
    expect(await page.getByText("Dry run", { exact: true }).count()).toBe(0);
    const revoked = await gatehouse.key({ name: "revoked", revokedAt: 1 });
    const other = await console.enter(`/console/keys/${revoked.id}`);
    await sheetOf(other, "revoked").getByText("Recent activity").waitFor();
    await other.waitForLoadState("networkidle");
    expect(await other.getByText("Dry run", { exact: true }).count()).toBe(0);
  });

  it.each(["light", "dark"] as const)(
    "shows a dry run without accessibility violations in the %s theme",
    async (theme) => {
      const { id, token } = await console.world().gatehouse.key({ name: `seen-${theme}`, role: "Developer" });
      await client()("PUT", `${KEYS_PATH}/${id}/trial`, { role_id: ROLE_IDS.Viewer, allow_list_info: [office] });
      expect(await status(token, "198.51.100.1")).toBe(200);
      const page = await console.enter(`/console/keys/${id}`, { theme });
      const sheet = sheetOf(page, `seen-${theme}`);
      await sheet.getByText("Latest requests that would have been denied").click();
      await sheet.getByRole("list", { name: "Examples" }).waitFor();
      expect(await violations(page)).toEqual([]);
      await sheet.getByRole("button", { name: "Replace …" }).click();
      await formOf(page, `seen-${theme}`).getByText("The current dry run ends").waitFor();
      expect(await violations(page)).toEqual([]);
    },
  );

  it("promotes a dry run of the last key that can manage keys only after a second confirmation", async () => {
    const { gatehouse, admin } = console.world();
    await client()("PUT", `${KEYS_PATH}/${admin.id}/trial`, { role_id: ROLE_IDS.Viewer });
    const page = await console.enter(`/console/keys/${admin.id}`);
    await sheetOf(page, "console-admin").getByRole("button", { name: "Promote …" }).click();
    const dialog = page.getByRole("dialog", { name: "Promote the dry run of “console-admin”?" });
    await dialog.getByText("You are signed in with this key").waitFor();
    // Another client replaces the dry run while the dialog is open: only a reviewed dry run can be promoted.
    await client()("PUT", `${KEYS_PATH}/${admin.id}/trial`, { role_id: ROLE_IDS.Developer });
    await dialog.getByRole("button", { name: "Promote", exact: true }).click();
    await dialog.getByText("The dry run was replaced in the meantime. Review the new one first.").waitFor();
    await dialog.getByRole("link", { name: "Developer" }).waitFor();
    await dialog.getByRole("button", { name: "Promote", exact: true }).click();
    await dialog.getByText("nobody in the account could manage API keys", { exact: false }).waitFor();
    await dialog.getByRole("button", { name: "Promote anyway" }).click();
    await page.getByRole("dialog", { name: "The dry run of “console-admin” is promoted" }).waitFor();
    expect((await gatehouse.call(admin.token, KEYS_PATH, { method: "POST" })).status).toBe(403);
  });
});
