// Reads a response as the generated Go client does: content type first, then member by member, every enumeration closed.
// Stricter than Go in two ways, since the CLI dereferences: a required member must be there, an array is never null.
import * as z from "zod";

/** One response as received. */
export interface RawResponse {
  readonly status: number;
  readonly contentType: string | null;
  readonly bytes: Uint8Array;
}

export interface Decoded {
  readonly value: unknown;
  /** Each with its place in front. */
  readonly problems: readonly string[];
}

// The client's own pattern, unanchored as there.
const JSON_TYPE = /((?:application|text)\/(?:vnd\.[^;]+\+)?json)/i;

/**
 * Decodes a body. The client accepts an empty one for every operation; step.ts decides whether it may be empty.
 *
 * @param schemas each of which the body must match
 */
export function decode({ bytes, contentType }: RawResponse, schemas: readonly z.ZodType[]): Decoded {
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
  const issues = schemas.flatMap((schema) => schema.safeParse(value).error?.issues ?? []);
  const problems = issues.map(({ path, message }) => `${z.core.toDotPath(path) || "body"}: ${message}`);
  return { value, problems: [...new Set(problems)] };
}

const present = z.custom((value) => value !== undefined, "missing, the fixture has it");
const notNull = z.custom((value) => value !== undefined && value !== null, "missing or null, the CLI reads it");

/**
 * The shape of a fixture: its members with their types, at every depth. `null` in the fixture allows anything; an item of a
 * list has the shape of one of the fixture's items.
 */
export function shapeOf(fixture: unknown): z.ZodType {
  if (fixture === null) return present;
  if (Array.isArray(fixture)) return z.array(fixture.length === 0 ? z.unknown() : z.union(fixture.map(shapeOf)));
  if (typeof fixture !== "object")
    return z.custom((value) => typeof value === typeof fixture, `not a ${typeof fixture}, the fixture has one`);
  return z.looseObject(Object.fromEntries(Object.entries(fixture).map(([name, member]) => [name, shapeOf(member)])));
}

/**
 * A place that the CLI dereferences, such as `data[].info.id` or `data[0].info`, with something in it: `[]` is each item,
 * `[0]` an item that must exist.
 */
export function readsOf(place: string): z.ZodType {
  const hops = place.match(/[^.[\]]+|\[0?\]/g) ?? [];
  return hops.reduceRight<z.ZodType>((inner, hop) => {
    if (hop === "[]") return z.array(inner);
    return hop === "[0]" ? z.tuple([inner], z.unknown()) : z.looseObject({ [hop]: inner });
  }, notNull);
}
