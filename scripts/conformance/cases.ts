// Reads the command sequences and the operation table; opens every abbreviation of the cases file. Plays nothing.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isMembers, type Members } from "./client.ts";
import { type Flag, flagsOf, wordsOf } from "./command-line.ts";
import { type KnownNames, readKnown } from "./known-names.ts";

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly template: string;
}

export interface Step {
  readonly operation: Operation;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** `null`: any status of success. */
  readonly status: number | null;
  readonly fixture: string | null;
  readonly reads: readonly string[];
  readonly answerIgnored: boolean;
  readonly when: string | null;
}

export interface Case {
  readonly command: string;
  readonly words: string;
  readonly flags: ReadonlyMap<string, Flag>;
  /** Requests that every command opens with. */
  readonly preamble: readonly Step[];
  readonly steps: readonly Step[];
  /** What the CLI prints when the last step fails. */
  readonly complaint: string | null;
  /** The same command with another last answer, and its complaint. */
  readonly errorCase: { readonly step: Step; readonly complaint: string | null } | null;
  readonly parsesKey: boolean;
}

export interface Suite {
  readonly cases: readonly Case[];
  readonly headers: Readonly<Record<string, string>>;
  readonly ids: Readonly<Record<string, string>>;
  readonly known: KnownNames;
  readonly fixture: (name: string) => Uint8Array;
}

const ACCOUNT = "/api/public/v1/accounts/{accountId}";
// A case that fails without saying how: the CLI's own tests answer so ("Cluster is not in paused state").
const ERROR_STATUS = 409;

const isText = (value: unknown): value is string => typeof value === "string";
const orNull = (value: unknown): string | null => (isText(value) ? value : null);
const withoutNote = (value: string) => value.replace(/\s*\([^)]*\)\s*$/, "");
const texts = (value: unknown): Record<string, string> =>
  isMembers(value) ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withoutNote(String(v))])) : {};

/** The operations of a tab-separated table; a path that is not established ends in a question mark there. */
export function readOperations(table: string): Operation[] {
  return table
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"))
    .flatMap(([method, path, id]) =>
      method && path && id ? [{ method, id, template: path.replace(/ \?$/, "") }] : [],
    );
}

/** The full template of a path as the cases file abbreviates it: `A/…`, `P/…`, `roles…`, `permissions`. */
export function openPath(path: string, operations: readonly Operation[]): string {
  if (path.startsWith("/")) return path;
  const [first = "", ...rest] = path.split("/");
  if (first === "A") return [ACCOUNT, ...rest].join("/");
  if (first === "P") return [ACCOUNT, "projects", "{projectId}", ...rest].join("/");
  const named = operations.find(({ method, template }) => method === "GET" && template.endsWith(`/${first}`));
  if (named === undefined) throw new Error(`no operation lists ${first}`);
  return [named.template, ...rest].join("/");
}

function readStep(source: unknown, operations: readonly Operation[]): Step {
  if (!isMembers(source) || !isText(source.method) || !isText(source.path)) throw new Error("a request without a path");
  const method = withoutNote(source.method);
  const [path = "", search = ""] = withoutNote(source.path).split("?");
  const template = openPath(path, operations);
  const operation = operations.find((each) => each.method === method && each.template === template);
  if (operation === undefined) throw new Error(`${method} ${template} is not in the operation table`);
  return {
    operation,
    query: { ...Object.fromEntries(new URLSearchParams(search)), ...texts(source.query) },
    body: source.body ?? null,
    status: typeof source.respond === "number" ? source.respond : null,
    fixture: orNull(source.fixture),
    reads: (orNull(source.reads)?.split(/[,;]\s*/) ?? []).filter((place) => /^data[\w.[\]]*$/.test(place)),
    answerIgnored: source.response_body === "ignored",
    when: orNull(source.when),
  };
}

function readErrorCase(source: unknown, last: Step | undefined): Case["errorCase"] {
  if (!isMembers(source) || last === undefined) return null;
  const status = typeof source.respond === "number" ? source.respond : ERROR_STATUS;
  return { step: { ...last, status, fixture: orNull(source.fixture) }, complaint: orNull(source.stderr_contains) };
}

function readCase(source: unknown, preamble: readonly Step[], operations: readonly Operation[]): Case {
  if (!isMembers(source) || !isText(source.command) || !Array.isArray(source.requests))
    throw new Error("an empty case");
  const steps = source.requests.filter((each) => each !== "preamble").map((each) => readStep(each, operations));
  return {
    command: source.command,
    words: wordsOf(source.command),
    flags: flagsOf(source.command),
    preamble: source.requests.includes("preamble") ? preamble : [],
    steps,
    complaint: orNull(source.stderr_contains),
    errorCase: readErrorCase(source.error_case, steps.at(-1)),
    parsesKey: isText(source.local_checks) && /JWT/.test(source.local_checks),
  };
}

/** Everything that a directory of cases, operation table and fixtures says. */
export function readSuite(dir: string): Suite {
  const table = readFileSync(join(dir, "operations.tsv"), "utf8");
  const file: Members = JSON.parse(readFileSync(join(dir, "conformance-cases.json"), "utf8"));
  const names = readdirSync(join(dir, "fixtures")).filter((name) => name.endsWith(".json"));
  const fixture = (name: string): Uint8Array => readFileSync(join(dir, "fixtures", name));
  const operations = readOperations(table);
  const preamble = Array.isArray(file.preamble) ? file.preamble.map((each) => readStep(each, operations)) : [];
  const cases = Array.isArray(file.cases) ? file.cases : [];
  return {
    cases: cases.map((each) => readCase(each, preamble, operations)),
    headers: texts(file.headers_every_request),
    ids: texts(file.ids_in_fixtures),
    known: readKnown(
      table,
      names.map((name) => JSON.parse(Buffer.from(fixture(name)).toString("utf8"))),
    ),
    fixture,
  };
}
