// The counts of isolates in a real D1: each counts once, whatever becomes of a write, an isolate or a run of maintenance.
import { beforeEach, describe, expect, it } from "vitest";
import { createCounters } from "../../../src/core/metrics/counters.ts";
import type { Clock } from "../../../src/store/lib/timeouts.ts";
import { measureD1, measureKv } from "../../../src/store/metrics/measured.ts";
import { createMetricsRecorder, WRITE_COUNTS } from "../../../src/store/metrics/recorder.ts";
import { createMetricsReader, mergeCounts } from "../../../src/store/metrics/repository.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { faultyD1 } from "../../support/faulty-d1.ts";
import { seededRandom } from "../../support/random.ts";
import { ACCOUNT, db, makeAccounts, makeKey, NOW } from "../builders.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const ENDPOINT = crypto.randomUUID();
beforeEach(makeAccounts);

const STATE = { unwrittenUses: 2, feedReadAt: NOW - 3_000 };

function anIsolate(database = db, clock: Clock = fakeClock(NOW), state = STATE) {
  const errors: string[] = [];
  const counters = createCounters();
  const recorder = createMetricsRecorder(
    database,
    counters,
    clock,
    () => state,
    (what) => errors.push(what),
  );
  return { ...recorder, errors, allow: (by = 1) => counters.requests.add("allowed", by) };
}
const read = (now = NOW) => createMetricsReader(db).read(now);
const allowed = async (now = NOW) => (await read(now)).totals["requests|allowed"] ?? 0;
const rows = async () => (await db.prepare("SELECT count(*) AS n FROM metric_counts").first<number>("n")) ?? 0;

/** Runs a statement, and loses its answer. */
function losingAnswers(loses: () => boolean): D1Database {
  const faulty = faultyD1(db);
  const prepare = (sql: string) => {
    const statement = db.prepare(sql);
    return {
      bind: (...values: unknown[]) => ({
        async first() {
          const result = await statement.bind(...values).first();
          if (sql === WRITE_COUNTS && loses()) throw new Error("Network connection lost");
          return result;
        },
      }),
    };
  };
  return { prepare, withSession: () => faulty.db } as unknown as D1Database;
}

describe("createMetricsRecorder", () => {
  it("adds up what two isolates have counted", async () => {
    const [a, b] = [anIsolate(), anIsolate()];
    a.allow(3);
    b.allow(4);
    await Promise.all([a.write(NOW), b.write(NOW)]);
    a.allow();
    await a.write(NOW + MINUTE);
    expect(await allowed()).toBe(8);
    expect((await read()).totals.isolates).toBe(2);
  });

  it("writes five seconds after the first request, and once in a minute", async () => {
    const clock = fakeClock(NOW);
    const faulty = faultyD1(db);
    const isolate = anIsolate(faulty.db, clock);
    const work: Promise<unknown>[] = [];
    const writes = async () => {
      await Promise.all(work.splice(0));
      return faulty.ran.filter((sql) => sql === WRITE_COUNTS).length;
    };
    for (let second = 0; second < 60; second += 1) {
      isolate.allow();
      isolate.writeIfDue(clock.now(), (each) => work.push(each));
      await clock.advance(1_000);
      if (second === 0) expect(work.length).toBe(1);
    }
    expect(await writes()).toBe(1);
    expect(await allowed()).toBeGreaterThanOrEqual(5);
    isolate.writeIfDue(clock.now(), (each) => work.push(each));
    await clock.advance(5_000);
    expect(await writes()).toBe(2);
    expect(await allowed()).toBe(60);
  });

  it("keeps the counts of a failed write for the next one", async () => {
    const faulty = faultyD1(db);
    const isolate = anIsolate(faulty.db);
    isolate.allow();
    faulty.trouble = new Error("down");
    await isolate.write(NOW);
    expect(isolate.errors).toEqual(["metrics_write"]);
    faulty.trouble = null;
    isolate.allow();
    await isolate.write(NOW);
    expect(await allowed()).toBe(2);
  });

  it("does not count twice what a write has written whose answer was lost", async () => {
    const isolate = anIsolate(losingAnswers(() => true));
    isolate.allow(5);
    for (let i = 0; i < 3; i++) await isolate.write(NOW + i);
    expect(isolate.errors.length).toBe(3);
    expect(await allowed()).toBe(5);
  });

  it("does not go back when an earlier write arrives after a later one", async () => {
    const late: (() => void)[] = [];
    const faulty = faultyD1(db);
    faulty.before = () => (late.length === 0 ? new Promise((resume) => late.push(resume)) : Promise.resolve());
    const isolate = anIsolate(faulty.db);
    isolate.allow(1);
    const first = isolate.write(NOW);
    isolate.allow(1);
    await isolate.write(NOW + 1);
    for (const resume of late) resume();
    await first;
    expect(await allowed()).toBe(2);
  });

  it("counts once an isolate that writes again after its row was merged", async () => {
    const isolate = anIsolate();
    isolate.allow(3);
    await isolate.write(NOW);
    expect(await mergeCounts(db, NOW + 11 * MINUTE)).toBe(1);
    isolate.allow(2);
    await isolate.write(NOW + 12 * MINUTE);
    expect(await allowed()).toBe(5);
    expect((await read()).totals.isolates).toBe(1);
    expect(isolate.errors).toEqual([]);
  });

  it("counts once an isolate that writes again after its merged row was deleted", async () => {
    const isolate = anIsolate();
    isolate.allow(3);
    await isolate.write(NOW);
    await mergeCounts(db, NOW + 11 * MINUTE);
    await mergeCounts(db, NOW + 2 * DAY);
    expect(await rows()).toBe(1);
    isolate.allow(2);
    await isolate.write(NOW + 2 * DAY);
    expect(await allowed(NOW + 2 * DAY)).toBe(5);
  });

  it("adds up and never goes back over random failures, lost answers, merges and idle isolates", async () => {
    const random = seededRandom(7);
    let isBad = false;
    const database = losingAnswers(() => isBad && random.below(2) === 0);
    const isolates = Array.from({ length: 4 }, () => anIsolate(database));
    let [sent, seen, now] = [0, 0, NOW];
    for (let round = 0; round < 150; round++) {
      isBad = round < 140;
      now += random.below(8 * MINUTE);
      const isolate = random.pick(isolates);
      const by = random.below(9);
      isolate.allow(by);
      sent += by;
      await isolate.write(now);
      if (random.below(2) === 0) await mergeCounts(db, now);
      const total = await allowed(now);
      expect(total).toBeGreaterThanOrEqual(seen);
      expect(total).toBeLessThanOrEqual(sent);
      seen = total;
    }
    for (const isolate of isolates) await isolate.write(now);
    expect(await allowed(now)).toBe(sent);
  }, 30_000);
});

describe("mergeCounts", () => {
  it("keeps the totals, leaves isolates that write, and is repeated without an effect", async () => {
    const [old, busy] = [anIsolate(), anIsolate()];
    old.allow(2);
    busy.allow(1);
    old.counters.d1_query.observe("read", 7);
    await old.write(NOW);
    await busy.write(NOW + 9 * MINUTE);
    const later = NOW + 11 * MINUTE;
    const before = (await read(later)).totals;
    expect([await mergeCounts(db, later), await mergeCounts(db, later)]).toEqual([1, 0]);
    expect((await read(later)).totals).toEqual(before);
  });

  it("counts once what two runs merge at the same time", async () => {
    const isolate = anIsolate();
    isolate.allow(2);
    await isolate.write(NOW);
    const later = NOW + 11 * MINUTE;
    const merged = await Promise.all([mergeCounts(db, later), mergeCounts(db, later)]);
    expect(merged.toSorted()).toEqual([0, 1]);
    expect(await allowed(later)).toBe(2);
  });

  it("changes nothing when the second statement of its transaction fails", async () => {
    const faulty = faultyD1(db);
    const isolate = anIsolate();
    isolate.allow(2);
    await isolate.write(NOW);
    faulty.trouble = (sql) => (sql.includes("SET merged_at") ? new Error("down") : null);
    await expect(mergeCounts(faulty.db, NOW + 11 * MINUTE)).rejects.toThrow("down");
    expect(await allowed()).toBe(2);
    expect(await mergeCounts(db, NOW + 11 * MINUTE)).toBe(1);
    expect(await allowed()).toBe(2);
  });
});

describe("createMetricsReader", () => {
  it("has the gauges of isolates that have written within three minutes", async () => {
    const [now, old] = [anIsolate(), anIsolate(db, undefined, { unwrittenUses: 100, feedReadAt: NOW - 900_000 })];
    const fresh = anIsolate(db, undefined, { unwrittenUses: 5, feedReadAt: Number.NEGATIVE_INFINITY });
    for (const isolate of [now, old]) isolate.noteKeyRequest(NOW);
    await Promise.all([now.write(NOW), fresh.write(NOW), old.write(NOW - 181_000)]);
    const { gauges } = await read();
    expect(gauges).toMatchObject({ isolates_active: 2, uses_unwritten: 7, feed_age: 3_000 });
  });

  it("leaves out the feed of an isolate that was not used for keys in the last three minutes", async () => {
    const isolate = anIsolate();
    await isolate.write(NOW);
    expect((await read()).gauges.feed_age).toBe(0);
    isolate.noteKeyRequest(NOW);
    await isolate.write(NOW + 170_000);
    expect((await read(NOW + 170_000)).gauges.feed_age).toBe(3_000);
    await isolate.write(NOW + 181_000);
    expect((await read(NOW + 181_000)).gauges.feed_age).toBe(0);
  });

  it("has the backlogs of audit log, endpoints and KV", async () => {
    const nothing = { audit_unsealed: 0, audit_lag: 0, webhook_backlog: 0, webhook_failing: 0, kv_pending: 0 };
    await db.prepare("UPDATE audit_events SET hash = 'x'").run();
    expect((await read()).gauges).toMatchObject(nothing);
    await makeKey();
    await db
      .prepare("UPDATE audit_events SET created_at = ?1 WHERE hash IS NULL")
      .bind(NOW - 90_000)
      .run();
    const { gauges } = await read();
    expect(gauges).toMatchObject({ ...nothing, audit_unsealed: 1, audit_lag: 90_000, kv_pending: 1 });
  });

  it("counts the deliveries and the events that an enabled endpoint waits for", async () => {
    const last = await db
      .prepare("SELECT max(number) AS n FROM audit_events WHERE account_id = ?1")
      .bind(ACCOUNT)
      .first<number>("n");
    await db
      .prepare(`INSERT INTO endpoints (id, account_id, name, origin, format, event_types, sealed, created_at, updated_at,
        created_by_id, created_by_name, next_number, failing_since) VALUES (?4, ?1, 'e', 'https://x.example', 'json', '[]',
        'x', 0, 0, 'x', 'x', ?2, ?3)`)
      .bind(ACCOUNT, (last ?? 0) - 1, NOW - 60_000, ENDPOINT)
      .run();
    await db
      .prepare(
        "INSERT INTO deliveries (endpoint_id, number, event_id, resource_id, next_at) VALUES (?1, 1, 'x', 'x', 5)",
      )
      .bind(ENDPOINT)
      .run();
    expect((await read()).gauges).toMatchObject({ webhook_backlog: 3, webhook_failing: 60_000 });
    await db.prepare("UPDATE endpoints SET disabled_at = 1, disabled_reason = 'x'").run();
    expect((await read()).gauges).toMatchObject({ webhook_backlog: 0, webhook_failing: 0 });
  });
});

describe("measured storage", () => {
  it("times statements and batches of D1 and KV, counts those that fail, and changes no result", async () => {
    const counters = createCounters();
    const clock = fakeClock(NOW);
    const faulty = faultyD1(db);
    const measured = measureD1(faulty.db, counters, clock);
    expect(await measured.prepare("SELECT 1 AS one").first("one")).toBe(1);
    const update = "UPDATE accounts SET name = name WHERE id = ?1";
    await measured.batch([measured.prepare("SELECT 1"), measured.prepare(update).bind(ACCOUNT)]);
    faulty.trouble = new Error("down");
    await expect(measured.withSession("first-primary").prepare("SELECT 1").all()).rejects.toThrow("down");
    const kv = { get: async () => "v", put: () => Promise.reject(new Error("full")) } as unknown as KVNamespace;
    const measuredKv = measureKv(kv, counters, clock);
    expect(await measuredKv.get("k")).toBe("v");
    await expect(measuredKv.put("k", "v")).rejects.toThrow("full");
    expect(counters.totals()).toEqual({
      ...{ "d1_query|read|5": 2, "d1_query|read|sum": 0, "d1_query|write|5": 1, "d1_query|write|sum": 0 },
      ...{ "d1_errors|read": 1, "kv_errors|put": 1 },
      ...{ "kv_operation|get|5": 1, "kv_operation|get|sum": 0, "kv_operation|put|5": 1, "kv_operation|put|sum": 0 },
    });
  });
});
