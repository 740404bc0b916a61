// The approval of a second person: at the form that needs it, and on the page of approvals.
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AccessProxy, startAccessProxy } from "../support/access-proxy.ts";
import { clientOf, KEYS_PATH, ROLES_PATH, V1 } from "../support/admin-client.ts";
import { hasBrowser, signIn, violations } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";
import { ACCOUNT } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

const A = `${V1}/accounts/${ACCOUNT}`;
const REQUIRED = "A second person has to approve this";

describe.skipIf(!hasBrowser)("the approval of a second person", () => {
  let proxy: AccessProxy;
  beforeAll(async () => {
    proxy = await startAccessProxy();
  });
  afterAll(() => proxy.close());
  const console = consoleTest(
    async ({ gatehouse, admin }) => {
      const client = clientOf(gatehouse, admin.token);
      for (const name of ["ada", "bob"]) {
        const spec = { name, email: `${name}@example.com`, role_id: ROLE_IDS.Admin };
        expect((await client("POST", `${A}/operators`, spec)).status).toBe(200);
      }
      const policy = { second_person: true, max_lifetime_hours: 5_000, max_overlap_hours: 100 };
      expect((await client("PUT", `${A}/policy`, policy)).status).toBe(200);
    },
    () => proxy.vars,
  );

  const client = () => clientOf(console.world().gatehouse, console.world().admin.token);

  /** Ada, outside of the console. */
  async function ada(method: string, path: string, body?: unknown) {
    const assertion = await proxy.assertionOf("ada@example.com");
    const ofAPage = { "sec-fetch-site": "same-origin", "sec-fetch-dest": "empty" };
    const send = clientOf(console.world().gatehouse, null);
    return send(method, path, body, { ...ofAPage, "cf-access-jwt-assertion": assertion });
  }

  async function openAs(login: string, path = "/console/"): Promise<Page> {
    const { page } = await console.open("/console/address");
    await page.setExtraHTTPHeaders({ "cf-access-jwt-assertion": await proxy.assertionOf(`${login}@example.com`) });
    await page.goto(console.world().gatehouse.url + path);
    await page.getByText(`Signed in as ${login}@example.com (Admin)`).waitFor();
    return page;
  }
  const openAsBob = (path?: string) => openAs("bob", path);

  /** The path of the approval that a form links to. */
  async function approvalPath(form: Locator): Promise<string> {
    await form.getByText(REQUIRED, { exact: true }).waitFor();
    const link = form.getByRole("link", { name: "Show the approval (new tab)" });
    expect(await link.getAttribute("target")).toBe("_blank");
    return (await link.getAttribute("href")) ?? "";
  }

  async function rejectAll(): Promise<void> {
    for (const { id } of (await ada("GET", `${A}/approvals?pending=true`)).body.data) {
      expect((await ada("POST", `${A}/approvals/${id}/reject`)).status).toBe(200);
    }
  }

  it("keeps the form, tells the approver what is asked for, and makes the change once it is approved", async () => {
    const page = await openAs("ada");
    await page.getByRole("button", { name: "Create API key" }).click();
    const form = page.getByRole("dialog", { name: "Create an API key" });
    await form.getByLabel("Name").fill("by-two-persons");
    await form.getByLabel("Role").selectOption({ label: "Admin" });
    await form.getByRole("button", { name: "Create key" }).click();
    const path = await approvalPath(form);
    await form.getByText("It gives somebody the permissions to manage API keys.").waitFor();
    expect(await violations(page)).toEqual([]);
    const again = form.getByRole("button", { name: "Send again" });
    // Without scrolling in the long form.
    const isInSight = again.evaluate((each) => {
      const { x, y, width, height } = each.getBoundingClientRect();
      return each.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    });
    expect(await isInSight).toBe(true);
    await again.focus();
    await page.keyboard.press("Enter");
    await form.getByText("Nobody has approved it yet.").waitFor();
    expect(await again.evaluate((each) => each === document.activeElement)).toBe(true);
    expect(await form.getByLabel("Name").inputValue()).toBe("by-two-persons");

    const bob = await openAsBob();
    await bob.getByRole("link", { name: "Approvals 1 waiting" }).click();
    await bob.getByRole("table", { name: "Waiting for a decision" }).getByText("ada@example.com").waitFor();
    expect(await violations(bob)).toEqual([]);
    await bob.getByRole("link", { name: "Create an API key “by-two-persons”" }).click();
    expect(new URL(bob.url()).pathname).toBe(path);
    const sheet = bob.getByRole("dialog", { name: "Create an API key" });
    await sheet.getByRole("link", { name: "Admin", exact: true }).waitFor();
    await sheet.getByText("It gives somebody the permissions to manage API keys.").waitFor();
    expect(await sheet.getByRole("region", { name: "Request" }).textContent()).toBe(`POST ${KEYS_PATH}`);
    const body = (await sheet.getByRole("region", { name: "Body" }).textContent()) ?? "";
    expect(body).toContain(`{\n  "name": "by-two-persons",\n`);
    expect(await violations(bob)).toEqual([]);
    await sheet.getByRole("button", { name: "Approve" }).focus();
    await bob.keyboard.press("Enter");
    await sheet.getByText(/^Approved by bob@example.com/).waitFor();
    await bob.keyboard.press("Escape");
    await bob.getByRole("table", { name: "Decided" }).getByText("Approved", { exact: true }).waitFor();
    await bob.getByRole("link", { name: "Approvals", exact: true }).waitFor();

    await form.getByLabel("Name").fill("changed meanwhile");
    await again.click();
    await page.getByRole("button", { name: "I have stored it" }).click();
    await page.getByRole("link", { name: "by-two-persons" }).waitFor();
    await page.getByRole("link", { name: "Approvals", exact: true }).click();
    await page.getByRole("table", { name: "Decided" }).getByText("Approved and made").waitFor();
  });

  it("shows at the form that the change was rejected, and that the policy does not allow one", async () => {
    const { gatehouse } = console.world();
    const { id } = await gatehouse.key({ name: "to-rotate" });
    const page = await openAs("ada", `/console/keys/${id}`);
    await page.getByRole("button", { name: "Rotate this key …" }).click();
    const form = page.getByRole("dialog", { name: "Rotate “to-rotate”" });
    await form.getByLabel("The old key still works for").selectOption({ label: "7 days" });
    await form.getByRole("button", { name: "Rotate" }).click();
    await form.getByText("The account's policy does not allow this").waitFor();
    await form.getByText(/at most 100 hours/).waitFor();
    expect(await form.getByRole("button", { name: "Send again" }).count()).toBe(0);
    await form.getByLabel("The old key still works for").selectOption({ label: "1 hour" });
    await form.getByRole("button", { name: "Rotate" }).click();
    const bob = await openAsBob(await approvalPath(form));
    const sheet = bob.getByRole("dialog", { name: "Rotate an API key" });
    expect(await sheet.getByRole("link", { name: "to-rotate" }).getAttribute("href")).toBe(`/console/keys/${id}`);
    await sheet.getByRole("button", { name: "Reject" }).click();
    await sheet.getByText(/^Rejected by bob@example.com/).waitFor();
    await form.getByRole("button", { name: "Send again" }).click();
    await form.getByText("A second person has rejected this", { exact: true }).waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await form.getByLabel("The old key still works for").inputValue()).toBe("1");

    // The errors of a field stay at the field.
    await page.goto(`${gatehouse.url}/console/keys`);
    await page.getByText("Signed in as ada@example.com (Admin)").waitFor();
    await page.getByRole("button", { name: "Create API key" }).click();
    const create = page.getByRole("dialog", { name: "Create an API key" });
    await create.getByLabel("Name").fill("lives too long");
    await create.getByLabel("Role").selectOption({ label: "Viewer" });
    await create.getByRole("radio", { name: "Never" }).click();
    await create.getByRole("button", { name: "Create key" }).click();
    await create.getByText("The account's policy allows keys of at most 5000 hours.").waitFor();
  });

  it("says at every other form that a second person has to approve", async () => {
    const { gatehouse } = console.world();
    const key = await gatehouse.key({ name: "paused" });
    expect((await client()("POST", `${KEYS_PATH}/${key.id}/disable`)).status).toBe(200);
    const permissions = [{ resource_type: "API_KEY", operation_groups: [{ operation_group: "READ" }] }];
    const role = await client()("POST", ROLES_PATH, { name: "widened", permissions });
    const page = await openAs("ada", `/console/keys/${key.id}`);
    const close = async (form: Locator) => {
      await approvalPath(form);
      await page.keyboard.press("Escape");
      await form.waitFor({ state: "detached" });
    };
    await page.getByRole("button", { name: "Enable this key …" }).click();
    const enabling = page.getByRole("dialog", { name: "Enable “paused”?" });
    await enabling.getByRole("button", { name: "Enable" }).click();
    await close(enabling);
    await page.getByRole("button", { name: "Edit this key …" }).click();
    const editing = page.getByRole("dialog", { name: "Edit “paused”" });
    await editing.getByRole("radio", { name: "Addresses in IP allow lists only" }).waitFor();
    await editing.getByRole("button", { name: "Change the expiry" }).click();
    await editing.getByRole("button", { name: "Save" }).click();
    await close(editing);
    await page.keyboard.press("Escape");

    await page.getByRole("link", { name: "Operators" }).click();
    await page.getByRole("button", { name: "Add operator" }).click();
    const adding = page.getByRole("dialog", { name: "Add an operator" });
    await adding.getByLabel("Name").fill("carl");
    await adding.getByRole("textbox", { name: "Email address" }).fill("carl@example.com");
    await adding.getByRole("combobox", { name: "Role" }).selectOption({ label: "Admin" });
    await adding.getByRole("button", { name: "Add operator" }).click();
    await close(adding);

    await page.goto(`${gatehouse.url}/console/roles/${role.body.data.info.id}`);
    await page.getByText("Signed in as ada@example.com (Admin)").waitFor();
    await page.getByRole("button", { name: /^Edit/ }).click();
    const widening = page.getByRole("dialog", { name: "Edit “widened”" });
    for (const name of ["Create API keys", "Revoke API keys"]) await widening.getByRole("checkbox", { name }).click();
    await widening.getByRole("button", { name: "Save" }).click();
    await close(widening);
    await page.keyboard.press("Escape");

    await page.getByRole("link", { name: "Policy" }).click();
    await page.getByRole("button", { name: "Edit policy" }).click();
    const policy = page.getByRole("dialog", { name: "Edit the policy" });
    await policy.getByRole("checkbox", { name: /^Only Admins/ }).click();
    await policy.getByRole("button", { name: "Save" }).click();
    await close(policy);

    const waiting = await client()("GET", `${A}/approvals?pending=true`);
    const operations = waiting.body.data.map((each: { operation_id: string }) => each.operation_id);
    expect(operations.reverse()).toEqual([
      ...["enableApiKey", "editApiKey", "createOperator", "updateRole", "putAccountPolicy"],
    ]);
    await rejectAll();
  });

  it("lets the requester withdraw, and shows the input of a request as text", async () => {
    const { id } = await console.world().gatehouse.key({ name: "hidden" });
    expect((await client()("POST", `${KEYS_PATH}/${id}/disable`)).status).toBe(200);
    const sent = {
      name: "harmless",
      role_id: ROLE_IDS.Viewer,
      note: "<img src=x onerror=alert(1)>",
      order: "a\u202eb",
    };
    const asked = await ada("POST", `${KEYS_PATH}/${id}/enable`, sent);
    expect([asked.status, asked.body.error.code]).toEqual([403, "approval_required"]);
    const page = await openAs("ada", "/console/approvals");
    await page.getByRole("link", { name: "Approvals 1 waiting" }).waitFor();
    // The operation reads no body, so nothing in it names the change.
    const waiting = page.getByRole("table", { name: "Waiting for a decision" });
    await waiting.getByRole("link", { name: "Enable an API key", exact: true }).click();
    const sheet = page.getByRole("dialog", { name: "Enable an API key" });
    const body = sheet.getByRole("region", { name: "Body, which this operation does not read" });
    await body.getByText("<img src=x onerror=alert(1)>").waitFor();
    expect(await sheet.getByRole("link", { name: "hidden" }).getAttribute("href")).toBe(`/console/keys/${id}`);
    expect(await body.textContent()).toContain('"order": "a\\u{202e}b"');
    expect(await sheet.locator("img").count()).toBe(0);
    expect(await sheet.getByRole("link", { name: "Viewer" }).count()).toBe(0);
    await sheet.getByText("You have asked for this: another person has to approve it.").waitFor();
    expect(await sheet.getByRole("button", { name: "Approve" }).count()).toBe(0);
    await sheet.getByRole("button", { name: "Withdraw" }).click();
    await sheet.getByText(/^Withdrawn by ada@example.com/).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("heading", { name: "Nothing waits" }).waitFor();
    await page
      .getByRole("row", { name: /^Enable an API key ada@example.com .* Withdrawn$/ })
      .first()
      .waitFor();
  });

  it("shows the page to those who may read keys, and buttons to those who may decide", async () => {
    const { gatehouse } = console.world();
    const viewer = await gatehouse.key({ name: "viewer", role: "Viewer" });
    const other = await gatehouse.key({ name: "other-admin" });
    const spec = { name: "asked", role_id: ROLE_IDS.Admin, expire_after_hours: 1 };
    const asked = await ada("POST", KEYS_PATH, spec);
    const path = `/console/approvals/${asked.body.approval.id}`;
    const buttons = async (token: string) => {
      const { page } = await console.open(path);
      await signIn(page, token);
      const sheet = page.getByRole("dialog", { name: "Create an API key" });
      await sheet.getByText("Only operators decide: an API key does not.").waitFor();
      return sheet.getByRole("button", { name: /Approve|Reject|Withdraw/ }).allTextContents();
    };
    expect(await buttons(viewer.token)).toEqual([]);
    expect(await buttons(other.token)).toEqual([]);
    const permissions = [{ resource_type: "ROLE", operation_groups: [{ operation_group: "READ" }] }];
    const role = await client()("POST", ROLES_PATH, { name: "roles-alone", permissions });
    const narrow = await gatehouse.key({ name: "narrow", roleId: role.body.data.info.id as string });
    const { page } = await console.open("/console/roles");
    await signIn(page, narrow.token);
    await page.getByRole("link", { name: "roles-alone" }).waitFor();
    expect(await page.getByRole("link", { name: /Approvals|Policy/ }).count()).toBe(0);
    await rejectAll();
  });
});
