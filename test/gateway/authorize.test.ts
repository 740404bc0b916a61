// Decisions on a record: confirmed, pending, or again while a connection is open.
import { describe, expect, it } from "vitest";
import type { Decision } from "../../src/core/access/decision.ts";
import type { Credential } from "../../src/gateway/authentication/credential.ts";
import { authorize, evaluate, isSafe } from "../../src/gateway/authorize.ts";
import { reauthorization } from "../../src/gateway/proxy/reauthorize.ts";
import { aKey, NOW } from "../support/key.ts";
import { aContext, found, HASH, openGateway, TOKEN, type Wanted } from "./gateway-harness.ts";

const reasonOf = (decision: Decision) => (decision.allow ? "allow" : decision.denial.reason);

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
  expect([context.found, context.principal, context.decidedAt]).toEqual([on, on.record, NOW + 7]);
});

describe("reauthorization", () => {
  const again = async (wanted: Wanted, later = 0, init: RequestInit = {}, path?: string) => {
    const opened = openGateway(wanted);
    const { context, target } = aContext(opened.gateway, path, init);
    context.credential = { keyHash: HASH, text: TOKEN } as Credential;
    opened.clock.now += later;
    const { decide } = reauthorization(context, target, opened.gateway, opened.background);
    return { reason: reasonOf(await decide()), asked: opened.asked };
  };

  it("authorizes an open connection on the primary's record, at the current time", async () => {
    const find = () => found(aKey({ expiresAt: NOW + 5 }));
    expect(await again({ find })).toEqual({ reason: "allow", asked: [{ fromPrimary: true, allowUnconfirmed: false }] });
    expect((await again({ find }, 5)).reason).toBe("key_expired");
  });

  it("counts the age of the record to the time until an open response is authorized again", () => {
    const { gateway, background, clock } = openGateway();
    const { context, target } = aContext(gateway);
    const firstAfterMs = () => reauthorization(context, target, gateway, background).firstAfterMs;
    for (const [ageMs, laterMs, expected] of [
      [0, 0, 5_000],
      [4_000, 0, 1_000],
      [4_000, 700, 300],
      [9_000, 0, 0],
    ] as const) {
      authorize(context, found(aKey(), { ageMs }), target, gateway, NOW);
      clock.now = NOW + laterMs;
      expect(firstAfterMs()).toBe(expected);
    }
  });

  it("waits for the confirmation of a pending record", async () => {
    const find = () => ({ cached: aKey(), result: Promise.resolve(found(aKey({ revokedAt: NOW }))) });
    expect((await again({ find })).reason).toBe("key_revoked");
  });

  const unavailable = ({ fromPrimary }: { readonly fromPrimary: boolean }) => {
    if (fromPrimary) throw new Error("D1 is unavailable");
    return found(aKey());
  };

  it("uses a stale record when D1 is unavailable, unless STRONG_CHECK=all", async () => {
    expect(await again({ find: unavailable })).toEqual({
      reason: "allow",
      asked: [
        { fromPrimary: true, allowUnconfirmed: false },
        { fromPrimary: false, allowUnconfirmed: false },
      ],
    });
    await expect(again({ find: unavailable, policy: { strongCheck: "all" } })).rejects.toThrow("D1 is unavailable");
  });

  it("uses no stale record for a request that changes something", async () => {
    await expect(again({ find: unavailable }, 0, { method: "POST" })).rejects.toThrow("D1 is unavailable");
  });

  it("authorizes an operator's open request by the operator's credential", async () => {
    const { gateway, background, asked } = openGateway();
    const { context, target } = aContext(gateway);
    context.credential = {
      keyHash: null,
      resolve: async () => found(aKey({ revokedAt: NOW })),
    } as unknown as Credential;
    expect(reasonOf(await reauthorization(context, target, gateway, background).decide())).toBe("key_revoked");
    context.credential = {
      keyHash: null,
      resolve: async () => ({ reason: "operator_unknown" }),
    } as unknown as Credential;
    expect(reasonOf(await reauthorization(context, target, gateway, background).decide())).toBe("operator_unknown");
    expect(asked).toEqual([]);
  });

  it("logs why an open response ends", async () => {
    const { gateway, background, lines } = openGateway({ find: () => found(aKey({ revokedAt: NOW })) });
    const { context, target } = aContext(gateway);
    context.credential = { keyHash: HASH, text: TOKEN } as Credential;
    const { isAllowed } = reauthorization(context, target, gateway, background);
    expect(await isAllowed(206)).toBe(false);
    expect(lines).toMatchObject([{ facts: { verdict: "deny", reason: "key_revoked", status: 206 } }]);
  });

  it("ends an open response when its key cannot be authorized again", async () => {
    const { gateway, background, lines } = openGateway({ find: unavailable, policy: { strongCheck: "all" } });
    const { context, target } = aContext(gateway);
    context.credential = { keyHash: HASH, text: TOKEN } as Credential;
    expect(await reauthorization(context, target, gateway, background).isAllowed(200)).toBe(false);
    expect(lines).toMatchObject([{ kind: "fault", facts: { verdict: "fault" } }]);
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
