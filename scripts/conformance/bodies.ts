// The bodies that the CLI sends, made from a command's flags and from earlier responses, and their comparison with the cases
// file.
import { isMembers } from "./client.ts";
import type { Flag } from "./command-line.ts";
import { nameFor, type Scope } from "./scope.ts";

type Flags = ReadonlyMap<string, Flag>;

const HOURS: Readonly<Record<string, number>> = { HOURS: 1, DAYS: 24, MONTHS: 720 };

/** The body of an operation, or `undefined` for one that sends none. */
export function bodyOf(operationId: string, flags: Flags, scope: Scope): unknown {
  const value = (name: string) => (flags.get(name)?.optional ? undefined : flags.get(name)?.values[0]);
  const name = nameFor(scope, value(operationId.endsWith("Role") ? "role-name" : "name") ?? "...");
  switch (operationId) {
    case "createApiKey":
      return {
        name,
        expire_after_hours: Number(value("duration") ?? 0) * (HOURS[value("unit")?.toUpperCase() ?? ""] ?? 1),
        ...(flags.has("role-name") ? { role_id: scope.ids.get("roleId") } : {}),
        ...(flags.has("network-allow-lists") ? { allow_list_info: [...scope.chosenLists] } : {}),
      };
    case "createNetworkAllowList":
      return { name, description: "", allow_list: value("ip-addr")?.split(",") ?? [] };
    case "createRole":
    case "updateRole":
      return { name, permissions: permissionsOf(flags.get("permissions")?.values[0] ?? "...") };
    default:
      return undefined;
  }
}

/** `resource-type=CLUSTER,operation-group=READ` as the wire wants it; a case that leaves it open gets a harmless one. */
function permissionsOf(spelled: string): unknown[] {
  const pairs = new URLSearchParams(spelled.replaceAll(",", "&"));
  const resource = pairs.get("resource-type") ?? "READ_REPLICA";
  return [{ resource_type: resource, operation_groups: [{ operation_group: pairs.get("operation-group") ?? "READ" }] }];
}

const OPEN = /^(?:\.\.\.|<.*>|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** How a body differs from the cases file, in which `null` is no body, a text is a remark, and an id is any id. */
export function bodyProblems(body: unknown, wanted: unknown, scope: Scope, at = "request body"): string[] {
  if (wanted === null || wanted === undefined || (typeof wanted === "string" && at === "request body")) return [];
  if (Array.isArray(wanted) && Array.isArray(body) && body.length === wanted.length) {
    return wanted.flatMap((item, index) => bodyProblems(body[index], item, scope, `${at}[${index}]`));
  }
  if (isMembers(wanted) && isMembers(body)) {
    const names = new Set([...Object.keys(wanted), ...Object.keys(body)]);
    return [...names].flatMap((name) =>
      name in wanted && name in body
        ? bodyProblems(body[name], wanted[name], scope, `${at}.${name}`)
        : [`${at}.${name}: only in ${name in body ? "the request" : "the case"}`],
    );
  }
  if (typeof wanted === "string" && typeof body === "string" && OPEN.test(wanted)) {
    return body === "" ? [`${at}: nothing to send`] : [];
  }
  const bound = typeof wanted === "string" ? nameFor(scope, wanted) : wanted;
  return Object.is(body, bound) ? [] : [`${at}: the case has another value`];
}
