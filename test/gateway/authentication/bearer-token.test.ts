// Every form of an Authorization header, and the reason for which it is denied.
import { describe, expect, it } from "vitest";
import { isBearer } from "../../../src/gateway/authentication/api-key.ts";
import { readBearerToken } from "../../../src/gateway/authentication/bearer-token.ts";

// The runtime trims header values.
const read = (authorization: string) => readBearerToken(authorization.trim());

describe("bearer tokens", () => {
  it.each(["Bearer abc", "bearer abc", "BEARER abc"])("reads the token of %j", (value) => {
    expect(read(value)).toBe("abc");
  });

  it("reports a missing header as credential_missing", () => {
    expect(readBearerToken(null)).toEqual({ reason: "credential_missing" });
  });

  it.each(["Bearer abc", "bearer abc", "BEARER abc", "Bearer a b", "Bearer a,b"])(
    "accepts %j for a lookup in the key cache",
    (value) => {
      expect(isBearer(value)).toBe(true);
    },
  );

  it.each(["Basic abc", "Bearer", "Bearer\tabc", "Bearerabc", "abc", ""])(
    "never looks up %j in the key cache",
    (value) => {
      expect(isBearer(value)).toBe(false);
    },
  );

  it.each([
    ["Bearer abc, Bearer abc", "duplicate"],
    ["Basic a,b", "duplicate"],
    ["Bearer a b", "spacing"],
    ["Bearer  a", "spacing"],
    ["Bearer a\tb", "spacing"],
    ["Bearer\tabc", "spacing"],
  ])("denies the malformed credential %j", (value, what) => {
    expect(read(value)).toEqual({ reason: "credential_malformed", what });
  });

  it.each(["Basic abc", "Token abc", "Bear abc", "Bearerabc", "Bearer-abc", "Bearers abc", "abc", "", "bearerx abc"])(
    "denies another scheme in %j",
    (value) => {
      expect(read(value)).toEqual({ reason: "scheme_not_bearer" });
    },
  );

  it.each(["Bearer", "bearer"])("finds no token in %j", (value) => {
    expect(read(value)).toEqual({ reason: "token_malformed" });
  });
});
