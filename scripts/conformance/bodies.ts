// The bodies that the CLI sends, made from a command's flags and from what earlier answers said; and whether a body
// agrees with what the cases file says about it.
import { isMembers } from "./client.ts";
import type { Flag } from "./command-line.ts";
import { nameFor, type Scope } from "./scope.ts";

type Flags = ReadonlyMap<string, Flag>;

const HOURS: Readonly<Record<string, number>> = { HOURS: 1, DAYS: 24, MONTHS: 720 };

/** `resource-type=CLUSTER,operation-group=READ` as the wire wants it; a case that leaves it open gets a harmless one. */
function permissionsOf(flags: Flags): unknown[] {
  const spelled = flags.get("permissions")?.values[0];
  const pairs = new URLSearchParams((spelled === "..." ? "" : spelled)?.replaceAll(",", "&"));
  const resource = pairs.get("resource-type") ?? "READ_REPLICA";
  return [{ resource_type: resource, operation_groups: [{ operation_group: pairs.get("operation-group") ?? "READ" }] }];
}

function apiKeySpec(flags: Flags, scope: Scope): unknown {
  const hours = Number(value(flags, "duration") ?? 0) * (HOURS[value(flags, "unit")?.toUpperCase() ?? ""] ?? 1);
  return {
    name: nameFor(scope, value(flags, "name") ?? "..."),
    expire_after_hours: hours,
    ...(flags.has("role-name") ? { role_id: scope.ids.get("roleId") } : {}),
    ...(flags.has("network-allow-lists") ? { allow_list_info: [...scope.chosenLists] } : {}),
  };
}

/** The body of an operation, or `undefined` for one that sends none. */
export function bodyOf(operationId: string, flags: Flags, scope: Scope): unknown {
  switch (operationId) {
    case "createApiKey":
      return apiKeySpec(flags, scope);
    case "createNetworkAllowList": {
      const rules = value(flags, "ip-addr")?.split(",") ?? [];
      return { name: nameFor(scope, value(flags, "name") ?? "..."), description: "", allow_list: rules };
    }
    case "createRole":
    case "updateRole":
      return { name: nameFor(scope, value(flags, "role-name") ?? "..."), permissions: permissionsOf(flags) };
    default:
      return undefined;
  }
}

function value(flags: Flags, name: string): string | undefined {
  const flag = flags.get(name);
  return flag?.optional ? undefined : flag?.values[0];
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const isOpen = (wanted: string) => wanted === "..." || /^<.*>$/.test(wanted) || UUID.test(wanted);

/** Where a body leaves what the cases file says: `null` there is no body, a text is a remark, an id is any id. */
export function bodyFaults(body: unknown, wanted: unknown, scope: Scope, at = "request body"): string[] {
  if (wanted === null || wanted === undefined || (typeof wanted === "string" && at === "request body")) return [];
  if (Array.isArray(wanted) && Array.isArray(body) && body.length === wanted.length) {
    return wanted.flatMap((item, index) => bodyFaults(body[index], item, scope, `${at}[${index}]`));
  }
  if (isMembers(wanted) && isMembers(body)) {
    const names = new Set([...Object.keys(wanted), ...Object.keys(body)]);
    return [...names].flatMap((name) =>
      name in wanted && name in body
        ? bodyFaults(body[name], wanted[name], scope, `${at}.${name}`)
        : [`${at}.${name}: only in ${name in body ? "the request" : "the case"}`],
    );
  }
  if (typeof wanted === "string" && typeof body === "string" && isOpen(wanted)) {
    return body === "" ? [`${at}: nothing to send`] : [];
  }
  const bound = typeof wanted === "string" ? nameFor(scope, wanted) : wanted;
  return Object.is(body, bound) ? [] : [`${at}: the case has another value`];
}
