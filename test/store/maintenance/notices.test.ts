// Advance notice of the end of keys: at which times, how often, and to whom.
import { beforeEach, expect, it } from "vitest";
import { giveNotices, KEYS_TO_NOTIFY, mailNotice } from "../../../src/store/maintenance/notices.ts";
import { ACCOUNT, ACTOR, ADMIN_ROLE, db, events, keys, makeAccounts, makeKey, makeOperator, NOW } from "../builders.ts";

const DAY = 86_400_000;
beforeEach(makeAccounts);

const daysGiven = async (now: number) => (await giveNotices(db, now)).map(({ days }) => days);
const endingIn = (days: number, name = "ci") =>
  makeKey({ name, expireAfterHours: 24 * days, expiresAt: NOW + days * DAY });

it("gives notice 30, 7 and 1 days before the end, once each", async () => {
  await endingIn(90);
  const given: [number, number][] = [];
  for (let day = 0; day <= 91; day++) {
    for (const days of await daysGiven(NOW + day * DAY)) given.push([day, days]);
    expect(await daysGiven(NOW + day * DAY)).toEqual([]);
  }
  expect(given).toEqual([
    [60, 30],
    [83, 7],
    [89, 1],
  ]);
  expect(await events()).toEqual(["CREATE_API_KEY", ...Array(3).fill("EXPIRING_API_KEY")]);
});

it("gives each notice once in runs at the same time", async () => {
  for (let i = 0; i < 5; i++) await endingIn(40, `k${i}`);
  const runs = await Promise.all(Array.from({ length: 4 }, () => daysGiven(NOW + 11 * DAY)));
  expect(runs.flat()).toEqual(Array(5).fill(30));
});

it("gives no notice of a time before the key was made, and only the last one that runs have missed", async () => {
  await endingIn(1, "a day");
  await endingIn(5, "five days");
  await endingIn(100, "long");
  expect(await daysGiven(NOW)).toEqual([]);
  expect(await daysGiven(NOW + 4 * DAY)).toEqual([1]);
  expect(await daysGiven(NOW + 95 * DAY)).toEqual([7]);
  expect(await daysGiven(NOW + 99 * DAY)).toEqual([1]);
});

it("gives no notice of a key that was revoked, has expired, or never does", async () => {
  const revoked = await endingIn(10, "revoked");
  await endingIn(10, "expired");
  await makeKey({ name: "for ever" });
  await keys.revoke(ACCOUNT, revoked.id, true, ACTOR, NOW);
  expect(await daysGiven(NOW + 11 * DAY)).toEqual([]);
});

it("gives notice again of a key whose end was moved", async () => {
  const { id } = await endingIn(10);
  expect(await daysGiven(NOW + 9 * DAY)).toEqual([1]);
  await db
    .prepare("UPDATE api_keys SET expires_at = ? WHERE id = ?")
    .bind(NOW + 50 * DAY, id)
    .run();
  expect(await daysGiven(NOW + 20 * DAY)).toEqual([30]);
});

it("finds the keys by the index of migration 0017", async () => {
  const plan = await db.prepare(`EXPLAIN QUERY PLAN ${KEYS_TO_NOTIFY}`).bind(NOW).all<{ detail: string }>();
  expect(plan.results.map(({ detail }) => detail).join()).toContain("SEARCH api_keys USING INDEX api_keys_to_notify");
  expect(plan.results.map(({ detail }) => detail).join()).not.toContain("TEMP B-TREE");
});

it("mails the operators who manage keys, and continues when one mail fails", async () => {
  await makeOperator({ email: "admin@example.com", roleId: ADMIN_ROLE });
  await makeOperator({ email: "second@example.com", roleId: ADMIN_ROLE });
  await makeOperator({ email: "viewer@example.com" });
  await makeOperator({ email: "gone@example.com", roleId: ADMIN_ROLE, expiresAt: NOW });
  await endingIn(8);
  const [notice] = await giveNotices(db, NOW + DAY);
  const to: string[] = [];
  const send = async (address: string, subject: string, text: string) => {
    to.push(address);
    expect(subject).toBe("API key ci expires in 7 days");
    expect(text).not.toContain("eyJ");
    if (address.startsWith("admin")) throw new Error("no such mailbox");
  };
  if (notice === undefined) throw new Error("a notice is needed");
  await expect(mailNotice(db, send, notice, NOW + DAY)).rejects.toThrow("a mail could not be sent");
  expect(to.sort()).toEqual(["admin@example.com", "second@example.com"]);
});
