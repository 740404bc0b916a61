// The log event of a request, and the denial that is kept of it.
import { describe, expect, it } from "vitest";
import { factsOf } from "../../src/gateway/authorize.ts";
import { recordDenial } from "../../src/gateway/recording/record-denial.ts";
import { createContext, logRequest, type RequestContext, shouldLog } from "../../src/gateway/request-context.ts";
import type { DeniedRequest } from "../../src/store/denials/port.ts";
import { ACCOUNT_ID, aKey, NOW } from "../support/key.ts";
import { aContext, aRequest, CLUSTERS, FORGED, found, openGateway, TOKEN, type Wanted } from "./gateway-harness.ts";

const KEYS = `/api/public/v1/accounts/${ACCOUNT_ID}/api-keys`;
const SPECULATION = { version: 1, take: async () => new Response(), cancel: () => undefined };
const FROM_HERE = { headers: { "cf-connecting-ip": "192.0.2.1" } };

function logged(
  changes: Partial<RequestContext>,
  path = CLUSTERS,
  init: RequestInit = FROM_HERE,
  wanted: Wanted = { samples: false },
) {
  const opened = openGateway(wanted);
  const { context } = aContext(opened.gateway, path, init);
  opened.clock.now += 12;
  const of = Object.assign(context, changes);
  if (shouldLog(of, opened.gateway)) logRequest(of, 200, opened.gateway);
  return { ...opened, line: opened.lines[0] };
}

it("creates a context with the request and its client", () => {
  const { gateway } = openGateway();
  const request = aRequest("/a", FROM_HERE);
  expect(createContext(request, gateway)).toEqual({
    request: { method: "GET", url: request.url, headers: request.headers, raw: request, fields: null },
    requestId: "request-1",
    now: NOW,
    client: { text: "192.0.2.1", address: 0xc0000201 },
    path: null,
    target: null,
    credential: null,
    found: null,
    principal: null,
    denial: null,
    speculation: null,
    decidedAt: 0,
    forwardedAt: 0,
    answered: null,
    error: null,
    logFields: null,
  });
});

it("derives the facts of a decision from the context and the target", () => {
  const { gateway } = openGateway();
  const { context, target } = aContext(gateway, CLUSTERS, FROM_HERE);
  const { address, accountId, operation, params } = factsOf(context, target);
  expect({ address, accountId, operation, params }).toEqual({
    address: 0xc0000201,
    accountId: ACCOUNT_ID,
    operation: target.operation,
    params: { accountId: ACCOUNT_ID, projectId: "p" },
  });
  expect(operation?.operationId).toBe("listClusters");
  expect(factsOf({ ...context, client: null }, target).address).toBeNull();
});

describe("the event of a request", () => {
  const denial = { reason: "address_not_allowed" } as const;
  const base = {
    request_id: "request-1",
    status: 200,
    method: "GET",
    path: CLUSTERS,
    address: "192.0.2.1",
    total_ms: 12,
  };
  const target = { operation: "listClusters", known_operation: true, project_id: CLUSTERS.split("/").at(-2) };

  it("is sampled for an allowed request", () => {
    expect(logged({}).lines).toEqual([]);
    expect(logged({}, CLUSTERS, FROM_HERE, { samples: true }).lines).toEqual([
      { kind: "call", facts: { ...base, ...target, verdict: "allow" } },
    ]);
    expect(logged({ found: found(aKey()) }).lines).toEqual([]);
  });

  it("has every field that is known", () => {
    const key = aKey();
    const changes = {
      found: found(key),
      principal: key,
      speculation: SPECULATION,
      decidedAt: NOW + 5,
      logFields: { count: 3 },
    };
    expect(logged(changes, CLUSTERS, FROM_HERE, { samples: true }).line).toEqual({
      kind: "call",
      facts: {
        ...base,
        ...target,
        verdict: "allow",
        key_id: key.id,
        account_id: ACCOUNT_ID,
        role: key.role.name,
        source: "memory",
        age_ms: 40,
        degraded: false,
        speculated: true,
        authorize_ms: 5,
        count: 3,
      },
    });
  });

  it("is logged for every unknown operation and every stale record", () => {
    expect(logged({}, "/elsewhere").line).toEqual({
      kind: "call",
      facts: { ...base, verdict: "allow", path: "/elsewhere", operation: "unknown", known_operation: false },
    });
    expect(logged({ found: found(null, { degraded: true }) }).line?.facts.degraded).toBe(true);
  });

  it("is logged for every change that Gatehouse serves, and for none of its reads", () => {
    expect(logged({}, KEYS, { method: "POST" }).line?.kind).toBe("change");
    expect(logged({}, KEYS).lines).toEqual([]);
    expect(logged({}, CLUSTERS, { method: "POST" }).lines).toEqual([]);
    expect(logged({ denial }, KEYS, { method: "POST" }).line?.kind).toBe("call");
    expect(logged({}, KEYS, { method: "POST" }, { samples: false, admits: false }).line?.kind).toBe("change");
  });

  it("is logged for a denial with its reason, within the log's rate limit", () => {
    const refusal = logged({ denial, path: null, target: null });
    expect(refusal.lines).toEqual([
      { kind: "call", facts: { ...base, path: "(not canonical)", verdict: "deny", reason: "address_not_allowed" } },
    ]);
    expect(refusal.admitted).toEqual([[false, "address_not_allowed", NOW]]);
    expect(logged({ denial, found: found(aKey()) }).admitted).toEqual([[true, "address_not_allowed", NOW]]);
    expect(logged({ denial }, CLUSTERS, FROM_HERE, { samples: true, admits: false }).lines).toEqual([]);
  });

  it("is logged for every internal error, even in a flood of denials", () => {
    const error = new Error("away");
    const fault = logged({ error, denial, target: null }, CLUSTERS, {}, { samples: false, admits: false });
    expect(fault.lines).toEqual([
      {
        kind: "fault",
        facts: { ...base, address: null, verdict: "fault", reason: "address_not_allowed", error: "Error: away" },
      },
    ]);
    expect(fault.admitted).toEqual([]);
    expect(logged({ error }, KEYS, { method: "POST" }).line?.kind).toBe("fault");
  });
});

describe("a kept denial", () => {
  it("holds the outcome of every check", () => {
    const { gateway, denied, background } = openGateway();
    const { context } = aContext(gateway, CLUSTERS, FROM_HERE);
    const key = aKey({ expiresAt: NOW, version: 3 });
    Object.assign(context, { principal: key, found: found(key) });
    recordDenial(context, { reason: "key_expired", expiredAt: NOW }, false, gateway, background);
    expect(denied).toEqual([
      {
        requestId: "request-1",
        at: NOW,
        accountId: ACCOUNT_ID,
        keyId: key.id,
        reason: "key_expired",
        method: "GET",
        path: CLUSTERS,
        operation: "listClusters",
        address: "192.0.2.1",
        source: "memory",
        ageMs: 40,
        version: 3,
        steps: [
          { check: "revocation", reason: null },
          { check: "expiry", reason: "key_expired" },
          { check: "address", reason: null },
          { check: "account", reason: null },
          { check: "permission", reason: null },
        ],
      },
    ]);
  });

  it("holds null for what is unknown, and redacts a key in the path", () => {
    const { gateway, denied, background } = openGateway();
    const context = createContext(aRequest("/a"), gateway);
    recordDenial(context, { reason: "path_not_canonical" }, false, gateway, background);
    context.path = `/a/${TOKEN}`;
    recordDenial(context, { reason: "not_found" }, false, gateway, background);
    const unknown = {
      requestId: "request-1",
      at: NOW,
      accountId: null,
      keyId: null,
      method: "GET",
      operation: null,
      address: null,
      source: null,
      ageMs: null,
      version: null,
      steps: [],
    };
    expect(denied).toEqual([
      { ...unknown, reason: "path_not_canonical", path: null },
      { ...unknown, reason: "not_found", path: "/a/[key]" },
    ]);
  });

  it("says that it is one of a flood", () => {
    const { gateway, denied, background } = openGateway();
    const { context } = aContext(gateway);
    context.principal = aKey();
    recordDenial(context, { reason: "key_denied" }, true, gateway, background);
    expect(denied).toEqual([{ at: NOW, accountId: ACCOUNT_ID, keyId: context.principal.id, reason: "key_denied" }]);
  });

  it("belongs to the key whose signature is valid before its record is read", async () => {
    const { ask, denied } = openGateway();
    await ask(CLUSTERS.replace(ACCOUNT_ID, "another"), { headers: { "x-api-key": TOKEN } });
    await ask("/.well-known/gatehouse/none");
    await ask(CLUSTERS.replace(ACCOUNT_ID, "another"), {}, FORGED);
    expect(denied.map(({ reason, accountId, keyId }) => [reason, accountId, keyId])).toEqual([
      ["credential_malformed", ACCOUNT_ID, aKey().id],
      ["not_found", ACCOUNT_ID, aKey().id],
      ["signature_invalid", null, null],
    ]);
  });

  it("belongs to the key's account rather than the path's, and has no steps without a key or a target", () => {
    const { gateway, denied, background } = openGateway();
    const { context } = aContext(gateway);
    recordDenial(context, { reason: "key_unknown" }, false, gateway, background);
    context.principal = aKey({ accountId: "another" });
    recordDenial(context, { reason: "account_mismatch" }, false, gateway, background);
    context.target = null;
    recordDenial(context, { reason: "account_mismatch" }, false, gateway, background);
    expect(denied.map((call) => [call.accountId, (call as DeniedRequest).steps.length])).toEqual([
      [ACCOUNT_ID, 0],
      ["another", 5],
      ["another", 0],
    ]);
  });
});
