// The operation table compiled into a trie of segments, so that a match takes one lookup for each segment of a path,
// however many operations there are. Paths are canonical and compared byte for byte.
import { type ApiOperation, METHODS } from "./api-description.ts";

/** Values of the path parameters, by name. */
export type RouteParams = Readonly<Record<string, string>>;

/** The result of matching a method and a path. */
export type RouteMatch<O extends ApiOperation = ApiOperation> =
  | { readonly kind: "operation"; readonly operation: O; readonly params: RouteParams }
  /** The path is known, with these methods instead. */
  | { readonly kind: "other_methods"; readonly allow: readonly string[] }
  | { readonly kind: "unknown" };

/** A compiled table. */
export interface Routes<O extends ApiOperation = ApiOperation> {
  /** What every path of the table begins with: compared at once, and most unknown paths differ there. */
  readonly prefix: string;
  readonly root: Node<O>;
}

/** A node of the trie; with `served`, some template ends here. A member that it does not have is `null`. */
interface Node<O extends ApiOperation> {
  literals: Map<string, Node<O>> | null;
  param: Node<O> | null;
  /** By slot of the method. */
  served: (Route<O> | null)[] | null;
}

interface Route<O extends ApiOperation> {
  readonly operation: O;
  readonly names: readonly string[];
}

const UNKNOWN: RouteMatch<never> = { kind: "unknown" };

const SLOTS: ReadonlyMap<string, number> = new Map([...METHODS.entries()].map(([slot, method]) => [method, slot]));
const SLASH = 47;

/** One segment of the alphabet of canonical paths, neither dots alone nor ending in one. */
const LITERAL = /^[\w\-.~!$&'()*+,=:@]*[\w\-~!$&'()*+,=:@]$/;
const PARAM = /^\{([a-z][A-Za-z0-9]*)\}$/;

/**
 * Compiles a table, once, at start-up.
 *
 * @throws on a template that is not canonical, and on two rows with the same operationId, or the same method and shape
 */
export function compileRoutes<O extends ApiOperation>(operations: readonly O[]): Routes<O> {
  const root = emptyNode<O>();
  const ids = new Set<string>();
  for (const operation of operations) {
    if (ids.has(operation.operationId)) throw tableError(`two rows have the operationId ${operation.operationId}`);
    ids.add(operation.operationId);
    add(root, operation);
  }
  return withoutCommonPrefix(root);
}

/**
 * Finds the operation of a request.
 *
 * A literal segment takes precedence over a parameter, which is tried when the literal leads to no operation. A path that
 * matches by literals has only their methods, never those of a parameter beside them. HEAD is matched as GET.
 *
 * @param path canonical: no `%`, and no empty segment but a final one, which matches nothing
 */
export function matchRoute<O extends ApiOperation>(routes: Routes<O>, method: string, path: string): RouteMatch<O> {
  if (!path.startsWith(routes.prefix)) return UNKNOWN;
  const values: string[] = [];
  const node = find(routes.root, path, routes.prefix.length, values);
  if (node === null) return UNKNOWN;
  const slot = SLOTS.get(method === "HEAD" ? "GET" : method);
  const route = slot === undefined ? null : (node.served?.[slot] ?? null);
  if (route === null) return otherMethods(node.served ?? []);
  const params: Record<string, string> = {};
  for (let i = 0; i < values.length; i++) params[route.names[i] as string] = values[i] as string;
  return { kind: "operation", operation: route.operation, params };
}

/** @param at the slash before the next segment, or the end of the path */
function find<O extends ApiOperation>(here: Node<O>, path: string, at: number, values: string[]): Node<O> | null {
  if (at === path.length) return here.served === null ? null : here;
  // Only directly after the common prefix can another character be here: `/api/public/v1x`.
  if (path.charCodeAt(at) !== SLASH) return null;
  const slash = path.indexOf("/", at + 1);
  const end = slash === -1 ? path.length : slash;
  const segment = path.slice(at + 1, end);
  // Hashing the segment is most of the cost of a match, so it is not looked up in an empty map.
  const literal = here.literals?.get(segment);
  if (literal !== undefined) {
    const found = find(literal, path, end, values);
    if (found !== null) return found;
  }
  if (here.param === null || segment === "") return null;
  values.push(segment);
  const found = find(here.param, path, end, values);
  if (found === null) values.pop();
  return found;
}

function add<O extends ApiOperation>(root: Node<O>, operation: O): void {
  const { method, path } = operation;
  if (path.charCodeAt(0) !== SLASH) throw notCanonical(path);
  const names: string[] = [];
  let here = root;
  for (const segment of path.slice(1).split("/")) here = below(here, segment, names, path);
  here.served ??= METHODS.map(() => null);
  const slot = METHODS.indexOf(method);
  if (here.served[slot] !== null) throw tableError(`two rows have ${method} ${path}`);
  here.served[slot] = { operation, names };
}

/** The child of a node for a segment, created if it does not exist. */
function below<O extends ApiOperation>(here: Node<O>, segment: string, names: string[], path: string): Node<O> {
  const known = here.literals?.get(segment);
  if (known !== undefined) return known;
  const name = PARAM.exec(segment)?.[1];
  if (name !== undefined) {
    if (names.includes(name)) throw tableError(`${path} names {${name}} twice`);
    names.push(name);
    here.param ??= emptyNode();
    return here.param;
  }
  if (!LITERAL.test(segment)) throw notCanonical(path);
  const made = emptyNode<O>();
  here.literals ??= new Map();
  here.literals.set(segment, made);
  return made;
}

function otherMethods(served: readonly unknown[]): RouteMatch<never> {
  const methods = METHODS.filter((_, slot) => served[slot] !== null);
  const allow = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return { kind: "other_methods", allow };
}

function withoutCommonPrefix<O extends ApiOperation>(whole: Node<O>): Routes<O> {
  let prefix = "";
  let root = whole;
  while (root.literals?.size === 1 && root.param === null && root.served === null) {
    for (const [segment, below] of root.literals) {
      prefix += `/${segment}`;
      root = below;
    }
  }
  return { prefix, root };
}

function emptyNode<O extends ApiOperation>(): Node<O> {
  return { literals: null, param: null, served: null };
}

function notCanonical(template: string): Error {
  return tableError(`${template} is not canonical`);
}

function tableError(message: string): Error {
  return new Error(`operation table: ${message}`);
}
