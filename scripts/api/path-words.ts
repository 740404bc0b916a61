// What the segments of all paths of an API say together: which of them are things, and which are verbs.
import type { Method } from "../../src/core/routing/api-description.ts";
import { isPlural, resourceName, wordsOf } from "./names.ts";

/** A segment of a path: a thing with its name, a value (a parameter, or a word that stands for one), or a verb behind a colon. */
export type Token =
  | { readonly kind: "thing"; readonly text: string }
  | { readonly kind: "value" }
  | { readonly kind: "verb"; readonly text: string };

/** The segments from the root to one of them, for all paths together. */
export interface Branch {
  readonly below: Map<string, Branch>;
  /** Of operations whose path ends here. */
  readonly methods: Set<Method>;
  isPlural: boolean;
}

/** Words in the place of an id: `/projects/default` is one of the projects. */
const VALUES = new Set(["default", "current", "latest", "me", "my", "self", "-"]);
const VERSION = /^(?:api|rest|public|v\d+(?:[._]\d+)*(?:(?:alpha|beta)\d*)?)$/i;

/** Verbs that an API may use with any method, or in front of an id. A noun of the same spelling is not among them. */
const VERBS = new Set(
  "abort accept activate add allow apply approve archive assign attach authorize block bulk cancel check clear clone close"
    .concat(
      " commit complete confirm connect convert copy create deactivate decline delete demote deny deprovision destroy",
    )
    .concat(
      " detach disable disconnect dispatch drain enable evaluate exchange exclude execute expand export fail failover",
    )
    .concat(
      " finalize finish flush force gc generate import include install invalidate invite join kill leave list lock",
    )
    .concat(
      " login logout merge migrate move open pause ping poll preview promote propose provision publish purge query reboot",
    )
    .concat(
      " rebalance rebuild reconcile recover recycle redeploy refresh regenerate register reindex reject reload remove",
    )
    .concat(
      " rename renew repair replay reset resize resolve restart restore resubmit resume resync retry revert revoke rollback rotate",
    )
    .concat(
      " run scale search send set shutdown start stop submit subscribe suspend switchover sync terminate test transfer",
    )
    .concat(
      " trigger unarchive unassign unblock undelete uninstall unlock unpause unpublish unregister unsubscribe update",
    )
    .concat(" upgrade validate verify wake wipe")
    .split(" "),
);

/**
 * The segments of a template.
 *
 * @param prefix the path of the API, which names nothing; nor do segments that are a version
 */
export function tokensOf(template: string, prefix: string): readonly Token[] {
  const below = template.startsWith(`${prefix}/`) ? template.slice(prefix.length) : template;
  const segments = below.split("/").filter((segment) => segment !== "");
  while (segments.length > 1 && VERSION.test(segments[0] ?? "")) segments.shift();
  return segments.flatMap((segment, index): readonly Token[] => {
    const [, parameter, literal = "", verb] = /^(\{[^}]*\})?([^:]*)(?::(.+))?$/.exec(segment) ?? [];
    const isValue = parameter !== undefined || (index > 0 && VALUES.has(literal.toLowerCase()));
    const token: Token =
      isValue || wordsOf(literal).length === 0 ? { kind: "value" } : { kind: "thing", text: literal };
    return verb === undefined || wordsOf(verb).length === 0 ? [token] : [token, { kind: "verb", text: verb }];
  });
}

/** Verbs that say what kind of thing the next word is, and are none then: `test_cases`, `add-ons`. */
const OF_A_KIND = new Set(
  "add block clone copy export import list lock log merge move open query run scale search set start test".split(" "),
);

/** Whether a segment is a verb, or begins with one: `destroy`, `install_update`. */
export function isVerb(text: string): boolean {
  const [first = "", ...more] = wordsOf(text);
  return VERBS.has(first) && !(more.length > 0 && OF_A_KIND.has(first));
}

export function emptyBranch(): Branch {
  return { below: new Map(), methods: new Set(), isPlural: false };
}

/** Adds the path of an operation. Singular and plural of a word are the same segment. */
export function addPath(root: Branch, tokens: readonly Token[], method: Method): void {
  let here = root;
  for (const token of tokens) {
    const key = keyOf(token);
    const next = here.below.get(key) ?? emptyBranch();
    here.below.set(key, next);
    here = next;
    if (token.kind === "thing" && isPlural(token.text)) here.isPlural = true;
  }
  here.methods.add(method);
}

/** The branch of the first segments of a path that was added. */
export function branchAt(root: Branch, tokens: readonly Token[]): Branch {
  return tokens.reduce((here, token) => here.below.get(keyOf(token)) ?? here, root);
}

/** The methods of all operations at a branch and below it. */
export function methodsBelow(branch: Branch): ReadonlySet<Method> {
  const methods = new Set(branch.methods);
  for (const below of branch.below.values()) for (const method of methodsBelow(below)) methods.add(method);
  return methods;
}

/** Whether a branch or one below it is of things: they are many, or have values. */
export function hasThings(branch: Branch): boolean {
  return branch.isPlural || [...branch.below].some(([key, below]) => key === "{}" || hasThings(below));
}

function keyOf(token: Token): string {
  if (token.kind === "value") return "{}";
  return token.kind === "verb" ? `:${token.text}` : resourceName(token.text);
}
