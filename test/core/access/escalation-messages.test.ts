// The field errors that name a privilege escalation.
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
import { compileStoredRules } from "../../../src/core/ip/cidr.ts";
import { NOW } from "../../support/key.ts";

const grantor = (changes: Partial<Grantor> = {}): Grantor & { readonly id: string } => ({
  id: "grantor",
  role: { grant: VIEWER.grant },
  expiresAt: null,
  addresses: null,
  ...changes,
});
const restricted = grantor({ expiresAt: NOW, addresses: compileStoredRules(["10.0.0.0/8"]) });
const own = grantor({ role: { grant: compileGrant(["API_KEY:CREATE"]) } });
const more = compileGrant(["BACKUP:CREATE"]);
const MORE = "BACKUP:READ, BACKUP:CREATE";
const EVERY = "all operations, including unknown ones";
const addresses = (rule: string) => compileStoredRules([rule]);

describe("escalationsOfKey", () => {
  it("reports each excess by its field, with the expiry of the grantor", () => {
    const end = new Date(NOW).toISOString();
    expect(
      escalationsOfKey(restricted, { grant: ADMIN.grant, expiresAt: NOW + 1, addresses: addresses("10.0.0.0/7") }),
    ).toEqual([
      { field: "role_id", message: `The role includes permissions that you lack: ${EVERY}.` },
      { field: "expire_after_hours", message: `The new key would expire after you do, at ${end}.` },
      {
        field: "allow_list_info",
        message: "The IP allow lists contain addresses that you are not allowed from.",
      },
    ]);
    expect(escalationsOfKey(restricted, { grant: VIEWER.grant, expiresAt: NOW, addresses: null })).toEqual([
      {
        field: "allow_list_info",
        message: "You are restricted by IP allow lists, so the key must have IP allow lists too.",
      },
    ]);
    expect(
      escalationsOfKey(own, { grant: compileGrant(ALL_PERMISSIONS), expiresAt: null, addresses: null })[0]?.message,
    ).toMatch(/^The role includes permissions that you lack: (?:\w+:\w+, ){7}\w+:\w+ and \d+ more\.$/);
    const eight = compileGrant(ALL_PERMISSIONS.slice(0, 8));
    const none = grantor({ role: { grant: compileGrant([]) } });
    const missing = eight.permissions.size;
    const said = escalationsOfKey(none, { grant: eight, expiresAt: null, addresses: null })[0]?.message ?? "";
    expect(said.includes(" more.")).toBe(missing > 8);
  });
});

it("escalationsOfRole reports what a role has now, and what it would have", () => {
  expect(escalationsOfRole(own, more, more)).toEqual([
    { field: "role_id", message: `The role includes permissions that you lack: ${MORE}.` },
    { field: "permissions", message: `The role would include permissions that you lack: ${MORE}.` },
  ]);
  expect(escalationsOfRole(own, null, own.role.grant)).toEqual([]);
});

it("escalationsOfRevocation reports the permissions of another key, never those of the own key", () => {
  const error = { field: "role_id", message: `The key has permissions that you lack: ${MORE}.` };
  expect(escalationsOfRevocation(own as typeof restricted, "another", more)).toEqual([error]);
  expect(escalationsOfRevocation(own as typeof restricted, "grantor", more)).toEqual([]);
  expect(escalationsOfRevocation(own as typeof restricted, "another", own.role.grant)).toEqual([]);
});

describe("escalationsOfHolders", () => {
  const holder = (changes: Partial<RoleHolder> = {}): RoleHolder => ({
    name: "h",
    expiresAt: NOW,
    addresses: addresses("10.1.0.0/16"),
    ...changes,
  });
  const widened = (...holders: RoleHolder[]) =>
    escalationsOfHolders(restricted, VIEWER.grant, DEVELOPER.grant, holders);
  const error = (name: string) => ({
    field: "permissions",
    message: `${name} holds this role, and expires after you do or is allowed from addresses that you are not.`,
  });

  it("names each holder that expires later or has other addresses, eight at most", () => {
    const late = holder({ name: "late", expiresAt: NOW + 1 });
    const far = holder({ name: "far", addresses: addresses("0.0.0.0/0") });
    expect(
      widened(
        holder(),
        late,
        far,
        holder({ name: "free", addresses: null }),
        holder({ name: "ever", expiresAt: null }),
      ),
    ).toEqual(["late", "far", "free", "ever"].map(error));
    expect(widened(...Array.from({ length: 9 }, () => late)).length).toBe(8);
  });

  it("reports nothing for a role that is narrowed, or a grantor without restrictions", () => {
    const ever = holder({ expiresAt: null, addresses: null });
    expect(escalationsOfHolders(restricted, ADMIN.grant, VIEWER.grant, [ever])).toEqual([]);
    expect(escalationsOfHolders(grantor(), VIEWER.grant, DEVELOPER.grant, [ever])).toEqual([]);
  });
});

describe("escalationsOfOperator", () => {
  it("reports the role before and after, and that an operator is allowed from any address", () => {
    expect(escalationsOfOperator(own, more, { grant: more, expiresAt: null })).toEqual([
      { field: "role_id", message: `The role includes permissions that you lack: ${MORE}.` },
      { field: "role_id", message: `The role includes permissions that you lack: ${MORE}.` },
    ]);
    expect(escalationsOfOperator(restricted, null, { grant: VIEWER.grant, expiresAt: NOW })).toEqual([
      { field: "body", message: "You are restricted by IP allow lists, and an operator would not be." },
    ]);
    expect(escalationsOfOperator(own, own.role.grant, { grant: own.role.grant, expiresAt: null })).toEqual([]);
  });
});
