// The response to a denial or an error: the one place where a reason meets a status. Little to the client, all to the log.
import type { Denial } from "../../core/access/decision.ts";
import { errorBody } from "../../core/error-body.ts";
import type { Gateway, UpstreamFailure } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";

interface DenialAnswer {
  readonly status: number;
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const ERROR_HEADERS = { "content-type": "application/json", "cache-control": "no-store" } as const;

const REALM = 'Bearer realm="gatehouse"';
const INVALID_TOKEN: DenialAnswer = {
  status: 401,
  // The exact text that existing clients look for when a credential is not valid: they then ask to sign in again.
  detail: "Invalid JWT",
  headers: { "www-authenticate": `${REALM}, error="invalid_token"` },
};

// A client without a valid signature does not learn whether a key exists, was forged or was mistyped.
const FAILED_AUTHENTICATION: ReadonlySet<Denial["reason"]> = new Set([
  "token_malformed",
  "signature_invalid",
  "key_unknown",
  "operator_token_invalid",
]);

// Only what a client without a valid credential can send: a client with one is never limited by the attempts of others.
const COUNTED: ReadonlySet<Denial["reason"]> = new Set([
  "token_malformed",
  "signature_invalid",
  "operator_token_invalid",
  "key_ring_mismatch",
]);

/**
 * Deny a request: its reason is kept for the log, and a failed authentication counts for the client's address.
 *
 * @returns the response to the denial, or to the rate limit that it has reached
 */
export function deny(context: RequestContext, denial: Denial, gateway: Gateway): Response | Promise<Response> {
  const counted = COUNTED.has(denial.reason) ? gateway.limits.countAuthFailure(context.client) : null;
  return counted === null
    ? respondTo(denial, context)
    : counted.then((limited) => respondTo(limited ?? denial, context));
}

function respondTo(denial: Denial, context: RequestContext): Response {
  context.denial = denial;
  return denialResponse(denial, context.requestId);
}

/**
 * The response to a denial.
 *
 * @returns the error envelope, never to be cached; `WWW-Authenticate` as in RFC 6750 section 3
 */
export function denialResponse(denial: Denial, requestId: string): Response {
  const { status, detail, headers } = answerFor(denial);
  if (denial.reason === "account_required") {
    const body = { ...errorBody(status, denial.reason, detail, requestId), accounts: denial.accounts };
    return new Response(JSON.stringify(body), { status, headers: ERROR_HEADERS });
  }
  const [before, after] = bodyAround(status, publicCode(denial), detail);
  return new Response(before + requestId + after, { status, headers: { ...ERROR_HEADERS, ...headers } });
}

type Around = readonly [before: string, after: string];

// One for each reason and permission: no part of a request is in them.
const bodies = new Map<string, Around>();

/** The body of a denial before and after its request's id. Built once: floods consist of denials. */
function bodyAround(status: number, code: string, detail: string): Around {
  const name = `${code} ${detail}`;
  const made = bodies.get(name);
  if (made !== undefined) return made;
  const [before = "", after = ""] = JSON.stringify(errorBody(status, code, detail, ID_PLACEHOLDER)).split(
    ID_PLACEHOLDER,
  );
  bodies.set(name, [before, after]);
  return [before, after];
}

/** Like a request's id, it has no character that JSON escapes. */
const ID_PLACEHOLDER = "00000000-request-id-00000000";

/** An error in the one shape that Gatehouse answers. */
export function errorResponse(
  status: number,
  code: string,
  detail: string,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(errorBody(status, code, detail, requestId)), {
    status,
    headers: { ...ERROR_HEADERS, ...headers },
  });
}

/** 503: an internal error, or storage is unavailable. At most a read was forwarded, so the client may retry. */
export function serviceUnavailable(code: string, detail: string, requestId: string): Response {
  return errorResponse(503, code, detail, requestId, { "retry-after": "5" });
}

/** The upstream failed, or the client's own body did. The request may have been carried out, so nobody is told to retry. */
export function upstreamErrorResponse(
  failure: Exclude<UpstreamFailure["failure"], "denied">,
  requestId: string,
): Response {
  switch (failure) {
    case "timeout":
      return errorResponse(504, "upstream_timeout", "The API behind Gatehouse did not answer in time.", requestId);
    case "unreachable":
    case "canceled":
      return errorResponse(502, "upstream_unreachable", "The API behind Gatehouse cannot be reached.", requestId);
    case "invalid":
      return errorResponse(502, "upstream_invalid", "The API behind Gatehouse gave no valid answer.", requestId);
    case "unauthorized":
      return errorResponse(502, "upstream_unauthorized", "The API behind Gatehouse denied the gateway.", requestId);
    case "incomplete":
      return errorResponse(400, "request_incomplete", "The request body ended before it was complete.", requestId);
  }
}

function publicCode({ reason }: Denial): string {
  if (reason === "key_canary") return "key_revoked";
  return FAILED_AUTHENTICATION.has(reason) ? "invalid_token" : reason;
}

// Without `default`: a new reason does not compile until it has an answer.
function answerFor(denial: Denial): DenialAnswer {
  switch (denial.reason) {
    case "path_not_canonical":
      return { status: 400, detail: "The path is not in canonical form." };
    case "method_not_allowed":
      return {
        status: 405,
        detail: "This method is not allowed here.",
        headers: { allow: denial.allow.join(", ") },
      };
    case "not_found":
      return { status: 404, detail: "Requested API not found" };
    case "operation_unknown":
      return { status: 403, detail: "Gatehouse does not know this operation, and does not forward it." };
    case "host_not_served":
      return { status: 421, detail: "This host is not served here." };
    case "body_not_allowed":
      return { status: 400, detail: "A GET or HEAD request must not have a body." };
    case "service_worker_not_allowed":
      return { status: 403, detail: "This origin has no service workers." };
    case "upgrade_not_enabled":
      return { status: 501, detail: "Upgrading the connection is not enabled." };
    case "preflight_origin_not_allowed":
      return { status: 403, detail: "This origin is not allowed." };
    case "credential_missing":
      return { status: 401, detail: "Authorization required", headers: { "www-authenticate": REALM } };
    case "scheme_not_bearer":
      return { status: 401, detail: "Invalid JWT", headers: { "www-authenticate": REALM } };
    case "credential_malformed":
      return {
        status: 400,
        detail: CREDENTIAL_ERRORS[denial.what],
        headers: { "www-authenticate": `${REALM}, error="invalid_request"` },
      };
    case "token_malformed":
    case "signature_invalid":
    case "key_unknown":
    case "operator_token_invalid":
      return INVALID_TOKEN;
    case "operator_token_expired":
      return { status: 401, detail: "JWT has expired", headers: invalidToken("The token has expired") };
    case "operator_unknown":
      return { status: 403, detail: "You are not an operator here." };
    case "mapped_role_missing":
      return { status: 403, detail: "The role that your groups are mapped to does not exist in this account." };
    case "account_required":
      return { status: 409, detail: "You may act in several accounts. Name one of them in Gatehouse-Account." };
    case "cross_site":
      return { status: 403, detail: "Only a script of a page of this origin may send this request." };
    case "key_ring_mismatch":
      return { status: 403, detail: "This is not the KEY_RING of this deployment." };
    // A canary key that told the client what it is would warn a thief.
    case "key_canary":
    case "key_revoked":
      return { ...INVALID_TOKEN, headers: invalidToken("The API key was revoked") };
    case "key_disabled":
      return { ...INVALID_TOKEN, headers: invalidToken("The API key is disabled") };
    case "key_denied":
      return { ...INVALID_TOKEN, headers: invalidToken("The API key is blocked") };
    case "key_expired":
      return { status: 401, detail: "JWT has expired", headers: invalidToken("The API key has expired") };
    case "rate_limited":
      return {
        status: 429,
        detail: "Too many requests. Retry later.",
        headers: {
          "retry-after": String(denial.retryAfterSeconds),
          ratelimit: `"${denial.whose}";r=0;t=${denial.retryAfterSeconds}`,
        },
      };
    case "address_not_allowed":
      return { status: 403, detail: "This API key may not be used from your network." };
    case "account_mismatch":
      // The same as for an account that does not exist: another tenant's id reveals nothing.
      return { status: 404, detail: "Account not found" };
    case "permission_missing":
      return {
        status: 403,
        detail:
          denial.permission === null
            ? "The role of this API key does not include operations that Gatehouse does not know."
            : `The role of this API key does not have the permission ${denial.permission}.`,
        headers: { "www-authenticate": `${REALM}, error="insufficient_scope"` },
      };
  }
}

const CREDENTIAL_ERRORS = {
  duplicate: "Send one Authorization header with one credential.",
  two_carriers: "Send the credential in the Authorization header alone.",
  spacing: "Send the scheme, one space, and the key.",
} as const;

function invalidToken(description: string): Record<string, string> {
  return { "www-authenticate": `${REALM}, error="invalid_token", error_description="${description}"` };
}
