import { describe, expect, it } from "vitest";
import {
  escalationsOfKey,
  escalationsOfRole,
  type Grantor,
  type RequestedAccess,
} from "../../../src/core/access/privilege-escalation.ts";
import { ADMIN, ALL_PERMISSIONS, compileGrant, DEVELOPER, VIEWER } from "../../../src/core/access/roles.ts";
import { type CompiledRules, compileStoredRules } from "../../../src/core/ip/cidr.ts";

const NOW = Date.UTC(2026, 10, 23);

function grantor(changes: { grant?: Grantor["role"]["grant"]; expiresAt?: number; rules?: string[] } = {}): Grantor {
  return {
    role: { grant: changes.grant ?? ADMIN.grant },
    expiresAt: changes.expiresAt ?? null,
    addresses: addressesOf(changes.rules),
  };
}

type Changes = Partial<Omit<RequestedAccess, "addresses">> & { readonly rules?: readonly string[] | null };

function requested({ rules, ...changes }: Changes = {}): RequestedAccess {
  return { grant: VIEWER.grant, expiresAt: null, addresses: addressesOf(rules), ...changes };
}

function addressesOf(rules: readonly string[] | null | undefined): CompiledRules | null {
  return rules ? compileStoredRules(rules) : null;
}

const fields = (errors: readonly { field: string }[]) => errors.map((error) => error.field);

describe("escalationsOfKey", () => {
  it("allows a new key the same access as its grantor", () => {
    expect(escalationsOfKey(grantor(), requested({ grant: ADMIN.grant }))).toEqual([]);
    const restricted = grantor({ grant: DEVELOPER.grant, expiresAt: NOW, rules: ["10.0.0.0/8", "2001:db8::/32"] });
    const same = requested({
      grant: DEVELOPER.grant,
      expiresAt: NOW,
      rules: ["10.1.0.0/16", "10.0.0.0/8", "2001:db8::/48"],
    });
    expect(escalationsOfKey(restricted, same)).toEqual([]);
  });

  it("reports every excess at once", () => {
    const restricted = grantor({ grant: VIEWER.grant, expiresAt: NOW, rules: ["10.0.0.0/8"] });
    const errors = escalationsOfKey(restricted, requested({ grant: DEVELOPER.grant }));
    expect(fields(errors)).toEqual(["role_id", "expire_after_hours", "allow_list_info"]);
  });

  it("names the permissions that the grantor lacks, eight at most", () => {
    const own = compileGrant(["API_KEY:CREATE"]);
    const few = escalationsOfKey(grantor({ grant: own }), requested({ grant: compileGrant(["BACKUP:CREATE"]) }));
    expect(few[0]?.message).toBe("The role includes permissions that you lack: BACKUP:READ, BACKUP:CREATE.");
    const reader = grantor({ grant: compileGrant(["BACKUP:READ"]) });
    const some = escalationsOfKey(reader, requested({ grant: compileGrant(["BACKUP:CREATE"]) }));
    expect(some[0]?.message).toBe("The role includes permissions that you lack: BACKUP:CREATE.");
    expect(escalationsOfKey(grantor({ grant: own }), requested({ grant: DEVELOPER.grant }))[0]?.message).toMatch(
      / and \d+ more\.$/,
    );
  });

  it("denies the Admin role to a grantor that has every single permission", () => {
    const everyOne = grantor({ grant: compileGrant(ALL_PERMISSIONS) });
    expect(fields(escalationsOfKey(everyOne, requested({ grant: ADMIN.grant })))).toEqual(["role_id"]);
  });

  it.each([
    ["that never expires", null, true],
    ["that expires a millisecond later than its grantor", NOW + 1, true],
    ["that expires with its grantor", NOW, false],
    ["that expires before its grantor", NOW - 1, false],
  ])("compares the expiry of a key %s", (_, expiresAt, denied) => {
    expect(escalationsOfKey(grantor({ expiresAt: NOW }), requested({ expiresAt })).length > 0).toBe(denied);
  });

  it.each([
    ["without IP allow lists", null],
    ["with one more address", ["10.0.0.0/8", "11.0.0.0/32"]],
    ["with an address of the other family", ["2001:db8::/128"]],
    ["with a wider network", ["10.0.0.0/7"]],
    ["with all addresses", ["0.0.0.0/0"]],
  ])("denies a key %s to a grantor that is restricted to addresses", (_, rules) => {
    expect(fields(escalationsOfKey(grantor({ rules: ["10.0.0.0/8"] }), requested({ rules })))).toEqual([
      "allow_list_info",
    ]);
  });

  it("allows a network that two rules of the grantor cover together", () => {
    const restricted = grantor({ rules: ["10.0.0.0/9", "10.128.0.0/9"] });
    expect(escalationsOfKey(restricted, requested({ rules: ["10.0.0.0/8"] }))).toEqual([]);
  });

  it("allows any addresses to a grantor that is not restricted to addresses", () => {
    expect(escalationsOfKey(grantor(), requested({ rules: ["0.0.0.0/0"] }))).toEqual([]);
  });
});

describe("escalationsOfRole", () => {
  const manager = grantor({ grant: compileGrant(["ROLE:UPDATE", "BACKUP:CREATE"]) });

  it("allows a role with permissions that the grantor has, also by implication", () => {
    expect(escalationsOfRole(manager, null, compileGrant(["BACKUP:READ", "BACKUP:CREATE"]))).toEqual([]);
  });

  it("denies a role that would have more permissions than the grantor", () => {
    expect(fields(escalationsOfRole(manager, null, compileGrant(["BACKUP:DELETE"])))).toEqual(["permissions"]);
  });

  it("denies reducing a role that has more permissions than the grantor", () => {
    const before = compileGrant(["CLUSTER:DELETE"]);
    expect(fields(escalationsOfRole(manager, before, compileGrant(["BACKUP:READ"])))).toEqual(["role_id"]);
    expect(fields(escalationsOfRole(manager, before, before))).toEqual(["role_id", "permissions"]);
  });
});
