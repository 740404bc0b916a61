// What a command knows while it runs: the names it was given, and the ids that answers have told it.

export interface ListedKey {
  readonly id: string;
  readonly allowListIds: readonly string[];
}

export interface Scope {
  /** By the name of the path parameter: accountId, projectId, apiKeyId, allowListId, roleId, clusterId; vpcIds joined. */
  readonly ids: Map<string, string>;
  /** Names that a case leaves open (`N`, `R`, `...`), once chosen. */
  readonly names: Map<string, string>;
  /** The keys of the last answer that had some. */
  keys: readonly ListedKey[];
  /** Ids of the lists that the command names, in its order. */
  chosenLists: string[];
  /** What takes back everything that was made, newest last. */
  readonly undo: (() => Promise<unknown>)[];
}

/** @param foreign spellings that may name something of somebody else's here: they get a new name too */
export function newScope(foreign: readonly string[]): Scope {
  const names = new Map(foreign.map((spelled) => [spelled, newName()]));
  return { ids: new Map(), names, keys: [], chosenLists: [], undo: [] };
}

const newName = () => `conformance-${crypto.randomUUID().slice(0, 8)}`;

/** The name behind a placeholder: a new one for `N`, `R` or `...`, the same one each time; any other text is itself. */
export function nameFor(scope: Scope, spelled: string): string {
  const known = scope.names.get(spelled);
  if (known !== undefined) return known;
  if (!/^([A-Z]|\.\.\.)$/.test(spelled)) return spelled;
  const name = newName();
  scope.names.set(spelled, name);
  return name;
}

/** A template with its parameters filled in, or `null` when no answer has told one of them. */
export function fillIn(template: string, scope: Scope): string | null {
  const missing = [...template.matchAll(/\{(\w+)\}/g)].some(([, name = ""]) => !scope.ids.has(name));
  if (missing) return null;
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(scope.ids.get(name) ?? ""));
}
