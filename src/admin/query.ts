// Query parameters: snake_case or camelCase, lists comma-separated or repeated. What is not known is an error: a filter that is
// ignored would show more than was asked for, and a flag that is ignored would change more.
import * as z from "zod/mini";
import type { AuthorizedRequest } from "../authorized-request.ts";
import type { FieldError } from "../core/error-body.ts";
import { MAX_LIMIT } from "./fields.ts";
import type { Handler } from "./handler.ts";
import { validationError } from "./responses.ts";
import { ForceQuery } from "./schema.ts";
import { safeName, type Validated, validate } from "./validation.ts";

type QuerySchema = z.ZodMiniObject<Readonly<Record<string, z.core.$ZodType>>>;

/** How the text of a parameter is read. A parameter that is not listed here is text. */
const KINDS: Readonly<Record<string, "list" | "number" | "flag">> = {
  status: "list",
  event_type: "list",
  resource_type: "list",
  api_key_ids: "list",
  limit: "number",
  include_permissions: "flag",
  is_auto_created: "flag",
  disabled: "flag",
  canary: "flag",
  dry_run: "flag",
  force: "flag",
};

/** Checked parameters, with the text of those that were recognized, for the links of a list. */
export interface ReadQuery<T> {
  readonly value: T;
  readonly known: URLSearchParams;
}

/**
 * Reads and checks the parameters of a query: those of the schema, each with a value, and once unless it is a list.
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
  const names = Object.keys(schema.shape);
  const errors: FieldError[] = unknownNames(given, names).map((name) => ({ field: safeName(name), message: UNKNOWN }));
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const texts = textsOf(given, name);
    const [first] = texts;
    if (first === undefined) continue;
    const repeated = KINDS[name] !== "list" && texts.length > 1;
    if (repeated || texts.includes("")) {
      errors.push({ field: name, message: repeated ? REPEATED : EMPTY });
      continue;
    }
    values[name] = readValue(name, texts, first);
    known.set(name, texts.join(","));
  }
  const checked: Validated<z.output<S>> = validate(schema, values);
  if ("value" in checked && errors.length === 0) return { value: checked.value, known };
  return { errors: [...errors, ...("errors" in checked ? checked.errors : [])] };
}

const UNKNOWN = "This is not a parameter of this operation.";
const REPEATED = "This is given more than once.";
const EMPTY = "This is empty. Leave it out, or give it a value.";

const NO_PARAMETERS = z.object({});

/** The handlers of operations without parameters: 400 with the field errors of a query that has any. */
export function withoutParameters<Id extends string>(handlers: Readonly<Record<Id, Handler>>): Record<Id, Handler> {
  const strict = Object.entries<Handler>(handlers).map(([id, handler]): [string, Handler] => [
    id,
    async (ports, request: AuthorizedRequest, params) => {
      const query = readQuery(request.query, NO_PARAMETERS);
      return "errors" in query ? validationError(request, query.errors) : handler(ports, request, params);
    },
  ]);
  return Object.fromEntries(strict) as Record<Id, Handler>;
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

/** The names of a query, in any spelling, that are not among those of an operation. */
function unknownNames(given: URLSearchParams, names: readonly string[]): readonly string[] {
  const known = new Set(names.flatMap(spellingsOf));
  return [...new Set(given.keys())].filter((name) => !known.has(name));
}

/** All texts of a parameter under all its spellings. */
function textsOf(given: URLSearchParams, name: string): readonly string[] {
  const texts = spellingsOf(name).flatMap((spelling) => given.getAll(spelling));
  if (KINDS[name] === "list") return texts.flatMap((text) => text.split(","));
  // Clients send an empty token for the first page.
  return name === "continuation_token" && texts.every((text) => text === "") ? [] : texts;
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
