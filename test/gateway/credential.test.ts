// One Authorization header with one key: every other way to send one is named for what it is.
import { describe, expect, it } from "vitest";
import { hasOtherCarrier, readCredential } from "../../src/gateway/credential.ts";
import { aRequest } from "./a-door.ts";

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

  it.each(["x-api-key", "proxy-authorization"])("has another carrier in %s", (name) => {
    expect(hasOtherCarrier(aRequest("/a", { headers: { [name]: "" } }), "abc")).toBe(true);
  });

  it("has another carrier in an address that says it, and in no other", () => {
    expect(hasOtherCarrier(aRequest("/a?key=abc"), "abc")).toBe(true);
    expect(hasOtherCarrier(aRequest("/a?key=ab"), "abc")).toBe(false);
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
