// The parameters behind the "?": snake_case or camelCase, lists comma-joined or repeated. What is not known is ignored,
// since Aeon's clients send more than they need; what is known must be right.
import type * as z from "zod/mini";
import type { FieldError } from "../core/error-body.ts";
import { MAX_LIMIT } from "./fields.ts";
import { validate } from "./validation.ts";

type Shape = Readonly<Record<string, z.core.$ZodType>>;

/** What kind of text a parameter is; the rest is text as it stands. */
const KINDS: Readonly<Record<string, "list" | "number" | "flag">> = {
  status: "list",
  event_type: "list",
  resource_type: "list",
  api_key_ids: "list",
  limit: "number",
  include_permissions: "flag",
  force: "flag",
};

/** The checked parameters with those that were understood, or everything that is wrong with them. */
export function readQuery<S extends z.ZodMiniObject<Shape>>(
  query: string,
  schema: S,
): { readonly value: z.output<S>; readonly known: URLSearchParams } | { readonly faults: readonly FieldError[] } {
  const given = new URLSearchParams(query);
  const known = new URLSearchParams();
  const errors: FieldError[] = [];
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(schema.shape)) {
    const texts = spellings(name).flatMap((spelling) => given.getAll(spelling));
    const parts = KINDS[name] === "list" ? texts.flatMap((text) => text.split(",")) : texts;
    // An empty one is how some clients write "none".
    const full = parts.filter((part) => part !== "");
    const [first] = full;
    if (first === undefined) continue;
    if (KINDS[name] !== "list" && full.length > 1)
      errors.push({ field: name, message: "This is given more than once." });
    values[name] = readValue(name, full, first);
    known.set(name, full.join(","));
  }
  const checked = validate(schema, values);
  if ("value" in checked && errors.length === 0) return { value: checked.value, known };
  return { faults: [...errors, ...("faults" in checked ? checked.faults : [])] };
}

/** How many to list: clients that ask for more than there can be get what there is. */
export function limitOf(value: { readonly limit?: number | undefined }): number {
  return Math.min(value.limit ?? MAX_LIMIT, MAX_LIMIT);
}

function spellings(name: string): readonly string[] {
  const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const names = camel === name ? [name] : [name, camel];
  return KINDS[name] === "list" ? names.flatMap((each) => [each, `${each}[]`]) : names;
}

// What cannot be read stays text, which the schema then refuses.
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
