import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { clientOf, KEYS_PATH, V1 } from "../support/admin-client.ts";
import { hasBrowser, signIn, violations } from "../support/browser.ts";
import { putKeys } from "../support/console.ts";
import { consoleTest } from "../support/console-test.ts";
import { ACCOUNT } from "../support/gatehouse.ts";

const POLICY = `${V1}/accounts/${ACCOUNT}/policy`;
const DAY = 86_400_000;
const now = Date.now();

/** The names in the table of keys, in order. */
const names = (page: Page) => page.getByRole("row").getByRole("link").allTextContents();

const textOf = (page: Page, name: string) =>
  page.getByRole("term").filter({ hasText: name }).locator("xpath=following-sibling::dd[1]").textContent();

async function openForm(page: Page): Promise<Locator> {
  await page.getByRole("button", { name: "Edit policy" }).click();
  return page.getByRole("dialog", { name: "Edit the policy" });
}

describe.skipIf(!hasBrowser)("the page of the policy", () => {
  const console = consoleTest(({ gatehouse }) =>
    putKeys(gatehouse, [
      { name: "long-1", createdAt: now - 2 * DAY },
      { name: "long-2", createdAt: now - 3 * DAY },
      { name: "short", createdAt: now - DAY / 2, expiresAt: now + DAY },
      { name: "ended-long-ago", createdAt: now - 90 * DAY, revokedAt: now - 80 * DAY },
      { name: "ended-lately", createdAt: now - 90 * DAY, revokedAt: now - DAY },
    ]),
  );
  const client = () => clientOf(console.world().gatehouse, console.world().admin.token);

  it("says every member in words, and edits them with errors at their fields", async () => {
    await client()("PUT", POLICY, {});
    const page = await console.enter();
    await page.getByRole("link", { name: "Policy" }).click();
    await expect.poll(() => textOf(page, "Life of a new key")).toBe("No limit.");
    expect(await textOf(page, "Revoked and expired keys")).toBe("They stay in the list.");
    expect(await violations(page)).toEqual([]);
    const form = await openForm(page);
    expect(await form.evaluate((each) => each.contains(document.activeElement))).toBe(true);
    const life = form.getByLabel("Longest life of a new key, in hours");
    const archive = form.getByLabel("Archive keys so many days after their end");
    await life.fill("a week");
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText("Enter a whole number, or leave it empty for no limit.").waitFor();
    await life.fill("0");
    await archive.fill("5000");
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText("This must be a whole number of hours from 1 to 87600, or null for no limit.").waitFor();
    await form.getByText("This must be a whole number of days from 1 to 3650, or null for no limit.").waitFor();
    expect(await life.getAttribute("aria-invalid")).toBe("true");
    expect(await violations(page)).toEqual([]);
    await life.fill("720");
    await archive.fill("30");
    await form.getByLabel("Longest overlap of a rotation, in hours").fill("5");
    await form.getByLabel("Disable keys after so many days without use").fill("365");
    await form.getByRole("checkbox", { name: /^Only Admins/ }).click();
    await form.getByRole("checkbox", { name: /^Only people/ }).click();
    await form.getByLabel("A key that is reported as leaked").selectOption("disable");
    await form.getByRole("button", { name: "Save" }).click();
    await form.waitFor({ state: "detached" });
    const sentences = await page.getByRole("definition").allTextContents();
    expect(sentences).toEqual([
      "At most 720 hours (30 days).",
      "At most 5 hours.",
      "Nobody creates them: the life of a new key is limited.",
      "Only operators create them: no API key does.",
      "Nobody has to approve anything.",
      "They are disabled after 365 days without use.",
      "They are archived after 30 days.",
      "It is disabled, until somebody enables it.",
    ]);
    expect((await client()("GET", POLICY)).body.data.spec).toEqual({
      ...{ max_lifetime_hours: 720, max_overlap_hours: 5, disable_after_idle_days: 365, archive_after_days: 30 },
      ...{ never_expiring_by_admins_only: true, admin_keys_by_operators_only: true, second_person: false },
      leak_action: "disable",
    });
    // One operator is not two persons: the server says so, and the form keeps the input.
    await openForm(page);
    await form.getByRole("checkbox", { name: /^A second person/ }).click();
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText(/the account needs two active operators/).waitFor();
    expect(await form.getByRole("checkbox", { name: /^A second person/ }).isChecked()).toBe(true);
    await page.keyboard.press("Escape");
    await form.waitFor({ state: "detached" });
  });

  it("says that somebody else has changed the policy, and changes nothing", async () => {
    await client()("PUT", POLICY, {});
    const page = await console.enter("/console/policy");
    const form = await openForm(page);
    await client()("PUT", POLICY, { max_lifetime_hours: 48 });
    await form.getByLabel("Longest overlap of a rotation, in hours").fill("5");
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText("Somebody else has changed this").waitFor();
    expect(await violations(page)).toEqual([]);
    expect((await client()("GET", POLICY)).body.data.spec).toMatchObject({
      ...{ max_lifetime_hours: 48, max_overlap_hours: null },
    });
    await form.getByRole("button", { name: "Close and show the current policy" }).click();
    await expect.poll(() => textOf(page, "Life of a new key")).toBe("At most 48 hours (2 days).");
  });

  it("shows a Viewer the policy without a button", async () => {
    const viewer = await console.world().gatehouse.key({ name: "viewer", role: "Viewer" });
    const { page } = await console.open("/console/policy");
    await signIn(page, viewer.token);
    await page.getByText("Life of a new key", { exact: true }).waitFor();
    await page.getByText(/active key|within the policy/).waitFor();
    expect(await page.getByRole("main").getByRole("button").count()).toBe(0);
  });

  it("counts the keys that it would not allow, lists them, and revokes them", async () => {
    await client()("PUT", POLICY, { max_lifetime_hours: 48 });
    const page = await console.enter("/console/policy");
    // Besides these two: the keys of the tests, which never expire.
    const link = page.getByRole("link", { name: /^\d+ active keys$/ });
    const count = Number.parseInt((await link.textContent()) ?? "", 10);
    await link.click();
    expect(page.url()).toMatch(/\/console\/keys\?noncompliant=true$/);
    await page.getByText("Only active keys that the account's policy would not allow today").waitFor();
    const listed = await names(page);
    expect(listed).toEqual(expect.arrayContaining(["long-1", "long-2", "console-admin"]));
    expect([listed.length, listed.includes("short")]).toEqual([count, false]);
    expect(await violations(page)).toEqual([]);
    // The part stays while a sheet is open.
    await page.getByRole("link", { name: "long-1" }).click();
    await page.getByRole("dialog", { name: "long-1" }).waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(() => page.url()).toMatch(/\/console\/keys\?noncompliant=true$/);
    await page.goBack();
    await page.goBack();
    await page.getByRole("link", { name: "Policy" }).click();
    await page.getByRole("button", { name: "Revoke these keys …" }).click();
    const dialog = page.getByRole("dialog", { name: "Revoke keys" });
    expect(await dialog.getByRole("checkbox", { name: "Not allowed by the account's policy" }).isChecked()).toBe(true);
    await dialog.getByRole("button", { name: "Continue" }).click();
    // Never the key that asks.
    const verb = `Revoke ${count - 1} ${count === 2 ? "key" : "keys"}`;
    await page.getByRole("button", { name: verb, exact: true }).click();
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("link", { name: "1 active key" }).waitFor();
    const left = await client()("GET", `${KEYS_PATH}?noncompliant=true`);
    expect(left.body.data.map((key: { spec: { name: string } }) => key.spec.name)).toEqual(["console-admin"]);
  });

  it("shows archived keys where the policy archives", async () => {
    await client()("PUT", POLICY, {});
    const before = await console.enter();
    await before.getByRole("link", { name: "short" }).waitFor();
    expect(await before.getByRole("button", { name: "Archived keys" }).count()).toBe(0);
    await client()("PUT", POLICY, { archive_after_days: 30 });
    const page = await console.enter();
    const archived = page.getByRole("button", { name: "Archived keys" });
    await archived.focus();
    await page.keyboard.press("Enter");
    await page.getByText(/^Only archived keys/).waitFor();
    await expect.poll(() => names(page)).toEqual(["ended-long-ago"]);
    expect(await archived.getAttribute("aria-pressed")).toBe("true");
    expect(await violations(page)).toEqual([]);
    await archived.click();
    await page.getByRole("button", { name: /^All/ }).click();
    await page.getByRole("link", { name: "ended-lately" }).waitFor();
    expect(await names(page)).not.toContain("ended-long-ago");
  });
});
