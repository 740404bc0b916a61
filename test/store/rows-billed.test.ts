// What D1 itself says that it bills for a statement, against what the reckoning of the cost (bench/cost) takes it for.
import { beforeEach, expect, it } from "vitest";
import { type Effect, ROWS } from "../../bench/cost/rows.ts";
import { RECORD_USE } from "../../src/store/api-keys/usage.ts";
import { LAST_CHECKPOINT, OPEN_EVENTS, SAVE_CHECKPOINT } from "../../src/store/audit/sealer.ts";
import { COUNT_DENIALS, KEEP_REQUESTS } from "../../src/store/denials/recorder.ts";
import { DELETE_OLD_COUNTS, DELETE_OLD_REQUESTS } from "../../src/store/denials/repository.ts";
import { FIND_BY_HASH, FIND_PENDING, READ_CHANGES } from "../../src/store/key-cache/d1-records.ts";
import { KEYS_TO_EXPIRE, PRUNE } from "../../src/store/maintenance/maintenance.ts";
import { ACCOUNT, db, makeAccounts, makeKey, NOW } from "./builders.ts";

const asked = new Set<string>();
beforeEach(makeAccounts);

/** Runs it, and expects D1 to bill what is reckoned; `added` is what D1 does not say. */
async function isBilled(sql: string, values: readonly unknown[], added = 0): Promise<void> {
  const { meta, results } = await db
    .prepare(sql)
    .bind(...values)
    .run();
  const effect: Effect = { returned: results.length, changed: meta.changes, added };
  asked.add(sql);
  expect({ sql, read: meta.rows_read, written: meta.rows_written }).toEqual({ sql, ...ROWS.get(sql)?.(effect) });
}

it("is what a call's look-ups are reckoned at", async () => {
  const { id } = await makeKey();
  const row = await db.prepare("SELECT hash FROM api_keys WHERE id = ?").bind(id).first<{ hash: string }>();
  await isBilled(FIND_BY_HASH, [row?.hash]);
  await isBilled(FIND_BY_HASH, ["0".repeat(64)]);
  await isBilled(READ_CHANGES, [1e9]);
});

it("is one row written for a use", async () => {
  const { id } = await makeKey();
  await isBilled(RECORD_USE, [id, NOW, 1, "192.0.2.1"]);
  await isBilled(RECORD_USE, [id, NOW + 1, 1, "192.0.2.1"]);
});

it("is what refusals are reckoned at, until they are forgotten", async () => {
  const counts = (n: number) =>
    Array.from({ length: n }, (_, i) => ({
      accountId: ACCOUNT,
      hour: 1,
      keyId: `${i}`,
      reason: "r",
      count: 1,
      lastAt: 5,
    }));
  await isBilled(COUNT_DENIALS, [JSON.stringify(counts(1))], 1);
  await isBilled(COUNT_DENIALS, [JSON.stringify(counts(5))], 4);
  await isBilled(COUNT_DENIALS, [JSON.stringify(counts(5))]);
  const calls = Array.from({ length: 3 }, (_, i) => ({ requestId: `${i}`, accountId: ACCOUNT, keyId: "k", at: 5 }));
  await isBilled(KEEP_REQUESTS, [JSON.stringify(calls)], 3);
  for (const until of [1, 5]) await isBilled(DELETE_OLD_REQUESTS, [until]);
  for (const hour of [1, 2]) await isBilled(DELETE_OLD_COUNTS, [hour]);
});

it("is what a minute of the schedule is reckoned at when there is nothing to do", async () => {
  await isBilled(FIND_PENDING, []);
  await isBilled(KEYS_TO_EXPIRE, [NOW]);
  await isBilled(PRUNE, [NOW]);
  await isBilled(OPEN_EVENTS, [1e9]);
  await isBilled(SAVE_CHECKPOINT, ["2026-11-23", 1, "jws"], 1);
  await isBilled(SAVE_CHECKPOINT, ["2026-11-23", 2, "jws"]);
  await isBilled(LAST_CHECKPOINT, []);
});

it("is reckoned for no statement that was not asked here", () => {
  expect([...ROWS.keys()].filter((sql) => !asked.has(sql))).toEqual([]);
});
