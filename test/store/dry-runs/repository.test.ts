// Dry runs in D1: their changes, their counts, and the record that requests are authorized with meanwhile.

import { beforeEach, describe, expect, it } from "vitest";
import { toCanonicalCidr } from "../../../src/core/ip/cidr.ts";
import type { DryRunTerms } from "../../../src/store/dry-runs/port.ts";
import { createDryRunRecorder } from "../../../src/store/dry-runs/recorder.ts";
import { createDryRunRepository } from "../../../src/store/dry-runs/repository.ts";
import { createD1Records } from "../../../src/store/key-cache/d1-records.ts";
import {
  ACCOUNT,
  ACTOR,
  ADMIN_ROLE,
  changes,
  count,
  db,
  events,
  HOUR,
  keys,
  lists,
  makeAccounts,
  makeKey,
  makeList,
  makeRole,
  NOW,
  OTHER_ACCOUNT,
  PROJECT,
  roleSpec,
  roles,
  VIEWER_ROLE,
} from "../builders.ts";

beforeEach(makeAccounts);

const dryRuns = createDryRunRepository(db);
const records = createD1Records(db);
const VIEWER_DRY_RUN: DryRunTerms = { roleId: VIEWER_ROLE, allowListIds: null };

async function attach(keyId: string, terms: DryRunTerms = VIEWER_DRY_RUN) {
  expect(await dryRuns.attach(ACCOUNT, keyId, terms, ACTOR, NOW)).toBe("attached");
  const dryRun = await dryRuns.get(ACCOUNT, keyId);
  if (dryRun === null) throw new Error("no dry run");
  return dryRun;
}
const rowOf = (id: string) =>
  db.prepare("SELECT role_id, restricted, version, kv_pending FROM api_keys WHERE id = ?").bind(id).first();
async function expectNoDryRuns() {
  for (const table of ["api_key_trials", "api_key_trial_lists", "trial_refusals"]) expect(await count(table)).toBe(0);
}

describe("attach", () => {
  it("attaches a dry run with its event and its change in one transaction, and leaves the key's access unchanged", async () => {
    const [a, b] = [await makeList({ name: "a" }), await makeList({ name: "b" })];
    const key = await makeKey({ roleId: ADMIN_ROLE });
    const dryRun = await attach(key.id, { roleId: VIEWER_ROLE, allowListIds: [b.id, a.id] });
    expect(dryRun).toMatchObject({
      roleId: VIEWER_ROLE,
      allowListIds: [b.id, a.id],
      createdByName: "root",
      evaluated: 0,
    });
    expect(await rowOf(key.id)).toEqual({ role_id: ADMIN_ROLE, restricted: 0, version: 2, kv_pending: 2 });
    expect(await changes()).toEqual([{ key_id: key.id, version: 2 }]);
    expect((await events()).at(-1)).toBe("EDIT_API_KEY");
    const record = await records.readById(key.id);
    expect([record?.role.id, record?.addresses]).toEqual([ADMIN_ROLE, null]);
    expect(record?.dryRun).toMatchObject({
      id: dryRun.id,
      candidate: { role: { id: VIEWER_ROLE }, addresses: { v6: [] } },
    });
  });

  it("replaces the previous dry run with its terms and counts", async () => {
    const list = await makeList();
    const key = await makeKey();
    const first = await attach(key.id, { roleId: null, allowListIds: [list.id] });
    await db
      .prepare("INSERT INTO trial_refusals VALUES (?, 'address_not_allowed', '', 'getPing', 1, 0, 0)")
      .bind(first.id)
      .run();
    const second = await attach(key.id);
    expect(second).toMatchObject({ allowListIds: null, networks: 0, denials: [] });
    expect(second.id).not.toBe(first.id);
    expect([await count("api_key_trials"), await count("api_key_trial_lists"), await count("trial_refusals")]).toEqual([
      1, 0, 0,
    ]);
    const detail = await db
      .prepare("SELECT detail FROM audit_events ORDER BY seq DESC LIMIT 1")
      .first<string>("detail");
    expect(JSON.parse(detail ?? "")).toEqual({
      change: "trial_attached",
      trial_id: expect.any(String),
      trial: { role_id: VIEWER_ROLE, allow_list_info: null },
      before: { trial: { role_id: null, allow_list_info: [list.id] } },
    });
  });

  it("does not attach a dry run to a key that is revoked, expired or of another account", async () => {
    const revoked = await makeKey();
    await keys.revoke(ACCOUNT, revoked.id, false, ACTOR, NOW);
    const expired = await makeKey({ expireAfterHours: 1, expiresAt: NOW + HOUR });
    const other = await makeKey({ accountId: OTHER_ACCOUNT });
    const before = await count("audit_events");
    expect(await dryRuns.attach(ACCOUNT, revoked.id, VIEWER_DRY_RUN, ACTOR, NOW)).toBe("key_inactive");
    expect(await dryRuns.attach(ACCOUNT, expired.id, VIEWER_DRY_RUN, ACTOR, NOW + HOUR)).toBe("key_inactive");
    expect(await dryRuns.attach(ACCOUNT, other.id, VIEWER_DRY_RUN, ACTOR, NOW)).toBe("not_found");
    expect(await count("audit_events")).toBe(before);
    await expectNoDryRuns();
  });

  it("does not attach a dry run whose role or list is of another account", async () => {
    const key = await makeKey({ accountId: OTHER_ACCOUNT });
    const [role, list] = [await makeRole(), await makeList()];
    for (const terms of [
      { roleId: role.id, allowListIds: null },
      { roleId: null, allowListIds: [list.id] },
    ]) {
      expect(await dryRuns.attach(OTHER_ACCOUNT, key.id, terms, ACTOR, NOW)).toBe("reference_gone");
    }
    await expectNoDryRuns();
  });

  it("attaches no dry run when the change log cannot be written", async () => {
    const key = await makeKey();
    await db
      .prepare("CREATE TRIGGER broken BEFORE INSERT ON key_changes BEGIN SELECT raise(ABORT, 'broken'); END")
      .run();
    await expect(dryRuns.attach(ACCOUNT, key.id, VIEWER_DRY_RUN, ACTOR, NOW)).rejects.toThrow("broken");
    expect(await events()).toEqual(["CREATE_API_KEY"]);
    await expectNoDryRuns();
  });
});

describe("promote", () => {
  it("gives the key the terms of its dry run and ends the dry run in one transaction", async () => {
    const [old, next] = [
      await makeList({ name: "old" }),
      await makeList({ name: "next", rules: [toCanonicalCidr("10.0.0.0/8")] }),
    ];
    const key = await makeKey({ roleId: ADMIN_ROLE, allowListIds: [old.id] });
    const dryRun = await attach(key.id, { roleId: VIEWER_ROLE, allowListIds: [next.id] });
    expect(await dryRuns.promote({ accountId: ACCOUNT, keyId: key.id, dryRun, force: true }, ACTOR, NOW)).toBe(
      "promoted",
    );
    expect(await rowOf(key.id)).toEqual({ role_id: VIEWER_ROLE, restricted: 1, version: 3, kv_pending: 3 });
    expect(await changes()).toEqual([2, 3].map((version) => ({ key_id: key.id, version })));
    expect(await keys.get(ACCOUNT, key.id)).toMatchObject({ allowListIds: [next.id], role: { id: VIEWER_ROLE } });
    expect((await records.readById(key.id))?.dryRun).toBeNull();
    const detail = await db
      .prepare("SELECT detail FROM audit_events ORDER BY seq DESC LIMIT 1")
      .first<string>("detail");
    expect(JSON.parse(detail ?? "")).toEqual({
      change: "trial_promoted",
      before: {
        ...{ name: "ci", description: "", role_id: ADMIN_ROLE, allow_list_info: [old.id] },
        ...{ expire_after_hours: 0, expires_at: null },
      },
      after: { role_id: VIEWER_ROLE, allow_list_info: [next.id] },
    });
    await expectNoDryRuns();
  });

  it("leaves the allow lists of a key unchanged when its dry run has none", async () => {
    const list = await makeList();
    const [bound, open] = [await makeKey({ allowListIds: [list.id] }), await makeKey()];
    for (const { id } of [bound, open])
      await dryRuns.promote({ accountId: ACCOUNT, keyId: id, dryRun: await attach(id), force: false }, ACTOR, NOW);
    expect((await keys.get(ACCOUNT, bound.id))?.allowListIds).toEqual([list.id]);
    expect((await keys.get(ACCOUNT, open.id))?.allowListIds).toEqual([]);
  });

  it("does not promote a dry run that was replaced or promoted meanwhile", async () => {
    const key = await makeKey();
    const first = await attach(key.id, { roleId: ADMIN_ROLE, allowListIds: null });
    const second = await attach(key.id);
    expect(await dryRuns.promote({ accountId: ACCOUNT, keyId: key.id, dryRun: first, force: false }, ACTOR, NOW)).toBe(
      "trial_changed",
    );
    const both = () => dryRuns.promote({ accountId: ACCOUNT, keyId: key.id, dryRun: second, force: false }, ACTOR, NOW);
    expect((await Promise.all([both(), both()])).sort()).toEqual(["promoted", "trial_changed"]);
    expect(await rowOf(key.id)).toMatchObject({ role_id: VIEWER_ROLE, version: 4 });
  });

  it("does not promote a dry run of a revoked key, nor of the last manager without force", async () => {
    const key = await makeKey({ roleId: ADMIN_ROLE });
    const dryRun = await attach(key.id);
    expect(await dryRuns.promote({ accountId: ACCOUNT, keyId: key.id, dryRun, force: false }, ACTOR, NOW)).toBe(
      "last_manager",
    );
    await makeKey({ roleId: ADMIN_ROLE });
    expect(await dryRuns.promote({ accountId: ACCOUNT, keyId: key.id, dryRun, force: false }, ACTOR, NOW)).toBe(
      "promoted",
    );
    const revoked = await makeKey();
    const last = await attach(revoked.id);
    await keys.revoke(ACCOUNT, revoked.id, true, ACTOR, NOW);
    expect(
      await dryRuns.promote({ accountId: ACCOUNT, keyId: revoked.id, dryRun: last, force: true }, ACTOR, NOW),
    ).toBe("key_inactive");
  });
});

describe("drop", () => {
  it("deletes a dry run with its counts once, even that of a revoked key", async () => {
    const list = await makeList();
    const key = await makeKey();
    const dryRun = await attach(key.id, { roleId: null, allowListIds: [list.id] });
    await db
      .prepare("INSERT INTO trial_refusals VALUES (?, 'address_not_allowed', '', 'getPing', 1, 0, 0)")
      .bind(dryRun.id)
      .run();
    await keys.revoke(ACCOUNT, key.id, true, ACTOR, NOW);
    expect(await dryRuns.drop(ACCOUNT, key.id, ACTOR, NOW)).toBe("dropped");
    expect(await dryRuns.drop(ACCOUNT, key.id, ACTOR, NOW)).toBe("not_found");
    expect(await dryRuns.get(ACCOUNT, key.id)).toBeNull();
    expect((await changes()).map(({ version }) => version)).toEqual([2, 3, 4]);
    await expectNoDryRuns();
  });
});

describe("the role and the lists of a dry run", () => {
  it("does not delete a role or a list that a dry run uses", async () => {
    const [list, role] = [await makeList(), await makeRole()];
    const key = await makeKey({ name: "dry" });
    await attach(key.id, { roleId: role.id, allowListIds: [list.id] });
    const inUseBy = [expect.objectContaining({ id: key.id, name: "dry" })];
    expect(await lists.delete(ACCOUNT, PROJECT, list.id, ACTOR, NOW)).toEqual({ inUseBy });
    expect(await roles.delete(ACCOUNT, role.id, ACTOR, NOW)).toEqual({ inUseBy });
    await dryRuns.drop(ACCOUNT, key.id, ACTOR, NOW);
    expect(await lists.delete(ACCOUNT, PROJECT, list.id, ACTOR, NOW)).toBe("deleted");
    expect(await roles.delete(ACCOUNT, role.id, ACTOR, NOW)).toBe("deleted");
  });

  it("raises the version of a key when the role of its dry run is updated", async () => {
    const role = await makeRole();
    const key = await makeKey();
    await attach(key.id, { roleId: role.id, allowListIds: null });
    await roles.update(
      { accountId: ACCOUNT, id: role.id, definition: roleSpec({ permissions: ["CLUSTER:READ"] }), force: false },
      ACTOR,
      NOW,
    );
    expect(await changes()).toEqual([
      { key_id: key.id, version: 2 },
      { key_id: null, version: 0, role_id: role.id },
    ]);
    expect(await rowOf(key.id)).toMatchObject({ version: 3, kv_pending: 3 });
  });
});

describe("a dry run that cannot be read", () => {
  it.each([
    ["has no lists", "DELETE FROM api_key_trial_lists"],
    ["has an unknown permission", `UPDATE roles SET permissions = '["CLUSTER:FLY"]' WHERE account_id IS NOT NULL`],
    ["has a rule that is not canonical", `UPDATE allow_lists SET rules = '["192.0.2.1/24"]'`],
  ])("leaves the key's access unchanged when its dry run %s", async (_, damage) => {
    const [list, role] = [await makeList(), await makeRole()];
    const key = await makeKey();
    const dryRun = await attach(key.id, { roleId: role.id, allowListIds: [list.id] });
    await db.prepare(damage).run();
    const record = await records.readById(key.id);
    expect([record?.role.id, record?.addresses]).toEqual([VIEWER_ROLE, null]);
    expect(record?.dryRun).toEqual({ id: dryRun.id, candidate: null });
    expect(await dryRuns.drop(ACCOUNT, key.id, ACTOR, NOW)).toBe("dropped");
  });
});

describe("createDryRunRecorder", () => {
  const errors: string[] = [];
  const setUp = async () => {
    errors.length = 0;
    const key = await makeKey();
    const dryRun = await attach(key.id);
    const recorder = createDryRunRecorder(db, (what) => errors.push(what));
    let writes = 0;
    let last: Promise<unknown> = Promise.resolve();
    const background = (work: Promise<unknown>) => {
      writes += 1;
      last = work;
    };
    const record = (network: string | null, at: number, dryRunId = dryRun.id) => {
      const denial =
        network === null ? null : { reason: "address_not_allowed" as const, network, operation: "getPing" };
      recorder.record({ keyId: key.id, dryRunId, denial, at }, background);
    };
    return { key, recorder, record, writes: () => writes, written: () => last };
  };

  it("writes the first request of a dry run at once, and then once a minute", async () => {
    const { key, record, writes, written } = await setUp();
    record("192.0.2.0/24", NOW);
    await written();
    for (let i = 1; i < 60; i++) record(i % 2 ? "198.51.100.0/24" : null, NOW + i * 1_000);
    expect(writes()).toBe(1);
    record("192.0.2.0/24", NOW + 60_000);
    await written();
    expect(writes()).toBe(2);
    expect(await dryRuns.get(ACCOUNT, key.id)).toMatchObject({
      evaluated: 61,
      networks: 2,
      networksComplete: true,
      denials: [{ reason: "address_not_allowed", count: 32, firstAt: NOW, lastAt: NOW + 60_000 }],
      examples: [
        { network: "192.0.2.0/24", operation: "getPing", count: 2, lastAt: NOW + 60_000 },
        { network: "198.51.100.0/24", count: 30, lastAt: NOW + 59_000 },
      ],
    });
  });

  it("does not add the counts of an ended dry run to the next one", async () => {
    const { key, record, recorder } = await setUp();
    record("192.0.2.0/24", NOW);
    await dryRuns.drop(ACCOUNT, key.id, ACTOR, NOW);
    const next = await attach(key.id);
    await recorder.flush(NOW);
    expect(await dryRuns.get(ACCOUNT, key.id)).toMatchObject({ id: next.id, evaluated: 0, denials: [] });
  });

  it("keeps the counts of a failed write for the next one", async () => {
    const { key, record, recorder, written } = await setUp();
    await db.prepare("ALTER TABLE trial_refusals RENAME TO away").run();
    record("192.0.2.0/24", NOW);
    await written();
    expect(errors).toEqual(["trials_write"]);
    await db.prepare("ALTER TABLE away RENAME TO trial_refusals").run();
    await recorder.flush(NOW);
    expect(await dryRuns.get(ACCOUNT, key.id)).toMatchObject({ evaluated: 1, networks: 1 });
  });

  it("counts every request when there are more networks than it stores, and reports the count as incomplete", async () => {
    const { key, record, recorder } = await setUp();
    for (let i = 0; i < 1_200; i++) {
      record(`10.${i >> 8}.${i & 255}.0/24`, NOW);
      if (i % 60 === 59) await recorder.flush(NOW);
    }
    const dryRun = await dryRuns.get(ACCOUNT, key.id);
    expect(dryRun).toMatchObject({ evaluated: 1_200, networksComplete: false });
    expect(dryRun?.denials).toMatchObject([{ count: 1_200 }]);
    expect(await count("trial_refusals")).toBeLessThan(600);
    expect(dryRun?.examples).toHaveLength(10);
  });

  it("reports an unreadable dry run once a minute", async () => {
    const { key, recorder } = await setUp();
    for (const at of [NOW, NOW + 1, NOW + 59_999, NOW + 60_000]) recorder.recordUnreadable(key.id, at);
    expect(errors).toEqual(["trial_unreadable", "trial_unreadable"]);
  });
});
