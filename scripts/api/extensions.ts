// What a document says to Gatehouse itself: `x-gatehouse-permission` and `x-gatehouse-effect` of an operation.
import { type Effect, METHODS, type Method } from "../../src/core/routing/api-description.ts";
import type { Document, Json, Path } from "./document.ts";
import { OWN_RESOURCES } from "./gatehouse.ts";

const PERMISSION = /^[A-Z][A-Z0-9_]*:[A-Z][A-Z0-9_]*$/;
const EXTENSIONS = new Set(["x-gatehouse-permission", "x-gatehouse-effect"]);

/** The permission that an operation names; `undefined`: it names none. Reports a value that is no permission, or is one of Gatehouse. */
export function permissionOf(document: Document, at: Path, operation: Json): string | null | undefined {
  const value = operation["x-gatehouse-permission"];
  if (value === undefined || value === null) return value;
  const place = [...at, "x-gatehouse-permission"];
  if (typeof value !== "string" || !PERMISSION.test(value)) {
    document.report(place, "is neither RESOURCE:ACTION in capitals nor null");
    return undefined;
  }
  const [resource = ""] = value.split(":");
  // Who may manage keys or roles of Gatehouse would get an operation of the API with it, and the other way round.
  if (OWN_RESOURCES.has(resource))
    document.report(place, `${resource} is a resource of Gatehouse itself; give that of the API another name`);
  return value;
}

/** The effect that an operation names, else that of its method. */
export function effectOf(document: Document, at: Path, operation: Json, method: Method): Effect {
  const value = operation["x-gatehouse-effect"];
  const usual = method === "GET" || method === "HEAD" ? "safe" : "mutating";
  if (value === undefined) return usual;
  if (value === "safe" || value === "mutating") return value;
  document.report([...at, "x-gatehouse-effect"], "is neither safe nor mutating");
  return usual;
}

/** Any `x-gatehouse-…` that nothing reads: a misspelt one would leave an operation with another permission than was meant. */
export function reportUnknownExtensions({ root, report }: Document): void {
  const seen = new Set<object>();
  const walk = (value: unknown, path: Path) => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    for (const [key, inner] of Object.entries(value)) {
      if (key.startsWith("x-gatehouse")) {
        const isInOperation = METHODS.some((method) => method.toLowerCase() === path.at(-1));
        if (!EXTENSIONS.has(key)) report([...path, key], `${key} is unknown; known are ${[...EXTENSIONS].join(", ")}`);
        else if (!isInOperation) report([...path, key], `${key} has a meaning in an operation only`);
      }
      walk(inner, [...path, key]);
    }
  };
  walk(root, []);
}
