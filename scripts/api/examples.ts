// Requests that show what the roles may do with an API, made from its operations.
import { GATEHOUSE_PLACEMENT } from "../../src/core/access/gatehouse-permissions.ts";
import type { Api, ApiOperation, ParameterFormat, Placement } from "../../src/core/routing/api-description.ts";

/** A request: its method, and a path with a value for each parameter. */
export interface Example {
  readonly method: string;
  readonly path: string;
}

/** Whether a built-in role may call an operation. Admin may call each. */
export function mayCall(api: Api, role: "viewer" | "developer", { permission }: ApiOperation): boolean {
  if (permission === null) return true;
  const placement: Readonly<Record<string, Placement>> = { ...api.placement, ...GATEHOUSE_PLACEMENT };
  return placement[permission]?.includes(role) ?? false;
}

/**
 * A read that a Viewer may do, and a change that it may not, each with the fewest parameters.
 *
 * @param accountId the value of the parameter that names the account
 * @returns `null` where the API has none
 */
export function examplesOf(
  api: Api,
  accountId: string,
): { readonly read: Example | null; readonly change: Example | null } {
  const simplest = (suits: (operation: ApiOperation) => boolean) =>
    api.operations.filter(suits).toSorted((a, b) => parametersOf(a.path) - parametersOf(b.path))[0];
  const read = simplest((each) => each.method === "GET" && mayCall(api, "viewer", each));
  // What a Developer may do is no harm to paste.
  const changes = (each: ApiOperation) => each.effect === "mutating" && !mayCall(api, "viewer", each);
  const change = simplest((each) => changes(each) && mayCall(api, "developer", each)) ?? simplest(changes);
  const exampleOf = (operation: ApiOperation | undefined) =>
    operation === undefined ? null : { method: operation.method, path: examplePath(api, operation, accountId) };
  return { read: exampleOf(read), change: exampleOf(change) };
}

/** A path that matches an operation's template, with values that have the formats of its parameters. */
export function examplePath(api: Api, { path, formats = {} }: ApiOperation, accountId: string): string {
  return path.replace(/\{([\w-]+)(?:\.\.\.)?\}/g, (_, name: string) =>
    name === api.parameters.account ? accountId : exampleValue(formats[name]),
  );
}

const UUID = "00000000-0000-4000-8000-000000000000";

/** A value of a parameter that has its format, as it stands in a path. */
export function exampleValue(format: ParameterFormat | undefined): string {
  if (format === "uuid") return UUID;
  if (format === "integer") return "1";
  if (format !== undefined && "enum" in format) return encodeURIComponent(format.enum[0] ?? "");
  const candidates = [
    "example",
    "1",
    UUID,
    "a",
    "A1",
    "example-1",
    "example.com",
    "abc123",
    "0".repeat(24),
    "2026-01-01",
  ];
  const pattern = format === undefined ? /./ : new RegExp(format.pattern);
  return candidates.find((candidate) => pattern.test(candidate)) ?? "example";
}

function parametersOf(path: string): number {
  return path.split("{").length - 1;
}
