// Turns what a schema rejects into field errors for people. A message never repeats a value, and a member's name only when
// it cannot be a secret.
import type * as z from "zod/mini";
import type { FieldError } from "../core/error-body.ts";

/** The output of a schema, or all errors of its input. */
export type Validated<T> = { readonly value: T } | { readonly errors: readonly FieldError[] };

/** Checks a value against a schema. */
export function validate<S extends z.ZodMiniType>(schema: S, value: unknown): Validated<z.output<S>> {
  const result = schema.safeParse(value, { error: defaultMessage });
  if (result.success) return { value: result.data };
  return { errors: result.error.issues.flatMap(toFieldErrors) };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

/** The message of an issue whose schema has no message of its own. */
function defaultMessage(issue: z.core.$ZodRawIssue): string {
  if (issue.code !== "invalid_type") return "This is not allowed here.";
  if (issue.input === undefined) return "This is required.";
  const type = TYPE_NAMES[String(issue.expected)];
  return type === undefined ? "This has the wrong type." : `This must be ${type}.`;
}

function toFieldErrors(issue: z.core.$ZodIssue): readonly FieldError[] {
  const field = fieldOf(issue.path);
  if (issue.code !== "unrecognized_keys") return [{ field, message: issue.message }];
  return issue.keys.map((key) => ({
    field: issue.path.length === 0 ? safeName(key) : `${field}.${safeName(key)}`,
    message: "This is not a member of the request.",
  }));
}

/** `allow_list[3]`, `permissions[0].resource_type`; `body` for the whole. */
function fieldOf(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${safeName(String(part))}`)).join("");
  return text === "" ? "body" : text.replace(/^\./, "");
}

/** A member's or parameter's name as an error may repeat it. An API key is longer than this and has dots in it. */
export function safeName(key: string): string {
  return /^\w{1,40}$/.test(key) ? key : "(unnamed)";
}
