// Every reason with its whole response: a second list on purpose, since clients read all of it.
import { describe, expect, it } from "vitest";
import type { Denial } from "../../../src/core/access/decision.ts";
import { denialResponse, serviceUnavailable, upstreamErrorResponse } from "../../../src/gateway/responses/denial.ts";
import { errorOf } from "../gateway-harness.ts";

const REALM = 'Bearer realm="gatehouse"';
const INVALID = `${REALM}, error="invalid_token"`;
const invalid = (why: string) => `${INVALID}, error_description="${why}"`;
const SCOPE = `${REALM}, error="insufficient_scope"`;
const malformed = (what: "duplicate" | "two_carriers" | "spacing", detail: string) =>
  [
    { reason: "credential_malformed", what },
    400,
    detail,
    { "www-authenticate": `${REALM}, error="invalid_request"` },
  ] as const;
const wrong = (reason: "token_malformed" | "signature_invalid" | "key_unknown" | "operator_token_invalid") =>
  [{ reason }, 401, "Invalid JWT", { "www-authenticate": INVALID }, "invalid_token"] as const;

type Answer = readonly [Denial, number, string, Record<string, string>?, string?];
const ANSWERS: readonly Answer[] = [
  [{ reason: "path_not_canonical" }, 400, "The path is not in canonical form."],
  [
    { reason: "method_not_allowed", allow: ["GET", "PUT"] },
    405,
    "This method is not allowed here.",
    { allow: "GET, PUT" },
  ],
  [{ reason: "not_found" }, 404, "Requested API not found"],
  [{ reason: "host_not_served" }, 421, "This host is not served here."],
  [{ reason: "body_not_allowed" }, 400, "A GET or HEAD request must not have a body."],
  [{ reason: "service_worker_not_allowed" }, 403, "This origin has no service workers."],
  [{ reason: "upgrade_not_enabled" }, 501, "Upgrading the connection is not enabled."],
  [{ reason: "preflight_origin_not_allowed" }, 403, "This origin is not allowed."],
  [{ reason: "credential_missing" }, 401, "Authorization required", { "www-authenticate": REALM }],
  [{ reason: "scheme_not_bearer" }, 401, "Invalid JWT", { "www-authenticate": REALM }],
  malformed("duplicate", "Send one Authorization header with one credential."),
  malformed("two_carriers", "Send the credential in the Authorization header alone."),
  malformed("spacing", "Send the scheme, one space, and the key."),
  wrong("token_malformed"),
  wrong("signature_invalid"),
  wrong("key_unknown"),
  wrong("operator_token_invalid"),
  [
    { reason: "operator_token_expired" },
    401,
    "JWT has expired",
    { "www-authenticate": invalid("The token has expired") },
  ],
  [{ reason: "operator_unknown" }, 403, "You are not an operator here."],
  [{ reason: "cross_site" }, 403, "Only a script of a page of this origin may send this request."],
  [
    { reason: "key_revoked", revokedAt: 1 },
    401,
    "Invalid JWT",
    { "www-authenticate": invalid("The API key was revoked") },
  ],
  [{ reason: "key_canary" }, 401, "Invalid JWT", { "www-authenticate": invalid("The API key was revoked") }],
  [
    { reason: "key_disabled", disabledAt: 1 },
    401,
    "Invalid JWT",
    { "www-authenticate": invalid("The API key is disabled") },
  ],
  [{ reason: "key_denied" }, 401, "Invalid JWT", { "www-authenticate": invalid("The API key is blocked") }],
  [
    { reason: "key_expired", expiredAt: 1 },
    401,
    "JWT has expired",
    { "www-authenticate": invalid("The API key has expired") },
  ],
  [
    { reason: "rate_limited", whose: "key", retryAfterSeconds: 9 },
    429,
    "Too many requests. Retry later.",
    { "retry-after": "9", ratelimit: '"key";r=0;t=9' },
  ],
  [{ reason: "address_not_allowed" }, 403, "This API key may not be used from your network."],
  [{ reason: "account_mismatch" }, 404, "Account not found"],
  [
    { reason: "permission_missing", permission: null },
    403,
    "The role of this API key does not include operations that Gatehouse does not know.",
    { "www-authenticate": SCOPE },
  ],
  [
    { reason: "permission_missing", permission: "CLUSTER.PAUSE" as never },
    403,
    "The role of this API key does not have the permission CLUSTER.PAUSE.",
    { "www-authenticate": SCOPE },
  ],
];

const COMMON = { "cache-control": "no-store", "content-type": "application/json" };

describe("the response", () => {
  for (const [denial, status, detail, headers = {}, code = denial.reason] of ANSWERS) {
    it(`to ${JSON.stringify(denial)} is ${status}, ${detail}`, async () => {
      const answer = denialResponse(denial, "request-1");
      expect(answer.status).toBe(status);
      expect(Object.fromEntries(answer.headers)).toEqual({ ...COMMON, ...headers });
      expect(await answer.json()).toEqual({ error: { status, detail, code, request_id: "request-1" } });
    });
  }

  it("to an operator of several accounts who names none is 409 with the accounts", async () => {
    const accounts = [{ id: "a", name: "An account" }];
    for (const requestId of ["request-1", "request-2"]) {
      const answer = denialResponse({ reason: "account_required", accounts }, requestId);
      expect([answer.status, Object.fromEntries(answer.headers)]).toEqual([409, COMMON]);
      const detail = "You may act in several accounts. Name one of them in Gatehouse-Account.";
      const error = { status: 409, detail, code: "account_required", request_id: requestId };
      expect(await answer.json()).toEqual({ error, accounts });
    }
  });

  it("to an internal error is 503 with Retry-After", async () => {
    const answer = serviceUnavailable("unavailable", "Try again.", "request-1");
    expect([answer.status, Object.fromEntries(answer.headers)]).toEqual([503, { ...COMMON, "retry-after": "5" }]);
    expect(await errorOf(answer)).toEqual({
      status: 503,
      code: "unavailable",
      detail: "Try again.",
      request_id: "request-1",
    });
  });

  it.each([
    ["timeout", 504, "upstream_timeout", "The API behind Gatehouse did not answer in time."],
    ["unreachable", 502, "upstream_unreachable", "The API behind Gatehouse cannot be reached."],
    ["canceled", 502, "upstream_unreachable", "The API behind Gatehouse cannot be reached."],
    ["invalid", 502, "upstream_invalid", "The API behind Gatehouse gave no valid answer."],
    ["unauthorized", 502, "upstream_unauthorized", "The API behind Gatehouse denied the gateway."],
    ["incomplete", 400, "request_incomplete", "The request body ended before it was complete."],
  ] as const)("to an upstream failure (%s) is %i", async (failure, status, code, detail) => {
    const answer = upstreamErrorResponse(failure, "request-1");
    expect(answer.status).toBe(status);
    expect(await errorOf(answer)).toEqual({ status, code, detail, request_id: "request-1" });
  });
});
