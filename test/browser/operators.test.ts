import { describe, expect, it } from "vitest";
import { clientOf, ROLES_PATH, V1 } from "../support/admin-client.ts";
import { hasBrowser, signIn } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";
import { ACCOUNT } from "../support/gatehouse.ts";

const OPERATORS = `${V1}/accounts/${ACCOUNT}/operators`;

describe.skipIf(!hasBrowser)("the page of operators", () => {
  const console = consoleTest();

  it("adds, shows, changes and removes an operator", async () => {
    const page = await console.enter();
    await page.getByRole("link", { name: "Operators" }).click();
    await page.getByRole("heading", { name: "No operator yet" }).waitFor();
    await page.getByRole("button", { name: "Add operator" }).first().click();
    const form = page.getByRole("dialog", { name: "Add an operator" });
    await form.getByLabel("Name").fill("Grace Hopper");
    await form.getByRole("textbox", { name: "Email address" }).fill("Grace@Example.com");
    await form.getByRole("combobox", { name: "Role" }).selectOption({ label: "Viewer" });
    await form.getByRole("button", { name: "Add operator" }).click();
    // No issuer is configured here: the warning says so, since nobody can sign in yet.
    const added = page.getByRole("dialog", { name: "“Grace Hopper” is added" });
    await added.getByText("The operator cannot sign in yet").waitFor();
    await added.getByText(/OIDC_ISSUER/).waitFor();
    await added.getByRole("button", { name: "Done" }).click();
    await page.getByRole("link", { name: "Grace Hopper" }).click();
    const sheet = page.getByRole("dialog", { name: "Grace Hopper" });
    await sheet.getByText("grace@example.com").waitFor();
    await sheet.getByRole("link", { name: "Viewer" }).waitFor();
    await page.reload();
    await signIn(page, console.world().admin.token);
    await sheet.getByRole("button", { name: "Edit" }).click();
    const edit = page.getByRole("dialog", { name: "Edit “Grace Hopper”" });
    expect(await edit.getByRole("textbox", { name: "Email address" }).count()).toBe(0);
    await edit.getByRole("combobox", { name: "Role" }).selectOption({ label: "Developer" });
    await edit.getByRole("button", { name: "Change the expiry" }).click();
    await edit.getByRole("radio", { name: "30 days" }).click();
    await edit.getByRole("button", { name: "Save" }).click();
    await sheet.getByRole("link", { name: "Developer" }).waitFor();
    await sheet.getByText(/in 29 days|in 30 days/).waitFor();
    await sheet.getByRole("button", { name: "Remove …" }).click();
    const dialog = page.getByRole("dialog", { name: "Remove “Grace Hopper”?" });
    await dialog.getByRole("button", { name: "Remove" }).click();
    await page.getByRole("heading", { name: "No operator yet" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/console/operators");
  });

  it("shows invalid values and a duplicate identity at their fields and keeps the input", async () => {
    const page = await console.enter("/console/operators");
    await page.getByRole("button", { name: "Add operator" }).first().click();
    const form = page.getByRole("dialog", { name: "Add an operator" });
    await form.getByRole("button", { name: "Add operator" }).click();
    for (const text of ["Enter a name.", "Enter the email address.", "Choose a role."]) {
      await form.getByText(text).waitFor();
    }
    await form.getByLabel("Name").fill("twice");
    await form.getByRole("textbox", { name: "Email address" }).fill("no address");
    await form.getByRole("combobox", { name: "Role" }).selectOption({ label: "Viewer" });
    await form.getByRole("button", { name: "Add operator" }).click();
    await form.getByText("This must be an e-mail address in ASCII.").waitFor();
    await form.getByRole("textbox", { name: "Email address" }).fill("twice@example.com");
    await form.getByRole("button", { name: "Add operator" }).click();
    await page.getByRole("button", { name: "Done" }).click();
    await form.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Add operator" }).first().click();
    await form.getByLabel("Name").fill("again");
    await form.getByRole("radio", { name: "Subject" }).click();
    await form.getByRole("radio", { name: "Email address" }).click();
    await form.getByRole("textbox", { name: "Email address" }).fill("twice@example.com");
    await form.getByRole("combobox", { name: "Role" }).selectOption({ label: "Viewer" });
    await form.getByRole("button", { name: "Add operator" }).click();
    await form.getByText("There is an operator with this identity in the account already.").waitFor();
    expect(await form.getByLabel("Name").inputValue()).toBe("again");
  });

  it("shows a Viewer the operators read-only and hides the page without the permission", async () => {
    const { gatehouse, admin } = console.world();
    const viewer = await gatehouse.key({ name: "viewer", role: "Viewer" });
    const seen = await console.open("/console/operators");
    await signIn(seen.page, viewer.token);
    await seen.page.getByRole("link", { name: "Operators" }).waitFor();
    expect(await seen.page.getByRole("button", { name: "Add operator" }).count()).toBe(0);
    const client = clientOf(gatehouse, admin.token);
    const permissions = [{ resource_type: "API_KEY", operation_groups: [{ operation_group: "READ" }] }];
    const role = await client("POST", ROLES_PATH, { name: "keys-alone", permissions });
    const narrow = await gatehouse.key({ name: "narrow", roleId: role.body.data.info.id as string });
    expect((await gatehouse.call(narrow.token, OPERATORS)).status).toBe(403);
    const unseen = await console.open("/console/keys");
    await signIn(unseen.page, narrow.token);
    await unseen.page.getByRole("link", { name: "viewer" }).waitFor();
    expect(await unseen.page.getByRole("link", { name: "Operators" }).count()).toBe(0);
  });
});
