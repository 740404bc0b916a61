// The verification of audit logs: an unchanged log verifies, and every manipulation of a copy is found.
import { beforeAll, describe, expect, it } from "vitest";
import type { SigningKey } from "../../../src/core/audit/checkpoint.ts";
import { CHAIN_START, earlierHash, HASHED_COLUMNS, type StoredEvent } from "../../../src/core/audit/hash-chain.ts";
import { type AuditLog, verifyAudit } from "../../../src/core/audit/verify.ts";
import type { AccountDay } from "../../../src/core/audit/verify-days.ts";
import { ACCOUNT, aDay, aLog, anEvent, chained, newSigningKey } from "../../support/audit-log.ts";
import { NOW } from "../../support/key.ts";

const DAY = 86_400_000;
let key: SigningKey;
beforeAll(async () => {
  key = await newSigningKey();
});

const EMPTY: AuditLog = { events: [], days: [], earlierDays: [], retired: [], kept: [] };

async function messages(log: Partial<AuditLog>): Promise<readonly string[]> {
  return (await verifyAudit({ ...EMPTY, ...log })).findings.map(({ message }) => message);
}
const kinds = async (log: Partial<AuditLog>) =>
  (await verifyAudit({ ...EMPTY, ...log })).findings.map(({ what }) => what);

describe("verifyAudit", () => {
  it("finds nothing wrong with a log as it was written", async () => {
    const log = await aLog(20, key);
    expect(await verifyAudit(log)).toEqual({ findings: [], events: 20, accounts: 1, open: 0 });
    expect(await verifyAudit(EMPTY)).toEqual({ findings: [], events: 0, accounts: 0, open: 0 });
  });

  it("verifies each account by a chain of its own", async () => {
    const events = chained([anEvent(1), anEvent(2, { account_id: "b", number: 1 }), anEvent(3, { number: 2 })]);
    const days = [await aDay(key, events[2] as StoredEvent), await aDay(key, events[1] as StoredEvent)];
    expect(await verifyAudit({ ...EMPTY, events, days })).toMatchObject({ findings: [], accounts: 2 });
    const changed = events.map((event) => (event.account_id === "b" ? { ...event, message: "x" } : event));
    expect(await messages({ events: changed, days })).toEqual([
      "Event 1 of account b differs from what was hashed, or was moved.",
    ]);
  });

  it("accepts events at the end that are not sealed yet", async () => {
    const { events, days } = await aLog(3, key);
    const open = anEvent(4, { authentic: null });
    expect(await verifyAudit({ ...EMPTY, events: [...events, open], days })).toMatchObject({ findings: [], open: 1 });
  });

  it("finds a change of any one column of an event", async () => {
    const { events, days } = await aLog(5, key);
    for (const column of HASHED_COLUMNS.filter((each) => !["seq", "number", "account_id"].includes(each))) {
      const changed = events.map((event) => (event.seq === 3 ? { ...event, [column]: `${event[column]}0` } : event));
      expect(await kinds({ events: changed, days }), column).toContain("changed");
    }
  });

  it("finds an event that was removed, at the start, in the middle and at the end", async () => {
    const { events, days } = await aLog(5, key);
    const without = (seq: number) => events.filter((event) => event.seq !== seq);
    for (const seq of [1, 3]) {
      expect(await messages({ events: without(seq), days })).toEqual(
        expect.arrayContaining([
          `Event ${seq} is missing in the order of all accounts.`,
          `Event ${seq + 1} of account a is where event ${seq} should be.`,
        ]),
      );
    }
    expect(await messages({ events: without(5), days })).toEqual([
      "Event 5 of account a is missing, and the checkpoint of 2026-02-03 names it.",
    ]);
  });

  it("finds a chain that was recomputed from a changed event on", async () => {
    const { events, days } = await aLog(5, key);
    const changed = events.map((event) => (event.seq === 3 ? { ...event, actor_name: "nobody" } : event));
    expect(await kinds({ events: chained(changed), days })).toEqual(["checkpoint_differs"]);
  });

  it("finds events whose hashes were removed so that they would be sealed again", async () => {
    const { events, days } = await aLog(2, key);
    expect(await kinds({ events: events.map((event) => ({ ...event, hash: null })), days })).toEqual([
      "not_sealed",
      "not_sealed",
    ]);
  });

  it("finds an event that Gatehouse did not write, though it is sealed", async () => {
    const events = chained([anEvent(1), anEvent(2, { authentic: 0 })]);
    const days = [await aDay(key, events[1] as StoredEvent)];
    expect(await messages({ events, days })).toEqual(["Event 2 of account a was not written by Gatehouse."]);
  });

  it("finds a hash that no checkpoint covers", async () => {
    const { events } = await aLog(2, key);
    const days = [await aDay(key, events[0] as StoredEvent)];
    expect(await kinds({ events, days })).toEqual(["not_signed"]);
  });

  it("accepts an event that is at most sixteen minutes older than one before it", async () => {
    const back = (ms: number) =>
      kinds({ events: [anEvent(1, { created_at: NOW }), anEvent(2, { created_at: NOW - ms, authentic: null })] });
    expect([await back(960_000), await back(960_001)]).toEqual([[], ["out_of_time"]]);
  });

  it("finds a truncated log that was signed again, given an end that was kept elsewhere", async () => {
    const [long, short] = [await aLog(5, key), await aLog(3, key)];
    expect(await kinds(short)).toEqual([]);
    const hash = String(long.events[4]?.hash);
    const kept = [{ account: ACCOUNT, number: 5, hash, from: "KV" }];
    expect(await messages({ ...short, kept })).toEqual(["Event 5 of account a is missing, and KV names it."]);
    expect(await kinds({ ...short, events: [], days: [], kept })).toEqual(["cut_off"]);
    expect(await kinds({ ...long, kept: [{ ...kept[0], hash: CHAIN_START } as never] })).toEqual([
      "checkpoint_differs",
    ]);
  });
});

describe("the checkpoints of an account", () => {
  const [D1, D2, D3] = ["2026-02-03", "2026-02-04", "2026-02-05"];
  async function threeDays() {
    const { events } = await aLog(3, key);
    const day = (i: number, previous: string | null) =>
      aDay(key, events[i] as StoredEvent, { at: NOW + i * DAY, previous });
    return { events, days: [await day(0, null), await day(1, D1), await day(2, D2)] };
  }

  it("finds every missing checkpoint by the one after it, and the last by the end in KV", async () => {
    const { events, days } = await threeDays();
    expect(await kinds({ events, days })).toEqual([]);
    for (const gone of [0, 1]) {
      expect(await kinds({ events, days: days.filter((_, i) => i !== gone) })).toEqual(["checkpoint_missing"]);
    }
    const last = days[2]?.signed as NonNullable<AccountDay["signed"]>;
    const kept = [{ ...last, from: "KV" }];
    expect(await messages({ events, days: days.slice(0, 2), kept })).toEqual([
      "No checkpoint of 2026-02-05 covers event 3 of account a, and KV does.",
    ]);
    expect(D3).toBe(days[2]?.day);
  });

  it("finds a log that was sealed anew from the start", async () => {
    const { events } = await aLog(3, key);
    const anew = await aDay(key, events[2] as StoredEvent, { at: NOW + 3 * DAY });
    expect(await messages({ events, days: [anew] })).toEqual([
      "The checkpoint of 2026-02-06 of account a is the first, and the first event is of 2026-02-03.",
    ]);
  });

  it("finds a checkpoint without a valid signature, and one for another account, event, key or day than was signed", async () => {
    const { events, days } = await aLog(5, key);
    const of = (changes: Partial<AccountDay>) => kinds({ events, days: days.map((day) => ({ ...day, ...changes })) });
    expect(await of({ signed: null })).toContain("checkpoint_forged");
    expect(await of({ number: 4 })).toContain("checkpoint_differs");
    expect(await of({ kid: "x" })).toContain("checkpoint_differs");
    expect(await of({ day: "2026-02-02" })).toContain("checkpoint_differs");
    expect(await of({ account: "b" })).toContain("checkpoint_differs");
  });

  it("finds that a retired key is missing which a checkpoint knows", async () => {
    const { events } = await aLog(1, key);
    const days = [await aDay(key, events[0] as StoredEvent, { retired: ["old"] })];
    expect(await kinds({ events, days })).toEqual(["checkpoint_missing"]);
    expect(await kinds({ events, days, retired: ["old"] })).toEqual([]);
  });
});

describe("the chain from before migration 0006", () => {
  async function upgraded() {
    let hash = CHAIN_START;
    const earlier = [1, 2, 3].map((seq) => {
      const event = anEvent(seq, { number: null, mac: null, authentic: null });
      hash = earlierHash(hash, event);
      return { ...event, hash };
    });
    const events = [...earlier, ...chained([anEvent(4, { number: 1 })], hash)];
    const signed = { seq: 3, hash, at: NOW };
    const earlierDays = [{ day: "2026-02-03", seq: 3, signed }];
    return { ...EMPTY, events, earlierDays, days: [await aDay(key, events[3] as StoredEvent)] };
  }

  it("stays verifiable, and the chains of the accounts begin at its end", async () => {
    const log = await upgraded();
    expect(await kinds(log)).toEqual([]);
    const changed = log.events.map((event) => (event.seq === 2 ? { ...event, message: "x" } : event));
    expect(await messages({ ...log, events: changed })).toEqual([
      "Event 2 differs from what was hashed, or was moved.",
    ]);
  });

  it.each<[string, (log: Awaited<ReturnType<typeof upgraded>>) => Partial<AuditLog>]>([
    ["a removed event", (log) => ({ events: log.events.filter(({ seq }) => seq !== 2) })],
    ["a removed last event", (log) => ({ events: log.events.filter(({ seq }) => seq !== 3) })],
    [
      "a removed hash",
      (log) => ({ events: log.events.map((each) => (each.seq === 2 ? { ...each, hash: null } : each)) }),
    ],
    ["an event that was added without a number", (log) => ({ events: [...log.events, anEvent(5, { number: null })] })],
    ["a removed checkpoint", () => ({ earlierDays: [] })],
    ["a checkpoint without a valid signature", () => ({ earlierDays: [{ day: "2026-02-03", seq: 3, signed: null }] })],
    ["a changed checkpoint", (log) => ({ earlierDays: log.earlierDays.map((day) => ({ ...day, seq: 2 })) })],
  ])("finds %s", async (_, tampered) => {
    const log = await upgraded();
    expect(await kinds({ ...log, ...tampered(log) })).not.toEqual([]);
  });
});
