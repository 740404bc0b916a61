// The audit chain on paper: what is written is found whole, and whatever is done to a copy is found out.
import { beforeAll, describe, expect, it } from "vitest";
import { newIdentityKeys } from "../../scripts/secrets.ts";
import {
  CHAIN_START,
  chainHash,
  dayOf,
  readCheckpoint,
  type SigningKey,
  type StoredEvent,
  signCheckpoint,
} from "../../src/core/audit-chain.ts";
import { type SignedDay, verifyAudit } from "../../src/core/audit-verify.ts";
import { NOW } from "../support/key.ts";

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
