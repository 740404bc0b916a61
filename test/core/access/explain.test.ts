// Every sentence of an explanation, with what it compares; and the states of a key and the shape of an error.
import { describe, expect, it } from "vitest";
import type { RequestFacts } from "../../../src/core/access/decide.ts";
import { type ExplainedStep, explain } from "../../../src/core/access/explain.ts";
import { type KeyRecord, keyStatus } from "../../../src/core/access/principal.ts";
import { ADMIN, VIEWER } from "../../../src/core/access/roles.ts";
import { errorBody } from "../../../src/core/error-body.ts";
import { compileRules } from "../../../src/core/ip/cidr.ts";
import { parseAddress } from "../../../src/core/ip/ip-address.ts";
import { OPERATIONS } from "../../../src/core/routing/operations.ts";
import { ACCOUNT_ID, aKey, NOW } from "../../support/key.ts";

const operation = (id: string) => OPERATIONS.find(({ operationId }) => operationId === id) ?? null;
const READ = operation("listClusters");
const iso = (ms: number) => new Date(ms).toISOString();

function told(
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
  const addresses = rules.length > 0 ? { addresses: compileRules(rules) } : {};
  const lists = rules.map((rule, i) => ({ id: `l${i}`, name: `list ${i}`, rules: [rule] }));
  const explained = explain(aKey({ ...addresses, ...key }), whole, NOW, { method: "GET", path: "/", address }, lists);
  const step = explained.steps.find((each) => each.check === check);
  return step && { ...step, allow: explained.allow, first: explained.reason };
}
const passed = { outcome: "passed", reason: null, allow: true, first: null };
const refused = (reason: string) => ({ outcome: "refused", reason, allow: false, first: reason });

describe("an explanation says", () => {
  it("whether a key was revoked", () => {
    expect(told("revocation")).toMatchObject({
      ...passed,
      message: "It is not revoked.",
      compared: { revoked_at: null },
    });
    expect(told("revocation", { revokedAt: NOW })).toMatchObject({
      ...refused("key_revoked"),
      message: `It was revoked at ${iso(NOW)}.`,
      compared: { revoked_at: iso(NOW) },
    });
  });

  it("whether it has expired", () => {
    const at = (ms: number | null) => ({ expires_at: ms === null ? null : iso(ms), judged_at: iso(NOW) });
    expect(told("expiry")).toMatchObject({ ...passed, message: "It never expires.", compared: at(null) });
    expect(told("expiry", { expiresAt: NOW + 1 })).toMatchObject({
      ...passed,
      message: `It expires at ${iso(NOW + 1)}.`,
      compared: at(NOW + 1),
    });
    expect(told("expiry", { expiresAt: NOW })).toMatchObject({
      ...refused("key_expired"),
      message: `It expired at ${iso(NOW)}.`,
    });
  });

  it("whose account the path names", () => {
    const compared = { in_path: ACCOUNT_ID, of_key: ACCOUNT_ID };
    const its = "The path names the account that it belongs to.";
    expect(told("account")).toMatchObject({ ...passed, message: its, compared });
    expect(told("account", {}, { accountId: null })).toMatchObject({
      ...passed,
      message: "The path names no account.",
    });
    expect(told("account", {}, { accountId: "x" })).toMatchObject({
      ...refused("account_mismatch"),
      message: "The path names another account than the one that it belongs to.",
      compared: { in_path: "x", of_key: ACCOUNT_ID },
    });
  });

  it("which rule has the address, or comes closest", () => {
    expect(told("address")).toMatchObject({
      ...passed,
      message: "It may be used from any address.",
      compared: { address: "192.0.2.1" },
    });
    expect(told("address", {}, {}, ["10.0.0.0/8", "192.0.2.0/24"])).toMatchObject({
      ...passed,
      message: "The rule 192.0.2.0/24 of the list list 1 has the address.",
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
    expect(told("address", {}, {}, ["10.0.0.0/8", "2001:db8::/32"])).toMatchObject({
      ...refused("address_not_allowed"),
      message: "No rule of its 2 lists has the address.",
      compared: { lists: [{ matched: null }, { matched: null, closest: null }] },
    });
    expect(told("address", {}, {}, ["10.0.0.0/8"], null)).toMatchObject({
      ...refused("address_not_allowed"),
      message: "The address of the caller is not known or cannot be read.",
      compared: { address: null, lists: [{ matched: null, closest: null }] },
    });
    // The record knows of no list that the names given here show: it is the record that decides.
    expect(told("address", { addresses: compileRules([]) }, {}, ["192.0.2.0/24"])).toMatchObject({
      ...refused("address_not_allowed"),
      message: "No rule of its 1 lists has the address.",
    });
  });

  it("which permission is taken, and whether the role has it", () => {
    const permission = READ?.permission;
    expect(told("permission", { role: VIEWER })).toMatchObject({
      ...passed,
      message: `listClusters takes ${permission}, which the role ${VIEWER.name} has.`,
      compared: { operation_id: "listClusters", permission, role_id: VIEWER.id, role_name: VIEWER.name, held: true },
    });
    const change = operation("revokeApiKey");
    const params = { apiKeyId: aKey().id };
    expect(told("permission", { role: VIEWER }, { operation: change })).toMatchObject({
      ...refused("permission_missing"),
      message: `revokeApiKey takes ${change?.permission}, which the role ${VIEWER.name} has not.`,
      compared: { held: false },
    });
    expect(told("permission", { role: VIEWER }, { operation: change, params })).toMatchObject({
      ...passed,
      message: "revokeApiKey is what a key may always do to itself.",
      compared: { held: false },
    });
    const free = OPERATIONS.find((row) => row.permission === null);
    expect(told("permission", { role: VIEWER }, { operation: free ?? null })).toMatchObject({
      ...passed,
      message: `${free?.operationId} takes no permission.`,
      compared: { permission: null, held: true },
    });
  });

  it("what an unknown operation takes", () => {
    const unknown = { operation_id: null, permission: null };
    expect(told("permission", { role: VIEWER }, { operation: null })).toMatchObject({
      ...refused("permission_missing"),
      message: `The role ${VIEWER.name} does not cover operations that the table does not know, which this is.`,
      compared: { ...unknown, held: false },
    });
    expect(told("permission", { role: ADMIN }, { operation: null })).toMatchObject({
      ...passed,
      message: `The role ${ADMIN.name} covers operations that the table does not know, which this is.`,
      compared: { ...unknown, held: true },
    });
  });
});

it("gives a key one state at every instant", () => {
  const state = (revokedAt: number | null, expiresAt: number | null) => keyStatus({ revokedAt, expiresAt }, NOW);
  expect([state(null, null), state(null, NOW + 1), state(null, NOW)]).toEqual(["ACTIVE", "ACTIVE", "EXPIRED"]);
  expect([state(NOW + 1, null), state(NOW, NOW - 1)]).toEqual(["REVOKED", "REVOKED"]);
});

it("puts faults into an error only where there are some to name", () => {
  const error = { status: 400, code: "bad", detail: "Bad.", request_id: "r" };
  expect(errorBody(400, "bad", "Bad.", "r")).toEqual({ error });
  const errors = [{ field: "a", message: "b" }];
  expect(errorBody(400, "bad", "Bad.", "r", errors)).toEqual({ error: { ...error, faults: errors } });
});
