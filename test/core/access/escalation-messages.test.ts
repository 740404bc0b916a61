// What whoever changes something has not themselves, in the words that they are told.
import { describe, expect, it } from "vitest";
import {
  escalationsOfHolders,
  escalationsOfKey,
  escalationsOfOperator,
  escalationsOfRevocation,
  escalationsOfRole,
  type Grantor,
  type RoleHolder,
} from "../../../src/core/access/privilege-escalation.ts";
import { ADMIN, ALL_PERMISSIONS, compileGrant, DEVELOPER, VIEWER } from "../../../src/core/access/roles.ts";
import { compileRules } from "../../../src/core/ip/cidr.ts";
import { NOW } from "../../support/key.ts";

const grantor = (changes: Partial<Grantor> = {}): Grantor & { readonly id: string } => ({
  id: "maker",
  role: { grant: VIEWER.grant },
  expiresAt: null,
  addresses: null,
  ...changes,
});
const bound = grantor({ expiresAt: NOW, addresses: compileRules(["10.0.0.0/8"]) });
const own = grantor({ role: { grant: compileGrant(["API_KEY:CREATE"]) } });
const more = compileGrant(["BACKUP:CREATE"]);
const MORE = "BACKUP:READ, BACKUP:CREATE";
const EVERY = "every operation, known or not";

describe("the excess of a key", () => {
  it("is told by field, with the end of whoever makes it", () => {
    const end = new Date(NOW).toISOString();
    expect(escalationsOfKey(bound, { grant: ADMIN.grant, expiresAt: NOW + 1, rules: ["10.0.0.0/7"] })).toEqual([
      { field: "role_id", message: `The role has what this key has not: ${EVERY}.` },
      { field: "expire_after_hours", message: `The new key would outlive this key, which expires at ${end}.` },
      {
        field: "allow_list_info",
        message: "The IP allow lists let in addresses from which this key itself may not be used.",
      },
    ]);
    expect(escalationsOfKey(bound, { grant: VIEWER.grant, expiresAt: NOW, rules: null })).toEqual([
      {
        field: "allow_list_info",
        message: "This key is bound to IP allow lists, so the new key must be bound to some as well.",
      },
    ]);
    expect(
      escalationsOfKey(own, { grant: compileGrant(ALL_PERMISSIONS), expiresAt: null, rules: null })[0]?.message,
    ).toMatch(/^The role has what this key has not: (?:\w+:\w+, ){7}\w+:\w+ and \d+ more\.$/);
    const eight = compileGrant(ALL_PERMISSIONS.slice(0, 8));
    const none = grantor({ role: { grant: compileGrant([]) } });
    const missing = eight.permissions.size;
    const said = escalationsOfKey(none, { grant: eight, expiresAt: null, rules: null })[0]?.message ?? "";
    expect(said.includes(" more.")).toBe(missing > 8);
  });
});

it("of a role is what it has now and what it would have", () => {
  expect(escalationsOfRole(own, more, more)).toEqual([
    { field: "role_id", message: `The role has what this key has not: ${MORE}.` },
    { field: "permissions", message: `The role would have what this key has not: ${MORE}.` },
  ]);
  expect(escalationsOfRole(own, null, own.role.grant)).toEqual([]);
});

it("of a revocation is what the key can do, but for one's own", () => {
  const fault = { field: "role_id", message: `The key has what whoever asks has not: ${MORE}.` };
  expect(escalationsOfRevocation(own as typeof bound, "another", more)).toEqual([fault]);
  expect(escalationsOfRevocation(own as typeof bound, "maker", more)).toEqual([]);
  expect(escalationsOfRevocation(own as typeof bound, "another", own.role.grant)).toEqual([]);
});

describe("the excess of those who have a role that is widened", () => {
  const holder = (changes: Partial<RoleHolder> = {}): RoleHolder => ({
    name: "h",
    expiresAt: NOW,
    rules: ["10.1.0.0/16"],
    ...changes,
  });
  const widened = (...holders: RoleHolder[]) => escalationsOfHolders(bound, VIEWER.grant, DEVELOPER.grant, holders);
  const fault = (name: string) => ({
    field: "permissions",
    message: `${name} has this role, and expires later or may be used from more addresses than whoever asks.`,
  });

  it("is named for each who outlives or reaches further, eight at most", () => {
    const late = holder({ name: "late", expiresAt: NOW + 1 });
    const far = holder({ name: "far", rules: ["0.0.0.0/0"] });
    expect(
      widened(holder(), late, far, holder({ name: "free", rules: null }), holder({ name: "ever", expiresAt: null })),
    ).toEqual(["late", "far", "free", "ever"].map(fault));
    expect(widened(...Array.from({ length: 9 }, () => late)).length).toBe(8);
  });

  it("is nothing when the role is narrowed, or whoever asks is bound by nothing", () => {
    const ever = holder({ expiresAt: null, rules: null });
    expect(escalationsOfHolders(bound, ADMIN.grant, VIEWER.grant, [ever])).toEqual([]);
    expect(escalationsOfHolders(grantor(), VIEWER.grant, DEVELOPER.grant, [ever])).toEqual([]);
  });
});

describe("the excess of an operator", () => {
  it("is what they have now and would have, and every address", () => {
    expect(escalationsOfOperator(own, more, { grant: more, expiresAt: null })).toEqual([
      { field: "role_id", message: `The role has what this key has not: ${MORE}.` },
      { field: "role_id", message: `The role has what this key has not: ${MORE}.` },
    ]);
    expect(escalationsOfOperator(bound, null, { grant: VIEWER.grant, expiresAt: NOW })).toEqual([
      { field: "body", message: "Whoever asks is bound to IP allow lists, which an operator would not be." },
    ]);
    expect(escalationsOfOperator(own, own.role.grant, { grant: own.role.grant, expiresAt: null })).toEqual([]);
  });
});
