// Enumerations that are published nowhere as a whole: what the operation table and the fixtures name is what is known.
import { isMembers } from "./client.ts";

export interface KnownNames {
  readonly resourceTypes: ReadonlySet<string>;
  readonly operationGroups: ReadonlySet<string>;
  readonly states: ReadonlySet<string>;
}

/** All values of the members with one name, however deep. */
function valuesOf(value: unknown, name: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesOf(item, name));
  if (!isMembers(value)) return [];
  const here = value[name];
  return [
    ...(typeof here === "string" ? [here] : []),
    ...Object.values(value).flatMap((member) => valuesOf(member, name)),
  ];
}

/** The names in `RESOURCE:GROUP` pairs of the operation table, and those that the fixtures carry. */
export function readKnown(table: string, fixtures: readonly unknown[]): KnownNames {
  const pairs = [...table.matchAll(/\b([A-Z][A-Z_]+):([A-Z_]+|\*)/g)];
  const seen = (name: string) => fixtures.flatMap((fixture) => valuesOf(fixture, name));
  return {
    resourceTypes: new Set([...pairs.map((pair) => pair[1] ?? ""), ...seen("resource_type")]),
    operationGroups: new Set([
      ...pairs.flatMap((pair) => (pair[2] === undefined || pair[2] === "*" ? [] : [pair[2]])),
      ...seen("operation_group"),
    ]),
    states: new Set(seen("state")),
  };
}
