// The hash chain of the audit log: an unchanged log verifies, and every manipulation of a copy is found.
import { beforeAll, describe, expect, it } from "vitest";
import { newIdentityKeys } from "../../../scripts/secrets.ts";
import {
  CHAIN_START,
  chainHash,
  dayOf,
  readCheckpoint,
  type SigningKey,
  type StoredEvent,
  signCheckpoint,
} from "../../../src/core/audit/hash-chain.ts";
import { type SignedDay, verifyAudit } from "../../../src/core/audit/verify.ts";
import { NOW } from "../../support/key.ts";

let keys: readonly SigningKey[];
beforeAll(async () => {
  keys = (JSON.parse(await newIdentityKeys()) as { keys: SigningKey[] }).keys;
});

function anEvent(seq: number, changes: Partial<StoredEvent> = {}): StoredEvent {
  return {
    seq,
    id: `00000000-0000-4000-8000-${String(seq).padStart(12, "0")}`,
    account_id: "a",
    event_type: "CREATE",
    resource_type: "API_KEY",
    resource_id: `key-${seq}`,
    resource_name: "ci",
    actor_type: "API_KEY",
    actor_id: "k",
    actor_name: "admin",
    address: "192.0.2.1",
    request_id: `r-${seq}`,
    message: "API key ci was created",
    detail: "{}",
    created_at: NOW + seq,
    hash: null,
    ...changes,
  };
}

/** A log of so many events, sealed and signed. */
async function aLog(count: number, sign = keys[0] as SigningKey) {
  let hash = CHAIN_START;
  const events: StoredEvent[] = [];
  for (let seq = 1; seq <= count; seq++) {
    hash = chainHash(hash, anEvent(seq));
    events.push(anEvent(seq, { hash }));
  }
  const at = NOW + count;
  const jws = await signCheckpoint(sign, { seq: count, hash, at });
  const day: SignedDay = { day: dayOf(at), seq: count, signed: await readCheckpoint(jws, keys) };
  return { events, days: [day], head: { seq: count, hash } };
}

async function findings(events: readonly StoredEvent[], days: readonly SignedDay[]): Promise<string[]> {
  const { findings } = await verifyAudit(events, days);
  return findings.map(({ what, seq }) => `${what} ${seq}`);
}

describe("verifyAudit", () => {
  it("finds nothing wrong with a log as it was written", async () => {
    const { events, days, head } = await aLog(20);
    const verified = await verifyAudit(events, days, head);
    expect(verified).toMatchObject({ findings: [], events: 20, open: 0, covered: { seq: 20 } });
  });

  it("verifies events with text in any script", async () => {
    const event = anEvent(1, { detail: '{"description":"\u0141\u00f3d\u017a \u{1f5dd}"}' });
    const hash = chainHash(CHAIN_START, event);
    expect(await findings([{ ...event, hash }], [])).toEqual(["not_signed 1"]);
    expect(await findings([{ ...event, detail: "{}", hash }], [])).toEqual(["changed 1", "not_signed 1"]);
  });

  it("accepts events at the end that are not sealed yet", async () => {
    const { events, days } = await aLog(3);
    expect(await verifyAudit([...events, anEvent(4)], days)).toMatchObject({ findings: [], open: 1 });
  });

  it("finds a change of any one column of an event", async () => {
    const { events, days } = await aLog(5);
    for (const column of Object.keys(anEvent(3)).filter((each) => each !== "seq" && each !== "hash")) {
      const changed = events.map((event) =>
        event.seq === 3 ? { ...event, [column]: `${event[column as "id"]}0` } : event,
      );
      expect(await findings(changed, days), column).toContain("changed 3");
    }
  });

  it("finds an event that was removed, at the start, in the middle and at the end", async () => {
    const { events, days } = await aLog(5);
    const without = (seq: number) => events.filter((event) => event.seq !== seq);
    expect(await findings(without(1), days)).toContain("missing 1");
    expect(await findings(without(3), days)).toContain("missing 3");
    expect(await findings(without(5), days)).toContain("cut_off 5");
  });

  it("finds an event that was inserted, with all later ones renumbered", async () => {
    const { events, days } = await aLog(5);
    const slipped = [
      ...events.slice(0, 2),
      anEvent(3, {
        message: "nothing to see",
        hash: chainHash(events[1]?.hash ?? "", anEvent(3, { message: "nothing to see" })),
      }),
      ...events.slice(2).map((event) => ({ ...event, seq: event.seq + 1 })),
    ];
    expect(await findings(slipped, days)).toEqual([
      "changed 4",
      "changed 5",
      "checkpoint_differs 5",
      "changed 6",
      "not_signed 6",
    ]);
  });

  it("finds two events that were swapped", async () => {
    const { events, days } = await aLog(5);
    const [one, two] = [events[1] as StoredEvent, events[3] as StoredEvent];
    const swapped = events.map((event) =>
      event.seq === 2 ? { ...two, seq: 2 } : event.seq === 4 ? { ...one, seq: 4 } : event,
    );
    expect(await findings(swapped, days)).toEqual(expect.arrayContaining(["changed 2", "changed 4"]));
  });

  it("finds a chain that was recomputed from a changed event on", async () => {
    const { events, days } = await aLog(5);
    let before = events[1]?.hash ?? "";
    const forged = events.map((event) => {
      if (event.seq < 3) return event;
      const changed = event.seq === 3 ? { ...event, actor_name: "somebody else" } : event;
      before = chainHash(before, changed);
      return { ...changed, hash: before };
    });
    expect(await findings(forged, days)).toEqual(["checkpoint_differs 5"]);
  });

  it("finds events whose hashes were removed so that they would be sealed again", async () => {
    const { events, days } = await aLog(3);
    expect(
      await findings(
        events.map((event) => ({ ...event, hash: null })),
        days,
      ),
    ).toContain("not_sealed 1");
  });

  it("finds an event at the end with the time of an earlier one", async () => {
    const { events, days } = await aLog(3);
    expect(await findings([...events, anEvent(4, { created_at: NOW - 3_600_000 })], days)).toEqual(["out_of_time 4"]);
  });

  it("finds a truncated log that was signed again, given a checkpoint that was kept elsewhere", async () => {
    const [{ head }, short] = [await aLog(5), await aLog(3)];
    expect(await findings(short.events, short.days)).toEqual([]);
    const { findings: found } = await verifyAudit(short.events, short.days, head);
    expect(found.map(({ what }) => what)).toEqual(["cut_off"]);
  });
});

describe("readCheckpoint", () => {
  const said = { seq: 7, hash: "ab".repeat(32), at: NOW };

  it("reads a checkpoint with the id of the key that signed it", async () => {
    const jws = await signCheckpoint(keys[0] as SigningKey, said);
    expect(await readCheckpoint(jws, keys)).toEqual({ ...said, kid: keys[0]?.kid });
  });

  it("rejects a checkpoint that another key signed under the same id", async () => {
    const [other] = (JSON.parse(await newIdentityKeys()) as { keys: SigningKey[] }).keys as [SigningKey];
    const jws = await signCheckpoint({ ...other, kid: keys[0]?.kid ?? "" }, said);
    expect(await readCheckpoint(jws, keys)).toBeNull();
    expect(await readCheckpoint("not.a.jws", keys)).toBeNull();
  });

  it("verifyAudit finds a forged checkpoint, and one for another event or day than was signed", async () => {
    const { events, days } = await aLog(5);
    const [day] = days as [SignedDay];
    expect(await findings(events, [{ ...day, signed: null }])).toContain("checkpoint_forged 5");
    expect(await findings(events, [{ ...day, seq: 4 }])).toContain("checkpoint_differs 4");
    expect(await findings(events, [{ ...day, day: "2020-01-01" }])).toContain("checkpoint_differs 5");
  });
});

describe("verifyAudit in words", () => {
  const said = async (...of: Parameters<typeof verifyAudit>) =>
    (await verifyAudit(...of)).findings.map(({ message }) => message);

  it("names the events, the days and what is wrong with them", async () => {
    const { events, days, head } = await aLog(5);
    const [day] = days;
    const from = `the checkpoint of ${day?.day}`;
    const without = (...gone: number[]) => events.filter(({ seq }) => !gone.includes(seq));
    expect(await said(without(2), days)).toContain("Event 2 is missing.");
    expect(await said(without(2, 3), days)).toContain("Events 2 to 3 are missing.");
    expect(await said(without(5), days)).toEqual([`Event 5 is missing, and ${from} names it.`]);
    expect(await said(without(5), [], head)).toContain(
      "Event 5 is missing, and the checkpoint that was kept elsewhere names it.",
    );
    const changed = events.map((event) => (event.seq === 2 ? { ...event, message: "x" } : event));
    expect(await said(changed, days)).toEqual(["Event 2 differs from what was hashed, or was moved."]);
    expect(await said([...events, anEvent(6, { hash: chainHash(head.hash, anEvent(6)) })], days)).toEqual([
      "Event 6 has a hash that no checkpoint covers.",
    ]);
    const bare = events.map((event) => ({ ...event, hash: null }));
    expect((await said(bare, days))[0]).toBe("Event 1 has no hash, although later events are signed.");
    expect(await said([...events, anEvent(6, { created_at: 0 })], days)).toEqual([
      "Event 6 is older than an event before it.",
    ]);
    expect(await said(events, days, { seq: 5, hash: "x" })).toEqual([
      "The chain up to event 5 differs from the checkpoint that was kept elsewhere.",
    ]);
    const at = (each: Partial<SignedDay>) => days.map((one) => ({ ...one, ...each }));
    expect((await said(events, at({ signed: null })))[0]).toBe(
      `The checkpoint of ${day?.day} has no valid signature by a known key.`,
    );
    expect(await said(events, at({ seq: 4 }))).toEqual([`The checkpoint of ${day?.day} differs from what was signed.`]);
  });

  it("counts the events that are covered by a checkpoint, and those that are open", async () => {
    const { events, days } = await aLog(3);
    const verified = await verifyAudit([...events, anEvent(4), anEvent(5)], days);
    expect(verified).toMatchObject({ findings: [], events: 5, open: 2, covered: { seq: 3 } });
    expect(await verifyAudit([anEvent(1)], [])).toEqual({ findings: [], events: 1, open: 1, covered: null });
    expect(await verifyAudit([], [])).toEqual({ findings: [], events: 0, open: 0, covered: null });
    expect((await verifyAudit([], [], { seq: 0, hash: CHAIN_START })).findings).toEqual([]);
  });

  it("accepts an event that is at most five minutes older than the one before it", async () => {
    const back = (ms: number) => findings([anEvent(1, { created_at: NOW }), anEvent(2, { created_at: NOW - ms })], []);
    expect(await back(300_000)).toEqual([]);
    expect(await back(300_001)).toEqual(["out_of_time 2"]);
  });

  it("requires checkpoints in order, and takes the newest of several", async () => {
    const { events } = await aLog(4);
    const sign = async (seq: number, at: number): Promise<SignedDay> => {
      const hash = String(events[seq - 1]?.hash);
      return {
        day: dayOf(at),
        seq,
        signed: await readCheckpoint(await signCheckpoint(keys[0] as SigningKey, { seq, hash, at }), keys),
      };
    };
    const [first, second] = [await sign(2, NOW), await sign(4, NOW + 86_400_000)];
    expect((await verifyAudit(events, [first, second])).covered?.seq).toBe(4);
    expect((await verifyAudit(events, [first, second])).findings).toEqual([]);
    const back = await sign(2, NOW + 2 * 86_400_000);
    expect(await findings(events, [second, back])).toEqual(["checkpoint_differs 2"]);
    expect((await verifyAudit(events, [second, back])).covered?.seq).toBe(4);
    const again = await sign(4, NOW + 2 * 86_400_000);
    expect(await findings(events, [second, again])).toEqual([]);
    expect((await verifyAudit(events, [{ ...first, signed: null }, second])).covered?.seq).toBe(4);
  });
});

describe("readCheckpoint with anything else", () => {
  it.each([
    [{ seq: 1.5, hash: CHAIN_START, at: 1 }],
    [{ seq: 1, hash: CHAIN_START, at: 1.5 }],
    [{ seq: 1, hash: `${CHAIN_START}0`, at: 1 }],
    [{ seq: 1, hash: `x${CHAIN_START}`, at: 1 }],
    [{ seq: 1, hash: "0", at: 1 }],
  ])("rejects the checkpoint %j", async (checkpoint) => {
    expect(await readCheckpoint(await signCheckpoint(keys[0] as SigningKey, checkpoint), keys)).toBeNull();
  });

  it("rejects a token of another type, and one of an unknown key", async () => {
    const { CompactSign, importJWK } = await import("jose");
    const key = keys[0] as SigningKey;
    const body = new TextEncoder().encode(JSON.stringify({ seq: 1, hash: CHAIN_START, at: 1 }));
    const typed = (typ: string) =>
      importJWK(key, "EdDSA").then((secret) =>
        new CompactSign(body).setProtectedHeader({ alg: "EdDSA", typ, kid: key.kid }).sign(secret),
      );
    expect(await readCheckpoint(await typed("gatehouse-audit+jws"), keys)).not.toBeNull();
    expect(await readCheckpoint(await typed("gatehouse-identity+jwt"), keys)).toBeNull();
    expect(await readCheckpoint(await typed("gatehouse-audit+jws"), [])).toBeNull();
    const other = { ...key, kid: "other" };
    const two = [(JSON.parse(await newIdentityKeys()) as { keys: SigningKey[] }).keys[0] as SigningKey, key];
    expect(await readCheckpoint(await typed("gatehouse-audit+jws"), two)).toMatchObject({ kid: key.kid });
    expect(await readCheckpoint(await typed("gatehouse-audit+jws"), [other])).toBeNull();
  });

  it("dayOf gives the day in UTC, and the chain starts with zeros", () => {
    expect(dayOf(Date.UTC(2026, 0, 2, 23, 59, 59))).toBe("2026-01-02");
    expect(CHAIN_START).toMatch(/^0{64}$/);
  });
});
