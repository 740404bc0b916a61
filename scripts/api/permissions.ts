// The permission of every operation whose document names none: the resource is the last thing in its path, the action follows
// from the method and the verb. One resource has one name, and keeps it when the document grows.
import type { Method } from "../../src/core/routing/api-description.ts";
import { actionName, resourceName } from "./names.ts";
import { addPath, branchAt, emptyBranch, hasThings, isVerb, methodsBelow, type Token, tokensOf } from "./path-words.ts";
import { isSecret } from "./placement.ts";
import { namesOf } from "./resource-names.ts";

/** What names a permission. */
export interface Named {
  readonly method: Method;
  readonly path: string;
}

export interface Derived {
  readonly permission: string;
  /** Why people should look at it; `null`: it follows from the rules alone. */
  readonly guess: string | null;
}

interface Reading {
  /** The things in the path, from the outside: DATABASE, USER. */
  readonly things: readonly string[];
  readonly action: string;
  readonly guess: string | null;
}

const READS: ReadonlySet<Method> = new Set(["GET", "HEAD"]);
const ACTIONS: Readonly<Record<Method, string>> = {
  ...{ GET: "READ", HEAD: "READ", POST: "CREATE", PUT: "UPDATE", PATCH: "UPDATE", DELETE: "DELETE" },
};

/** What is measured is no resource of its own. */
const MEASUREMENTS = new Set(["METRIC", "STAT", "STATISTIC"]);

/**
 * Names the permissions of operations.
 *
 * @param all every operation of the document: what a segment is depends on them
 * @param unnamed those that need a name
 * @param before the operations of the table that there is, which keep the names of their resources
 */
export function derivePermissions<N extends Named>(
  all: readonly Named[],
  unnamed: readonly N[],
  { prefix, name, before }: Naming,
): ReadonlyMap<N, Derived> {
  const read = readerOf(all, prefix);
  const readings = unnamed.map((operation) => [operation, read(operation)] as const);
  const names = namesOf(
    onlyReadOf(readings),
    keptNames(before, readerOf([...all, ...before], prefix)),
    actionName(name),
  );
  return new Map(
    readings.map(([operation, { things, action, guess }]) => {
      const resource = names.get(things.join("/")) as string;
      return [operation, { permission: `${resource}:${action}`, guess }];
    }),
  );
}

interface Naming {
  readonly prefix: string;
  /** The name of the API. */
  readonly name: string;
  readonly before: readonly (Named & { readonly permission: string | null })[];
}

function readerOf(all: readonly Named[], prefix: string): (operation: Named) => Reading {
  const root = emptyBranch();
  for (const { method, path } of all) addPath(root, tokensOf(path, prefix), method);
  return ({ method, path }) => {
    const tokens = verbLast(tokensOf(path, prefix), (thing) => root.below.has(resourceName(thing)));
    const verbAt = tokens.findIndex((token, index) => {
      const isInside = tokens.slice(0, index).some(({ kind }) => kind === "thing");
      if (token.kind === "verb") return isInside;
      if (token.kind === "value" || !isInside) return false;
      const branch = branchAt(root, tokens.slice(0, index + 1));
      const methods = methodsBelow(branch);
      const isAction = isVerb(token.text) || (!hasThings(branch) && isOnly(methods, "POST"));
      // What is only read is a resource, and so is every secret, whatever else it is called.
      return isAction && !(READS.has(method) && (isSubset(methods, READS) || isSecret(token.text)));
    });
    const isAboveItems = branchAt(root, tokens).below.has("{}");
    return readingOf(method, tokens, verbAt === -1 ? tokens.length : verbAt, isAboveItems);
  };
}

function readingOf(method: Method, tokens: readonly Token[], verbAt: number, isAboveItems: boolean): Reading {
  const all = tokens.slice(0, verbAt).flatMap((token) => (token.kind === "thing" ? [resourceName(token.text)] : []));
  const measured = READS.has(method) ? all.findIndex((thing) => MEASUREMENTS.has(thing)) : -1;
  const isMeasured = measured !== -1 && !all.slice(measured).some(isSecret);
  const things = isMeasured ? all.slice(0, measured + 1) : all;
  if (things.length === 0) things.push("ROOT");
  const verbs = tokens.slice(verbAt).flatMap((token) => (token.kind === "value" ? [] : [actionName(token.text)]));
  if (verbs.length > 0 && method === "POST") return { things, action: verbs.join("_"), guess: null };
  if (verbs.length > 0) return { things, action: ACTIONS[method], guess: `${verbs.join("_")} is read as a verb` };
  // `/workflows/{namespace}` is a collection where there is `/workflows/{namespace}/{name}`.
  if (method === "POST" && tokens.at(-1)?.kind === "value" && !isAboveItems)
    return { things, action: "UPDATE", guess: "a POST to one item is read as a change of it" };
  return { things, action: ACTIONS[method], guess: null };
}

/** `/validate/job` is as `/job/validate`, where `/job` is a path of the API, too. */
function verbLast(tokens: readonly Token[], isKnown: (thing: string) => boolean): readonly Token[] {
  const [first, second] = tokens;
  if (first?.kind !== "thing" || second?.kind !== "thing" || !isVerb(first.text) || !isKnown(second.text))
    return tokens;
  return [...tokens.slice(1), { kind: "verb", text: first.text }];
}

type Readings = readonly (readonly [Named, Reading])[];

/** By their things, whether all operations read. */
function onlyReadOf(readings: Readings): ReadonlyMap<string, boolean> {
  const onlyRead = new Map<string, boolean>();
  for (const [{ method }, { things }] of readings) {
    const key = things.join("/");
    onlyRead.set(key, (onlyRead.get(key) ?? true) && READS.has(method));
  }
  return onlyRead;
}

/** The resources of the table that there is, by their things. */
function keptNames(before: Naming["before"], read: (operation: Named) => Reading): ReadonlyMap<string, string> {
  return new Map(
    before.flatMap((operation) => {
      if (operation.permission === null) return [];
      return [[read(operation).things.join("/"), operation.permission.split(":")[0] ?? ""] as const];
    }),
  );
}

const isOnly = (methods: ReadonlySet<Method>, method: Method) => methods.size === 1 && methods.has(method);
const isSubset = (methods: ReadonlySet<Method>, of: ReadonlySet<Method>) => methods.isSubsetOf(of);
