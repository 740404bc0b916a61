// A call against a record: for good, ahead of its confirmation, or again while a connection lives.
import { describe, expect, it } from "vitest";
import { recheck } from "../../src/gateway/upgrade.ts";
import { isSafe, judge, settle } from "../../src/gateway/weigh.ts";
import { aKey, NOW } from "../support/key.ts";
import { aCall, aRequest, CLUSTERS, found, HASH, openDoor, type Wanted } from "./a-door.ts";

const reasonOf = (verdict: Awaited<ReturnType<typeof recheck>>) => (verdict.allow ? "allow" : verdict.denial.reason);

it("refuses a key on the break-glass list, whatever its record says", () => {
  const denyKeys = new Set([aKey().id]);
  const { door } = openDoor({ policy: { denyKeys } });
  const { call, target } = aCall(door);
  expect(reasonOf(judge(aKey(), call, target, door))).toBe("key_denied");
  expect(reasonOf(judge(aKey({ id: "another" }), call, target, door))).toBe("allow");
  expect(reasonOf(judge(null, call, target, door))).toBe("key_unknown");
});

it("notes what a verdict stands on, and when it was reached", () => {
  const { door } = openDoor();
  const { call, target } = aCall(door);
  const on = found(aKey());
  expect(reasonOf(settle(call, on, target, door, NOW + 7))).toBe("allow");
  expect([call.found, call.key, call.decidedAt]).toEqual([on, on.record, NOW + 7]);
});

describe("a connection that was let in", () => {
  const again = async (wanted: Wanted, later = 0) => {
    const opened = openDoor(wanted);
    const { call, target } = aCall(opened.door);
    opened.clock.now += later;
    return { reason: reasonOf(await recheck(HASH, call, target, opened.door, opened.background)), asked: opened.asked };
  };

  it("is judged on the row itself, at this instant", async () => {
    const find = () => found(aKey({ expiresAt: NOW + 5 }));
    expect(await again({ find })).toEqual({ reason: "allow", asked: [{ exact: true, ahead: false }] });
    expect((await again({ find }, 5)).reason).toBe("key_expired");
  });

  it("is judged on what a check under way comes to", async () => {
    const find = () => ({ atHand: aKey(), confirmed: Promise.resolve(found(aKey({ revokedAt: NOW }))) });
    expect((await again({ find })).reason).toBe("key_revoked");
  });

  it("lives on the grace when D1 is away, unless reads are exact too", async () => {
    const find = ({ exact }: { readonly exact: boolean }) => {
      if (exact) throw new Error("D1 is away");
      return found(aKey());
    };
    expect(await again({ find })).toEqual({
      reason: "allow",
      asked: [
        { exact: true, ahead: false },
        { exact: false, ahead: false },
      ],
    });
    await expect(again({ find, policy: { strongCheck: "all" } })).rejects.toThrow("D1 is away");
  });
});

it("calls safe what the table says is, and of other calls those that read", () => {
  const { door } = openDoor();
  const { target } = aCall(door);
  const operation = target.operation;
  if (operation === null) throw new Error("unknown");
  const is = (method: string, effect: "safe" | "mutating" | null) =>
    isSafe(aRequest(CLUSTERS, { method }), { ...target, operation: effect === null ? null : { ...operation, effect } });
  expect(["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"].filter((method) => is(method, null))).toEqual([
    "GET",
    "HEAD",
    "OPTIONS",
  ]);
  expect([is("GET", "mutating"), is("POST", "safe")]).toEqual([false, true]);
});
