// The message authentication code of an event: it covers what the Worker sends, and not what SQL adds.
import { describe, expect, it } from "vitest";
import { checkMac, makeMac } from "../../../src/core/audit/event-mac.ts";
import { anEvent } from "../../support/audit-log.ts";
import { parseKeyRing } from "../../support/gatehouse.ts";

const [K1, K2] = ["a".repeat(43), "b".repeat(43)];
const ring = parseKeyRing(JSON.stringify({ k1: K1, k2: K2 }));
const SENT = { ...anEvent(1), detail: '{"role":"r","note":"€ \\ud800"}' };
const stored = { ...SENT, mac: makeMac(ring, SENT) };

describe("checkMac", () => {
  it("accepts an event as it was sent, with the state before the change that SQL has added", () => {
    expect(checkMac(ring, stored)).toBe("good");
    expect(checkMac(ring, { ...stored, detail: SENT.detail.replace("}", ',"before":{"x":1}}') })).toBe("good");
  });

  it.each([
    ...["id", "account_id", "event_type", "resource_type", "resource_id", "resource_name", "actor_type", "actor_id"],
    ...["actor_name", "address", "request_id", "message", "detail", "created_at"],
  ])("rejects another value of %s", (column) => {
    expect(checkMac(ring, { ...stored, [column]: column === "detail" ? '{"role":"s"}' : "0" })).toBe("bad");
    expect(checkMac(ring, { ...stored, [column]: null })).toBe("bad");
  });

  it("accepts an event whose lone surrogates were stored as U+FFFD", () => {
    const sent = { ...SENT, message: "\ud800" };
    expect(checkMac(ring, { ...sent, message: "\ufffd", mac: makeMac(ring, sent) })).toBe("good");
  });

  it.each([null, "", "k2", "k2.", "k1.x", ".", "k2.x.y"])("rejects the code %j", (mac) => {
    expect(checkMac(ring, { ...stored, mac })).not.toBe("good");
  });

  it("says that it does not know the secret of an event, and knows those of a rotated ring", () => {
    expect(checkMac(parseKeyRing(JSON.stringify({ k1: K1 })), stored)).toBe("unknown_key");
    expect(checkMac(parseKeyRing(JSON.stringify({ k2: K2, k3: K1 })), stored)).toBe("good");
    expect(checkMac(parseKeyRing(JSON.stringify({ k2: K1 })), stored)).toBe("bad");
  });

  it("rejects a detail that is not JSON", () => {
    expect(checkMac(ring, { ...stored, detail: "{" })).toBe("bad");
  });
});
