// Which of a person's entries a request is authorized with.
import { describe, expect, it } from "vitest";
import { type AccountEntry, accountsOf, chooseEntry } from "../../../src/core/access/choose-account.ts";
import { NOW } from "../../support/key.ts";

const entry = (id: string, expiresAt: number | null = null, hasRole = true): AccountEntry => ({
  account: { id, name: `Account ${id}` },
  expiresAt,
  hasRole,
});
const [A, B] = [entry("a"), entry("b")];
const PAST = entry("a", NOW);

describe("chooseEntry", () => {
  it("returns the only entry when no account is named", () => {
    expect(chooseEntry([A], null, NOW)).toBe(A);
  });

  it("never guesses between two accounts, whichever entry is first", () => {
    const accounts = [A.account, B.account];
    expect(chooseEntry([A, B], null, NOW)).toEqual({ reason: "account_required", accounts });
    expect(chooseEntry([B, A], null, NOW)).toMatchObject({ reason: "account_required" });
  });

  it("returns the entry in the named account, whichever is first", () => {
    expect([chooseEntry([A, B], "b", NOW), chooseEntry([B, A], "b", NOW)]).toEqual([B, B]);
  });

  it("passes over an expired entry, in the named account and without one", () => {
    const second = entry("a", NOW + 1);
    expect(chooseEntry([PAST, second, B], "a", NOW)).toBe(second);
    expect(chooseEntry([PAST, B], null, NOW)).toBe(B);
    expect(chooseEntry([PAST, second], null, NOW)).toBe(second);
  });

  it("returns an expired entry of the named account rather than one of another account", () => {
    expect(chooseEntry([B, PAST], "a", NOW)).toBe(PAST);
  });

  it("returns the only entry for an account that has none, and chooses none of several", () => {
    expect(chooseEntry([A], "c", NOW)).toBe(A);
    expect(chooseEntry([A, B], "c", NOW)).toEqual({ reason: "account_mismatch" });
  });

  it("says that all entries have expired, and when the last one has", () => {
    const earlier = entry("b", NOW - 5);
    expect(chooseEntry([earlier, PAST], null, NOW)).toEqual({ reason: "key_expired", expiredAt: NOW });
    expect(chooseEntry([PAST], null, NOW)).toBe(PAST);
  });

  it("passes over an entry without its role, and denies it where no other is left or it is named", () => {
    const lacking = entry("a", null, false);
    const missing = { reason: "mapped_role_missing" };
    expect([chooseEntry([lacking, B], null, NOW), chooseEntry([lacking, B], "b", NOW)]).toEqual([B, B]);
    expect([chooseEntry([lacking, B], "a", NOW), chooseEntry([lacking], null, NOW)]).toEqual([missing, missing]);
    expect(chooseEntry([lacking, entry("b", null, false)], null, NOW)).toEqual(missing);
    expect(chooseEntry([lacking], "c", NOW)).toEqual({ reason: "account_mismatch" });
    expect(chooseEntry([lacking, entry("b", NOW)], null, NOW)).toEqual({ reason: "key_expired", expiredAt: NOW });
  });

  it("knows nobody without an entry", () => {
    expect([chooseEntry([], null, NOW), chooseEntry([], "a", NOW)]).toEqual([
      { reason: "operator_unknown" },
      { reason: "operator_unknown" },
    ]);
  });
});

describe("accountsOf", () => {
  it("names each account once, and none whose entries have all expired", () => {
    expect(accountsOf([A, entry("a", NOW + 1), entry("b", NOW), B], NOW)).toEqual([A.account, B.account]);
    expect(accountsOf([PAST], NOW)).toEqual([]);
  });
});
