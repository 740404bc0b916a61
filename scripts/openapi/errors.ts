// The error responses of the OpenAPI document, by status.

export interface ErrorDoc {
  readonly description: string;
  readonly example: unknown;
}

const error = (status: number, code: string, detail: string) => ({
  error: { status, detail, code, request_id: "8293383c691a48be9d40-1" },
});

export const ERRORS: Readonly<Record<number, ErrorDoc>> = {
  400: {
    description: "The request is invalid; `faults` lists every field error.",
    example: {
      error: {
        ...error(400, "invalid_request", "Invalid request: name: This is required.").error,
        faults: [{ field: "name", message: "This is required." }],
      },
    },
  },
  401: {
    description: "There is no API key, or it is not valid. `detail` is `Invalid JWT` or `JWT has expired`.",
    example: error(401, "key_expired", "JWT has expired"),
  },
  403: {
    description:
      "The role or the addresses of the key do not allow this, or it would grant or revoke more access than the key has.",
    example: error(403, "address_not_allowed", "This API key may not be used from your network."),
  },
  404: {
    description: "The account has no such resource.",
    example: error(404, "not_found", "API key not found"),
  },
  409: {
    description: "The request conflicts with stored data.",
    example: error(409, "name_taken", "There is an IP allow list with this name already."),
  },
  413: {
    description: "The body is larger than 64 KiB.",
    example: error(413, "body_too_large", "The body of this operation must not be larger than 64 KiB."),
  },
  415: {
    description: "The body is not JSON.",
    example: error(415, "unsupported_media_type", "The body must be application/json without a content encoding."),
  },
  503: {
    description: "Storage is unavailable. Nothing was changed; retry after the time in `Retry-After`.",
    example: error(503, "storage_unavailable", "Storage is unavailable."),
  },
};
