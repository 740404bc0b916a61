import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { clientOf, KEYS_PATH } from "../support/admin-client.ts";
import { hasBrowser, signIn, violations } from "../support/browser.ts";
import { putKeys } from "../support/console.ts";
import { consoleTest } from "../support/console-test.ts";
import type { Gatehouse } from "../support/gatehouse.ts";
import { ROLE_IDS, type SeededKey } from "../support/seed.ts";

/** Creates a key with a key, so that it is a descendant of that. */
async function createWith(gatehouse: Gatehouse, token: string, name: string): Promise<SeededKey> {
  const role_id = ROLE_IDS[name.startsWith("viewer") ? "Viewer" : "Admin"];
  const made = await clientOf(gatehouse, token)("POST", KEYS_PATH, { name, role_id, expire_after_hours: 0 });
  expect(made.status).toBe(200);
  return { id: made.body.data.info.id, token: made.body.jwt, hash: "" };
}

/** The names of the revoked keys, in order. */
async function revokedNames({ env }: Gatehouse): Promise<readonly unknown[]> {
  const sql = "SELECT name FROM api_keys WHERE revoked_at IS NOT NULL ORDER BY name";
  return (await env.DB.prepare(sql).all()).results.map(({ name }) => name);
}

const hasFocus = (dialog: Locator) => dialog.evaluate((each) => each.contains(document.activeElement));

async function openForm(page: Page): Promise<Locator> {
  await page.getByRole("button", { name: "Revoke keys …" }).click();
  return page.getByRole("dialog", { name: "Revoke keys" });
}

describe.skipIf(!hasBrowser)("revoking many API keys", () => {
  const console = consoleTest();

  it("revokes the keys of a filter after a confirmation of their number and names", async () => {
    const { gatehouse, admin } = console.world();
    const maker = await gatehouse.key({ name: "maker" });
    for (let i = 1; i <= 12; i += 1) await createWith(gatehouse, maker.token, `viewer-${i}`);
    await createWith(gatehouse, maker.token, "other-role");
    await createWith(gatehouse, admin.token, "viewer-of-another");
    const page = await console.enter();
    const form = await openForm(page);
    expect(await hasFocus(form)).toBe(true);
    await form.getByRole("button", { name: "Continue" }).click();
    await form.getByText("Fill in at least one condition.").waitFor();
    await form.getByRole("combobox", { name: "Role" }).selectOption({ label: "Viewer" });
    const creator = `maker (${maker.id.slice(0, 8)})`;
    await form.getByRole("combobox", { name: "Created by" }).selectOption({ label: creator });
    expect(await violations(page)).toEqual([]);

    await form.getByRole("button", { name: "Continue" }).click();
    const confirmation = page.getByRole("dialog", { name: "Revoke 12 keys?" });
    const names = confirmation.getByRole("list", { name: "Keys to revoke" }).getByRole("listitem");
    const expected = [...Array.from({ length: 10 }, (_, i) => `viewer-${i + 1}`), "and 2 more"];
    await expect.poll(() => names.allTextContents()).toEqual(expected);
    expect(await hasFocus(confirmation)).toBe(true);
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await confirmation.waitFor({ state: "detached" });
    expect(await hasFocus(form)).toBe(true);
    expect(await revokedNames(gatehouse)).toEqual([]);

    await form.getByRole("button", { name: "Continue" }).click();
    await confirmation.getByRole("button", { name: "Revoke 12 keys" }).click();
    const receipt = page.getByRole("dialog", { name: "12 keys are revoked" });
    await receipt.getByText("within 10 seconds").waitFor();
    await receipt.getByRole("button", { name: "Done" }).click();
    await page.getByRole("button", { name: "Revoked 12" }).waitFor();
    expect(await revokedNames(gatehouse)).toEqual(Array.from({ length: 12 }, (_, i) => `viewer-${i + 1}`).sort());
  });

  it("asks again when another number of keys matches by then", async () => {
    const { gatehouse } = console.world();
    const maker = await gatehouse.key({ name: "maker-of-late" });
    await createWith(gatehouse, maker.token, "viewer-first");
    const page = await console.enter();
    const before = await revokedNames(gatehouse);
    const form = await openForm(page);
    await form
      .getByRole("combobox", { name: "Created by" })
      .selectOption({ label: `maker-of-late (${maker.id.slice(0, 8)})` });
    await form.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("dialog", { name: "Revoke 1 key?" }).waitFor();
    await createWith(gatehouse, maker.token, "viewer-late");
    await page.getByRole("button", { name: "Revoke 1 key" }).click();
    const again = page.getByRole("dialog", { name: "Revoke 2 keys?" });
    await again.getByText("Another number of keys matches by now.").waitFor();
    await again.getByText("viewer-late").waitFor();
    expect(await revokedNames(gatehouse)).toEqual(before);
    await again.getByRole("button", { name: "Revoke 2 keys" }).click();
    await page.getByRole("dialog", { name: "2 keys are revoked" }).waitFor();
    expect(await revokedNames(gatehouse)).toEqual([...before, "viewer-first", "viewer-late"].sort());
  });

  it("filters by days without use, signing secret and descendants, and says when no key matches", async () => {
    const { gatehouse } = console.world();
    const ancestor = await gatehouse.key({ name: "ancestor" });
    await gatehouse.key({ name: "twin" });
    await gatehouse.key({ name: "twin" });
    const page = await console.enter();
    await page.getByRole("link", { name: "ancestor" }).waitFor();
    const form = await openForm(page);
    const days = form.getByLabel("Days without use");
    const descendants = form.getByLabel("Descendants of");
    await days.fill("a while");
    await descendants.fill("nobody");
    await form.getByRole("button", { name: "Continue" }).click();
    await form.getByText("Enter a whole number of days").waitFor();
    await form.getByText("No key has this name.").waitFor();
    await descendants.fill("twin");
    await form.getByRole("button", { name: "Continue" }).click();
    await form.getByText("Several keys have this name.").waitFor();
    await days.fill("90");
    await descendants.fill("ancestor");
    const secrets = form.getByRole("combobox", { name: "Signing secret" });
    const secret = (await secrets.getByRole("option").allTextContents()).at(-1) ?? "";
    await secrets.selectOption({ label: secret });
    const sent = page.waitForRequest("**/api-keys/revoke");
    await form.getByRole("button", { name: "Continue" }).click();
    const { filter, confirm_count } = (await sent).postDataJSON();
    expect(confirm_count).toBeUndefined();
    expect(filter).toMatchObject({ signing_key_id: secret, descendants_of_id: ancestor.id });
    expect(Math.round((Date.now() - Date.parse(filter.not_used_since)) / 86_400_000)).toBe(90);
    await form.getByText("No key matches that you could revoke.").waitFor();
    await page.keyboard.press("Escape");
    await form.waitFor({ state: "detached" });
    expect(await hasFocus(page.getByRole("button", { name: "Revoke keys …" }))).toBe(true);
  });

  it("looks for no key by its name before all keys are loaded", async () => {
    await console.world().gatehouse.key({ name: "slow" });
    const { page } = await console.open();
    const held = Promise.withResolvers<void>();
    await page.route("**/api-keys?*", async (route) => {
      await held.promise;
      await route.continue();
    });
    await signIn(page, console.world().admin.token);
    const form = await openForm(page);
    await form.getByLabel("Descendants of").fill("slow");
    await form.getByRole("button", { name: "Continue" }).click();
    await form.getByText("The keys are still being loaded.").waitFor();
    held.resolve();
    await page.getByRole("link", { name: "slow", includeHidden: true }).waitFor();
    await form.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("dialog", { name: "Revoke 1 key?" }).getByText("slow").waitFor();
  });

  it("revokes more keys than one request does", async () => {
    const { gatehouse } = console.world();
    const keys = Array.from({ length: 501 }, (_, i) => ({ name: `mass-${i}`, createdAt: Date.now() - 1_000 }));
    await putKeys(gatehouse, keys);
    const page = await console.enter();
    const form = await openForm(page);
    await form.getByRole("combobox", { name: "Role" }).selectOption({ label: "Developer" });
    await form.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Revoke 501 keys" }).click();
    await page.getByRole("dialog", { name: "501 keys are revoked" }).waitFor();
    const names = await revokedNames(gatehouse);
    expect(names.filter((name) => String(name).startsWith("mass-"))).toHaveLength(501);
  });

  it("offers no revocation of many keys to those who may not revoke", async () => {
    const viewer = await console.world().gatehouse.key({ name: "only-views", role: "Viewer" });
    const { page } = await console.open();
    await signIn(page, viewer.token);
    await page.getByRole("button", { name: /^Current/ }).waitFor();
    expect(await page.getByRole("button", { name: "Revoke keys …" }).count()).toBe(0);
  });
});

describe.skipIf(!hasBrowser)("revoking an API key and its descendants", () => {
  const console = consoleTest();

  /** A key that has created a key that has created a key. */
  async function family(name: string) {
    const { gatehouse } = console.world();
    const parent = await gatehouse.key({ name });
    const child = await createWith(gatehouse, parent.token, `${name}-child`);
    await createWith(gatehouse, child.token, `viewer-${name}`);
    return parent;
  }

  async function openRevocation(page: Page, name: string): Promise<Locator> {
    await page.getByRole("button", { name: "Revoke this key …" }).click();
    const dialog = page.getByRole("dialog", { name: `Revoke “${name}”?` });
    const list = dialog.getByRole("list", { name: "Descendants" }).getByRole("listitem");
    await expect.poll(() => list.allTextContents()).toEqual([`${name}-child`, `viewer-${name}`]);
    return dialog;
  }

  it("shows the descendants of a key and revokes them with it only on demand", async () => {
    const { gatehouse } = console.world();
    const alone = await family("alone");
    const page = await console.enter(`/console/keys/${alone.id}`);
    const dialog = await openRevocation(page, "alone");
    expect(await violations(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByText("Requests with this key are denied:").waitFor();
    expect(await revokedNames(gatehouse)).toEqual(["alone"]);

    const leaked = await family("leaked");
    const later = await console.enter(`/console/keys/${leaked.id}`);
    const both = await openRevocation(later, "leaked");
    await both.getByRole("checkbox", { name: "Also revoke its 2 descendants" }).click();
    await both.getByRole("button", { name: "Revoke", exact: true }).click();
    await later.getByText("Requests with this key and its 2 descendants are denied:").waitFor();
    expect(await revokedNames(gatehouse)).toEqual(["alone", "leaked", "leaked-child", "viewer-leaked"]);
    await later.getByRole("button", { name: "Done" }).click();
    await later.keyboard.press("Escape");
    await later.getByRole("button", { name: "Revoked 4" }).waitFor();
  });

  it("asks again when the key has made another one meanwhile", async () => {
    const { gatehouse } = console.world();
    const raced = await family("raced");
    const page = await console.enter(`/console/keys/${raced.id}`);
    const dialog = await openRevocation(page, "raced");
    await dialog.getByRole("checkbox", { name: "Also revoke its 2 descendants" }).click();
    await createWith(gatehouse, raced.token, "viewer-raced-late");
    await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
    await dialog.getByText("Another number of keys matches by now.").waitFor();
    await dialog.getByText("viewer-raced-late").waitFor();
    expect(await revokedNames(gatehouse)).not.toContain("raced");
    await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByText("Requests with this key and its 3 descendants are denied:").waitFor();
    expect(await revokedNames(gatehouse)).toContain("viewer-raced-late");
  });

  it("revokes the descendants of the key that the user is signed in with before the key itself", async () => {
    const { gatehouse } = console.world();
    const own = await family("own");
    const { page } = await console.open(`/console/keys/${own.id}`);
    await signIn(page, own.token);
    const dialog = await openRevocation(page, "own");
    await dialog.getByRole("checkbox", { name: "Also revoke its 2 descendants" }).click();
    await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByText("Requests with this key and its 2 descendants are denied:").waitFor();
    expect(await revokedNames(gatehouse)).toEqual(expect.arrayContaining(["own", "own-child", "viewer-own"]));
  });
});
