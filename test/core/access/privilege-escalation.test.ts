import { describe, expect, it } from "vitest";
import {
  escalationsOfKey,
  escalationsOfRole,
  type Grantor,
  type RequestedAccess,
} from "../../../src/core/access/privilege-escalation.ts";
import { ADMIN, ALL_PERMISSIONS, compileGrant, DEVELOPER, VIEWER } from "../../../src/core/access/roles.ts";
import { compileRules } from "../../../src/core/ip/cidr.ts";

const NOW = Date.UTC(2026, 10, 23);

function maker(changes: { grant?: Grantor["role"]["grant"]; expiresAt?: number; rules?: string[] } = {}): Grantor {
  return {
    role: { grant: changes.grant ?? ADMIN.grant },
    expiresAt: changes.expiresAt ?? null,
    addresses: changes.rules ? compileRules(changes.rules) : null,
  };
}

function wanted(changes: Partial<RequestedAccess> = {}): RequestedAccess {
  return { grant: VIEWER.grant, expiresAt: null, rules: null, ...changes };
}

const fields = (errors: readonly { field: string }[]) => errors.map((fault) => fault.field);

describe("a new key", () => {
  it("may have all that its maker has", () => {
    expect(escalationsOfKey(maker(), wanted({ grant: ADMIN.grant }))).toEqual([]);
    const bound = maker({ grant: DEVELOPER.grant, expiresAt: NOW, rules: ["10.0.0.0/8", "2001:db8::/32"] });
    const same = wanted({
      grant: DEVELOPER.grant,
      expiresAt: NOW,
      rules: ["10.1.0.0/16", "10.0.0.0/8", "2001:db8::/48"],
    });
    expect(escalationsOfKey(bound, same)).toEqual([]);
  });

  it("names every excess at once", () => {
    const bound = maker({ grant: VIEWER.grant, expiresAt: NOW, rules: ["10.0.0.0/8"] });
    const errors = escalationsOfKey(bound, wanted({ grant: DEVELOPER.grant }));
    expect(fields(errors)).toEqual(["role_id", "expire_after_hours", "allow_list_info"]);
  });

  it("names the permissions that its maker has not, as far as a sentence can hold them", () => {
    const own = compileGrant(["API_KEY:CREATE"]);
    const few = escalationsOfKey(maker({ grant: own }), wanted({ grant: compileGrant(["BACKUP:CREATE"]) }));
    expect(few[0]?.message).toBe("The role has what this key has not: BACKUP:READ, BACKUP:CREATE.");
    const reader = maker({ grant: compileGrant(["BACKUP:READ"]) });
    const some = escalationsOfKey(reader, wanted({ grant: compileGrant(["BACKUP:CREATE"]) }));
    expect(some[0]?.message).toBe("The role has what this key has not: BACKUP:CREATE.");
    expect(escalationsOfKey(maker({ grant: own }), wanted({ grant: DEVELOPER.grant }))[0]?.message).toMatch(
      / and \d+ more\.$/,
    );
  });

  it("cannot be an Admin when its maker merely has every permission", () => {
    const everyOne = maker({ grant: compileGrant(ALL_PERMISSIONS) });
    expect(fields(escalationsOfKey(everyOne, wanted({ grant: ADMIN.grant })))).toEqual(["role_id"]);
  });

  it.each([
    ["never", null, true],
    ["a millisecond later", NOW + 1, true],
    ["at the same instant", NOW, false],
    ["earlier", NOW - 1, false],
  ])("that expires %s is judged by its maker's expiry", (_, expiresAt, refused) => {
    expect(escalationsOfKey(maker({ expiresAt: NOW }), wanted({ expiresAt })).length > 0).toBe(refused);
  });

  it.each([
    ["has no lists", null],
    ["reaches beyond in one family", ["10.0.0.0/8", "11.0.0.0/32"]],
    ["uses another family", ["2001:db8::/128"]],
    ["is wider", ["10.0.0.0/7"]],
    ["lets in everything", ["0.0.0.0/0"]],
  ])("is refused to a maker bound to addresses when it %s", (_, rules) => {
    expect(fields(escalationsOfKey(maker({ rules: ["10.0.0.0/8"] }), wanted({ rules })))).toEqual(["allow_list_info"]);
  });

  it("may use addresses that two lists of its maker cover together", () => {
    const bound = maker({ rules: ["10.0.0.0/9", "10.128.0.0/9"] });
    expect(escalationsOfKey(bound, wanted({ rules: ["10.0.0.0/8"] }))).toEqual([]);
  });

  it("may be bound to any addresses when its maker is not bound", () => {
    expect(escalationsOfKey(maker(), wanted({ rules: ["0.0.0.0/0"] }))).toEqual([]);
  });
});

describe("a role", () => {
  const manager = maker({ grant: compileGrant(["ROLE:UPDATE", "BACKUP:CREATE"]) });

  it("may be made of what its maker has, implied permissions included", () => {
    expect(escalationsOfRole(manager, null, compileGrant(["BACKUP:READ", "BACKUP:CREATE"]))).toEqual([]);
  });

  it("is refused when it would have more", () => {
    expect(fields(escalationsOfRole(manager, null, compileGrant(["BACKUP:DELETE"])))).toEqual(["permissions"]);
  });

  it("is refused when it has more now, even to weaken it", () => {
    const before = compileGrant(["CLUSTER:DELETE"]);
    expect(fields(escalationsOfRole(manager, before, compileGrant(["BACKUP:READ"])))).toEqual(["role_id"]);
    expect(fields(escalationsOfRole(manager, before, before))).toEqual(["role_id", "permissions"]);
  });
});
