import { describe, expect, it } from "vitest";
import { clientOf, KEYS_PATH, LISTS_PATH } from "../support/admin-client.ts";
import { hasBrowser } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";
import { CLUSTERS } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

describe.skipIf(!hasBrowser)("why was I refused?", () => {
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

  it("is answered for a call that was refused, by the id in its answer, then and now", async () => {
    const refused = await console.world().gatehouse.call(token, CLUSTERS, { method: "POST" });
    const { error } = (await refused.json()) as { error: { request_id: string } };
    const page = await console.enter();
    await page.getByRole("link", { name: "Why refused?" }).click();
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("Give the request id.").waitFor();
    await page.getByLabel("Request id").fill(error.request_id);
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("The call was refused: permission_missing").waitFor();
    await page.getByText("It would be refused: permission_missing.").waitFor();
    const steps = page.getByRole("list").last().getByRole("listitem");
    expect(await steps.last().textContent()).toMatch(/permission.*Refused.*CLUSTER:CREATE/);
    await page.getByRole("link", { name: "bound" }).waitFor();
  });

  it("is answered for a call that is only thought of, from a key's details", async () => {
    const page = await console.enter(`/console/keys/${id}`);
    await page.getByRole("link", { name: "Would a call with this key be let through?" }).click();
    expect(await page.getByLabel("Key id").inputValue()).toBe(id);
    await page.getByLabel("Address (optional)").fill("203.0.113.7");
    await page.getByLabel("Path").fill(CLUSTERS);
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("The call would be refused: address_not_allowed").waitFor();
    await page.getByLabel("Address (optional)").fill("127.0.0.9");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("The call would be let through").waitFor();
    await page
      .getByText(/office/)
      .first()
      .waitFor();
  });

  it("says at the field what cannot be asked, and keeps what was typed", async () => {
    const page = await console.enter(`/console/explain/${id}`);
    await page.getByLabel("Path").fill("/a/../b");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("The path is not in canonical form.").waitFor();
    expect(await page.getByLabel("Path").inputValue()).toBe("/a/../b");
    await page.getByLabel("Key id").fill(crypto.randomUUID());
    await page.getByLabel("Path").fill("/x");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("API key not found").waitFor();
  });

  it("says so when nothing is kept of a request", async () => {
    const page = await console.enter("/console/explain/none-such-1");
    expect(await page.getByLabel("Request id").inputValue()).toBe("none-such-1");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("Denied request not found").waitFor();
  });
});
