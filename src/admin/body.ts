// The body of a request: JSON in strict UTF-8, bounded, and checked against a schema with all its faults at once.
import type * as z from "zod/mini";
import type { AuthorizedRequest } from "../authorized-request.ts";
import type { FieldError } from "../core/error-body.ts";
import { operationError, validationError } from "./responses.ts";
import { validate } from "./validation.ts";

export const MAX_BODY_BYTES = 65_536;

interface Rules {
  /** True: no body at all is read as `{}`. */
  readonly mayBeEmpty?: boolean;
  /** What is already known to be wrong with the rest of the request. */
  readonly faults?: readonly FieldError[];
}

/** What the schema makes of the body, or the answer that refuses it. */
export async function readBody<S extends z.ZodMiniType>(
  request: AuthorizedRequest,
  schema: S,
  { mayBeEmpty = false, faults: errors = [] }: Rules = {},
): Promise<{ readonly value: z.output<S> } | Response> {
  const bytes = await readBytes(request.raw);
  if (bytes === null) {
    const detail = `A body of this operation has at most ${MAX_BODY_BYTES / 1024} KiB.`;
    return operationError(request, 413, "body_too_large", detail);
  }
  const empty = bytes.byteLength === 0 && mayBeEmpty;
  // Also what keeps a page of another site from sending it without asking: forms cannot.
  if (!empty && !isJson(request.raw.headers)) {
    return operationError(request, 415, "unsupported_media_type", "A body must be application/json, and not encoded.");
  }
  const json = empty ? { value: {} } : parse(bytes);
  if (json === null) {
    return validationError(request, [...errors, { field: "body", message: "This must be JSON in UTF-8." }]);
  }
  const checked = validate(schema, json.value);
  const all = [...errors, ...("faults" in checked ? checked.faults : [])];
  return "faults" in checked || all.length > 0 ? validationError(request, all) : checked;
}

function isJson(headers: Headers): boolean {
  const type = headers.get("content-type") ?? "";
  const encoding = headers.get("content-encoding") ?? "identity";
  return /^application\/json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i.test(type) && encoding === "identity";
}

/** The whole body, or `null` when it is too large: counted as it comes, whatever Content-Length says. */
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

function parse(bytes: Uint8Array): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes)) };
  } catch {
    // The parser's message quotes its input.
    return null;
  }
}
