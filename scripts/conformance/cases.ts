// Reads the request sequences and the operation table, and expands every abbreviation of the cases file.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isMembers, type Members } from "./client.ts";
import { type Flag, flagsOf, wordsOf } from "./command-line.ts";

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly template: string;
}

/** The values of enumerations that are published nowhere: those of the operation table and of the fixtures. */
export interface KnownNames {
  readonly resourceTypes: ReadonlySet<string>;
  readonly operationGroups: ReadonlySet<string>;
  readonly states: ReadonlySet<string>;
}

export interface Step {
  readonly operation: Operation;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** `null`: any status of success. */
  readonly status: number | null;
  readonly fixture: string | null;
  readonly reads: readonly string[];
  readonly responseIgnored: boolean;
  readonly when: string | null;
}

export interface Case {
  readonly command: string;
  readonly words: string;
  readonly flags: ReadonlyMap<string, Flag>;
  /** Requests that every command begins with. */
  readonly preamble: readonly Step[];
  readonly steps: readonly Step[];
  /** The CLI's error message when the last step fails. */
  readonly message: string | null;
  /** The same command with another last response, and its error message. */
  readonly errorCase: { readonly step: Step; readonly message: string | null } | null;
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
// The CLI's own tests use it for a case that fails without a status ("Cluster is not in paused state").
const ERROR_STATUS = 409;

const orNull = (value: unknown): string | null => (typeof value === "string" ? value : null);
const withoutNote = (value: string) => value.replace(/\s*\([^)]*\)\s*$/, "");
const texts = (value: unknown): Record<string, string> =>
  isMembers(value) ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withoutNote(String(v))])) : {};

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

function readStep(source: unknown, operations: readonly Operation[]): Step {
  const { method: spelled, path: place, respond, reads, ...more } = isMembers(source) ? source : ({} as Members);
  if (typeof spelled !== "string" || typeof place !== "string") throw new Error("a request without a path");
  const method = withoutNote(spelled);
  const [path = "", search = ""] = withoutNote(place).split("?");
  const template = expandPath(path, operations);
  const operation = operations.find((each) => each.method === method && each.template === template);
  if (operation === undefined) throw new Error(`${method} ${template} is not in the operation table`);
  return {
    operation,
    query: { ...Object.fromEntries(new URLSearchParams(search)), ...texts(more.query) },
    body: more.body ?? null,
    status: typeof respond === "number" ? respond : null,
    fixture: orNull(more.fixture),
    reads: (orNull(reads)?.split(/[,;]\s*/) ?? []).filter((each) => /^data[\w.[\]]*$/.test(each)),
    responseIgnored: more.response_body === "ignored",
    when: orNull(more.when),
  };
}

function readErrorCase(source: unknown, last: Step | undefined): Case["errorCase"] {
  if (!isMembers(source) || last === undefined) return null;
  const status = typeof source.respond === "number" ? source.respond : ERROR_STATUS;
  return { step: { ...last, status, fixture: orNull(source.fixture) }, message: orNull(source.stderr_contains) };
}

function readCase(source: unknown, preamble: readonly Step[], operations: readonly Operation[]): Case {
  const { command, requests, ...more } = isMembers(source) ? source : ({} as Members);
  if (typeof command !== "string" || !Array.isArray(requests)) throw new Error("an empty case");
  const steps = requests.filter((each) => each !== "preamble").map((each) => readStep(each, operations));
  return {
    command,
    words: wordsOf(command),
    flags: flagsOf(command),
    preamble: requests.includes("preamble") ? preamble : [],
    steps,
    message: orNull(more.stderr_contains),
    errorCase: readErrorCase(more.error_case, steps.at(-1)),
    parsesKey: /JWT/.test(orNull(more.local_checks) ?? ""),
  };
}

/** Reads a directory of cases, operation table and fixtures. */
export function readSuite(dir: string): Suite {
  const table = readFileSync(join(dir, "operations.tsv"), "utf8");
  const file: Members = JSON.parse(readFileSync(join(dir, "conformance-cases.json"), "utf8"));
  const fixture = (name: string): Uint8Array => readFileSync(join(dir, "fixtures", name));
  const names = readdirSync(join(dir, "fixtures")).filter((name) => name.endsWith(".json"));
  const fixtures = names.map((name) => JSON.parse(new TextDecoder().decode(fixture(name))));
  const operations = readOperations(table);
  const preamble = Array.isArray(file.preamble) ? file.preamble.map((each) => readStep(each, operations)) : [];
  const cases = Array.isArray(file.cases) ? file.cases : [];
  return {
    cases: cases.map((each) => readCase(each, preamble, operations)),
    headers: texts(file.headers_every_request),
    ids: texts(file.ids_in_fixtures),
    known: readKnown(table, fixtures),
    fixture,
  };
}

/** The names in `RESOURCE:GROUP` pairs of the operation table, and those of the fixtures. */
function readKnown(table: string, fixtures: readonly unknown[]): KnownNames {
  const pairs = [...table.matchAll(/\b([A-Z][A-Z_]+):([A-Z_]+|\*)/g)];
  const groups = pairs.map(([, , group = "*"]) => group).filter((group) => group !== "*");
  return {
    resourceTypes: new Set([...pairs.map(([, type = ""]) => type), ...valuesOf(fixtures, "resource_type")]),
    operationGroups: new Set([...groups, ...valuesOf(fixtures, "operation_group")]),
    states: new Set(valuesOf(fixtures, "state")),
  };
}

/** All texts of the members with one name, however deep. */
function valuesOf(value: unknown, name: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === name && typeof member === "string" ? [member] : valuesOf(member, name),
  );
}
