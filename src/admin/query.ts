// Query parameters: snake_case or camelCase, lists comma-separated or repeated. Unknown parameters are ignored, because
// Aeon's clients send more than they need; known ones are checked.
import type * as z from "zod/mini";
import type { FieldError } from "../core/error-body.ts";
import { MAX_LIMIT } from "./fields.ts";
import { ForceQuery } from "./schema.ts";
import { type Validated, validate } from "./validation.ts";

type QuerySchema = z.ZodMiniObject<Readonly<Record<string, z.core.$ZodType>>>;

/** How the text of a parameter is read. A parameter that is not listed here is text. */
const KINDS: Readonly<Record<string, "list" | "number" | "flag">> = {
  status: "list",
  event_type: "list",
  resource_type: "list",
  api_key_ids: "list",
  limit: "number",
  include_permissions: "flag",
  force: "flag",
};

/** Checked parameters, with the text of those that were recognized, for the links of a list. */
export interface ReadQuery<T> {
  readonly value: T;
  readonly known: URLSearchParams;
}

/**
 * Reads and checks the parameters of a query.
 *
 * @param query with its "?", or empty
 * @returns the parameters, or all field errors
 */
export function readQuery<S extends QuerySchema>(
  query: string,
  schema: S,
): ReadQuery<z.output<S>> | { readonly errors: readonly FieldError[] } {
  const given = new URLSearchParams(query);
  const known = new URLSearchParams();
  const errors: FieldError[] = [];
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(schema.shape)) {
    const texts = textsOf(given, name);
    const [first] = texts;
    if (first === undefined) continue;
    if (KINDS[name] !== "list" && texts.length > 1)
      errors.push({ field: name, message: "This is given more than once." });
    values[name] = readValue(name, texts, first);
    known.set(name, texts.join(","));
  }
  const checked: Validated<z.output<S>> = validate(schema, values);
  if ("value" in checked && errors.length === 0) return { value: checked.value, known };
  return { errors: [...errors, ...("errors" in checked ? checked.errors : [])] };
}

/** The `force` flag of a query. Its field errors are separate, so that they can be reported together with those of a body. */
export function readForce(query: string): { readonly force: boolean; readonly errors: readonly FieldError[] } {
  const read = readQuery(query, ForceQuery);
  return "errors" in read ? { force: false, errors: read.errors } : { force: read.value.force === true, errors: [] };
}

/** The page size. A client that asks for more than the maximum gets the maximum. */
export function limitOf(value: { readonly limit?: number | undefined }): number {
  return Math.min(value.limit ?? MAX_LIMIT, MAX_LIMIT);
}

/** All texts of a parameter under all its spellings. Some clients send an empty text for "none". */
function textsOf(given: URLSearchParams, name: string): readonly string[] {
  const texts = spellingsOf(name).flatMap((spelling) => given.getAll(spelling));
  const parts = KINDS[name] === "list" ? texts.flatMap((text) => text.split(",")) : texts;
  return parts.filter((part) => part !== "");
}

function spellingsOf(name: string): readonly string[] {
  const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const names = camel === name ? [name] : [name, camel];
  return KINDS[name] === "list" ? names.flatMap((each) => [each, `${each}[]`]) : names;
}

// A text that cannot be read stays a text, which the schema then rejects.
function readValue(name: string, all: readonly string[], first: string): unknown {
  switch (KINDS[name]) {
    case "list":
      return all;
    case "number":
      return /^-?\d{1,9}$/.test(first) ? Number(first) : first;
    case "flag":
      return first === "true" ? true : first === "false" ? false : first;
    case undefined:
      return first;
  }
}
