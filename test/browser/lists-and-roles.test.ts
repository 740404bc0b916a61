import { describe, expect, it } from "vitest";
import { clientOf, KEYS_PATH, LISTS_PATH, V1 } from "../support/admin-client.ts";
import { hasBrowser, signIn, violations } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";
import { ACCOUNT, CLUSTERS, PROJECT } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

const json = { "content-type": "application/json" };

describe.skipIf(!hasBrowser)("the page of IP allow lists", () => {
  const console = consoleTest();

  it("creates an allow list with a warning, shows it and deletes it", async () => {
    const page = await console.enter("/console/allow-lists");
    await page.getByRole("heading", { name: "No allow list yet" }).waitFor();
    await page.getByRole("button", { name: "Create allow list" }).first().click();
    const form = page.getByRole("dialog", { name: "Create an IP allow list" });
    await form.getByLabel("Name").fill("office");
    await form.getByLabel("Addresses and ranges").fill("203.0.113.0/24\n2001:DB8::/32");
    await form.getByRole("button", { name: "Create list" }).click();
    const created = page.getByRole("dialog", { name: "“office” is created" });
    await created.getByText("Your own address, 127.0.0.1, is not in this list.").waitFor();
    await created.getByRole("button", { name: "Done" }).click();
    await page.getByRole("link", { name: "office" }).click();
    const sheet = page.getByRole("dialog", { name: "office" });
    await sheet.getByText("2001:db8::/32").waitFor();
    await sheet.getByText("No API key uses it.").waitFor();
    await sheet.getByRole("button", { name: "Edit this list …" }).click();
    const editing = page.getByRole("dialog", { name: "Edit “office”" });
    await editing.getByLabel("Addresses and ranges").fill("198.51.100.0/24");
    await editing.getByRole("button", { name: "Continue" }).click();
    await editing.getByText("This changes the addresses of 0 active API keys.").waitFor();
    await editing.getByRole("button", { name: "Save" }).click();
    const receipt = page.getByRole("dialog", { name: "“office” is edited" });
    await receipt.getByRole("button", { name: "Done" }).click();
    await sheet.getByText("198.51.100.0/24").waitFor();
    await sheet.getByRole("button", { name: "Delete this list …" }).click();
    await page
      .getByRole("dialog", { name: "Delete the IP allow list “office”?" })
      .getByRole("button", { name: "Delete" })
      .click();
    await page.getByRole("heading", { name: "No allow list yet" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/console/allow-lists");
  });

  it("names the invalid lines of an allow list and keeps the input", async () => {
    const page = await console.enter("/console/allow-lists");
    await page.getByRole("button", { name: "Create allow list" }).first().click();
    const form = page.getByRole("dialog", { name: "Create an IP allow list" });
    await form.getByLabel("Name").fill("wrong");
    await form.getByLabel("Addresses and ranges").fill("203.0.113.0/24\n010.0.0.1\n10.0.0.0/99");
    await form.getByRole("button", { name: "Create list" }).click();
    await form.getByText(/Line 2: .*Line 3: /).waitFor();
    expect(await form.getByLabel("Addresses and ranges").inputValue()).toContain("010.0.0.1");
    await form.getByLabel("Addresses and ranges").fill("");
    await form.getByRole("button", { name: "Add it" }).click();
    expect(await form.getByLabel("Addresses and ranges").inputValue()).toBe("127.0.0.1");
    await form.getByRole("button", { name: "Create list" }).click();
    await form.waitFor({ state: "detached" });
    await page.getByRole("link", { name: "wrong" }).waitFor();
  });

  it("does not delete an allow list in use and names the key that uses it", async () => {
    await console.world().gatehouse.key({ name: "bound-key", rules: ["127.0.0.0/8"], projectId: PROJECT });
    const page = await console.enter("/console/allow-lists");
    await page
      .getByRole("row", { name: /127\.0\.0\.0\/8/ })
      .getByRole("link")
      .click();
    await page.getByRole("link", { name: "bound-key" }).waitFor();
    await page.getByRole("button", { name: "Delete this list …" }).click();
    const dialog = page.getByRole("dialog", { name: /^Delete / });
    await dialog.getByRole("button", { name: "Delete" }).click();
    await dialog.getByText(/in use by active API keys.*bound-key/).waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("link", { name: "bound-key" }).click();
    await page.getByRole("dialog", { name: "bound-key" }).getByText("Recent activity").waitFor();
  });

  /** A list with the address of this machine, another one without it, and a key that was used with the first. */
  async function makeLists(name: string) {
    const { gatehouse, admin } = console.world();
    const send = clientOf(gatehouse, admin.token);
    const make = async (suffix: string, rule: string): Promise<string> =>
      (await send("POST", LISTS_PATH, { name: `${name}-${suffix}`, allow_list: [rule] })).body.data.info.id;
    const [here, elsewhere] = [await make("here", "127.0.0.0/8"), await make("elsewhere", "203.0.113.0/24")];
    const terms = { role_id: ROLE_IDS.Admin, expire_after_hours: 0, allow_list_info: [here] };
    const { jwt } = (await send("POST", KEYS_PATH, { name: `${name}-key`, ...terms })).body;
    const change = async () => (await gatehouse.call(jwt, CLUSTERS, { method: "POST" })).status;
    expect(await change()).toBe(404);
    const sql = `SELECT last_used_address FROM api_keys WHERE name = '${name}-key'`;
    const usedFrom = async () => (await gatehouse.env.DB.prepare(sql).all()).results[0]?.last_used_address;
    await expect.poll(usedFrom).toBe("127.0.0.1");
    return { here, elsewhere, change };
  }

  it("shows which keys an edit of a list would newly deny before it saves the edit", async () => {
    const { here, change } = await makeLists("edited");
    const page = await console.enter(`/console/allow-lists/${here}`);
    await page.getByRole("button", { name: "Edit this list …" }).click();
    const form = page.getByRole("dialog", { name: "Edit “edited-here”" });
    expect(await form.evaluate((each) => each.contains(document.activeElement))).toBe(true);
    await form.getByLabel("Addresses and ranges").fill("198.51.100.0/24");
    await form.getByRole("button", { name: "Continue" }).click();
    await form.getByText("This changes the addresses of 1 active API key.").waitFor();
    await form.getByText("edited-key (127.0.0.1)").waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await change()).toBe(404);
    // Another edit is shown again before it is saved.
    await form.getByLabel("Addresses and ranges").fill("198.51.100.7");
    await form.getByRole("button", { name: "Continue" }).click();
    await form.getByText("edited-key (127.0.0.1)").waitFor();
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByRole("dialog", { name: "“edited-here” is edited" }).getByText("within 10 seconds").waitFor();
    expect(await change()).toBe(403);
  });

  it("replaces a list on all its keys after it has shown which of them would newly be denied", async () => {
    const { here, elsewhere, change } = await makeLists("moved");
    const page = await console.enter(`/console/allow-lists/${elsewhere}`);
    await page.getByText("No API key uses it.").waitFor();
    expect(await page.getByRole("button", { name: "Replace on all keys …" }).count()).toBe(0);
    await page.goto(`${console.world().gatehouse.url}/console/allow-lists/${here}`);
    await signIn(page, console.world().admin.token);
    const button = page.getByRole("button", { name: "Replace on all keys …" });
    await button.click();
    const form = page.getByRole("dialog", { name: "Replace “moved-here” on all keys" });
    expect(await form.evaluate((each) => each.contains(document.activeElement))).toBe(true);
    const choice = form.getByRole("combobox", { name: "The list in its place" });
    await choice.selectOption({ label: "moved-elsewhere" });
    await form.getByRole("button", { name: "Continue" }).click();
    await form.getByText("This changes the addresses of 1 active API key.").waitFor();
    await form.getByText("moved-key (127.0.0.1)").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await form.waitFor({ state: "detached" });
    expect(await button.evaluate((each) => each === document.activeElement)).toBe(true);
    expect(await change()).toBe(404);

    await button.click();
    await choice.selectOption({ label: "moved-elsewhere" });
    await form.getByRole("button", { name: "Continue" }).click();
    await form.getByRole("button", { name: "Replace on 1 key" }).click();
    const receipt = page.getByRole("dialog", { name: "“moved-here” is replaced on 1 key" });
    await receipt.getByRole("button", { name: "Done" }).click();
    await page.getByRole("dialog", { name: "moved-here" }).getByText("No API key uses it.").waitFor();
    expect(await change()).toBe(403);
  });

  it("reports when the upstream API names no project", async () => {
    const { page } = await console.open("/console/allow-lists");
    await page.route("**/v1/account", (route) => route.fulfill({ json: { data: { info: { id: ACCOUNT } } } }));
    await page.getByLabel("API key").fill(console.world().admin.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "No project" }).waitFor();
  });
});

describe.skipIf(!hasBrowser)("the page of roles", () => {
  const console = consoleTest();

  it("clones, edits and deletes a role and shows its permissions by resource", async () => {
    const page = await console.enter("/console/roles");
    await page.getByRole("link", { name: "Viewer" }).click();
    const viewer = page.getByRole("dialog", { name: "Viewer" });
    await viewer.getByRole("row", { name: /Clusters List or View clusters/ }).waitFor();
    expect(await viewer.getByRole("button", { name: "Edit" }).count()).toBe(0);
    await viewer.getByRole("button", { name: "Clone" }).click();
    const form = page.getByRole("dialog", { name: "Create a role" });
    expect(await form.getByLabel("Name").inputValue()).toBe("Viewer copy");
    await form.getByLabel("Name").fill("pauser");
    await form.getByRole("checkbox", { name: "Pause clusters" }).click();
    await form.getByRole("button", { name: "Create role" }).click();
    const created = page.getByRole("dialog", { name: "pauser" });
    await created.getByText("Pause clusters").waitFor();
    await created.getByRole("button", { name: "Edit" }).click();
    const edit = page.getByRole("dialog", { name: "Edit “pauser”" });
    await edit.getByRole("checkbox", { name: "List or View clusters" }).click();
    await edit.getByRole("checkbox", { name: "Create API keys (sensitive)" }).click();
    await edit.getByRole("button", { name: "Save" }).click();
    await created.getByRole("row", { name: /API Keys .*Create API keys ?Sensitive/ }).waitFor();
    await created.getByRole("row", { name: /List or View clusters ?Implied/ }).waitFor();
    await created.getByRole("button", { name: "Delete …" }).click();
    await page
      .getByRole("dialog", { name: "Delete the role “pauser”?" })
      .getByRole("button", { name: "Delete" })
      .click();
    await page.getByRole("link", { name: "pauser" }).waitFor({ state: "detached" });
  });

  it("shows missing values and a duplicate name at their fields and keeps the input", async () => {
    const page = await console.enter("/console/roles");
    await page.getByRole("button", { name: "Create role" }).click();
    const form = page.getByRole("dialog", { name: "Create a role" });
    await form.getByRole("button", { name: "Create role" }).click();
    await form.getByText("Enter a name.").waitFor();
    await form.getByText("Choose at least one permission.").waitFor();
    await form.getByLabel("Name").fill("viewer");
    await form.getByRole("checkbox", { name: "List or View clusters" }).click();
    await form.getByRole("button", { name: "Create role" }).click();
    await form.getByText(/There is a built-in role with this name/).waitFor();
    expect(await form.getByRole("checkbox", { name: "List or View clusters" }).isChecked()).toBe(true);
  });

  it("warns before a change of a role in use and does not delete it", async () => {
    const { gatehouse, admin } = console.world();
    const permissions = [{ resource_type: "CLUSTER", operation_groups: [{ operation_group: "READ" }] }];
    const body = JSON.stringify({ name: "in-use", permissions });
    const path = `${V1}/accounts/${ACCOUNT}/roles`;
    const made = await gatehouse.call(admin.token, path, { method: "POST", headers: json, body });
    const { data } = (await made.json()) as { data: { info: { id: string } } };
    await gatehouse.key({ name: "holder", roleId: data.info.id });
    const page = await console.enter(`/console/roles/${data.info.id}`);
    const sheet = page.getByRole("dialog", { name: "in-use" });
    await sheet.getByRole("link", { name: "holder" }).waitFor();
    await sheet.getByRole("button", { name: "Delete …" }).click();
    const dialog = page.getByRole("dialog", { name: /^Delete the role/ });
    await dialog.getByRole("button", { name: "Delete" }).click();
    await dialog.getByText(/in use by active API keys.*holder/).waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await sheet.getByRole("button", { name: "Edit" }).click();
    await page.getByText("1 active key has this role").waitFor();
  });

  it("denies privilege escalation and names the missing permission", async () => {
    const { gatehouse, admin } = console.world();
    const groups = ["READ", "CREATE"].map((operation_group) => ({ operation_group }));
    const permissions = [
      { resource_type: "ROLE", operation_groups: groups },
      { resource_type: "API_KEY", operation_groups: groups },
    ];
    const body = JSON.stringify({ name: "role-maker", permissions });
    const path = `${V1}/accounts/${ACCOUNT}/roles`;
    const made = await gatehouse.call(admin.token, path, { method: "POST", headers: json, body });
    const { data } = (await made.json()) as { data: { info: { id: string } } };
    const creator = await gatehouse.key({ name: "creator", roleId: data.info.id });
    const { page } = await console.open("/console/roles");
    await page.getByLabel("API key").fill(creator.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Create role" }).click();
    const form = page.getByRole("dialog", { name: "Create a role" });
    await form.getByLabel("Name").fill("more");
    await form.getByRole("checkbox", { name: "Delete clusters" }).click();
    await form.getByRole("button", { name: "Create role" }).click();
    await form.getByRole("alert").first().waitFor();
    expect(await form.getByRole("alert").first().textContent()).toContain("CLUSTER:DELETE");
  });
});
