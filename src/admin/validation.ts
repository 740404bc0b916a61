// What a schema finds wrong, as sentences for people. Never repeats a value, and a name only when it can be no secret.
import type * as z from "zod/mini";
import type { FieldError } from "../core/error-body.ts";

/** Checks a value; gives what the schema makes of it, or everything that is wrong with it. */
export function validate<S extends z.ZodMiniType>(
  schema: S,
  value: unknown,
): { readonly value: z.output<S> } | { readonly faults: readonly FieldError[] } {
  const result = schema.safeParse(value, { error: messageOf });
  if (result.success) return { value: result.data };
  return { faults: result.error.issues.flatMap(faultsOf) };
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

// For what a schema has no sentence of its own about.
function messageOf(issue: z.core.$ZodRawIssue): string {
  if (issue.code !== "invalid_type") return "This is not allowed here.";
  if (issue.input === undefined) return "This is required.";
  return `This must be ${TYPES[String(issue.expected)] ?? "something else"}.`;
}

function faultsOf(issue: z.core.$ZodIssue): readonly FieldError[] {
  const field = fieldOf(issue.path);
  if (issue.code !== "unrecognized_keys") return [{ field, message: issue.message }];
  return issue.keys.map((key) => ({
    field: issue.path.length === 0 ? nameOf(key) : `${field}.${nameOf(key)}`,
    message: "This is not a member of the request.",
  }));
}

/** `allow_list[3]`, `permissions[0].resource_type`; `body` for the whole. */
function fieldOf(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${nameOf(String(part))}`)).join("");
  return text === "" ? "body" : text.replace(/^\./, "");
}

// A key of ours is longer and has dots in it.
function nameOf(key: string): string {
  return /^\w{1,40}$/.test(key) ? key : "(unnamed)";
}
