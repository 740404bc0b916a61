// One Authorization header with one key: every other way to send one is named for what it is.
import { describe, expect, it } from "vitest";
import { readCredential } from "../../src/gateway/credential.ts";

const read = (authorization: string, others: Record<string, string> = {}) =>
  readCredential(new Headers({ authorization, ...others }));

describe("a credential", () => {
  it.each(["Bearer abc", "bearer abc", "BEARER abc"])("is read from %j", (value) => {
    expect(read(value)).toBe("abc");
  });

  it("is missing without the header, whatever else is there", () => {
    expect(readCredential(new Headers())).toEqual({ reason: "credential_missing" });
    expect(readCredential(new Headers({ "x-api-key": "abc" }))).toEqual({ reason: "credential_missing" });
  });

  it.each([
    ["Bearer abc, Bearer abc", "duplicate"],
    ["Basic a,b", "duplicate"],
    ["Bearer a b", "spacing"],
    ["Bearer  a", "spacing"],
    ["Bearer a\tb", "spacing"],
    ["Bearer\tabc", "spacing"],
  ])("is malformed as %j", (value, what) => {
    expect(read(value)).toEqual({ reason: "credential_malformed", what });
  });

  it.each(["x-api-key", "proxy-authorization"])("is malformed beside %s", (name) => {
    expect(read("Bearer abc", { [name]: "" })).toEqual({ reason: "credential_malformed", what: "two_carriers" });
  });

  it.each(["Basic abc", "Token abc", "Bear abc", "Bearerabc", "Bearer-abc", "Bearers abc", "abc", "", "bearerx abc"])(
    "is of another scheme in %j",
    (value) => {
      expect(read(value)).toEqual({ reason: "scheme_not_bearer" });
    },
  );

  it.each(["Bearer", "bearer"])("is no token in %j", (value) => {
    expect(read(value)).toEqual({ reason: "token_malformed" });
  });
});
