// Request bodies: JSON in strict UTF-8, bounded in size, and checked against a schema that reports all field errors at once.
import type * as z from "zod/mini";
import type { AuthorizedRequest } from "../authorized-request.ts";
import type { FieldError } from "../core/error-body.ts";
import { operationError, validationError } from "./responses.ts";
import { type Validated, validate } from "./validation.ts";

const MAX_BODY_BYTES = 65_536;

interface BodyOptions {
  /** True: an empty body is read as `{}`. */
  readonly mayBeEmpty?: boolean;
  /** Field errors of the query and the headers, reported together with those of the body. */
  readonly otherErrors?: readonly FieldError[];
}

/**
 * Reads and checks the body of a request.
 *
 * @returns the output of the schema, or the error response: 413, 415, or 400 with all field errors
 */
export async function readBody<S extends z.ZodMiniType>(
  request: AuthorizedRequest,
  schema: S,
  { mayBeEmpty = false, otherErrors = [] }: BodyOptions = {},
): Promise<{ readonly value: z.output<S> } | Response> {
  const bytes = await readBytes(request.raw);
  if (bytes === null) {
    const detail = `The body of this operation must not be larger than ${MAX_BODY_BYTES / 1024} KiB.`;
    return operationError(request, 413, "body_too_large", detail);
  }
  const empty = bytes.byteLength === 0 && mayBeEmpty;
  // This also stops cross-site requests without a preflight: a form cannot send this media type.
  if (!empty && !isJson(request.raw.headers)) {
    const detail = "The body must be application/json without a content encoding.";
    return operationError(request, 415, "unsupported_media_type", detail);
  }
  const json = empty ? { value: {} } : parseJson(bytes);
  const checked: Validated<z.output<S>> = json === null ? { errors: [NOT_JSON] } : validate(schema, json.value);
  const errors = [...otherErrors, ...("errors" in checked ? checked.errors : [])];
  return "errors" in checked || errors.length > 0 ? validationError(request, errors) : checked;
}

const NOT_JSON: FieldError = { field: "body", message: "This must be JSON in UTF-8." };

function isJson(headers: Headers): boolean {
  const type = headers.get("content-type") ?? "";
  const encoding = headers.get("content-encoding") ?? "identity";
  return /^application\/json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i.test(type) && encoding === "identity";
}

/** The whole body; `null` when it is too large. Counts the received bytes, because Content-Length can be wrong. */
async function readBytes(request: Request): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > MAX_BODY_BYTES) {
      await reader.cancel();
      return null;
    }
    parts.push(value);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}

function parseJson(bytes: Uint8Array): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes)) };
  } catch {
    // The message of the error is dropped: it quotes the input.
    return null;
  }
}
