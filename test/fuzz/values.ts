// Values of JSON schemas: those that a schema allows, and the same with one odd part.
import { permissionCatalog } from "../../src/core/access/permissions.ts";
import { ODD } from "../support/odd-values.ts";
import type { Random } from "../support/random.ts";
import { type Document, resolved, type Schema } from "./document.ts";

/** What the account holds, by kind: ids that a request may name. */
export type Known = Readonly<Record<Kind, readonly string[]>>;
export type Kind = "key" | "role" | "list" | "operator" | "endpoint" | "approval" | "event";

export interface Source {
  readonly document: Document;
  readonly random: Random;
  readonly known: Known;
  /** The origin of a receiver of events. */
  readonly receiver: string;
}

/** Which ids a member, a parameter or an item of a list takes, by the end of its name. */
const KINDS: readonly (readonly [RegExp, Kind])[] = [
  [/^(?:apiKeyId|api_key_ids?|created_by_id|descendants_of_id|actor_id)$/, "key"],
  [/^(?:roleId|role_id)$/, "role"],
  [/^(?:allowListId|allow_list_id|allow_list_info)$/, "list"],
  [/^operatorId$/, "operator"],
  [/^endpointId$/, "endpoint"],
  [/^approvalId$/, "approval"],
  [/^event_ids$/, "event"],
];

const WORDS = ["ci", "Ada Lovelace", "büro 2", "x".repeat(64), "a", "k1", "0", "Zürich's (3)", "日本"];
const TIMES = ["2026-01-01T00:00:00Z", "2030-06-30T12:30:00.5+02:00", "1999-12-31T23:59Z"];
const RULES = ["192.0.2.7", "198.51.100.0/24", "2001:db8::/48", "203.0.113.1-203.0.113.9"];
const PATHS = ["/api/public/v1/auth/self", "/", "/a/b"];

/** Texts that a schema alone does not tell, by the name of the member. */
const TEXTS: Readonly<Record<string, (source: Source) => string>> = {
  allow_list: ({ random }) => random.pick(RULES),
  address: ({ random }) => random.pick(RULES.slice(0, 1)),
  email: ({ random }) => `u${random.below(1e6)}@example.com`,
  subject: ({ random }) => `s${random.below(1e6)}`,
  issuer: () => "https://issuer.example",
  url: ({ random, receiver }) => random.pick([`${receiver}/in`, `${receiver}/${random.below(99)}`]),
  event_types: ({ random }) => random.pick(["api_key.*", "role.create", "policy.update", "allow_list.edit"]),
  resource_type: ({ random }) => random.pick(permissionCatalog()).resourceType,
  operation_group: ({ random }) => random.pick(["READ", "READ", "CREATE", "UPDATE", "DELETE"]),
  path: ({ random }) => random.pick(PATHS),
  signing_key_id: () => "k2026-11",
  "If-Match": ({ random }) => random.pick(['"1"', '"2"', "*", '"no such version"']),
  "If-None-Match": ({ random }) => random.pick(["*", '"1"', 'W/"1"']),
  "Idempotency-Key": ({ random }) => `i${random.below(40)}`,
};
for (const name of ["since", "not_used_since", "start_timestamp", "end_timestamp"]) {
  (TEXTS as Record<string, (source: Source) => string>)[name] = ({ random }) => random.pick(TIMES);
}

/** The id of something that exists, most of the time; otherwise one of nothing. */
export function idFor(name: string, { random, known }: Source): string {
  const kind = KINDS.find(([pattern]) => pattern.test(name))?.[1];
  const ids = kind === undefined ? [] : known[kind];
  return ids.length > 0 && random.below(10) > 0 ? random.pick(ids) : uuid(random);
}

function uuid(random: Random): string {
  const hex = random.bytes(16).map((byte) => byte.toString(16).padStart(2, "0"));
  return hex.join("").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** A value that a schema allows, as far as the schema tells. `name` is the nearest member's. */
export function sampleOf(given: Schema, name: string, source: Source): unknown {
  const { random, document } = source;
  const schema = resolved(document, given);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return random.pick(schema.enum);
  if (schema.anyOf !== undefined && schema.properties === undefined)
    return sampleOf(random.pick(schema.anyOf), name, source);
  switch (typeof schema.type === "string" ? schema.type : random.pick(schema.type ?? ["null"])) {
    case "object":
      return objectOf(schema, source);
    case "array":
      return arrayOf(schema, name, source);
    case "integer":
      return random.pick([schema.minimum ?? 0, (schema.minimum ?? 0) + random.below(100), schema.maximum ?? 5]);
    case "boolean":
      return random.below(2) === 0;
    case "string":
      return textOf(schema, name, source);
    default:
      return null;
  }
}

function objectOf({ properties = {}, required = [], anyOf, oneOf }: Schema, source: Source): object {
  const [{ random }, all] = [source, Object.keys(properties)];
  const variant = random.pick([...(anyOf ?? oneOf ?? [{}])]);
  const others = (oneOf ?? []).filter((each) => each !== variant).flatMap((each) => each.required ?? []);
  const needed = [...required, ...(variant.required ?? [])];
  const share = random.pick([0, 1, 2]);
  const names = all.filter((name) => needed.includes(name) || (random.below(2) < share && !others.includes(name)));
  if (share === 0 && names.length === 0 && all.length > 0) names.push(random.pick(all));
  return Object.fromEntries(names.map((name) => [name, sampleOf(properties[name] as Schema, name, source)]));
}

function arrayOf({ items = {}, minItems = 0 }: Schema, name: string, source: Source): unknown[] {
  const length = minItems + source.random.below(3);
  return Array.from({ length }, () => sampleOf(items, name, source));
}

function textOf(schema: Schema, name: string, source: Source): string {
  const { random } = source;
  if (schema.format === "uuid") return idFor(name, source);
  const own = TEXTS[name];
  if (own !== undefined) return own(source);
  const patterns = [schema.pattern, ...(schema.allOf ?? []).map(({ pattern }) => pattern)];
  const allowed = [...WORDS, `n${random.below(1e6)}`, `n${random.below(1e6)}`].filter((text) =>
    patterns.every((pattern) => pattern === undefined || new RegExp(pattern, "u").test(text)),
  );
  return random.pick(allowed);
}

/** The JSON text of a value with one part replaced by an odd one, left out, repeated or added. */
export function oddTextOf(value: unknown, random: Random): string {
  const inner = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (inner.length === 0 || random.below(4) === 0) return random.pick(ODD);
  const chosen = random.below(inner.length);
  const parts = inner.flatMap(([name, part], i) => {
    const text = JSON.stringify(part);
    if (i !== chosen) return [[name, text]];
    const way = random.below(8);
    if (way === 0) return [];
    if (way === 1) return [[name, text], [name, text]]; // biome-ignore format: one line
    if (way === 2) return [[name, text], [random.pick(["odd", "id", "__proto__"]), random.pick(ODD)]]; // biome-ignore format: one line
    return [[name, oddTextOf(part, random)]];
  });
  if (Array.isArray(value)) return `[${parts.map(([, text]) => text).join(",")}]`;
  return `{${parts.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
}
