// Reads the request sequences and the operation table, and expands every abbreviation of the cases file.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { type Flag, flagsOf, wordsOf } from "./command-line.ts";

// A remark in parentheses may follow a text.
const text = z.string().transform((value) => value.replace(/\s*\([^)]*\)\s*$/, ""));
const texts = z.record(z.string(), text);

const REQUEST = z.object({
  method: text,
  path: text,
  query: texts.default({}),
  body: z.unknown().optional(),
  /** Without it, any status of success. */
  respond: z.int().optional(),
  fixture: z.string().optional(),
  /** Places in the response, then remarks. */
  reads: z.string().default(""),
  response_body: z.literal("ignored").optional(),
  when: z.string().optional(),
});

const CASE = z.object({
  command: z.string(),
  requests: z.array(z.literal("preamble").or(REQUEST)),
  /** The CLI's error message when the last request fails. */
  stderr_contains: z.string().optional(),
  /** The same command with another last response. */
  error_case: z
    .object({
      // The CLI's own tests use it for a case that fails without a status ("Cluster is not in paused state").
      respond: z.int().default(409),
      fixture: z.string(),
      stderr_contains: z.string(),
    })
    .optional(),
  local_checks: z.string().default(""),
});

const FILE = z.object({
  ids_in_fixtures: texts,
  headers_every_request: texts,
  preamble: z.array(REQUEST),
  cases: z.array(CASE),
});

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly template: string;
}

/** The values of enumerations that are published nowhere: those of the operation table and of the fixtures. */
export interface KnownNames {
  readonly resourceTypes: readonly string[];
  readonly operationGroups: readonly string[];
}

export type Step = Omit<z.infer<typeof REQUEST>, "reads"> & {
  readonly operation: Operation;
  readonly reads: readonly string[];
};

export type Case = Omit<z.infer<typeof CASE>, "requests"> & {
  readonly words: string;
  readonly flags: ReadonlyMap<string, Flag>;
  /** Requests that every command begins with. */
  readonly preamble: readonly Step[];
  readonly steps: readonly Step[];
};

export interface Suite {
  readonly cases: readonly Case[];
  readonly headers: Readonly<Record<string, string>>;
  readonly ids: Readonly<Record<string, string>>;
  readonly known: KnownNames;
  readonly fixture: (name: string) => Uint8Array;
}

const ACCOUNT = "/api/public/v1/accounts/{accountId}";

/** The operations of a tab-separated table, in which a path with a final question mark is not established. */
export function readOperations(table: string): Operation[] {
  const rows = table.split("\n").slice(1);
  return rows.flatMap((line) => {
    const [method, path, id] = line.split("\t");
    return method && path && id ? [{ method, id, template: path.replace(/ \?$/, "") }] : [];
  });
}

/** The full template of an abbreviated path: `A/…`, `P/…`, `roles…`, `permissions`. */
export function expandPath(path: string, operations: readonly Operation[]): string {
  if (path.startsWith("/")) return path;
  const [first = "", ...rest] = path.split("/");
  if (first === "A") return [ACCOUNT, ...rest].join("/");
  if (first === "P") return [ACCOUNT, "projects", "{projectId}", ...rest].join("/");
  const named = operations.find(({ method, template }) => method === "GET" && template.endsWith(`/${first}`));
  if (named === undefined) throw new Error(`no operation lists ${first}`);
  return [named.template, ...rest].join("/");
}

function toStep(request: z.infer<typeof REQUEST>, operations: readonly Operation[]): Step {
  const [path = "", search = ""] = request.path.split("?");
  const template = expandPath(path, operations);
  const operation = operations.find((each) => each.method === request.method && each.template === template);
  if (operation === undefined) throw new Error(`${request.method} ${template} is not in the operation table`);
  const query = { ...Object.fromEntries(new URLSearchParams(search)), ...request.query };
  const reads = request.reads.split(/[,;]\s*/).filter((each) => /^data[\w.[\]]*$/.test(each));
  return { ...request, operation, query, reads };
}

/** Reads a directory of cases, operation table and fixtures. @throws Error when something in it is not understood */
export function readSuite(dir: string): Suite {
  const table = readFileSync(join(dir, "operations.tsv"), "utf8");
  const file = FILE.parse(JSON.parse(readFileSync(join(dir, "conformance-cases.json"), "utf8")));
  const fixture = (name: string): Uint8Array => readFileSync(join(dir, "fixtures", name));
  const names = readdirSync(join(dir, "fixtures")).filter((name) => name.endsWith(".json"));
  const operations = readOperations(table);
  const preamble = file.preamble.map((each) => toStep(each, operations));
  const cases = file.cases.map(({ requests, ...source }) => ({
    ...source,
    words: wordsOf(source.command),
    flags: flagsOf(source.command),
    preamble: requests.includes("preamble") ? preamble : [],
    steps: requests.filter((each) => each !== "preamble").map((each) => toStep(each, operations)),
  }));
  const known = knownNames(table, names.map((name) => new TextDecoder().decode(fixture(name))).join("\n"));
  return { cases, headers: file.headers_every_request, ids: file.ids_in_fixtures, known, fixture };
}

/** The names in `RESOURCE:GROUP` pairs of the operation table, and those of the fixtures. */
function knownNames(table: string, fixtures: string): KnownNames {
  const [types = [], groups = []] = ["resource_type", "operation_group"].map((member) =>
    [...fixtures.matchAll(new RegExp(`"${member}": *"(\\w+)"`, "g"))].map(([, name = ""]) => name),
  );
  for (const [, type = "", group = ""] of table.matchAll(/\b([A-Z][A-Z_]+):([A-Z_]+|\*)/g)) {
    types.push(type);
    if (group !== "*") groups.push(group);
  }
  return { resourceTypes: [...new Set(types)], operationGroups: [...new Set(groups)] };
}
