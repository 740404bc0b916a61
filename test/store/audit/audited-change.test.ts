// makeChange: the permit of every statement, the conditions, and an actor that was revoked meanwhile.
import { beforeEach, describe, expect, it } from "vitest";
import { makeChange, statement } from "../../../src/store/audit/audited-change.ts";
import { TRUE } from "../../../src/store/lib/conditions.ts";
import { ACCOUNT, ACTOR, db, events, keys, makeAccounts, makeKey, makeOperator, NOW, operators } from "../builders.ts";

beforeEach(makeAccounts);

const FALSE = { sql: "? = 2", values: [1] };

const change = {
  event: {
    accountId: ACCOUNT,
    eventType: "EDIT",
    resourceType: "API_KEY",
    resourceId: "k",
    resourceName: "ci",
    message: "changed",
    detail: {},
  },
  actor: ACTOR,
  now: NOW,
  statements: [statement("UPDATE accounts SET name = ? WHERE id = ? AND $permitted", "renamed", ACCOUNT)],
} as const;

const accountName = () => db.prepare("SELECT name FROM accounts WHERE id = ?").bind(ACCOUNT).first("name");

describe("statement", () => {
  it.each([
    "DELETE FROM api_keys",
    "DELETE FROM api_keys WHERE $permitted OR 1",
    "DELETE FROM api_keys WHERE NOT$permitted",
  ])("throws for a statement that does not end with its permit: %s", (sql) => {
    expect(() => statement(sql)).toThrow("must end with $permitted");
  });
});

describe("makeChange", () => {
  it("runs the statements and writes one event when every condition holds", async () => {
    expect(await makeChange(db, { ...change, conditions: { one: TRUE, two: TRUE } })).toBeNull();
    expect([await accountName(), await events()]).toEqual(["renamed", ["EDIT_API_KEY"]]);
  });

  it("returns the first condition that does not hold, and changes nothing", async () => {
    const conditions = { one: TRUE, two: FALSE, three: FALSE };
    expect(await makeChange(db, { ...change, conditions })).toBe("two");
    expect([await accountName(), await events()]).toEqual(["one", []]);
  });

  it("returns null for a change that makes its own condition false", async () => {
    const notRenamed = { sql: "NOT EXISTS (SELECT 1 FROM accounts WHERE name = ?)", values: ["renamed"] };
    expect(await makeChange(db, { ...change, conditions: { renamed: notRenamed } })).toBeNull();
    expect(await makeChange(db, { ...change, conditions: { renamed: notRenamed } })).toBe("renamed");
  });

  it("throws for an actor that was revoked meanwhile, unless the reported-first condition fails", async () => {
    const key = await makeKey();
    await keys.revoke(ACCOUNT, key.id, true, ACTOR, NOW);
    const revoked = { ...change, actor: { ...ACTOR, id: key.id } };
    await expect(makeChange(db, { ...revoked, conditions: { one: FALSE } })).rejects.toThrow("revoked meanwhile");
    const both = { conditions: { one: FALSE, two: FALSE }, reportFirst: "two" } as const;
    expect(await makeChange(db, { ...revoked, ...both })).toBe("two");
  });

  it("throws for an operator that was deleted meanwhile", async () => {
    const operator = await makeOperator();
    await operators.delete(ACCOUNT, operator.id, true, ACTOR, NOW);
    const deleted = { ...change, actor: { ...ACTOR, type: "OPERATOR", id: operator.id } as const };
    await expect(makeChange(db, { ...deleted, conditions: { one: TRUE } })).rejects.toThrow("revoked meanwhile");
  });
});
