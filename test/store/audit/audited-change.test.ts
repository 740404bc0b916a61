// makeChange: the permit of every statement, the conditions, and an actor that was revoked meanwhile.
import { beforeEach, describe, expect, it } from "vitest";
import { makeChange, statement } from "../../../src/store/audit/audited-change.ts";
import { AuthorizationSuperseded } from "../../../src/store/audit/port.ts";
import { TRUE } from "../../../src/store/lib/conditions.ts";
import {
  ACCOUNT,
  ACTOR,
  db,
  events,
  HOUR,
  keys,
  makeAccounts,
  makeKey,
  makeOperator,
  makeRole,
  NOW,
  operators,
  roleSpec,
  roles,
} from "../builders.ts";

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

  describe("an actor", () => {
    const asActor = (type: "API_KEY" | "OPERATOR", { id, version }: { id: string; version: number }) => ({
      ...change,
      actor: { ...ACTOR, type, id, version },
    });
    const superseded = expect.any(AuthorizationSuperseded);
    const attempt = (given: typeof change | ReturnType<typeof asActor>, now = NOW) =>
      makeChange(db, { ...given, now, conditions: { one: TRUE } }).catch((error) => error);

    it("makes the change while it is as it was authorized", async () => {
      expect(await attempt(asActor("API_KEY", await makeKey()))).toBeNull();
      expect(await attempt(asActor("OPERATOR", await makeOperator()))).toBeNull();
    });

    it("that was revoked meanwhile changes nothing, unless the reported-first condition fails", async () => {
      const key = await makeKey();
      await keys.revoke(ACCOUNT, key.id, true, ACTOR, NOW);
      const revoked = asActor("API_KEY", key);
      expect(await makeChange(db, { ...revoked, conditions: { one: FALSE } }).catch((error) => error)).toEqual(
        superseded,
      );
      const both = { conditions: { one: FALSE, two: FALSE }, reportFirst: "two" } as const;
      expect(await makeChange(db, { ...revoked, ...both })).toBe("two");
      expect(await accountName()).toBe("one");
    });

    it("that was deleted meanwhile changes nothing", async () => {
      const operator = await makeOperator();
      await operators.delete(ACCOUNT, operator.id, true, ACTOR, NOW);
      expect(await attempt(asActor("OPERATOR", operator))).toEqual(superseded);
    });

    it("that has expired by then changes nothing, to the millisecond", async () => {
      const key = await makeKey({ expiresAt: NOW + HOUR });
      const operator = await makeOperator({ expiresAt: NOW + HOUR });
      for (const actor of [asActor("API_KEY", key), asActor("OPERATOR", operator)]) {
        expect(await attempt(actor, NOW + HOUR - 1)).toBeNull();
        expect(await attempt(actor, NOW + HOUR)).toEqual(superseded);
      }
    });

    it("whose role was changed meanwhile changes nothing, be it a key or an operator", async () => {
      const role = await makeRole();
      const [key, operator] = [await makeKey({ roleId: role.id }), await makeOperator({ roleId: role.id })];
      await roles.update({ accountId: ACCOUNT, id: role.id, definition: roleSpec(), force: false }, ACTOR, NOW);
      expect(await attempt(asActor("API_KEY", key))).toEqual(superseded);
      expect(await attempt(asActor("OPERATOR", operator))).toEqual(superseded);
    });

    it("who has a role by groups changes nothing once the role has changed or is gone, or there is an entry", async () => {
      const person = { email: "eve@example.com", subject: "eve", issuer: "https://issuer.example.com" };
      const by = async (version = 1) => {
        const role = await makeRole({ displayName: crypto.randomUUID() });
        const mapped = { ...person, accountId: ACCOUNT, roleId: role.id };
        return { role, given: { ...change, actor: { ...ACTOR, type: "OPERATOR" as const, version, mapped } } };
      };
      const [kept, narrowed, deleted] = [await by(), await by(), await by()];
      expect(await attempt(kept.given)).toBeNull();
      expect(await attempt((await by(2)).given)).toEqual(superseded);
      const update = { accountId: ACCOUNT, id: narrowed.role.id, definition: roleSpec(), force: false };
      await roles.update(update, ACTOR, NOW);
      await roles.delete(ACCOUNT, deleted.role.id, ACTOR, NOW);
      expect(await attempt(narrowed.given)).toEqual(superseded);
      expect(await attempt(deleted.given)).toEqual(superseded);
      for (const identity of [{ email: person.email }, { email: null, subject: "eve", issuer: person.issuer }]) {
        const entry = await makeOperator({ subject: null, issuer: null, ...identity });
        expect(await attempt(kept.given)).toEqual(superseded);
        await operators.delete(ACCOUNT, entry.id, true, ACTOR, NOW);
        expect(await attempt(kept.given)).toBeNull();
      }
    });

    it("changes nothing when another row that it was authorized on has changed meanwhile", async () => {
      const role = await makeRole();
      const authorizedOn = [{ table: "roles", id: role.id, version: role.version }] as const;
      const given = { ...change, actor: { ...ACTOR, authorizedOn } };
      expect(await makeChange(db, { ...given, conditions: { one: TRUE } })).toBeNull();
      await roles.update({ accountId: ACCOUNT, id: role.id, definition: roleSpec(), force: false }, ACTOR, NOW);
      await expect(makeChange(db, { ...given, conditions: { one: TRUE } })).rejects.toBeInstanceOf(
        AuthorizationSuperseded,
      );
      // A condition by name says more.
      expect(await makeChange(db, { ...given, conditions: { one: FALSE } })).toBe("one");
    });
  });
});
