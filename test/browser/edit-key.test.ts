import { describe, expect, it } from "vitest";
import { clientOf, KEYS_PATH } from "../support/admin-client.ts";
import { hasBrowser, violations } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";
import { CLUSTERS } from "../support/gatehouse.ts";

describe.skipIf(!hasBrowser)("changing an API key", () => {
  const console = consoleTest();

  it("edits the name and the role, and shows when the edit takes effect", async () => {
    const { id, token } = await console.world().gatehouse.key({ name: "to-edit", role: "Developer" });
    const change = async () => (await console.world().gatehouse.call(token, CLUSTERS, { method: "POST" })).status;
    expect(await change()).toBe(404);
    const page = await console.enter(`/console/keys/${id}`);
    await page.getByRole("button", { name: "Edit this key …" }).click();
    const form = page.getByRole("dialog", { name: "Edit “to-edit”" });
    await form.getByText("Never expires.").waitFor();
    expect(await violations(page)).toEqual([]);
    await form.getByRole("textbox", { name: "Name" }).fill("edited");
    await form.getByRole("combobox", { name: "Role" }).selectOption({ label: "Viewer" });
    await form.getByRole("button", { name: "Save" }).click();
    const receipt = page.getByRole("dialog", { name: "“edited” is edited" });
    await receipt.getByText("within 10 seconds").waitFor();
    await receipt.getByRole("button", { name: "Done" }).click();
    const sheet = page.getByRole("dialog", { name: "edited", exact: true });
    await sheet.getByRole("link", { name: "Viewer" }).waitFor();
    await sheet.getByText(/API key edited was edited by console-admin/).waitFor();
    expect(await change()).toBe(403);
  });

  it("does not overwrite an edit that somebody else has made meanwhile", async () => {
    const { gatehouse, admin } = console.world();
    const key = await gatehouse.key({ name: "raced-edit", role: "Viewer" });
    const page = await console.enter(`/console/keys/${key.id}`);
    await page.getByRole("button", { name: "Edit this key …" }).click();
    const path = `/api/public/v1/accounts/340af43a-8a7c-4659-9258-4876fd6a207b/api-keys/${key.id}`;
    const headers = { "content-type": "application/json" };
    const edit = { method: "PATCH", headers, body: '{"description":"theirs"}' };
    expect((await gatehouse.call(admin.token, path, edit)).status).toBe(200);
    const form = page.getByRole("dialog", { name: "Edit “raced-edit”" });
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText(/This was changed since you have read it/).waitFor();
  });

  it("rotates a key, shows how far clients have moved, and cancels the rotation", async () => {
    const { gatehouse } = console.world();
    const { id, token } = await gatehouse.key({ name: "to-rotate", role: "Viewer" });
    const page = await console.enter(`/console/keys/${id}`);
    await page.getByRole("button", { name: "Rotate this key …" }).click();
    const form = page.getByRole("dialog", { name: "Rotate “to-rotate”" });
    await form.getByRole("combobox", { name: "The old key still works for" }).selectOption({ label: "7 days" });
    expect(await violations(page)).toEqual([]);
    await form.getByRole("button", { name: "Rotate" }).click();
    const secret = page.getByRole("dialog", { name: "“to-rotate” is ready" });
    await secret.getByText("Store the key now").waitFor();
    await secret.getByRole("button", { name: "I have stored it" }).click();
    const { DB } = gatehouse.env;
    await DB.prepare("UPDATE api_keys SET usage_count = 1 WHERE id = ?").bind(id).run();
    await DB.prepare("UPDATE api_keys SET usage_count = 3 WHERE rotated_from = ?").bind(id).run();
    const later = await console.enter(`/console/keys/${id}`);
    const sheet = later.getByRole("dialog", { name: "to-rotate", exact: true });
    await sheet.getByText("3 requests with the new key, 1 request with the old one (75% moved)").waitFor();
    await sheet.getByRole("link", { name: "the new key" }).click();
    await sheet.getByRole("link", { name: "the old key" }).click();
    await sheet.getByRole("button", { name: "Cancel the rotation" }).click();
    await sheet.getByRole("button", { name: "Cancel the rotation" }).waitFor({ state: "detached" });
    expect((await gatehouse.call(token, "/api/public/v1/account")).status).toBe(200);
  });

  it("extends the overlap of a rotation and finishes it", async () => {
    const { gatehouse, admin } = console.world();
    const { id, token } = await gatehouse.key({ name: "to-finish", role: "Viewer" });
    const send = clientOf(gatehouse, admin.token);
    const rotated = await send("POST", `${KEYS_PATH}/${id}/rotate`, { overlap_hours: 1 });
    const page = await console.enter(`/console/keys/${id}`);
    const sheet = page.getByRole("dialog", { name: "to-finish", exact: true });
    await sheet.getByText(/\(in 59 minutes\)/).waitFor();
    await sheet.getByText("0 requests with the new key, 0 requests with the old one").waitFor();
    expect(await violations(page)).toEqual([]);
    await sheet.getByRole("button", { name: "Extend to 7 days" }).click();
    await sheet.getByText(/\(in 6 days\)/).waitFor();
    await sheet.getByRole("button", { name: "Finish now" }).click();
    await sheet.getByText("Expired", { exact: true }).first().waitFor();
    expect(await sheet.getByRole("button", { name: "Finish now" }).count()).toBe(0);
    expect((await gatehouse.call(token, CLUSTERS, { method: "POST" })).status).toBe(401);
    expect((await gatehouse.call(rotated.body.jwt, "/api/public/v1/account")).status).toBe(200);
  });

  it("disables a key and enables it again", async () => {
    const { id, token } = await console.world().gatehouse.key({ name: "to-disable", role: "Viewer" });
    const page = await console.enter(`/console/keys/${id}`);
    const status = async () => (await console.world().gatehouse.call(token, "/api/public/v1/account")).status;
    for (const [verb, shown, expected] of [
      ["Disable", "Disabled", 401],
      ["Enable", "Active", 200],
    ] as const) {
      await page.getByRole("button", { name: `${verb} this key …` }).click();
      const dialog = page.getByRole("dialog", { name: `${verb} “to-disable”?` });
      await dialog.getByRole("button", { name: verb, exact: true }).click();
      const receipt = page.getByRole("dialog", { name: `“to-disable” is ${verb.toLowerCase()}d` });
      await receipt.getByRole("button", { name: "Done" }).click();
      await page.getByRole("dialog", { name: "to-disable", exact: true }).getByText(shown, { exact: true }).waitFor();
      expect(await status()).toBe(expected);
    }
  });
});
