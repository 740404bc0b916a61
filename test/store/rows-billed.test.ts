// The rows that D1 bills for a statement, compared with the calculation in bench/cost.
import { beforeEach, expect, it } from "vitest";
import { type Effect, ROWS } from "../../bench/cost/rows.ts";
import { ADD_FIRST, PRUNE_NETWORKS, READ_PLACES, SEE_AGAIN } from "../../src/store/api-keys/new-networks.ts";
import { RECORD_USES } from "../../src/store/api-keys/usage.ts";
import { ENDS, NEWEST_EVENT } from "../../src/store/audit/publisher.ts";
import { OPEN_ACCOUNTS, OTHER_SIGNER } from "../../src/store/audit/sealer.ts";
import { COUNT_DENIALS, KEEP_REQUESTS } from "../../src/store/denials/recorder.ts";
import { DELETE_OLD_COUNTS, DELETE_OLD_REQUESTS } from "../../src/store/denials/repository.ts";
import { PRUNE_DELIVERIES } from "../../src/store/endpoints/deliveries.ts";
import { ENDPOINTS_TO_SEND } from "../../src/store/endpoints/outbox.ts";
import { SEALED_EARLIER } from "../../src/store/endpoints/reseal.ts";
import { FIND_BY_HASH, FIND_PENDING, READ_CHANGES } from "../../src/store/key-cache/d1-records.ts";
import { ACCOUNTS_TO_CHECK } from "../../src/store/maintenance/idle-keys.ts";
import { KEYS_TO_EXPIRE, PRUNE } from "../../src/store/maintenance/maintenance.ts";
import { KEYS_TO_NOTIFY } from "../../src/store/maintenance/notices.ts";
import { WRITE_COUNTS } from "../../src/store/metrics/recorder.ts";
import { FIND_STALE, PRUNE_MERGED, READ_BACKLOGS, READ_COUNTS } from "../../src/store/metrics/repository.ts";
import { ACCOUNT, db, makeAccounts, makeKey, NOW } from "./builders.ts";

const checked = new Set<string>();
beforeEach(makeAccounts);

/** Runs a statement and compares what D1 bills; `added` are the inserted rows, which D1 does not report apart. */
async function expectBilled(sql: string, values: readonly unknown[], added = 0): Promise<void> {
  const { meta, results } = await db
    .prepare(sql)
    .bind(...values)
    .run();
  const effect: Effect = { returned: results.length, changed: meta.changes, added };
  checked.add(sql);
  expect({ sql, read: meta.rows_read, written: meta.rows_written }).toEqual({ sql, ...ROWS.get(sql)?.(effect) });
}

it("bills the lookups of a request as bench/cost calculates", async () => {
  const { id } = await makeKey();
  const row = await db.prepare("SELECT hash FROM api_keys WHERE id = ?").bind(id).first<{ hash: string }>();
  await expectBilled(FIND_BY_HASH, [row?.hash]);
  await expectBilled(FIND_BY_HASH, ["0".repeat(64)]);
  await expectBilled(READ_CHANGES, [1e9]);
});

it("bills one written row for the use of a key", async () => {
  const ids = [(await makeKey()).id, (await makeKey()).id];
  const uses = (of: readonly string[], at: number) =>
    JSON.stringify(of.map((id) => ({ id, at, count: 1, address: "192.0.2.1" })));
  await expectBilled(RECORD_USES, [uses(ids.slice(1), NOW), "w1"]);
  await expectBilled(RECORD_USES, [uses(ids, NOW + 1), "w2"]);
  await expectBilled(RECORD_USES, [uses(ids, NOW + 1), "w3"]);
});

it("bills the networks of a key as bench/cost calculates", async () => {
  const { id } = await makeKey();
  const places = JSON.stringify(["", "192.0.2.0/24", "NZ"]);
  await expectBilled(READ_PLACES, [id, "192.0.2.0/24", "NZ"]);
  await expectBilled(ADD_FIRST, [id, 20_000, places], 3);
  await expectBilled(READ_PLACES, [id, "192.0.2.0/24", "NZ"]);
  await expectBilled(SEE_AGAIN, [id, 20_001, JSON.stringify(["192.0.2.0/24", "NZ"])]);
  for (const day of [1, 30_000]) await expectBilled(PRUNE_NETWORKS, [day]);
});

it("bills denials and their pruning as bench/cost calculates", async () => {
  const counts = (n: number) =>
    Array.from({ length: n }, (_, i) => ({
      accountId: ACCOUNT,
      hour: 1,
      keyId: `${i}`,
      reason: "r",
      count: 1,
      lastAt: 5,
    }));
  await expectBilled(COUNT_DENIALS, [JSON.stringify(counts(1))], 1);
  await expectBilled(COUNT_DENIALS, [JSON.stringify(counts(5))], 4);
  await expectBilled(COUNT_DENIALS, [JSON.stringify(counts(5))]);
  const requests = Array.from({ length: 3 }, (_, i) => ({ requestId: `${i}`, accountId: ACCOUNT, keyId: "k", at: 5 }));
  await expectBilled(KEEP_REQUESTS, [JSON.stringify(requests)], 3);
  for (const until of [1, 5]) await expectBilled(DELETE_OLD_REQUESTS, [until]);
  for (const hour of [1, 2]) await expectBilled(DELETE_OLD_COUNTS, [hour]);
});

it("bills idle scheduled maintenance as bench/cost calculates", async () => {
  await expectBilled(FIND_PENDING, []);
  await expectBilled(KEYS_TO_EXPIRE, [NOW]);
  await expectBilled(KEYS_TO_NOTIFY, [NOW]);
  await expectBilled(ACCOUNTS_TO_CHECK, [NOW]);
  await expectBilled(PRUNE, [NOW]);
  await expectBilled(OPEN_ACCOUNTS, [""]);
  await expectBilled(NEWEST_EVENT, []);
  await expectBilled(OTHER_SIGNER, ["", "kid"]);
  await expectBilled(ENDS, []);
  await expectBilled(ENDPOINTS_TO_SEND, [NOW]);
  await expectBilled(PRUNE_DELIVERIES, [NOW]);
  await expectBilled(SEALED_EARLIER, ["k1."]);
});

it("bills the counts of isolates as bench/cost calculates", async () => {
  await expectBilled(READ_COUNTS, []);
  await expectBilled(WRITE_COUNTS, ["i", 1, NOW, "{}", 0, null], 1);
  await expectBilled(WRITE_COUNTS, ["i", 2, NOW, "{}", 0, null]);
  await expectBilled(WRITE_COUNTS, ["j", 1, NOW, "{}", 0, null], 1);
  await expectBilled(READ_COUNTS, []);
  await expectBilled(READ_BACKLOGS, []);
  await expectBilled(FIND_STALE, [NOW + 1]);
  await expectBilled(PRUNE_MERGED, [1]);
});

it("checks every statement that bench/cost has a price for", () => {
  expect([...ROWS.keys()].filter((sql) => !checked.has(sql))).toEqual([]);
});
