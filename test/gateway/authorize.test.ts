// Decisions on a record: confirmed, pending, or again while a connection is open.
import { describe, expect, it } from "vitest";
import { authorize, evaluate, isSafe } from "../../src/gateway/authorize.ts";
import { reauthorize } from "../../src/gateway/proxy/websocket.ts";
import { aKey, NOW } from "../support/key.ts";
import { aContext, found, HASH, openGateway, type Wanted } from "./gateway-harness.ts";

const reasonOf = (decision: Awaited<ReturnType<typeof reauthorize>>) =>
  decision.allow ? "allow" : decision.denial.reason;

it("denies a key on the break-glass list, whatever its record holds", () => {
  const blockedKeyIds = new Set([aKey().id]);
  const { gateway } = openGateway({ policy: { blockedKeyIds: blockedKeyIds } });
  const { context, target } = aContext(gateway);
  expect(reasonOf(evaluate(aKey(), context, target, gateway))).toBe("key_denied");
  expect(reasonOf(evaluate(aKey({ id: "another" }), context, target, gateway))).toBe("allow");
  expect(reasonOf(evaluate(null, context, target, gateway))).toBe("key_unknown");
});

it("keeps the record and the time of the decision in the context", () => {
  const { gateway } = openGateway();
  const { context, target } = aContext(gateway);
  const on = found(aKey());
  expect(reasonOf(authorize(context, on, target, gateway, NOW + 7))).toBe("allow");
  expect([context.found, context.key, context.decidedAt]).toEqual([on, on.record, NOW + 7]);
});

describe("reauthorize", () => {
  const again = async (wanted: Wanted, later = 0) => {
    const opened = openGateway(wanted);
    const { context, target } = aContext(opened.gateway);
    opened.clock.now += later;
    return {
      reason: reasonOf(await reauthorize(HASH, context, target, opened.gateway, opened.background)),
      asked: opened.asked,
    };
  };

  it("authorizes an open connection on the primary's record, at the current time", async () => {
    const find = () => found(aKey({ expiresAt: NOW + 5 }));
    expect(await again({ find })).toEqual({ reason: "allow", asked: [{ fromPrimary: true, allowUnconfirmed: false }] });
    expect((await again({ find }, 5)).reason).toBe("key_expired");
  });

  it("waits for the confirmation of a pending record", async () => {
    const find = () => ({ cached: aKey(), result: Promise.resolve(found(aKey({ revokedAt: NOW }))) });
    expect((await again({ find })).reason).toBe("key_revoked");
  });

  it("uses a stale record when D1 is unavailable, unless STRONG_CHECK=all", async () => {
    const find = ({ fromPrimary }: { readonly fromPrimary: boolean }) => {
      if (fromPrimary) throw new Error("D1 is away");
      return found(aKey());
    };
    expect(await again({ find })).toEqual({
      reason: "allow",
      asked: [
        { fromPrimary: true, allowUnconfirmed: false },
        { fromPrimary: false, allowUnconfirmed: false },
      ],
    });
    await expect(again({ find, policy: { strongCheck: "all" } })).rejects.toThrow("D1 is away");
  });
});

it("follows the table, and RFC 9110 for operations that the table does not know, to tell safe requests", () => {
  const { gateway } = openGateway();
  const { target } = aContext(gateway);
  const operation = target.operation;
  if (operation === null) throw new Error("unknown");
  const is = (method: string, effect: "safe" | "mutating" | null) =>
    isSafe(method, { ...target, operation: effect === null ? null : { ...operation, effect } });
  expect(["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"].filter((method) => is(method, null))).toEqual([
    "GET",
    "HEAD",
    "OPTIONS",
  ]);
  expect([is("GET", "mutating"), is("POST", "safe")]).toEqual([false, true]);
});
