// One Authorization header with one key: every other way to send one is named for what it is.
import { describe, expect, it } from "vitest";
import { isBearer, readBearerToken } from "../../../src/gateway/authentication/bearer-token.ts";

// As the runtime gives it: without spaces around it.
const read = (authorization: string) => readBearerToken(authorization.trim());

describe("a credential", () => {
  it.each(["Bearer abc", "bearer abc", "BEARER abc"])("is read from %j", (value) => {
    expect(read(value)).toBe("abc");
  });

  it("is missing without the header", () => {
    expect(readBearerToken(null)).toEqual({ reason: "credential_missing" });
  });

  it.each(["Bearer abc", "bearer abc", "BEARER abc", "Bearer a b", "Bearer a,b"])(
    "may be remembered as %j",
    (value) => {
      expect(isBearer(value)).toBe(true);
    },
  );

  it.each(["Basic abc", "Bearer", "Bearer\tabc", "Bearerabc", "abc", ""])("is remembered by nobody as %j", (value) => {
    expect(isBearer(value)).toBe(false);
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
