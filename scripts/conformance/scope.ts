// The state of a command while it runs: the names that it was given, and the ids from responses.

export interface ListedKey {
  readonly id: string;
  readonly allowListIds: readonly string[];
}

export interface Scope {
  /** By the name of the path parameter: accountId, projectId, apiKeyId, allowListId, roleId, clusterId; vpcIds joined. */
  readonly ids: Map<string, string>;
  /** Names that a case leaves open (`N`, `R`, `...`), once chosen. */
  readonly names: Map<string, string>;
  /** The keys of the last response with keys. */
  keys: readonly ListedKey[];
  /** Ids of the lists that the command names, in its order. */
  readonly chosenLists: string[];
}

export function newScope(): Scope {
  return { ids: new Map(), names: new Map(), keys: [], chosenLists: [] };
}

/** The name behind a placeholder: a new one for `N`, `R` or `...`, the same one each time; any other text is itself. */
export function nameFor(scope: Scope, spelled: string): string {
  if (!/^([A-Z]|\.\.\.)$/.test(spelled)) return spelled;
  const name = scope.names.get(spelled) ?? `conformance-${crypto.randomUUID().slice(0, 8)}`;
  scope.names.set(spelled, name);
  return name;
}

/** A template with its parameters filled in, or `null` when no response has had one of them. */
export function fillIn(template: string, { ids }: Scope): string | null {
  const isKnown = [...template.matchAll(/\{(\w+)\}/g)].every(([, name = ""]) => ids.has(name));
  return isKnown ? template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(ids.get(name) ?? "")) : null;
}
