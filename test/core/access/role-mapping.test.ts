// Roles by groups, and the ids of people without an entry.
import { expect, it } from "vitest";
import { isMapped, mappedOperatorId, rolesOfGroups } from "../../../src/core/access/role-mapping.ts";

const MAP = new Map([
  [
    "account-1",
    [
      ["admins", "role-a"],
      ["staff", "role-b"],
    ] as const,
  ],
  ["account-2", [["staff", "role-c"]] as const],
]);

it("gives at most one role in each account, by the first pair whose group somebody has", () => {
  const second = { accountId: "account-2", roleId: "role-c" };
  expect(rolesOfGroups(MAP, ["staff"])).toEqual([{ accountId: "account-1", roleId: "role-b" }, second]);
  expect(rolesOfGroups(MAP, ["staff", "admins"])).toEqual([{ accountId: "account-1", roleId: "role-a" }, second]);
});

it.each([[], ["Staff"], ["staff "], ["role-a"], ["account-1"], ["__proto__"]])(
  "gives no role to the groups %j",
  (...groups) => {
    expect(rolesOfGroups(MAP, groups as string[])).toEqual([]);
  },
);

it("says which roles people may have by their groups", () => {
  expect(isMapped(MAP, { accountId: "account-1", roleId: "role-b" })).toBe(true);
  expect(isMapped(MAP, { accountId: "account-2", roleId: "role-b" })).toBe(false);
  expect(isMapped(MAP, { accountId: "account-3", roleId: "role-b" })).toBe(false);
});

it("makes one id of a subject, an issuer and an account, and another of any other", () => {
  const id = mappedOperatorId("https://a.example", "ada", "account-1");
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(mappedOperatorId("https://a.example", "ada", "account-1")).toBe(id);
  const others = [
    mappedOperatorId("https://a.example", "Ada", "account-1"),
    mappedOperatorId("https://b.example", "ada", "account-1"),
    mappedOperatorId("https://a.example", "ada", "account-2"),
    mappedOperatorId("https://a.example", 'ada","account-1', ""),
  ];
  expect(new Set([id, ...others]).size).toBe(5);
});

it.each(["ad\u00e4", "ada\n", "ada\u202e"])(
  "makes no id of the subject %j, which OpenID Connect does not allow",
  (subject) => {
    expect(mappedOperatorId("https://a.example", subject, "account-1")).toBeNull();
  },
);

it("makes the same id for ever", () => {
  const id = mappedOperatorId("https://issuer.example.com", "ada", "340af43a-8a7c-4659-9258-4876fd6a207b");
  expect(id).toBe("0ccc7ef5-8152-818f-9a37-768bc467f3df");
});
