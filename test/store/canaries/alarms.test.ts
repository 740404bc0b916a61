// The events of canary keys: how many there are for each key, network and hour, and what a flood costs.
import { beforeEach, expect, it } from "vitest";
import { createCanaryAlarms } from "../../../src/store/canaries/alarms.ts";
import type { CanaryUse } from "../../../src/store/canaries/port.ts";
import { configureStore, storeConfigOf } from "../../../src/store/store-config.ts";
import { faultyD1 } from "../../support/faulty-d1.ts";
import { ACCOUNT, ACTOR, count, db, HOUR, keys, makeAccounts, makeKey, NOW } from "../builders.ts";

let keyId: string;
beforeEach(async () => {
  await makeAccounts();
  keyId = (await makeKey({ name: "honey", canary: true })).id;
});

const use = (changes: Partial<CanaryUse> = {}): CanaryUse => ({
  ...{
    keyId,
    accountId: ACCOUNT,
    name: "honey",
    requestId: "r-1",
    address: "198.51.100.7",
    network: "198.51.100.0/24",
  },
  ...{ country: "NZ", method: "GET", path: "/api/public/v1/account", operationId: "getAccount" },
  ...changes,
});
const fromNetwork = (i: number) => ({ network: `10.0.${i}.0/24`, address: `10.0.${i}.1` });

/** An isolate, on a D1 whose statements are recorded. */
function anIsolate() {
  const d1 = faultyD1(db);
  configureStore(d1.db, storeConfigOf(db));
  const [told, errors, work]: [CanaryUse[], string[], Promise<unknown>[]] = [[], [], []];
  const onAlarm = async (each: CanaryUse) => void told.push(each);
  const alarms = createCanaryAlarms({ db: d1.db, onAlarm, onError: (what) => errors.push(what) });
  return {
    ...{ d1, told, errors },
    report: (each: CanaryUse, now = NOW) => alarms.report(each, now, (pending) => void work.push(pending)),
    settle: async () => void (await Promise.all(work.splice(0))),
  };
}

const CANARY_EVENTS = "SELECT * FROM audit_events WHERE event_type = 'CANARY' ORDER BY seq";
async function canaryEvents() {
  const { results } = await db.prepare(CANARY_EVENTS).all<Record<string, unknown>>();
  return results.map((row) => ({ ...row, detail: JSON.parse(String(row.detail)) })) as Record<string, unknown>[];
}

it("writes who has used a canary key for what, and tells it once", async () => {
  const { report, settle, told } = anIsolate();
  report(use());
  await settle();
  expect(told).toHaveLength(1);
  const [event, ...more] = await canaryEvents();
  expect(more).toEqual([]);
  expect(event).toMatchObject({
    ...{
      resource_type: "API_KEY",
      resource_id: keyId,
      resource_name: "honey",
      actor_type: "SYSTEM",
      request_id: "r-1",
    },
    ...{ address: "198.51.100.7", message: "Canary API key honey was used from 198.51.100.7 (NZ)", created_at: NOW },
    detail: {
      ...{ country: "NZ", network: "198.51.100.0/24", method: "GET", path: "/api/public/v1/account" },
      ...{ operation_id: "getAccount", uses_left_out: 0 },
    },
  });
});

it("writes one event for a key and a network in an hour, and counts the uses that it leaves out", async () => {
  const { report, settle, d1 } = anIsolate();
  for (let i = 0; i < 1_000; i++) report(use(), NOW + i);
  await settle();
  for (let i = 0; i < 1_000; i++) report(use(), NOW + HOUR - 1 - i);
  await settle();
  expect(d1.ran.filter((sql) => sql.startsWith("INSERT INTO audit_events"))).toHaveLength(1);
  report(use(), NOW + HOUR);
  await settle();
  expect((await canaryEvents()).map(({ detail }) => (detail as { uses_left_out: number }).uses_left_out)).toEqual([
    ...[0, 1_999],
  ]);
});

it("writes 20 events for a key in an hour, from however many networks and isolates", async () => {
  const isolates = [anIsolate(), anIsolate(), anIsolate()];
  // Each isolate sees other networks first.
  for (const [n, { report }] of isolates.entries()) {
    for (let i = 0; i < 200; i++) report(use(fromNetwork((i + 70 * n) % 200)));
  }
  for (const { settle } of isolates) await settle();
  expect(await canaryEvents()).toHaveLength(20);
  expect(await count("canary_alarms")).toBe(20);
  for (const { d1 } of isolates) {
    expect(d1.ran.filter((sql) => sql.startsWith("INSERT INTO audit_events")).length).toBeLessThanOrEqual(20);
  }
  const later = anIsolate();
  later.report(use(fromNetwork(0)), NOW + HOUR);
  await later.settle();
  expect(await canaryEvents()).toHaveLength(21);
  // What is older than the hour is not kept.
  expect(await count("canary_alarms")).toBe(1);
});

it("writes one event for two isolates at once, and events of other keys beside them", async () => {
  const other = (await makeKey({ name: "other", canary: true })).id;
  const isolates = [anIsolate(), anIsolate()];
  for (const { report } of isolates)
    for (const id of [keyId, other]) report(use({ keyId: id, address: null, network: null }));
  for (const { settle } of isolates) await settle();
  expect((await canaryEvents()).map(({ resource_id }) => resource_id).sort()).toEqual([keyId, other].sort());
  expect(isolates.flatMap(({ errors }) => errors)).toEqual([]);
});

it("loses no event to a failure of D1: the next use five seconds later has it", async () => {
  const { report, settle, d1, errors } = anIsolate();
  d1.trouble = new Error("D1_ERROR: internal error");
  for (let i = 0; i < 50; i++) {
    report(use(), NOW + i);
    await settle();
  }
  expect(errors).toEqual(["canary_alarm"]);
  d1.trouble = null;
  report(use(), NOW + 4_999);
  await settle();
  expect(await canaryEvents()).toEqual([]);
  report(use(), NOW + 5_000);
  await settle();
  expect((await canaryEvents()).map(({ detail }) => (detail as { uses_left_out: number }).uses_left_out)).toEqual([51]);
});

it("writes no event of a key that is revoked, or no canary", async () => {
  const { report, settle, told } = anIsolate();
  await keys.revoke(ACCOUNT, keyId, true, ACTOR, NOW);
  report(use());
  report(use({ keyId: (await makeKey()).id }));
  await settle();
  expect([await canaryEvents(), told]).toEqual([[], []]);
});
