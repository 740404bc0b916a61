// An OpenAPI document as it was read: its text as data, `$ref` resolved, and for every fault a JSON pointer and a line.
import { readFile } from "node:fs/promises";
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";

/** What is wrong with a document. */
export interface Fault {
  /** JSON pointer (RFC 6901) into the document; "" is the whole of it. */
  readonly pointer: string;
  readonly message: string;
}

export type Path = readonly (string | number)[];
export type Json = Readonly<Record<string, unknown>>;

/** A value with the place where it is written, which is not where it was asked for if a `$ref` leads to it. */
export interface Found {
  readonly value: unknown;
  readonly path: Path;
}

export interface Document {
  readonly root: Json;
  /** "OpenAPI 3.0.3", "Swagger 2.0". */
  readonly version: string;
  readonly isSwagger: boolean;
  /** Follows `$ref`, through any number of them. Of a reference that leads nowhere it reports a fault, and gives `null`. */
  readonly follow: (value: unknown, path: Path) => Found | null;
  readonly report: (path: Path, message: string) => void;
  readonly faults: Fault[];
  /** The line of a place, from 1; of one that does not exist, that of what encloses it. */
  readonly lineOf: (pointer: string) => number | null;
}

/** Thrown with every fault of a document. */
export class DocumentError extends Error {
  readonly faults: readonly Fault[];
  constructor(faults: readonly Fault[], lineOf: Document["lineOf"] = () => null) {
    // A path item that several paths refer to has its faults once.
    super([...new Set(faults.map((fault) => lineFor(fault, lineOf(fault.pointer))))].join("\n"));
    this.faults = faults;
  }
}

const TIMEOUT_MS = 30_000;

/** `pointer (line N): message`. */
function lineFor({ pointer, message }: Fault, line: number | null): string {
  return `${pointer === "" ? "the document" : pointer}${line === null ? "" : ` (line ${line})`}: ${message}`;
}

/** JSON pointer (RFC 6901) of a path. */
export function pointerOf(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

const partsOf = (pointer: string) =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

/** Whether a value is an object of JSON. */
export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The text of a document.
 *
 * @param source a file, or an address with http or https
 * @throws DocumentError when it cannot be read
 */
export async function readText(source: string): Promise<string> {
  try {
    if (!/^https?:\/\//i.test(source)) return await readFile(source, "utf8");
    const response = await fetch(source, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    return await response.text();
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error };
    throw new DocumentError([{ pointer: "", message: `cannot be read: ${cause?.message || message}` }]);
  }
}

/**
 * Parses a document: JSON or YAML, of OpenAPI 3.0, 3.1 or Swagger 2.0.
 *
 * @throws DocumentError when it is neither, or of another version
 */
export function parseOpenApi(text: string): Document {
  const counter = new LineCounter();
  // Every JSON text is YAML, too, and only this parser keeps the positions.
  const yaml = parseDocument(text.replace(/^\uFEFF/, ""), { lineCounter: counter, prettyErrors: false });
  const broken = yaml.errors.map(({ message, pos }) => {
    const { line, col } = counter.linePos(pos[0]);
    return { pointer: "", message: `line ${line}, column ${col}: ${message}` };
  });
  if (broken.length > 0) throw new DocumentError(broken);
  let root: unknown;
  try {
    root = yaml.toJS();
  } catch (error) {
    throw new DocumentError([{ pointer: "", message: (error as Error).message }]);
  }
  if (!isObject(root)) throw new DocumentError([{ pointer: "", message: "is no object" }]);
  const document = root;
  const isSwagger = "swagger" in document;
  const faults: Fault[] = [];
  const report = (path: Path, message: string) => void faults.push({ pointer: pointerOf(path), message });
  const lineOf = (pointer: string) => {
    const offset = offsetOf(yaml.contents, partsOf(pointer), (node) => (isAlias(node) ? node.resolve(yaml) : node));
    return offset === null ? null : counter.linePos(offset).line;
  };
  const version = versionOf(document);
  if (version === null) {
    const message = "neither `openapi: 3.0.x`, `openapi: 3.1.x` nor `swagger: 2.0`";
    throw new DocumentError([{ pointer: "", message }], lineOf);
  }
  const follow = (value: unknown, path: Path) => followed(document, report, value, path);
  return { root: document, version, isSwagger, follow, report, faults, lineOf };
}

function versionOf({ openapi, swagger }: Json): string | null {
  if (/^2\.0$/.test(swagger === 2 ? "2.0" : String(swagger))) return "Swagger 2.0";
  if (/^3\.[01](\.|$)/.test(String(openapi))) return `OpenAPI ${openapi}`;
  return null;
}

function followed(root: Json, report: Document["report"], from: unknown, at: Path): Found | null {
  const seen = new Set<string>();
  let [value, path] = [from, at];
  while (isObject(value) && typeof value.$ref === "string") {
    const { $ref: reference } = value;
    const refuse = (message: string) => {
      report([...at, "$ref"], message);
      return null;
    };
    if (seen.has(reference)) return refuse(`${reference} leads back to itself`);
    seen.add(reference);
    if (!reference.startsWith("#"))
      return refuse(
        `${reference} is in another file: bundle the document into one first, for example with Redocly's CLI`,
      );
    path = partsOf(decodeURIComponent(reference.slice(1)));
    value = path.reduce<unknown>((inner, part) => memberOf(inner, String(part)), root);
    if (value === undefined) return refuse(`${reference} does not exist`);
  }
  return { value, path };
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Json)[name];
}

/** Where a place begins in the text: at its key, for a member. */
function offsetOf(contents: unknown, path: readonly string[], resolve: (node: unknown) => unknown): number | null {
  let node = contents as Node | null | undefined;
  let offset = node?.range?.[0] ?? null;
  for (const part of path) {
    const inner = resolve(node);
    if (isMap(inner)) {
      const pair = inner.items.find(({ key }) => isScalar(key) && String(key.value) === part);
      if (pair === undefined) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(inner)) {
      node = inner.items[Number(part)] as Node | undefined;
      offset = node?.range?.[0] ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}
