// Every sentence of an explanation, with what it compares; the states of a key, and the shape of an error.
import { describe, expect, it } from "vitest";
import type { RequestFacts } from "../../../src/core/access/decide.ts";
import { type ExplainedStep, explain } from "../../../src/core/access/explain.ts";
import { type KeyRecord, keyStatus } from "../../../src/core/access/principal.ts";
import { ADMIN, VIEWER } from "../../../src/core/access/roles.ts";
import { errorBody } from "../../../src/core/error-body.ts";
import { compileStoredRules, toCanonicalCidr } from "../../../src/core/ip/cidr.ts";
import { parseAddress } from "../../../src/core/ip/ip-address.ts";
import { OPERATIONS } from "../../../src/core/routing/operations.ts";
import { ACCOUNT_ID, aKey, NOW } from "../../support/key.ts";

const operation = (id: string) => OPERATIONS.find(({ operationId }) => operationId === id) ?? null;
const READ = operation("listClusters");
const iso = (ms: number) => new Date(ms).toISOString();

function explained(
  check: ExplainedStep["check"],
  key: Partial<KeyRecord> = {},
  facts: Partial<RequestFacts> = {},
  rules: readonly string[] = [],
  address: string | null = "192.0.2.1",
) {
  const whole: RequestFacts = {
    address: address === null ? null : parseAddress(address),
    accountId: ACCOUNT_ID,
    operation: READ,
    params: {},
    ...facts,
  };
  const addresses = rules.length > 0 ? { addresses: compileStoredRules(rules) } : {};
  const lists = rules.map((rule, i) => ({ id: `l${i}`, name: `list ${i}`, rules: [toCanonicalCidr(rule)] }));
  const explanation = explain(aKey({ ...addresses, ...key }), whole, NOW, { method: "GET", path: "/", address }, lists);
  const step = explanation.steps.find((each) => each.check === check);
  return step && { ...step, allow: explanation.allow, first: explanation.reason };
}
const passed = { outcome: "passed", reason: null, allow: true, first: null };
const denied = (reason: string) => ({ outcome: "refused", reason, allow: false, first: reason });

describe("explain", () => {
  it("says whether the key is revoked or disabled", () => {
    expect(explained("revocation")).toMatchObject({
      ...passed,
      message: "The key is neither revoked nor disabled.",
      compared: { revoked_at: null, disabled_at: null },
    });
    expect(explained("revocation", { revokedAt: NOW })).toMatchObject({
      ...denied("key_revoked"),
      message: `The key was revoked at ${iso(NOW)}.`,
      compared: { revoked_at: iso(NOW), disabled_at: null },
    });
    expect(explained("revocation", { disabledAt: NOW })).toMatchObject({
      ...denied("key_disabled"),
      message: `The key was disabled at ${iso(NOW)}.`,
    });
    expect(explained("revocation", { disabledAt: NOW, canary: true })).toMatchObject({
      ...denied("key_canary"),
      message: "The key is a canary key, which never opens.",
    });
  });

  it("says whether the key has expired", () => {
    const at = (ms: number | null) => ({ expires_at: ms === null ? null : iso(ms), judged_at: iso(NOW) });
    expect(explained("expiry")).toMatchObject({ ...passed, message: "The key never expires.", compared: at(null) });
    expect(explained("expiry", { expiresAt: NOW + 1 })).toMatchObject({
      ...passed,
      message: `The key expires at ${iso(NOW + 1)}.`,
      compared: at(NOW + 1),
    });
    expect(explained("expiry", { expiresAt: NOW })).toMatchObject({
      ...denied("key_expired"),
      message: `The key expired at ${iso(NOW)}.`,
    });
  });

  it("says which account the path names", () => {
    const compared = { in_path: ACCOUNT_ID, of_key: ACCOUNT_ID };
    const its = "The path names the account that the key belongs to.";
    expect(explained("account")).toMatchObject({ ...passed, message: its, compared });
    expect(explained("account", {}, { accountId: null })).toMatchObject({
      ...passed,
      message: "The path names no account.",
    });
    expect(explained("account", {}, { accountId: "x" })).toMatchObject({
      ...denied("account_mismatch"),
      message: "The path names an account that the key does not belong to.",
      compared: { in_path: "x", of_key: ACCOUNT_ID },
    });
  });

  it("names the rule that matches the address, or comes closest to it", () => {
    expect(explained("address")).toMatchObject({
      ...passed,
      message: "The key may be used from any address.",
      compared: { address: "192.0.2.1" },
    });
    expect(explained("address", {}, {}, ["10.0.0.0/8", "192.0.2.0/24"])).toMatchObject({
      ...passed,
      message: "Rule 192.0.2.0/24 of the IP allow list list 1 matches the address.",
      compared: {
        address: "192.0.2.1",
        lists: [
          {
            allow_list_id: "l0",
            allow_list_name: "list 0",
            matched: null,
            closest: { rule: "10.0.0.0/8", shared_bits: 0, prefix_length: 8 },
          },
          { matched: "192.0.2.0/24", closest: { rule: "192.0.2.0/24", shared_bits: 24, prefix_length: 24 } },
        ],
      },
    });
    expect(explained("address", {}, {}, ["10.0.0.0/8", "2001:db8::/32"])).toMatchObject({
      ...denied("address_not_allowed"),
      message: "The key may not be used from this address: no rule of its 2 IP allow lists matches it.",
      compared: { lists: [{ matched: null }, { matched: null, closest: null }] },
    });
    expect(explained("address", {}, {}, ["10.0.0.0/8"], null)).toMatchObject({
      ...denied("address_not_allowed"),
      message: "The address of the client is missing or cannot be read.",
      compared: { address: null, lists: [{ matched: null, closest: null }] },
    });
    const itself = { operation: operation("revokeApiKey"), params: { apiKeyId: aKey().id } };
    expect(explained("address", {}, itself, ["10.0.0.0/8"])).toMatchObject({
      ...passed,
      message: "revokeApiKey is allowed to every key on itself, from any address.",
      compared: { lists: [{ matched: null, closest: { rule: "10.0.0.0/8" } }] },
    });
    // The record decides, even when the lists shown here differ from it.
    expect(explained("address", { addresses: compileStoredRules([]) }, {}, ["192.0.2.0/24"])).toMatchObject({
      ...denied("address_not_allowed"),
      message: "The key may not be used from this address: no rule of its IP allow list matches it.",
    });
  });

  it("names the permission that the operation requires, and whether the role includes it", () => {
    const permission = READ?.permission;
    expect(explained("permission", { role: VIEWER })).toMatchObject({
      ...passed,
      message: `listClusters requires ${permission}; the role ${VIEWER.name} includes it.`,
      compared: { operation_id: "listClusters", permission, role_id: VIEWER.id, role_name: VIEWER.name, held: true },
    });
    const change = operation("revokeApiKey");
    const params = { apiKeyId: aKey().id };
    expect(explained("permission", { role: VIEWER }, { operation: change })).toMatchObject({
      ...denied("permission_missing"),
      message: `revokeApiKey requires ${change?.permission}; the role ${VIEWER.name} does not include it.`,
      compared: { held: false },
    });
    expect(explained("permission", { role: VIEWER }, { operation: change, params })).toMatchObject({
      ...passed,
      message: "revokeApiKey is allowed to every key on itself.",
      compared: { held: false },
    });
    const free = OPERATIONS.find((row) => row.permission === null);
    expect(explained("permission", { role: VIEWER }, { operation: free ?? null })).toMatchObject({
      ...passed,
      message: `${free?.operationId} requires no permission.`,
      compared: { permission: null, held: true },
    });
  });

  it("says whether the role covers unknown operations", () => {
    const unknown = { operation_id: null, permission: null };
    expect(explained("permission", { role: VIEWER }, { operation: null })).toMatchObject({
      ...denied("permission_missing"),
      message: `The operation is unknown; the role ${VIEWER.name} does not cover unknown operations.`,
      compared: { ...unknown, held: false },
    });
    expect(explained("permission", { role: ADMIN }, { operation: null })).toMatchObject({
      ...passed,
      message: `The operation is unknown; the role ${ADMIN.name} covers unknown operations.`,
      compared: { ...unknown, held: true },
    });
  });
});

it("keyStatus gives a key one state at every time", () => {
  const state = (revokedAt: number | null, expiresAt: number | null) => keyStatus({ revokedAt, expiresAt }, NOW);
  expect([state(null, null), state(null, NOW + 1), state(null, NOW)]).toEqual(["ACTIVE", "ACTIVE", "EXPIRED"]);
  expect([state(NOW + 1, null), state(NOW, NOW - 1)]).toEqual(["REVOKED", "REVOKED"]);
});

it("errorBody has field errors only where some are given", () => {
  const error = { status: 400, code: "bad", detail: "Bad.", request_id: "r" };
  expect(errorBody(400, "bad", "Bad.", "r")).toEqual({ error });
  const errors = [{ field: "a", message: "b" }];
  expect(errorBody(400, "bad", "Bad.", "r", errors)).toEqual({ error: { ...error, faults: errors } });
});
