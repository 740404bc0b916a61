// An OpenAPI document as the table of an API: everything that the files of api/<name>/ say, without writing any.
import type { ApiOperation, ResourceWords } from "../../src/core/routing/api-description.ts";
import { DocumentError, isObject, parseOpenApi } from "./document.ts";
import { templateFaults } from "./gatehouse.ts";
import { derivePermissions } from "./permissions.ts";
import { type Placed, placePermissions } from "./placement.ts";
import { type ReadOperation, type ReadOptions, readOperations } from "./read-operations.ts";
import { parametersOf } from "./templates.ts";
import { wordsFor } from "./words.ts";

export interface ImportOptions extends ReadOptions {
  /** The name of the folder; left out, it is made from the title of the document. */
  readonly name?: string | undefined;
  /** The operations of the table that there is, by the name of the API. */
  readonly before?: ((name: string) => readonly ApiOperation[] | Promise<readonly ApiOperation[]>) | undefined;
}

/** An operation of the table, with what it was made from. */
export type ImportedOperation = ApiOperation & Omit<ReadOperation, "permission" | "formats">;

export interface Imported {
  readonly name: string;
  readonly title: string;
  /** The title and the version in the document, and the version of OpenAPI. */
  readonly documentName: string;
  /** What all paths begin with, without a slash at its end. */
  readonly prefix: string;
  readonly operations: readonly ImportedOperation[];
  readonly words: Readonly<Record<string, ResourceWords>>;
  readonly placed: ReadonlyMap<string, Placed>;
  /** By permission: what had to be guessed. */
  readonly guesses: ReadonlyMap<string, string>;
  readonly leftOut: readonly string[];
  readonly notes: readonly string[];
}

const NAME = /^[a-z][a-z0-9-]*$/;

/** Parameters that may name the account, the project or the cluster: said to people, who decide. */
const SCOPES = { account: "account|org|organization|tenant|team", project: "project|workspace", cluster: "cluster" };

/**
 * Reads a document into a table.
 *
 * @throws DocumentError with all faults
 */
export async function importDocument(text: string, options: ImportOptions = {}): Promise<Imported> {
  const document = parseOpenApi(text);
  const { report, faults, lineOf } = document;
  const info = isObject(document.root.info) ? document.root.info : {};
  const title = typeof info.title === "string" && info.title.trim() !== "" ? info.title.trim() : "";
  const name = options.name ?? nameFrom(title);
  if (!NAME.test(name))
    report(["info", "title"], `no name can be made from it: --name with small letters, digits and -, a letter first`);
  const read = readOperations(document, options);
  for (const { message, operationIds } of templateFaults(read.operations)) {
    for (const { at } of read.operations.filter(({ operationId }) => operationIds.includes(operationId)))
      report(at, message);
  }
  if (faults.length > 0) throw new DocumentError(faults, lineOf);
  const before = (await options.before?.(name)) ?? [];
  const unnamed = read.operations.filter(({ permission }) => permission === undefined);
  const derived = derivePermissions(read.operations, unnamed, { prefix: read.prefix, name, before });
  const guesses = new Map<string, string>();
  const operations = read.operations.map((operation): ImportedOperation => {
    const { formats, permission: said, ...rest } = operation;
    const named = derived.get(operation);
    if (named !== undefined && named.guess !== null) guesses.set(named.permission, named.guess);
    const permission = said === undefined ? (named?.permission ?? null) : said;
    return { ...rest, permission, ...(Object.keys(formats).length > 0 ? { formats } : {}) };
  });
  const documentName = [title || name, info.version, `(${document.version})`].filter(Boolean).join(" ");
  return {
    ...{ name, title: title || name, documentName, operations, guesses },
    prefix: operations.every(({ path }) => path.startsWith(`${read.prefix}/`)) ? read.prefix : "",
    words: wordsFor(operations),
    placed: placePermissions(operations, read.prefix),
    leftOut: read.leftOut,
    notes: [...read.notes, ...hintsOf(operations)],
  };
}

/** `digitalocean` of "DigitalOcean API". */
function nameFrom(title: string): string {
  return title
    .toLowerCase()
    .replace(/\b(?:open)?api\b|\bv?\d+(?:\.\d+)*\b|\bspec(?:ification)?\b/g, " ")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[-\d]+|-+$/g, "");
}

/** The last segment of a POST that reads. */
const READING =
  /(?:^|[^a-z])(?:count|explain|find|get|list|lookup|preview|query|range|search|status|validate)(?![a-z])/i;

function hintsOf(operations: readonly ImportedOperation[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { path } of operations)
    for (const name of parametersOf(path)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const scopes = Object.entries(SCOPES).flatMap(([scope, words]) => {
    const pattern = new RegExp(`^(?:${words})(?:_?-?(?:id|uuid|name|slug))$`, "i");
    const found = [...counts].filter(([name]) => pattern.test(name));
    return found.map(
      ([name, count]) => `{${name}}, in ${count} of the paths, may name the ${scope} (policy.ts: parameters)`,
    );
  });
  const reading = operations.filter(
    ({ method, effect, path }) =>
      method === "POST" && effect === "mutating" && READING.test(path.split("/").at(-1) ?? ""),
  );
  const withSlash = new Set(
    operations.flatMap(({ examples }) => Object.keys(examples).filter((name) => examples[name]?.includes("/"))),
  );
  const slashes = [...counts.keys()].filter(
    (name) => withSlash.has(name) || /^(?:path|file_?path|key_?path|object_?key|prefix)$/i.test(name),
  );
  return [
    ...scopes,
    ...reading.map(({ operationId, path }) => `${operationId}: POST ${path} may only read (policy.ts: effect "safe")`),
    ...slashes.map((name) => {
      // A catch-all stands at the end of a template only.
      const isLast = operations.some(({ path }) => path.endsWith(`{${name}}`));
      return `{${name}} may hold slashes (policy.ts: encodedSlash${isLast ? `, or an override with {${name}...}` : ""})`;
    }),
  ];
}
