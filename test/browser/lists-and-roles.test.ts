import { describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";
import { ACCOUNT, PROJECT } from "../support/gatehouse.ts";

const V1 = "/api/public/v1";
const json = { "content-type": "application/json" };

describe.skipIf(!hasBrowser)("IP allow lists", () => {
  const console = consoleTest();

  it("are made, with a warning about what is probably not meant, shown and deleted", async () => {
    const page = await console.enter("/console/allow-lists");
    await page.getByRole("heading", { name: "No allow list yet" }).waitFor();
    await page.getByRole("button", { name: "Create allow list" }).first().click();
    const form = page.getByRole("dialog", { name: "Create an IP allow list" });
    await form.getByLabel("Name").fill("office");
    await form.getByLabel("Addresses and ranges").fill("203.0.113.0/24\n2001:DB8::/32");
    await form.getByRole("button", { name: "Create list" }).click();
    const made = page.getByRole("dialog", { name: "“office” is made" });
    await made.getByText("Your own address, 127.0.0.1, is not in this list.").waitFor();
    await made.getByRole("button", { name: "Done" }).click();
    await page.getByRole("link", { name: "office" }).click();
    const sheet = page.getByRole("dialog", { name: "office" });
    await sheet.getByText("2001:db8::/32").waitFor();
    await sheet.getByText("No API key uses it.").waitFor();
    await sheet.getByRole("button", { name: "Delete this list …" }).click();
    await page.getByRole("dialog", { name: "Delete “office”?" }).getByRole("button", { name: "Delete" }).click();
    await page.getByRole("heading", { name: "No allow list yet" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/console/allow-lists");
  });

  it("say which line is wrong, and keep all of them", async () => {
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

  it("cannot be deleted while a key uses them, which is named", async () => {
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
    await dialog.getByRole("button", { name: "Keep it" }).click();
    await page.getByRole("link", { name: "bound-key" }).click();
    await page.getByRole("dialog", { name: "bound-key" }).getByText("Recent activity").waitFor();
  });

  it("have a page that says so when the API behind the door names no project", async () => {
    const { page } = await console.open("/console/allow-lists");
    await page.route("**/v1/account", (route) => route.fulfill({ json: { data: { info: { id: ACCOUNT } } } }));
    await page.getByLabel("API key").fill(console.world().admin.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "No project" }).waitFor();
  });
});

describe.skipIf(!hasBrowser)("roles", () => {
  const console = consoleTest();

  it("are cloned, edited and deleted, with their permissions by resource", async () => {
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
    const made = page.getByRole("dialog", { name: "pauser" });
    await made.getByText("Pause clusters").waitFor();
    await made.getByRole("button", { name: "Edit" }).click();
    const edit = page.getByRole("dialog", { name: "Edit “pauser”" });
    await edit.getByRole("checkbox", { name: "List or View clusters" }).click();
    await edit.getByRole("checkbox", { name: "Create API keys (sensitive)" }).click();
    await edit.getByRole("button", { name: "Save" }).click();
    await made.getByRole("row", { name: /API Keys .*Create API keys ?Sensitive/ }).waitFor();
    await made.getByRole("row", { name: /List or View clusters ?Implied/ }).waitFor();
    await made.getByRole("button", { name: "Delete …" }).click();
    await page
      .getByRole("dialog", { name: "Delete the role “pauser”?" })
      .getByRole("button", { name: "Delete" })
      .click();
    await page.getByRole("link", { name: "pauser" }).waitFor({ state: "detached" });
  });

  it("say what is missing, and that a name is taken, and keep the rest", async () => {
    const page = await console.enter("/console/roles");
    await page.getByRole("button", { name: "Create role" }).click();
    const form = page.getByRole("dialog", { name: "Create a role" });
    await form.getByRole("button", { name: "Create role" }).click();
    await form.getByText("Give the role a name.").waitFor();
    await form.getByText("Choose at least one permission.").waitFor();
    await form.getByLabel("Name").fill("viewer");
    await form.getByRole("checkbox", { name: "List or View clusters" }).click();
    await form.getByRole("button", { name: "Create role" }).click();
    await form.getByText(/There is a role with this name already/).waitFor();
    expect(await form.getByRole("checkbox", { name: "List or View clusters" }).isChecked()).toBe(true);
  });

  it("warn before a change that keys feel, and cannot be deleted while one has them", async () => {
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
    await dialog.getByRole("button", { name: "Keep it" }).click();
    await sheet.getByRole("button", { name: "Edit" }).click();
    await page.getByText("1 active key has this role").waitFor();
  });

  it("refuse to give away more than the signed-in key has, and say what", async () => {
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
    const grantor = await gatehouse.key({ name: "maker", roleId: data.info.id });
    const { page } = await console.open("/console/roles");
    await page.getByLabel("API key").fill(grantor.token);
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
