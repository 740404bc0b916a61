// The audit chain on paper: what is written is found whole, and whatever is done to a copy is found out.
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

describe("an audit log", () => {
  it("is found whole as it was written", async () => {
    const { events, days, head } = await aLog(20);
    const verified = await verifyAudit(events, days, head);
    expect(verified).toMatchObject({ findings: [], events: 20, open: 0, covered: { seq: 20 } });
  });

  it("may have events at its end that wait to be sealed", async () => {
    const { events, days } = await aLog(3);
    expect(await verifyAudit([...events, anEvent(4)], days)).toMatchObject({ findings: [], open: 1 });
  });

  it("shows a change of any one member of an event", async () => {
    const { events, days } = await aLog(5);
    for (const column of Object.keys(anEvent(3)).filter((each) => each !== "seq" && each !== "hash")) {
      const changed = events.map((event) =>
        event.seq === 3 ? { ...event, [column]: `${event[column as "id"]}0` } : event,
      );
      expect(await findings(changed, days), column).toContain("changed 3");
    }
  });

  it("shows an event that was taken out, at the start, in the middle and at the end", async () => {
    const { events, days } = await aLog(5);
    const without = (seq: number) => events.filter((event) => event.seq !== seq);
    expect(await findings(without(1), days)).toContain("missing 1");
    expect(await findings(without(3), days)).toContain("missing 3");
    expect(await findings(without(5), days)).toContain("cut_off 5");
  });

  it("shows an event that was slipped in, with all after it moved up", async () => {
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

  it("shows two events that have changed places", async () => {
    const { events, days } = await aLog(5);
    const [one, two] = [events[1] as StoredEvent, events[3] as StoredEvent];
    const swapped = events.map((event) =>
      event.seq === 2 ? { ...two, seq: 2 } : event.seq === 4 ? { ...one, seq: 4 } : event,
    );
    expect(await findings(swapped, days)).toEqual(expect.arrayContaining(["changed 2", "changed 4"]));
  });

  it("shows a chain that was made anew from the changed event on", async () => {
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

  it("shows events whose hashes were taken off so that they would be sealed again", async () => {
    const { events, days } = await aLog(3);
    expect(
      await findings(
        events.map((event) => ({ ...event, hash: null })),
        days,
      ),
    ).toContain("not_sealed 1");
  });

  it("shows an event at its end that bears the time of an earlier one", async () => {
    const { events, days } = await aLog(3);
    expect(await findings([...events, anEvent(4, { created_at: NOW - 3_600_000 })], days)).toEqual(["out_of_time 4"]);
  });

  it("shows a log that was cut off and signed anew, to whoever kept a checkpoint elsewhere", async () => {
    const [{ head }, short] = [await aLog(5), await aLog(3)];
    expect(await findings(short.events, short.days)).toEqual([]);
    const { findings: found } = await verifyAudit(short.events, short.days, head);
    expect(found.map(({ what }) => what)).toEqual(["cut_off"]);
  });
});

describe("a checkpoint", () => {
  const said = { seq: 7, hash: "ab".repeat(32), at: NOW };

  it("is read back with the key that signed it", async () => {
    const jws = await signCheckpoint(keys[0] as SigningKey, said);
    expect(await readCheckpoint(jws, keys)).toEqual({ ...said, kid: keys[0]?.kid });
  });

  it("is not one when another key signed it under the same name", async () => {
    const [other] = (JSON.parse(await newIdentityKeys()) as { keys: SigningKey[] }).keys as [SigningKey];
    const jws = await signCheckpoint({ ...other, kid: keys[0]?.kid ?? "" }, said);
    expect(await readCheckpoint(jws, keys)).toBeNull();
    expect(await readCheckpoint("not.a.jws", keys)).toBeNull();
  });

  it("is found forged, or said of another event or day than was signed", async () => {
    const { events, days } = await aLog(5);
    const [day] = days as [SignedDay];
    expect(await findings(events, [{ ...day, signed: null }])).toContain("checkpoint_forged 5");
    expect(await findings(events, [{ ...day, seq: 4 }])).toContain("checkpoint_differs 4");
    expect(await findings(events, [{ ...day, day: "2020-01-01" }])).toContain("checkpoint_differs 5");
  });
});

describe("what a verification says", () => {
  const said = async (...of: Parameters<typeof verifyAudit>) =>
    (await verifyAudit(...of)).findings.map(({ message }) => message);

  it("names events, days and what is wrong in words", async () => {
    const { events, days, head } = await aLog(5);
    const [day] = days;
    const from = `the checkpoint of ${day?.day}`;
    const without = (...gone: number[]) => events.filter(({ seq }) => !gone.includes(seq));
    expect(await said(without(2), days)).toContain("Event 2 cannot be found.");
    expect(await said(without(2, 3), days)).toContain("Events 2 to 3 cannot be found.");
    expect(await said(without(5), days)).toEqual([`Event 5 is gone, which ${from} names.`]);
    expect(await said(without(5), [], head)).toContain(
      "Event 5 is gone, which the checkpoint that was kept elsewhere names.",
    );
    const changed = events.map((event) => (event.seq === 2 ? { ...event, message: "x" } : event));
    expect(await said(changed, days)).toEqual(["Event 2 is not what was hashed, or not in this place."]);
    expect(await said([...events, anEvent(6, { hash: chainHash(head.hash, anEvent(6)) })], days)).toEqual([
      "Event 6 has a hash that no checkpoint stands for.",
    ]);
    const bare = events.map((event) => ({ ...event, hash: null }));
    expect((await said(bare, days))[0]).toBe("Event 1 has no hash, and events after it are signed.");
    expect(await said([...events, anEvent(6, { created_at: 0 })], days)).toEqual([
      "Event 6 says that it is older than one before it.",
    ]);
    expect(await said(events, days, { seq: 5, hash: "x" })).toEqual([
      "The chain up to event 5 is not the one of the checkpoint that was kept elsewhere.",
    ]);
    const at = (each: Partial<SignedDay>) => days.map((one) => ({ ...one, ...each }));
    expect((await said(events, at({ signed: null })))[0]).toBe(
      `The checkpoint of ${day?.day} has no good signature by a known key.`,
    );
    expect(await said(events, at({ seq: 4 }))).toEqual([`The checkpoint of ${day?.day} does not say what was signed.`]);
  });

  it("counts what is covered and what is open", async () => {
    const { events, days } = await aLog(3);
    const verified = await verifyAudit([...events, anEvent(4), anEvent(5)], days);
    expect(verified).toMatchObject({ findings: [], events: 5, open: 2, covered: { seq: 3 } });
    expect(await verifyAudit([anEvent(1)], [])).toEqual({ findings: [], events: 1, open: 1, covered: null });
    expect(await verifyAudit([], [])).toEqual({ findings: [], events: 0, open: 0, covered: null });
    expect((await verifyAudit([], [], { seq: 0, hash: CHAIN_START })).findings).toEqual([]);
  });

  it("takes an event that is just five minutes behind", async () => {
    const back = (ms: number) => findings([anEvent(1, { created_at: NOW }), anEvent(2, { created_at: NOW - ms })], []);
    expect(await back(300_000)).toEqual([]);
    expect(await back(300_001)).toEqual(["out_of_time 2"]);
  });

  it("wants checkpoints in order, the newest of several to count", async () => {
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

describe("a checkpoint that is none", () => {
  it.each([
    [{ seq: 1.5, hash: CHAIN_START, at: 1 }],
    [{ seq: 1, hash: CHAIN_START, at: 1.5 }],
    [{ seq: 1, hash: `${CHAIN_START}0`, at: 1 }],
    [{ seq: 1, hash: `x${CHAIN_START}`, at: 1 }],
    [{ seq: 1, hash: "0", at: 1 }],
  ])("is not read: %j", async (checkpoint) => {
    expect(await readCheckpoint(await signCheckpoint(keys[0] as SigningKey, checkpoint), keys)).toBeNull();
  });

  it("is a token of another kind, or of a key that is not there", async () => {
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

  it("has its day in UTC, and the chain begins with zeros", () => {
    expect(dayOf(Date.UTC(2026, 0, 2, 23, 59, 59))).toBe("2026-01-02");
    expect(CHAIN_START).toMatch(/^0{64}$/);
  });
});
