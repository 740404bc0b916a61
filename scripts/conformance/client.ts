// Reads a response as the generated Go client does: content type first, then member by member, every enumeration closed.
// Stricter than Go in two ways, since the CLI dereferences: a required member must be there, an array is never null.
import * as z from "zod/mini";

/** One response as received. */
export interface RawResponse {
  readonly status: number;
  readonly contentType: string | null;
  readonly bytes: Uint8Array;
}

export type Decoder = z.ZodMiniType;
export type Members = Readonly<Record<string, unknown>>;

export interface Decoded {
  readonly value: unknown;
  /** Each with its place in front. */
  readonly problems: readonly string[];
}

// The client's own pattern, unanchored as there.
const JSON_TYPE = /((?:application|text)\/(?:vnd\.[^;]+\+)?json)/i;

/** Decodes a body. The client accepts an empty one for every operation; step.ts decides whether it may be empty. */
export function decode({ bytes, contentType }: RawResponse, decoder: Decoder): Decoded {
  if (bytes.length === 0) return { value: undefined, problems: [] };
  if (!JSON_TYPE.test(contentType ?? "")) {
    return { value: undefined, problems: [`undefined response type: ${contentType ?? "no Content-Type"}`] };
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { value: undefined, problems: ["the body is not JSON"] };
  }
  const issues = z.safeParse(decoder, value).error?.issues ?? [];
  return { value, problems: issues.map(({ path, message }) => `${z.core.toDotPath(path) || "body"}: ${message}`) };
}

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How a problem names a value. */
export function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

const wanted = (type: string) => ({
  error: (issue: { readonly input?: unknown }) => `${kindOf(issue.input)}, wanted ${type}`,
});

export const anything = z.unknown();
export const string = z.string(wanted("string"));
export const text = z.string(wanted("non-empty string")).check(z.minLength(1, wanted("non-empty string")));
export const boolean = z.boolean(wanted("boolean"));
export const int32 = z.int32(wanted("int32"));
export const nullable = z.nullable;
export const listOf = (item: Decoder) => z.array(item, wanted("array"));

/** An enumeration: one unknown value makes the client reject the whole response. */
export function oneOf(name: string, known: Iterable<string>): Decoder {
  return z.enum([...known] as [string, ...string[]], {
    error: ({ input }) => `${JSON.stringify(input)} is not a valid ${name}`,
  });
}

/** An object; the client ignores members that neither table names. */
export function object(required: Record<string, Decoder>, optional: Record<string, Decoder> = {}): Decoder {
  const others = Object.entries(optional).filter(([name]) => !(name in required));
  const shape = Object.fromEntries(others.map(([name, member]) => [name, z.optional(member)]));
  return z.object({ ...shape, ...required }, wanted("object"));
}
