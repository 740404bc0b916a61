// Compiles an operation table for the matcher, once, at start-up, and finds everything that is wrong with it.
import { METHODS, type ParameterFormat } from "./api-description.ts";
import type { Operation } from "./operations.ts";
import { compileFormat, parametersOf, parseTemplate, reaches, type TemplateSegment } from "./path-template.ts";
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
  return withoutCommonPrefix(root);
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

const PUBLIC_PREFIXES = ["/console", "/.well-known/gatehouse"].map(segmentsOf);

function compile<O extends Operation>(operations: readonly O[]): { root: Node<O>; faults: readonly TemplateFault[] } {
  const root = emptyNode<O>();
  const faults: TemplateFault[] = [];
  const ids = new Set<string>();
  const reserved = [...PUBLIC_PREFIXES, ...shortestOwnPaths(operations).map(segmentsOf)];
  const accounts = accountTemplates(operations);
  for (const operation of operations) {
    const { operationId, path, formats = {}, encodedSlash = [] } = operation;
    const report = (message: string, ...others: string[]) =>
      faults.push({ operationIds: [...others, operationId], message });
    if (ids.has(operationId)) report(`two rows have the operationId ${operationId}`);
    ids.add(operationId);
    const template = parseTemplate(path);
    if (typeof template === "string") {
      report(template);
      continue;
    }
    const names = parametersOf(template);
    for (const message of parameterFaults(operation, names)) report(message);
    const route: CompiledRoute<O> = {
      operation,
      names,
      checks: names.map((name) =>
        Object.hasOwn(formats, name) ? compileFormat(formats[name] as ParameterFormat) : null,
      ),
      slashed: names.map((name) => encodedSlash.includes(name)),
      ambiguous:
        reserved.some((prefix) => reaches(template, prefix, encodedSlash)) ||
        accounts.some((account) => reaches(template, account, encodedSlash, true)),
    };
    const other = add(root, template, route);
    if (other !== null) report(`${rowText(other)} and ${rowText(operation)} match the same paths`, other.operationId);
  }
  return { root, faults };
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
    here.rest ??= emptyNode();
    return here.rest;
  }
  const { suffix } = segment;
  if (suffix === "") {
    here.param ??= emptyNode();
    return here.param;
  }
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
  const uncompiled = Object.entries(formats).filter(([, format]) => compileFormat(format) === null);
  return [
    ...[...unknown].map((name) => `${path} has no parameter {${name}}`),
    ...uncompiled.map(([name]) => `the pattern of {${name}} in ${path} is no regular expression`),
  ];
}

/** The shortest templates that Gatehouse serves: everything below them is reserved, too. */
export function shortestOwnPaths(operations: readonly Operation[]): readonly string[] {
  const own = new Set(operations.filter(({ handledBy }) => handledBy === "gatehouse").map(({ path }) => path));
  return [...own].filter((path) => ![...own].some((other) => path.startsWith(`${other}/`)));
}

/** The templates that end with the id of an account. */
function accountTemplates(operations: readonly Operation[]): readonly (readonly TemplateSegment[])[] {
  const templates = operations.flatMap(({ path, accountParam }) => {
    const segments = path.split("/");
    const at = segments.findIndex((segment) => segment.startsWith(`{${accountParam}}`));
    return accountParam === undefined || at === -1 ? [] : [`${segments.slice(0, at).join("/")}/{${accountParam}}`];
  });
  return [...new Set(templates)].map(segmentsOf);
}

function withoutCommonPrefix<O extends Operation>(whole: Node<O>): Routes<O> {
  let prefix = "";
  let root = whole;
  while (root.literals?.size === 1 && !root.param && !root.suffixes && !root.rest && root.served === null) {
    for (const [segment, below] of root.literals) {
      prefix += `/${segment}`;
      root = below;
    }
  }
  return { prefix, root };
}

function emptyNode<O extends Operation>(): Node<O> {
  return { literals: null, suffixes: null, param: null, rest: null, served: null, checked: false };
}

/** The segments of a template; none of one that is reported as a fault. */
function segmentsOf(path: string): readonly TemplateSegment[] {
  const parsed = parseTemplate(path);
  return typeof parsed === "string" ? [] : parsed;
}

function rowText({ operationId, method, path }: Operation): string {
  return `${operationId} (${method} ${path})`;
}
