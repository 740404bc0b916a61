import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { type Client, clientOf, KEYS_PATH, LISTS_PATH, ROLES_PATH } from "../support/admin-client.ts";
import { hasBrowser, signIn, violations } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";
import { ROLE_IDS } from "../support/seed.ts";

const LISTS = 60;

describe.skipIf(!hasBrowser)("the activity page", () => {
  let admin: Client;
  const console = consoleTest(async (world) => {
    admin = clientOf(world.gatehouse, world.admin.token);
    for (let i = 0; i < LISTS; i += 1) {
      expect((await admin("POST", LISTS_PATH, { name: `list-${i}`, allow_list: ["203.0.113.0/24"] })).status).toBe(200);
    }
    const spec = { name: "audited", role_id: ROLE_IDS.Viewer, expire_after_hours: 1 };
    const made = await admin("POST", KEYS_PATH, spec);
    await admin("POST", `${KEYS_PATH}/${made.body.data.info.id}/revoke`);
  });

  const rows = (page: Page) => page.getByRole("row").filter({ has: page.getByRole("cell") });
  const settled = (page: Page, words: string) => page.getByRole("status").getByText(words, { exact: true }).waitFor();

  it("shows events with actor, address and time, latest first, with expandable details", async () => {
    const page = await console.enter();
    await page.getByRole("link", { name: "Activity" }).click();
    const latest = rows(page).first();
    await latest.getByText("Revoke API Key").waitFor();
    expect(await latest.textContent()).toMatch(/audited.*console-admin.*127\.0\.0\.1.*just now/);
    await latest.getByText("Revoke API Key").click();
    await latest.getByText("Request ID", { exact: true }).waitFor();
    await latest.getByRole("link", { name: "audited" }).click();
    await page.getByRole("dialog", { name: "audited" }).waitFor();
  });

  it("loads older events page by page", async () => {
    const page = await console.enter("/console/activity");
    await settled(page, "50 events, older events available");
    await page.getByRole("button", { name: "Show older events" }).click();
    await settled(page, `${LISTS + 2} events`);
    expect(await rows(page).count()).toBe(LISTS + 2);
    expect(await page.getByRole("button", { name: "Show older events" }).count()).toBe(0);
  });

  it("filters on the server by text, event type, resource type and dates", async () => {
    const page = await console.enter("/console/activity");
    await settled(page, "50 events, older events available");
    await page.getByLabel("Resource type").selectOption({ label: "API keys" });
    await settled(page, "2 events");
    await page.getByLabel("Event type").selectOption({ label: "Revoked" });
    await settled(page, "1 event");
    await page.getByLabel("Event type").selectOption({ label: "All events" });
    await page.getByLabel("Resource type").selectOption({ label: "All resources" });
    await page.getByRole("searchbox").fill("LIST-7");
    await settled(page, "1 event");
    await page.getByLabel("Last day").fill("2020-01-01");
    await page.getByRole("heading", { name: "No event matches" }).waitFor();
    await page.getByRole("button", { name: "Show all events" }).click();
    await settled(page, "50 events, older events available");
    expect(await page.getByLabel("Last day").inputValue()).toBe("");
  });

  it("exports all filtered events with the key in memory, without a navigation", async () => {
    const page = await console.enter("/console/activity");
    await page.getByLabel("Resource type").selectOption({ label: "IP allow lists" });
    const exported = page.waitForRequest("**/audit/events/export?*");
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export" }).click();
    expect((await exported).isNavigationRequest()).toBe(false);
    const file = await download;
    expect(file.suggestedFilename()).toBe("activity.ndjson");
    const lines = readFileSync(await file.path(), "utf8")
      .trimEnd()
      .split("\n");
    const kinds = lines.map((line) => (JSON.parse(line) as { event_name: string }).event_name);
    expect(kinds).toEqual(Array.from({ length: LISTS }, () => "Create Allow List"));
  });

  it("shows an error when events cannot be loaded and loads them on retry", async () => {
    const page = await console.enter();
    await page.getByRole("link", { name: "Activity" }).waitFor();
    await page.route("**/audit/events?*", (route) => route.abort());
    await page.getByRole("link", { name: "Activity" }).click();
    await page.getByText("No connection").waitFor();
    await page.unroute("**/audit/events?*");
    await page.getByRole("button", { name: "Try again" }).click();
    await settled(page, "50 events, older events available");
  });

  it("hides the activity page from a key without permission and denies it at the address", async () => {
    const permissions = [{ resource_type: "API_KEY", operation_groups: [{ operation_group: "READ" }] }];
    const role = await admin("POST", ROLES_PATH, { name: "keys-only", permissions });
    const { gatehouse } = console.world();
    for (const options of [{ role: "Developer" } as const, { roleId: role.body.data.info.id as string }]) {
      const key = await gatehouse.key({ name: "without-activity", ...options });
      const { page } = await console.open("/console/activity");
      await signIn(page, key.token);
      await page.getByText("Permission denied").waitFor();
      expect(await page.getByRole("link", { name: "Activity" }).count()).toBe(0);
    }
  });
});

describe.skipIf(!hasBrowser)("the activity in a key's sheet", () => {
  const console = consoleTest();

  it("shows the key's audit events and its denials counted by reason", async () => {
    const { gatehouse, admin } = console.world();
    const client = clientOf(gatehouse, admin.token);
    const spec = { name: "followed", role_id: ROLE_IDS.Viewer, expire_after_hours: 1 };
    const { body } = await client("POST", KEYS_PATH, spec);
    const { id } = body.data.info;
    for (let i = 0; i < 3; i += 1) await gatehouse.call(body.jwt, KEYS_PATH, { method: "POST" });
    // An explanation makes the Worker write its buffered counts.
    await client("POST", `${KEYS_PATH}/explain`, { request_id: "none" });
    const page = await console.enter(`/console/keys/${id}`);
    const sheet = page.getByRole("dialog", { name: "followed" });
    await sheet.getByText("Created by console-admin from 127.0.0.1").waitFor();
    const denied = sheet.getByRole("listitem").filter({ hasText: "permission_missing" });
    expect(await denied.textContent()).toContain("3 requests, last just now");
    await sheet.getByRole("button", { name: "Revoke this key …" }).click();
    await page.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByRole("button", { name: "Done" }).click();
    await sheet.getByText("Revoked by console-admin from 127.0.0.1").waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it("shows the key's own timestamps to a user who may not read the audit log", async () => {
    const { gatehouse } = console.world();
    const key = await gatehouse.key({ name: "reader", role: "Developer" });
    const { page } = await console.open(`/console/keys/${key.id}`);
    await signIn(page, key.token);
    await page
      .getByRole("dialog", { name: "reader" })
      .getByText(/^Created by /)
      .waitFor();
    expect(await page.getByText("Permission denied").count()).toBe(0);
  });
});
