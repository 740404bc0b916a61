// Compiles an operation table for the matcher, once, at start-up, and finds everything that is wrong with it.
import { METHODS, type ParameterFormat } from "./api-description.ts";
import type { Operation } from "./operations.ts";
import {
  addPrefix,
  compileFormat,
  type FormatCheck,
  type PrefixTree,
  parseTemplate,
  reaches,
  type SegmentCache,
  type TemplateSegment,
} from "./path-template.ts";
import type { CompiledRoute, Node, Routes } from "./route-matcher.ts";

/** What is wrong with a table, and which of its rows are concerned. */
export interface TemplateFault {
  readonly operationIds: readonly string[];
  /** One sentence, without a full stop. */
  readonly message: string;
}

/**
 * Compiles a table, once, at start-up.
 *
 * @throws the first of `templateFaults`
 */
export function compileRoutes<O extends Operation>(operations: readonly O[]): Routes<O> {
  const { root, faults } = compile(operations);
  if (faults[0] !== undefined) throw new Error(`operation table: ${faults[0].message}`);
  return { ...withoutCommonPrefix(root), isAmbiguous: ambiguityOf(operations) };
}

/**
 * Everything that is wrong with a table: templates outside the grammar, formats that cannot be checked, operationIds that occur
 * twice, and two rows of one method whose templates match the same paths in no order.
 *
 * @returns in the order of the rows; empty for a table that `compileRoutes` accepts
 */
export function templateFaults(operations: readonly Operation[]): readonly TemplateFault[] {
  return compile(operations).faults;
}

const PUBLIC_PREFIXES = ["/console", "/.well-known/gatehouse"] as const;
const NONE: readonly never[] = [];

interface Compiled<O extends Operation> {
  readonly root: Node<O>;
  readonly faults: readonly TemplateFault[];
}

function compile<O extends Operation>(operations: readonly O[]): Compiled<O> {
  const root = emptyNode<O>();
  const faults: TemplateFault[] = [];
  const ids = new Set<string>();
  const known: SegmentCache = new Map();
  const report = (message: string, ...operationIds: string[]) => faults.push({ operationIds, message });
  for (const operation of operations) {
    const { operationId, path, formats, encodedSlash } = operation;
    // An id of the API may be one of Gatehouse's: each has its own.
    const id = `${operation.handledBy} ${operationId}`;
    if (ids.has(id)) report(`two rows have the operationId ${operationId}`, operationId);
    ids.add(id);
    const template = parseTemplate(path, known);
    if (typeof template === "string") {
      report(template, operationId);
      continue;
    }
    const { names } = template;
    for (const fault of formats || encodedSlash ? parameterFaults(operation, names) : NONE) report(fault, operationId);
    const other = add(root, template.segments, {
      operation,
      names,
      checks: formats ? names.map((name) => checkOf(formats, name)) : NONE,
      slashed: encodedSlash ? names.map((name) => encodedSlash.includes(name)) : NONE,
      ambiguous: null,
    });
    if (other === null) continue;
    report(`${rowText(other)} and ${rowText(operation)} match the same paths`, other.operationId, operationId);
  }
  return { root, faults };
}

/** Whether a path of a row could be read as that of Gatehouse or of an account, even without an encoding. */
function ambiguityOf(operations: readonly Operation[]): (operation: Operation) => boolean {
  let prefixes: PrefixTree | null = null;
  return ({ path }) => {
    prefixes ??= reservedPrefixes(operations);
    const template = parseTemplate(path);
    return typeof template === "string" || reaches(template.segments, prefixes);
  };
}

/** Adds a row to the trie. @returns the row that has its place already, or `null` */
function add<O extends Operation>(
  root: Node<O>,
  template: readonly TemplateSegment[],
  route: CompiledRoute<O>,
): O | null {
  let here = root;
  for (const segment of template) here = below(here, segment);
  here.served ??= METHODS.map(() => null);
  const slot = METHODS.indexOf(route.operation.method);
  const other = here.served[slot];
  if (other) return other.operation;
  here.served[slot] = route;
  here.checked ||= route.checks.some((check) => check !== null);
  return null;
}

/** The child of a node for a segment, created if it does not exist. */
function below<O extends Operation>(here: Node<O>, segment: TemplateSegment): Node<O> {
  if (segment.kind === "literal") {
    here.literals ??= new Map();
    const made = here.literals.get(segment.text) ?? emptyNode<O>();
    here.literals.set(segment.text, made);
    return made;
  }
  if (segment.kind === "catch_all") {
    here.wide = true;
    here.rest ??= emptyNode();
    return here.rest;
  }
  const { suffix } = segment;
  if (suffix === "") {
    here.param ??= emptyNode();
    return here.param;
  }
  here.wide = true;
  here.suffixes ??= [];
  const known = here.suffixes.find((other) => other.suffix === suffix);
  if (known !== undefined) return known.node;
  const node = emptyNode<O>();
  here.suffixes.push({ suffix, node });
  here.suffixes.sort((a, b) => b.suffix.length - a.suffix.length);
  return node;
}

function parameterFaults({ path, formats = {}, encodedSlash = [] }: Operation, names: readonly string[]): string[] {
  const unknown = new Set([...Object.keys(formats), ...encodedSlash].filter((name) => !names.includes(name)));
  const uncompiled = Object.keys(formats).filter((name) => compileFormat(formats[name] as ParameterFormat) === null);
  return [
    ...[...unknown].map((name) => `${path} has no parameter {${name}}`),
    ...uncompiled.map((name) => `the pattern of {${name}} in ${path} is no regular expression`),
  ];
}

function checkOf(formats: NonNullable<Operation["formats"]>, name: string): FormatCheck | null {
  return Object.hasOwn(formats, name) ? compileFormat(formats[name] as ParameterFormat) : null;
}

/** The shortest templates that Gatehouse serves: everything below them is reserved, too. */
export function shortestOwnPaths(operations: readonly Operation[]): readonly string[] {
  const own = new Set(operations.filter(({ handledBy }) => handledBy === "gatehouse").map(({ path }) => path));
  return [...own].filter((path) => ![...own].some((other) => path.startsWith(`${other}/`)));
}

/** The templates that end with the id of an account. */
function accountTemplates(operations: readonly Operation[]): ReadonlySet<string> {
  const templates = operations.flatMap(({ path, accountParam }) =>
    accountParam === undefined ? [] : [path.slice(0, path.indexOf(`{${accountParam}}`) + accountParam.length + 2)],
  );
  return new Set(templates);
}

/** What Gatehouse serves itself, and where accounts are. */
function reservedPrefixes(operations: readonly Operation[]): PrefixTree {
  const root: PrefixTree = { below: new Map(), end: null };
  for (const template of accountTemplates(operations)) addPrefix(root, template, "account");
  for (const prefix of PUBLIC_PREFIXES) addPrefix(root, prefix, "reserved");
  for (const { handledBy, path } of operations) if (handledBy === "gatehouse") addPrefix(root, path, "reserved");
  return root;
}

function withoutCommonPrefix<O extends Operation>(whole: Node<O>): Pick<Routes<O>, "prefix" | "root"> {
  let prefix = "";
  let root = whole;
  while (root.literals?.size === 1 && !root.param && !root.wide && root.served === null) {
    for (const [segment, below] of root.literals) {
      prefix += `/${segment}`;
      root = below;
    }
  }
  return { prefix, root };
}

function emptyNode<O extends Operation>(): Node<O> {
  return { literals: null, suffixes: null, param: null, rest: null, wide: false, served: null, checked: false };
}

function rowText({ operationId, method, path }: Operation): string {
  return `${operationId} (${method} ${path})`;
}
