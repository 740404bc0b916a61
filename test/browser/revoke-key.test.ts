import { describe, expect, it } from "vitest";
import { hasBrowser, signIn } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";
import { ACCOUNT } from "../support/gatehouse.ts";

describe.skipIf(!hasBrowser)("revoking an API key", () => {
  const console = consoleTest();

  it("confirms with the key's name and last use, then shows when the revocation takes effect", async () => {
    const { gatehouse } = console.world();
    const key = await gatehouse.key({ name: "to-revoke", role: "Viewer" });
    await gatehouse.call(key.token, "/api/public/v1/account");
    const page = await console.enter(`/console/keys/${key.id}`);
    await page.getByRole("button", { name: "Revoke this key …" }).click();
    const dialog = page.getByRole("dialog", { name: "Revoke “to-revoke”?" });
    await dialog
      .getByText(/\(just now\)/)
      .first()
      .waitFor();
    await dialog.getByText("127.0.0.1", { exact: true }).waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    expect((await gatehouse.call(key.token, "/api/public/v1/account")).status).toBe(200);

    await page.getByRole("button", { name: "Revoke this key …" }).click();
    await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
    const receipt = page.getByRole("dialog", { name: "“to-revoke” is revoked" });
    await receipt.getByText("immediately").waitFor();
    await receipt.getByText("within 10 seconds").waitFor();
    await receipt.getByRole("button", { name: "Done" }).click();
    const sheet = page.getByRole("dialog", { name: "to-revoke" });
    await sheet.getByText("Revoked by console-admin").waitFor();
    expect(await sheet.getByRole("button", { name: /Revoke/ }).count()).toBe(0);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Current 1" }).waitFor();
    await page.getByRole("button", { name: "Revoked 1" }).click();
    await page
      .getByRole("row", { name: /to-revoke/ })
      .getByText("Revoked")
      .waitFor();
    expect((await gatehouse.call(key.token, `/api/public/v1/accounts/${ACCOUNT}/api-keys`)).status).toBe(401);
  });

  it("shows a revocation that another client made in the meantime", async () => {
    const { gatehouse, admin } = console.world();
    const key = await gatehouse.key({ name: "raced", role: "Viewer" });
    const page = await console.enter("/console/keys");
    await page.getByRole("link", { name: "raced" }).waitFor();
    const path = `/api/public/v1/accounts/${ACCOUNT}/api-keys/${key.id}/revoke`;
    expect((await gatehouse.call(admin.token, path, { method: "POST" })).status).toBe(200);
    await page.getByRole("link", { name: "raced" }).click();
    await page.getByRole("dialog", { name: "raced" }).getByText("Revoked by console-admin").waitFor();
  });

  it("revokes the last key that can manage keys only after a second confirmation", async () => {
    const other = await console.world().gatehouse.key({ name: "other-admin" });
    const { page } = await console.open(`/console/keys/${other.id}`);
    await signIn(page, other.token);
    // Revokes the other Admin key, so that the signed-in one is the last.
    const path = `/api/public/v1/accounts/${ACCOUNT}/api-keys/${console.world().admin.id}/revoke`;
    expect((await console.world().gatehouse.call(other.token, path, { method: "POST" })).status).toBe(200);
    await page.getByRole("button", { name: "Revoke this key …" }).click();
    const dialog = page.getByRole("dialog", { name: "Revoke “other-admin”?" });
    await dialog.getByText("You are signed in with this key").waitFor();
    await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
    await dialog.getByText("Conflict with the current state").waitFor();
    await dialog.getByRole("button", { name: "Revoke anyway" }).click();
    await page.getByRole("dialog", { name: "“other-admin” is revoked" }).waitFor();
  });
});
