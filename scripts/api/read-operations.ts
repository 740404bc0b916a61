// The operations of a document: each with its template, permission and effect, and everything that is wrong with any of them.
import { type Effect, METHODS, type Method, type ParameterFormat } from "../../src/core/routing/api-description.ts";
import { type Document, isObject, type Json, type Path } from "./document.ts";
import { effectOf, permissionOf, reportUnknownExtensions } from "./extensions.ts";
import { exampleOf, formatOf } from "./formats.ts";
import { ownPaths } from "./gatehouse.ts";
import { type ParameterPlace, pathParameters } from "./path-parameters.ts";
import { type Base, parametersOf, serversOf, swaggerBase, templateOf, withoutSlash } from "./templates.ts";

/** An operation as the document has it. */
export interface ReadOperation {
  readonly operationId: string;
  readonly method: Method;
  readonly path: string;
  /** Of `x-gatehouse-permission`; `undefined`: the document says nothing. */
  readonly permission: string | null | undefined;
  readonly effect: Effect;
  readonly formats: Readonly<Record<string, ParameterFormat>>;
  readonly tags: readonly string[];
  readonly summary: string;
  /** Values of the path parameters that the document gives as examples. */
  readonly examples: Readonly<Record<string, string>>;
  /** Where in the document. */
  readonly at: Path;
}

export interface ReadApi {
  readonly operations: readonly ReadOperation[];
  /** The path that all servers of the document share, or that of the first. */
  readonly prefix: string;
  /** What was left out, and why. */
  readonly leftOut: readonly string[];
  /** What people should know about how the document was read. */
  readonly notes: readonly string[];
}

export interface ReadOptions {
  /** Instead of the paths of all servers. */
  readonly prefix?: string | undefined;
  /** Whether an operation without an id gets one, made from its method and path. */
  readonly makeIds?: boolean | undefined;
  /** Where the operations of Gatehouse will be, without a slash at its end. */
  readonly managementPrefix?: string | undefined;
}

const NEVER_FORWARDED = new Set(["options", "trace", "connect"]);
const FROM_THE_API = "requests that the API makes, not its clients";

/** Reads all operations. Faults go to the document; with any, the result is of no use. */
export function readOperations(document: Document, options: ReadOptions = {}): ReadApi {
  const { root, report } = document;
  const leftOut: string[] = [];
  const notes: string[] = [];
  const bases = document.isSwagger ? [swaggerBase(root)] : serversOf(root.servers);
  const base: Base = bases[0] ?? { path: "", host: "" };
  const others = [...new Set(bases.map(({ path }) => path))].filter((path) => path !== base.path);
  const prefix = options.prefix === undefined ? base.path : withoutSlash(options.prefix);
  if (others.length > 0 && options.prefix === undefined)
    notes.push(`the servers have several paths; taken is ${base.path || "/"}, not ${others.join(", ")} (--prefix)`);
  const otherHosts = new Map<string, number>();
  const isOwnPath = ownPaths(options.managementPrefix);
  const operations: ReadOperation[] = [];
  for (const { path, item, itemAt } of pathItems(document)) {
    for (const [key, operation] of Object.entries(item)) {
      const method = METHODS.find((name) => name.toLowerCase() === key);
      const at = [...itemAt, key];
      if (NEVER_FORWARDED.has(key))
        leftOut.push(`${key.toUpperCase()} ${path}: the gateway forwards no ${key.toUpperCase()}`);
      if (method === undefined) continue;
      if (!isObject(operation)) {
        report(at, "is no object");
        continue;
      }
      const [own = base] = [operation.servers, item.servers].flatMap((servers) => serversOf(servers).slice(0, 1));
      const template = templateOf(`${options.prefix === undefined ? own.path : prefix}${path}`);
      if ("reason" in template) {
        leftOut.push(`${method} ${path}: ${template.reason}`);
        continue;
      }
      if (own.host !== base.host) otherHosts.set(own.host, (otherHosts.get(own.host) ?? 0) + 1);
      if (isObject(operation.callbacks)) leftOut.push(`callbacks of ${method} ${path}: ${FROM_THE_API}`);
      for (const [from, to] of Object.entries(template.renamed))
        notes.push(`${path}: {${from}} is {${to}} in the table`);
      const place = { document, at, item, itemAt, renamed: template.renamed };
      operations.push(readOperation({ ...place, method, path: template.path, notes, isOwnPath }, operation, options));
    }
  }
  for (const [host, count] of otherHosts)
    notes.push(
      `served by ${host || "another host"}: ${count} of the operations; Gatehouse forwards all to UPSTREAM_URL`,
    );
  for (const key of ["webhooks", "x-webhooks"]) if (isObject(root[key])) leftOut.push(`${key}: ${FROM_THE_API}`);
  reportUnknownExtensions(document);
  reportDoubles(document, operations);
  if (operations.length === 0) report(["paths"], "has no operation that the gateway could forward");
  return { operations, prefix, leftOut, notes };
}

/** The path items of a document, wherever they are defined. */
function* pathItems({ root, report, follow }: Document) {
  const { paths } = root;
  if (paths !== undefined && !isObject(paths)) report(["paths"], "is no object");
  for (const [path, item] of Object.entries(isObject(paths) ? paths : {})) {
    const at = ["paths", path];
    const found = path.startsWith("x-") ? null : follow(item, at);
    if (found === null) continue;
    if (!isObject(found.value)) {
      report(at, "is no object");
      continue;
    }
    if (!path.startsWith("/")) {
      report(at, "the path does not begin with a slash");
      continue;
    }
    if (found.value !== item && isObject(item) && METHODS.some((method) => method.toLowerCase() in item))
      report(at, "has operations beside its $ref, which is defined for neither");
    yield { path, item: found.value, itemAt: found.path };
  }
}

interface Where extends ParameterPlace {
  readonly method: Method;
  readonly path: string;
  readonly notes: string[];
  readonly isOwnPath: (template: string) => boolean;
}

function readOperation(where: Where, operation: Json, options: ReadOptions): ReadOperation {
  const { document, at, method, path, notes } = where;
  const { report } = document;
  const { operationId, tags, summary, description } = operation;
  let id = typeof operationId === "string" ? operationId.trim() : "";
  if (id === "" && options.makeIds) id = madeId(method, path);
  if (id === "") report(at, "the operation has no operationId (--make-ids makes one from its method and path)");
  if (where.isOwnPath(path))
    report(at, `${path} is a path of Gatehouse itself, which never reaches the API (MANAGEMENT_PREFIX)`);
  const formats: Record<string, ParameterFormat> = {};
  const examples: Record<string, string> = {};
  const defined = pathParameters(where, operation);
  const names = parametersOf(path);
  for (const name of names) {
    const found = defined.get(name);
    if (found === undefined) {
      report(at, `the path has {${name}}, which no parameter defines`);
      continue;
    }
    const { parameter, schema } = found;
    const { format, reason } = formatOf(schema);
    if (format !== null) formats[name] = format;
    if (reason !== undefined) notes.push(`${method} ${path}: ${name}: ${reason}`);
    const example = exampleOf(parameter, schema);
    if (example !== null) examples[name] = example;
  }
  for (const [name, { path: parameterAt }] of defined)
    if (!names.includes(name)) report(parameterAt, `the path parameter ${name} is not in ${path}`);
  return {
    ...{ operationId: id, method, path, formats, examples, at },
    permission: permissionOf(document, at, operation),
    effect: effectOf(document, at, operation, method),
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [],
    summary:
      [summary, description].find((text): text is string => typeof text === "string" && text.trim() !== "") ?? "",
  };
}

function reportDoubles({ report }: Document, operations: readonly ReadOperation[]): void {
  for (const [id, same] of Map.groupBy(operations, ({ operationId }) => operationId)) {
    if (id === "" || same.length === 1) continue;
    for (const { at } of same) report(at, `the operationId ${id} is that of ${same.length} operations`);
  }
}

/** `getJobsByJobName` for GET /jobs/{jobName}: the same as long as method and path are. */
function madeId(method: Method, path: string): string {
  const words = path.split("/").flatMap((segment) => {
    const parts = segment.split(/[^A-Za-z\d]+/).filter((part) => part !== "");
    return segment.startsWith("{") ? ["By", ...parts] : parts;
  });
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
