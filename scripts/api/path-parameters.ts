// The path parameters of an operation, wherever the document defines them.
import { type Document, isObject, type Json, type Path } from "./document.ts";

export interface FoundParameter {
  readonly parameter: Json;
  readonly schema: unknown;
  readonly path: Path;
}

/** Where an operation is: itself, its path item, and the names that its parameters have in the table. */
export interface ParameterPlace {
  readonly document: Document;
  readonly at: Path;
  readonly item: Json;
  readonly itemAt: Path;
  readonly renamed: Readonly<Record<string, string>>;
}

/** The path parameters of an operation by name; its own go before those of its path item. Reports what is no parameter. */
export function pathParameters(
  { document, at, item, itemAt, renamed }: ParameterPlace,
  operation: Json,
): ReadonlyMap<string, FoundParameter> {
  const found = new Map<string, FoundParameter>();
  const lists = [
    [item.parameters, [...itemAt, "parameters"]],
    [operation.parameters, [...at, "parameters"]],
  ] as const;
  for (const [list, listAt] of lists) {
    if (list === undefined) continue;
    if (!Array.isArray(list)) {
      document.report(listAt, "is no array");
      continue;
    }
    for (const [index, entry] of list.entries()) {
      const { value, path } = document.follow(entry, [...listAt, index]) ?? {};
      if (path === undefined) continue;
      if (!isObject(value) || typeof value.name !== "string") {
        document.report([...listAt, index], "is no parameter with a name");
        continue;
      }
      if (value.in !== "path") continue;
      const inner = document.isSwagger ? { value } : document.follow(value.schema, [...path, "schema"]);
      found.set(renamed[value.name] ?? value.name, {
        parameter: value,
        schema: inner?.value,
        path: [...listAt, index],
      });
    }
  }
  return found;
}
