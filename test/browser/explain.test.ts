import { describe, expect, it } from "vitest";
import { clientOf, KEYS_PATH, LISTS_PATH } from "../support/admin-client.ts";
import { hasBrowser } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";
import { CLUSTERS } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

describe.skipIf(!hasBrowser)("the explain page", () => {
  let id: string;
  let token: string;
  const console = consoleTest(async ({ gatehouse, admin }) => {
    const client = clientOf(gatehouse, admin.token);
    const list = await client("POST", LISTS_PATH, { name: "office", allow_list: ["127.0.0.0/8"] });
    const spec = { name: "bound", role_id: ROLE_IDS.Viewer, expire_after_hours: 1 };
    const made = await client("POST", KEYS_PATH, { ...spec, allow_list_info: [list.body.data.info.id] });
    id = made.body.data.info.id;
    token = made.body.jwt;
  });

  it("explains a denied request by its request ID, at that time and now", async () => {
    const response = await console.world().gatehouse.call(token, CLUSTERS, { method: "POST" });
    const { error } = (await response.json()) as { error: { request_id: string } };
    const page = await console.enter();
    await page.getByRole("link", { name: "Denied requests" }).click();
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("Enter the request ID.").waitFor();
    await page.getByLabel("Request ID").fill(error.request_id);
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("The request was denied: permission_missing").waitFor();
    await page.getByText("The same request would be denied: permission_missing.").waitFor();
    const steps = page.getByRole("list").last().getByRole("listitem");
    expect(await steps.last().textContent()).toMatch(/permission.*Denied.*CLUSTER:CREATE/);
    await page.getByRole("link", { name: "bound" }).waitFor();
  });

  it("explains a simulated request from a key's sheet", async () => {
    const page = await console.enter(`/console/keys/${id}`);
    await page.getByRole("link", { name: "Simulate a request with this key" }).click();
    // The sheet has the same label until it is closed.
    expect(await page.getByRole("textbox", { name: "Key ID" }).inputValue()).toBe(id);
    await page.getByLabel("Client address (optional)").fill("203.0.113.7");
    await page.getByLabel("Path").fill(CLUSTERS);
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("The request would be denied: address_not_allowed").waitFor();
    await page.getByLabel("Client address (optional)").fill("127.0.0.9");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("The request would be allowed").waitFor();
    await page
      .getByText(/office/)
      .first()
      .waitFor();
  });

  it("shows invalid input at its field and keeps the input", async () => {
    const page = await console.enter(`/console/explain/${id}`);
    await page.getByLabel("Path").fill("/a/../b");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("The path is not in canonical form.").waitFor();
    expect(await page.getByLabel("Path").inputValue()).toBe("/a/../b");
    await page.getByLabel("Key ID").fill(crypto.randomUUID());
    await page.getByLabel("Path").fill("/x");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("API key not found").waitFor();
  });

  it("reports a request ID without a stored denial", async () => {
    const page = await console.enter("/console/explain/none-such-1");
    expect(await page.getByLabel("Request ID").inputValue()).toBe("none-such-1");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("Denied request not found").waitFor();
  });
});
