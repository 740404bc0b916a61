// What the values of a path parameter are, from its schema (OpenAPI 3) or from the parameter itself (Swagger 2.0).
import type { ParameterFormat } from "../../src/core/routing/api-description.ts";
import { isObject, type Json } from "./document.ts";
import { usablePattern } from "./patterns.ts";

/** The format; `null`: the document says none that can be checked, with the reason if it says one. */
export function formatOf(schema: unknown): { readonly format: ParameterFormat | null; readonly reason?: string } {
  if (!isObject(schema)) return { format: null };
  const { type, format, pattern } = schema;
  const values = valuesOf(schema);
  if (values !== null) return { format: { enum: values } };
  if (type === "integer") return { format: "integer" };
  if (type !== "string") return { format: null };
  if (format === "uuid") return { format: "uuid" };
  if (typeof pattern !== "string") return { format: null };
  const usable = usablePattern(pattern);
  if ("pattern" in usable) return { format: { pattern: usable.pattern } };
  return { format: null, reason: `the pattern ${pattern} is not checked: ${usable.reason}` };
}

/** The values of an `enum` or `const`; `null`: there is none, or one that no path can hold. */
function valuesOf(schema: Json): readonly string[] | null {
  const listed = "const" in schema ? [schema.const] : schema.enum;
  if (!Array.isArray(listed) || listed.length === 0) return null;
  const isPlain = listed.every((value) => typeof value === "string" || Number.isInteger(value));
  return isPlain ? [...new Set(listed.map(String))] : null;
}

/** A value for a parameter that the document gives: an example, a default, or one that the format allows. */
export function exampleOf(parameter: Json, schema: unknown): string | null {
  const inner = isObject(schema) ? schema : {};
  const listed = isObject(parameter.examples) ? Object.values(parameter.examples) : [];
  const first = listed.find(isObject)?.value;
  const values = [
    parameter.example,
    first,
    inner.example,
    Array.isArray(inner.examples) ? inner.examples[0] : undefined,
  ];
  const found = [...values, inner.default].find((value) => typeof value === "string" || typeof value === "number");
  return found === undefined || found === "" ? null : String(found);
}
