// The operation table compiled into a trie of segments, so that a match takes one lookup for each segment of a path,
// however many operations there are. Paths are canonical and compared byte for byte.
import { METHODS } from "./api-description.ts";
import type { Operation } from "./operations.ts";
import type { FormatCheck } from "./path-template.ts";

/** Values of the path parameters as they stand in the path, by name. */
export type RouteParams = Readonly<Record<string, string>>;

/** The result of matching a method and a path. */
export type RouteMatch<O extends Operation = Operation> =
  | {
      readonly kind: "operation";
      readonly operation: O;
      readonly params: RouteParams;
      /** Whether a server could read the path otherwise: it is encoded, or its template also matches names that are reserved. */
      readonly ambiguous: boolean;
    }
  /** The path is known, with these methods instead. */
  | { readonly kind: "other_methods"; readonly allow: readonly string[] }
  | { readonly kind: "unknown" };

/** A compiled table. */
export interface Routes<O extends Operation = Operation> {
  /** Below this path, which ends in a slash, operations that the table does not have are forwarded; `null`: nowhere. */
  readonly forwardBelow: string | null;
  /** What every path of the table begins with: compared at once, and most unknown paths differ there. */
  readonly prefix: string;
  readonly root: Node<O>;
}

/** A node of the trie; with `served`, some template ends here. A member that it does not have is `null`. */
export interface Node<O extends Operation> {
  literals: Map<string, Node<O>> | null;
  /** Parameters with a literal behind them, the longest first. */
  suffixes: { readonly suffix: string; readonly node: Node<O> }[] | null;
  param: Node<O> | null;
  /** A catch-all, where the search ends. */
  rest: Node<O> | null;
  /** By slot of the method. */
  served: (CompiledRoute<O> | null)[] | null;
  /** Whether any of those has a format. */
  checked: boolean;
}

/** A row of the table; the lists are in the order of its parameters. */
export interface CompiledRoute<O extends Operation = Operation> {
  readonly operation: O;
  readonly names: readonly string[];
  readonly checks: readonly (FormatCheck | null)[];
  /** Whether each may hold an encoded slash. */
  readonly slashed: readonly boolean[];
  /** Whether the template also matches paths that are, or could be read as, those of Gatehouse or of an account. */
  readonly ambiguous: boolean;
}

const UNKNOWN: RouteMatch<never> = { kind: "unknown" };

const SLOTS: ReadonlyMap<string, number> = new Map([...METHODS.entries()].map(([slot, method]) => [method, slot]));
const GET = METHODS.indexOf("GET");
const SLASH = 47;

/**
 * Finds the operation of a request.
 *
 * In each segment a literal takes precedence, then a parameter with the longest literal behind it, then a parameter alone, then
 * a catch-all; the next is tried where one leads to no operation, or a value has another format. A path that matches by literals
 * has only their methods, never those of a parameter beside them. HEAD is matched as GET where the template has no HEAD.
 *
 * @param path canonical
 */
export function matchRoute<O extends Operation>(routes: Routes<O>, method: string, path: string): RouteMatch<O> {
  if (!path.startsWith(routes.prefix)) return UNKNOWN;
  const encoded = path.includes("%");
  const search: Search = { path, values: [], encoded };
  const node = find(routes.root, search, routes.prefix.length);
  if (node === null) return UNKNOWN;
  const slot = SLOTS.get(method) ?? -1;
  let route = fitting(node, slot, search);
  if (route === null && method === "HEAD") route = fitting(node, GET, search);
  if (route === null) return otherMethods(node, search);
  const { values } = search;
  const params: Record<string, string> = {};
  for (let i = 0; i < values.length; i++) params[route.names[i] as string] = values[i] as string;
  return { kind: "operation", operation: route.operation, params, ambiguous: encoded || route.ambiguous };
}

interface Search {
  readonly path: string;
  /** Of the parameters up to here. */
  readonly values: string[];
  readonly encoded: boolean;
}

/** @param at at the slash before the next segment, or the end of the path */
function find<O extends Operation>(here: Node<O>, search: Search, at: number): Node<O> | null {
  const { path, values } = search;
  if (at === path.length) return isMatched(here, search) ? here : null;
  // Only directly after the common prefix can another character be here: `/api/public/v1x`.
  if (path.charCodeAt(at) !== SLASH) return null;
  const slash = path.indexOf("/", at + 1);
  const end = slash === -1 ? path.length : slash;
  const segment = path.slice(at + 1, end);
  // Hashing the segment is most of the cost of a match, so it is not looked up in an empty map.
  const literal = here.literals?.get(segment);
  if (literal !== undefined) {
    const found = find(literal, search, end);
    if (found !== null) return found;
  }
  if (segment === "") return null;
  if (here.suffixes !== null) {
    const found = findBySuffix(here.suffixes, search, segment, end);
    if (found !== null) return found;
  }
  if (here.param !== null) {
    values.push(segment);
    const found = find(here.param, search, end);
    if (found !== null) return found;
    values.pop();
  }
  if (here.rest === null || path.endsWith("/")) return null;
  values.push(path.slice(at + 1));
  if (isMatched(here.rest, search)) return here.rest;
  values.pop();
  return null;
}

function findBySuffix<O extends Operation>(
  suffixes: NonNullable<Node<O>["suffixes"]>,
  search: Search,
  segment: string,
  end: number,
): Node<O> | null {
  for (const { suffix, node } of suffixes) {
    if (segment.length === suffix.length || !segment.endsWith(suffix)) continue;
    const value = segment.slice(0, -suffix.length);
    // An encoded octet is no literal: "41" is not behind "%".
    if (/%.?$/.test(value)) continue;
    search.values.push(value);
    const found = find(node, search, end);
    if (found !== null) return found;
    search.values.pop();
  }
  return null;
}

/** Whether a template that ends at a node has the path: for any of its methods, the values have their formats. */
function isMatched<O extends Operation>(node: Node<O>, search: Search): boolean {
  if (node.served === null) return false;
  if (!node.checked && !search.encoded) return true;
  return node.served.some((route) => route !== null && fits(route, search.values));
}

function fitting<O extends Operation>(node: Node<O>, slot: number, search: Search): CompiledRoute<O> | null {
  const route = node.served?.[slot] ?? null;
  if (route === null || (!node.checked && !search.encoded)) return route;
  return fits(route, search.values) ? route : null;
}

function fits({ checks, slashed }: CompiledRoute, values: readonly string[]): boolean {
  return values.every((value, i) => {
    if (!slashed[i] && value.includes("%2F")) return false;
    const check = checks[i];
    return !check || check(value.includes("%") ? decodeURIComponent(value) : value);
  });
}

function otherMethods<O extends Operation>(node: Node<O>, search: Search): RouteMatch<never> {
  const has = (slot: number) => fitting(node, slot, search) !== null;
  const allow = METHODS.filter((method, slot) => has(slot) || (method === "HEAD" && has(GET)));
  return { kind: "other_methods", allow };
}
