// Request bodies: JSON, checked against a schema that reports all field errors at once.
import type * as z from "zod/mini";
import { type AuthorizedRequest, BODY_TIMEOUT_MS, MAX_BODY_BYTES } from "../authorized-request.ts";
import type { FieldError } from "../core/error-body.ts";
import { mediaTypeError, readJson } from "../core/json.ts";
import { operationError, validationError } from "./responses.ts";
import { safeName, type Validated, validate } from "./validation.ts";

interface BodyOptions {
  /** True: an empty body is read as `{}`. */
  readonly mayBeEmpty?: boolean;
  /** Field errors of the query and the headers, reported together with those of the body. */
  readonly otherErrors?: readonly FieldError[];
}

const FAILURES = {
  too_large: [
    413,
    "body_too_large",
    `The body of this operation must not be larger than ${MAX_BODY_BYTES / 1024} KiB.`,
  ],
  // RFC 9110 section 15.5.9.
  timeout: [
    408,
    "request_timeout",
    `The body of this operation must arrive within ${BODY_TIMEOUT_MS / 1_000} seconds.`,
  ],
  incomplete: [400, "request_incomplete", "The request body ended before it was complete."],
} as const;

/**
 * Checks the body of a request.
 *
 * @returns the output of the schema, or the error response: 408, 413, 415, or 400 with all field errors
 */
export function readBody<S extends z.ZodMiniType>(
  request: AuthorizedRequest,
  schema: S,
  { mayBeEmpty = false, otherErrors = [] }: BodyOptions = {},
): { readonly value: z.output<S> } | Response {
  const bytes = request.body;
  if (typeof bytes === "string") {
    const [status, code, detail] = FAILURES[bytes];
    return operationError(request, status, code, detail);
  }
  const empty = bytes.byteLength === 0 && mayBeEmpty;
  // This also stops cross-site requests without a preflight: a form cannot send this media type.
  const { headers } = request.raw;
  const detail = empty ? null : mediaTypeError(headers.get("content-type"), headers.get("content-encoding"));
  if (detail !== null) return operationError(request, 415, "unsupported_media_type", detail);
  const checked = empty ? validate(schema, {}) : readMembers(bytes, schema);
  const errors = [...otherErrors, ...("errors" in checked ? checked.errors : [])];
  return "errors" in checked || errors.length > 0 ? validationError(request, errors) : checked;
}

const NOT_JSON: FieldError = { field: "body", message: "This must be JSON in UTF-8, without a byte order mark." };

function readMembers<S extends z.ZodMiniType>(bytes: Uint8Array, schema: S): Validated<z.output<S>> {
  const json = readJson(bytes);
  if ("invalid" in json) return { errors: [NOT_JSON] };
  if ("value" in json) return validate(schema, json.value);
  return { errors: [{ field: safeName(json.duplicate), message: "This member is given twice." }] };
}
