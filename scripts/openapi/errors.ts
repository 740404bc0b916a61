// The error responses of the OpenAPI document, by status, with `code` and `detail` of an example.

export const ERRORS = {
  400: {
    description:
      "The request is invalid; `faults` lists every field error. A query parameter that is unknown, empty or repeated is one.",
    code: "invalid_request",
    detail: "Invalid request: name: This is required.",
    faults: [{ field: "name", message: "This is required." }],
  },
  401: {
    description: "There is no API key, or it is not valid. `detail` is `Invalid JWT` or `JWT has expired`.",
    code: "key_expired",
    detail: "JWT has expired",
  },
  403: {
    description:
      "The role or the addresses of the key do not allow this, it would grant or revoke more access than the key has, or the account's policy does not allow it (`policy_violation`) or asks a second person for it (`approval_required`).",
    code: "address_not_allowed",
    detail: "This API key may not be used from your network.",
  },
  404: {
    description: "The account has no such resource, or the path names another account than that of the key.",
    code: "not_found",
    detail: "API key not found",
  },
  408: {
    description: "The body did not arrive within 10 seconds.",
    code: "request_timeout",
    detail: "The body of this operation must arrive within 10 seconds.",
  },
  409: {
    description: "The request conflicts with stored data, or the account has reached a quota (`quota_exceeded`).",
    code: "name_taken",
    detail: "There is an IP allow list with this name already. Case does not distinguish names.",
  },
  412: {
    description:
      "The resource has another entity tag than `If-Match` lists, or `If-None-Match` excludes it (RFC 9110 section 13).",
    code: "precondition_failed",
    detail: "This was changed since you have read it. Read it again, and repeat your change if it still applies.",
  },
  413: {
    description: "The body is larger than 64 KiB.",
    code: "body_too_large",
    detail: "The body of this operation must not be larger than 64 KiB.",
  },
  415: {
    description: "The body is not application/json in UTF-8, or has a content encoding.",
    code: "unsupported_media_type",
    detail: "The body must be application/json.",
  },
  422: {
    description: "The Idempotency-Key was used for another request.",
    code: "idempotency_key_reused",
    detail: "This Idempotency-Key was used to create another API key. Use a new one.",
  },
  429: {
    description:
      "There are too many requests with this key, or too many lists of the account are searched; retry after the time in `Retry-After`.",
    code: "rate_limited",
    detail: "Too many requests. Retry later.",
  },
  503: {
    description: "Storage is unavailable. Nothing was changed; retry after the time in `Retry-After`.",
    code: "storage_unavailable",
    detail: "Storage is unavailable.",
  },
};
