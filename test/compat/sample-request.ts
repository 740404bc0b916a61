// A request for an operation of an OpenAPI document: its path, and whatever the document says is required beside it.
import { type Document, isObject, type Json, type Path } from "../../scripts/api/document.ts";
import { examplePath } from "../../scripts/api/example-path.ts";
import type { ImportedOperation } from "../../scripts/api/import.ts";

export interface SampleRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const BY_FORMAT: Readonly<Record<string, string>> = {
  uuid: "00000000-0000-4000-8000-000000000000",
  "date-time": "2026-01-01T00:00:00Z",
  date: "2026-01-01",
  email: "a@example.com",
  uri: "https://example.com/",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
};
const DEEPEST = 8;

/** The request, with credentials for every scheme of the document that is a header. */
export function sampleRequest(document: Document, operation: ImportedOperation): SampleRequest {
  const { at, method } = operation;
  const described = valueAt(document.root, at);
  const item = valueAt(document.root, at.slice(0, -1));
  const required = [...listOf(item.parameters), ...listOf(described.parameters)]
    .map((parameter) => followed(document, parameter, at))
    .filter((parameter) => parameter.required === true);
  const textOf = (parameter: Json) =>
    String(sampleOf(document, { ...objectOf(parameter.schema ?? parameter), ...exampleIn(parameter) }, at));
  const inPlace = (place: string) =>
    required.filter((parameter) => parameter.in === place).map((each) => [String(each.name), textOf(each)] as const);
  const query = new URLSearchParams(inPlace("query").map(([name, value]) => [name, value])).toString();
  const [type, body] = bodyOf(document, described, required, at);
  return {
    method,
    path: `${examplePath(operation, true)}${query === "" ? "" : `?${query}`}`,
    headers: { ...Object.fromEntries(inPlace("header")), ...(body === undefined ? {} : { "content-type": type }) },
    body,
  };
}

/** The headers in which clients of the API send a key. */
export function keyHeaders({ root }: Document): readonly string[] {
  const schemes = objectOf(objectOf(root.components).securitySchemes ?? root.securityDefinitions);
  const headers = Object.values(schemes)
    .map(objectOf)
    .filter((scheme) => scheme.type === "apiKey" && scheme.in === "header");
  return headers.map(({ name }) => String(name).toLowerCase()).filter((name) => name !== "authorization");
}

function bodyOf(document: Document, described: Json, required: readonly Json[], at: Path) {
  const { content } = followed(document, described.requestBody, at);
  const [type = "", media] = Object.entries(objectOf(content)).find(([name]) => /json/.test(name)) ?? [];
  const schema = media === undefined ? required.find((each) => each.in === "body")?.schema : objectOf(media).schema;
  if (schema === undefined) return ["", undefined] as const;
  return [type || "application/json", JSON.stringify(sampleOf(document, schema, at))] as const;
}

/** A value that a schema allows, as far as its usual members say: examples first, then only what is required. */
function sampleOf(document: Document, from: unknown, at: Path, depth = 0): unknown {
  const schema = joined(document, from, at);
  const inner = (value: unknown) => sampleOf(document, value, at, depth + 1);
  const [first] = [...listOf(schema.examples), ...listOf(schema.enum)];
  const given = schema.example ?? schema.default ?? first ?? schema.const;
  if (given !== undefined) return given;
  const type = listOf(schema.type)[0] ?? schema.type;
  if (type === "integer" || type === "number") return schema.minimum ?? 1;
  if (type === "boolean") return true;
  if (type === "array") return Number(schema.minItems ?? 0) > 0 && depth < DEEPEST ? [inner(schema.items)] : [];
  if (type === "string") {
    return (BY_FORMAT[String(schema.format)] ?? "example").padEnd(Number(schema.minLength ?? 0), "x");
  }
  const properties = objectOf(schema.properties);
  const names = depth < DEEPEST ? listOf(schema.required).map(String) : [];
  return Object.fromEntries(names.map((name) => [name, inner(properties[name])]));
}

/** A schema as one object: with all parts of its `allOf`, and the first of its `oneOf` or `anyOf`. */
function joined(document: Document, from: unknown, at: Path, depth = 0): Json {
  const schema = followed(document, from, at);
  const either = [...listOf(schema.oneOf), ...listOf(schema.anyOf)].slice(0, 1);
  const parts = [...listOf(schema.allOf), ...either];
  if (parts.length === 0 || depth === DEEPEST) return schema;
  const all = [...parts.map((part) => joined(document, part, at, depth + 1)), schema];
  const properties = Object.assign({}, ...all.map((each) => objectOf(each.properties)));
  return { ...Object.assign({}, ...all), properties, required: all.flatMap((each) => listOf(each.required)) };
}

function exampleIn({ example }: Json): Json {
  return example === undefined ? {} : { example };
}

const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function followed(document: Document, value: unknown, at: Path): Json {
  return objectOf(document.follow(value, at)?.value);
}

function valueAt(root: Json, path: Path): Json {
  return objectOf(path.reduce<unknown>((value, part) => objectOf(value)[part], root));
}
