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
  /** What every path of the table begins with: compared at once, and most unknown paths differ there. */
  readonly prefix: string;
  readonly root: Node<O>;
  /** Whether a path of a row could be read as that of something else, even without a "%". Asked once for each row, not at start-up. */
  readonly isAmbiguous: (operation: Operation) => boolean;
}

/** A node of the trie; with `served`, some template ends here. A member that it does not have is `null`. */
export interface Node<O extends Operation> {
  literals: Map<string, Node<O>> | null;
  /** Parameters with a literal behind them, the longest first. */
  suffixes: { readonly suffix: string; readonly node: Node<O> }[] | null;
  param: Node<O> | null;
  /** A catch-all, where the search ends. */
  rest: Node<O> | null;
  /** Whether it has a catch-all or one of the `suffixes`. */
  wide: boolean;
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
  /** Whether the template also matches paths that are, or could be read as, those of Gatehouse or of an account; `null`: not yet asked. */
  ambiguous: boolean | null;
}

const UNKNOWN: RouteMatch<never> = { kind: "unknown" };

const SLOTS: ReadonlyMap<string, number> = new Map([...METHODS.entries()].map(([slot, method]) => [method, slot]));
const GET = METHODS.indexOf("GET");
const HEAD = METHODS.indexOf("HEAD");
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
  const values: string[] = [];
  const slot = SLOTS.get(method) ?? -1;
  const found = find(routes.root, path, routes.prefix.length, values, slot, false);
  // Nearly every path has no "%", and none is looked for in those that match nothing.
  if (found === null) return UNKNOWN;
  const encoded = path.includes("%");
  if (encoded) values.length = 0;
  const node = encoded ? find(routes.root, path, routes.prefix.length, values, slot, true) : found;
  if (node === null) return UNKNOWN;
  let route = node.checked || encoded ? rowOf(node, slot, values, encoded) : (node.served?.[slot] ?? null);
  if (route === null && slot === HEAD) route = rowOf(node, GET, values, encoded);
  if (route === null) return otherMethods(METHODS.map((_, other) => rowOf(node, other, values, encoded)));
  const params: Record<string, string> = {};
  for (let i = 0; i < values.length; i++) params[route.names[i] as string] = values[i] as string;
  const { operation } = route;
  route.ambiguous ??= routes.isAmbiguous(operation);
  return { kind: "operation", operation, params, ambiguous: encoded || route.ambiguous };
}

/**
 * @param at at the slash before the next segment, or the end of the path
 * @param values of the parameters so far; those of the rest are added, and others where nothing is found
 * @param slot of the method, whose row is likely to be the one
 * @param encoded whether values have encoded octets that a row may not allow
 * @returns the node of a template that has the path, for one of its methods at least
 */
function find<O extends Operation>(
  from: Node<O>,
  path: string,
  at: number,
  values: string[],
  slot: number,
  encoded: boolean,
): Node<O> | null {
  let here = from;
  while (at < path.length) {
    // Only directly after the common prefix can another character be here: `/api/public/v1x`.
    if (path.charCodeAt(at) !== SLASH) return null;
    const slash = path.indexOf("/", at + 1);
    const end = slash === -1 ? path.length : slash;
    const segment = path.slice(at + 1, end);
    // Hashing the segment is most of the cost of a match, so it is not looked up in an empty map.
    const literal = here.literals?.get(segment);
    const { param } = here;
    // A node of many children is searched by trying them, and one child is simply the next node.
    if (here.wide || (literal !== undefined && param !== null)) {
      return findBelow(here, literal, segment, path, at, end, values, slot, encoded);
    }
    if (literal !== undefined) here = literal;
    else {
      if (param === null || segment === "") return null;
      values.push(segment);
      here = param;
    }
    at = end;
  }
  const { served } = here;
  if (served === null) return null;
  if (!here.checked && !encoded) return here;
  if (rowOf(here, slot, values, encoded) !== null) return here;
  return served.some((row) => row !== null && fits(row, values, encoded)) ? here : null;
}

/** The same, where more than one child may have the segment. */
function findBelow<O extends Operation>(
  { suffixes, param, rest }: Node<O>,
  literal: Node<O> | undefined,
  segment: string,
  path: string,
  at: number,
  end: number,
  values: string[],
  slot: number,
  encoded: boolean,
): Node<O> | null {
  const known = values.length;
  const attempt = (node: Node<O>, next: number, value?: string) => {
    values.length = known;
    if (value !== undefined) values.push(value);
    return find(node, path, next, values, slot, encoded);
  };
  let found = literal === undefined ? null : attempt(literal, end);
  if (found !== null || segment === "") return found;
  for (const { suffix, node } of suffixes ?? []) {
    if (segment.length === suffix.length || !segment.endsWith(suffix)) continue;
    const value = segment.slice(0, -suffix.length);
    // An encoded octet is no literal: "41" is not behind "%".
    if (/%.?$/.test(value)) continue;
    found = attempt(node, end, value);
    if (found !== null) return found;
  }
  if (param !== null) found = attempt(param, end, segment);
  // A path whose encoded slashes are read as slashes may have empty segments.
  if (found !== null || rest === null || path.endsWith("/") || path.includes("//", at + 1)) return found;
  return attempt(rest, path.length, path.slice(at + 1));
}

/** The row of a node for a method; `null`: it has none, or one for other values. */
function rowOf<O extends Operation>(
  { served, checked }: Node<O>,
  slot: number,
  values: readonly string[],
  encoded: boolean,
): CompiledRoute<O> | null {
  const row = served?.[slot] ?? null;
  return row === null || (!checked && !encoded) || fits(row, values, encoded) ? row : null;
}

/** Whether the values are those that a row has for its parameters. */
function fits({ checks, slashed }: CompiledRoute, values: readonly string[], encoded: boolean): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as string;
    if (encoded && !slashed[i] && value.includes("%2F")) return false;
    const check = checks[i];
    if (check && !check(value.includes("%") ? decodeURIComponent(value) : value)) return false;
  }
  return true;
}

function otherMethods(served: readonly unknown[]): RouteMatch<never> {
  const has = (slot: number) => served[slot] !== null;
  return { kind: "other_methods", allow: METHODS.filter((name, slot) => has(slot) || (name === "HEAD" && has(GET))) };
}
