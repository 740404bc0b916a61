// The error responses of the OpenAPI document, by status, with `code` and `detail` of an example.

export const ERRORS = {
  400: {
    description: "The request is invalid; `faults` lists every field error.",
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
      "The role or the addresses of the key do not allow this, or it would grant or revoke more access than the key has.",
    code: "address_not_allowed",
    detail: "This API key may not be used from your network.",
  },
  404: { description: "The account has no such resource.", code: "not_found", detail: "API key not found" },
  409: {
    description: "The request conflicts with stored data.",
    code: "name_taken",
    detail: "There is an IP allow list with this name already.",
  },
  413: {
    description: "The body is larger than 64 KiB.",
    code: "body_too_large",
    detail: "The body of this operation must not be larger than 64 KiB.",
  },
  415: {
    description: "The body is not JSON.",
    code: "unsupported_media_type",
    detail: "The body must be application/json without a content encoding.",
  },
  503: {
    description: "Storage is unavailable. Nothing was changed; retry after the time in `Retry-After`.",
    code: "storage_unavailable",
    detail: "Storage is unavailable.",
  },
};
