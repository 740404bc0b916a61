import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { clientOf, KEYS_PATH, LISTS_PATH } from "../support/admin-client.ts";
import { hasBrowser, signIn, violations } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";
import { ROLE_IDS } from "../support/seed.ts";

const TITLE = "Try a narrower role or list";

describe.skipIf(!hasBrowser)("a trial of a key", () => {
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
  const formOf = (page: Page, name: string) => page.getByRole("dialog", { name: `${TITLE} on “${name}”` });

  it("counts and shows what it would refuse, and refuses it once it is promoted", async () => {
    const { id, token } = await console.world().gatehouse.key({ name: "narrowed", role: "Developer" });
    const page = await console.enter(`/console/keys/${id}`);
    const sheet = sheetOf(page, "narrowed");
    await sheet.getByRole("button", { name: "Start a trial …" }).click();
    const form = formOf(page, "narrowed");
    await form.getByRole("combobox", { name: "Role" }).selectOption({ label: "Viewer" });
    await form.getByRole("radio", { name: "Addresses of IP allow lists only" }).click();
    await form.getByRole("checkbox", { name: /office/ }).click();
    await form.getByRole("button", { name: "Start the trial" }).click();
    await sheet.getByText("None so far").waitFor();

    expect(await status(token, "192.0.2.1")).toBe(200);
    expect(await status(token, "198.51.100.1")).toBe(200);
    await sheet.getByRole("button", { name: "Count again" }).click();
    await sheet.getByText("1 call from 1 network").waitFor();
    await sheet.getByText("2 calls", { exact: true }).waitFor();
    const reason = sheet.getByRole("list", { name: "Reasons" }).getByRole("listitem");
    expect(await reason.textContent()).toBe("address_not_allowed1 call, the last just now");
    await sheet.getByText("The latest calls that would have been refused").click();
    const example = sheet.getByRole("list", { name: "Examples" }).getByRole("listitem");
    expect(await example.textContent()).toContain("from 198.51.100.0/24: address_not_allowed, 1 call");

    await sheet.getByRole("button", { name: "Promote …" }).click();
    const asked = page.getByRole("dialog", { name: "Promote the trial of “narrowed”?" });
    await asked.getByText("1 call from 1 network").waitFor();
    await asked.getByRole("button", { name: "Promote", exact: true }).click();
    const receipt = page.getByRole("dialog", { name: "The trial of “narrowed” is promoted" });
    await receipt.getByText("within 10 seconds").waitFor();
    await receipt.getByRole("button", { name: "Done" }).click();
    await sheet.getByRole("link", { name: "Viewer" }).waitFor();
    await sheet.getByRole("button", { name: "Start a trial …" }).waitFor();
    expect(await status(token, "198.51.100.1")).toBe(403);
    expect(await status(token, "192.0.2.1")).toBe(200);
  });

  it("says at each field what is wrong, is replaced and is dropped", async () => {
    const { id } = await console.world().gatehouse.key({ name: "tried", role: "Developer" });
    const page = await console.enter(`/console/keys/${id}`);
    const sheet = sheetOf(page, "tried");
    await sheet.getByRole("button", { name: "Start a trial …" }).click();
    const form = formOf(page, "tried");
    await form.getByRole("button", { name: "Start the trial" }).click();
    await form.getByText("Choose another role, IP allow lists, or both.").waitFor();
    await form.getByRole("radio", { name: "Addresses of IP allow lists only" }).click();
    await form.getByRole("button", { name: "Start the trial" }).click();
    await form.getByText("This holds 1 to 10 different ids", { exact: false }).waitFor();
    await form.getByRole("checkbox", { name: /office/ }).click();
    await form.getByRole("button", { name: "Start the trial" }).click();
    await sheet.getByText("As it is: Developer").waitFor();
    await sheet.getByRole("button", { name: "Replace …" }).click();
    await form.getByRole("combobox", { name: "Role" }).selectOption({ label: "Viewer" });
    await form.getByRole("radio", { name: "The same addresses as now" }).click();
    await form.getByRole("button", { name: "Replace the trial" }).click();
    await sheet.getByText("As they are").waitFor();
    const { spec } = (await client()("GET", `${KEYS_PATH}/${id}/trial`)).body.data;
    expect(spec).toEqual({ role_id: ROLE_IDS.Viewer, allow_list_info: null });
    await sheet.getByRole("button", { name: "Drop" }).click();
    await sheet.getByRole("button", { name: "Start a trial …" }).waitFor();
    expect((await client()("GET", `${KEYS_PATH}/${id}/trial`)).status).toBe(404);
  });

  it("is not offered to whoever may not start one, nor for a key that is over", async () => {
    const { gatehouse } = console.world();
    const looker = await gatehouse.key({ name: "looker", role: "Viewer" });
    const { page } = await console.open(`/console/keys/${looker.id}`);
    await signIn(page, looker.token);
    await sheetOf(page, "looker").getByText("Recent activity").waitFor();
    await page.waitForLoadState("networkidle");
    expect(await page.getByText(TITLE).count()).toBe(0);
    const over = await gatehouse.key({ name: "over", revokedAt: 1 });
    const other = await console.enter(`/console/keys/${over.id}`);
    await sheetOf(other, "over").getByText("Recent activity").waitFor();
    await other.waitForLoadState("networkidle");
    expect(await other.getByText(TITLE).count()).toBe(0);
  });

  it.each(["light", "dark"] as const)("can be used by everybody in the %s theme", async (theme) => {
    const { id, token } = await console.world().gatehouse.key({ name: `seen-${theme}`, role: "Developer" });
    await client()("PUT", `${KEYS_PATH}/${id}/trial`, { role_id: ROLE_IDS.Viewer, allow_list_info: [office] });
    expect(await status(token, "198.51.100.1")).toBe(200);
    const page = await console.enter(`/console/keys/${id}`, { theme });
    const sheet = sheetOf(page, `seen-${theme}`);
    await sheet.getByText("The latest calls that would have been refused").click();
    await sheet.getByRole("list", { name: "Examples" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await sheet.getByRole("button", { name: "Replace …" }).click();
    await formOf(page, `seen-${theme}`).getByText("The trial under way ends").waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it("of the last key that can manage keys is promoted only when told to", async () => {
    const { gatehouse, admin } = console.world();
    await client()("PUT", `${KEYS_PATH}/${admin.id}/trial`, { role_id: ROLE_IDS.Viewer });
    const page = await console.enter(`/console/keys/${admin.id}`);
    await sheetOf(page, "console-admin").getByRole("button", { name: "Promote …" }).click();
    const asked = page.getByRole("dialog", { name: "Promote the trial of “console-admin”?" });
    await asked.getByText("This is the key that you are signed in with").waitFor();
    // Replaced behind the dialog: what is promoted is what was seen.
    await client()("PUT", `${KEYS_PATH}/${admin.id}/trial`, { role_id: ROLE_IDS.Developer });
    await asked.getByRole("button", { name: "Promote", exact: true }).click();
    await asked.getByText("The trial was replaced meanwhile: look at it again.").waitFor();
    await asked.getByRole("link", { name: "Developer" }).waitFor();
    await asked.getByRole("button", { name: "Promote", exact: true }).click();
    await asked.getByText("nobody in the account could manage API keys", { exact: false }).waitFor();
    await asked.getByRole("button", { name: "Promote it all the same" }).click();
    await page.getByRole("dialog", { name: "The trial of “console-admin” is promoted" }).waitFor();
    expect((await gatehouse.call(admin.token, KEYS_PATH, { method: "POST" })).status).toBe(403);
  });
});
