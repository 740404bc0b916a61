// What the CLI does with each response before it continues: checks of its own, and values for later requests.
import { isMembers } from "./client.ts";
import type { Flag } from "./command-line.ts";
import type { ListedKey, Scope } from "./scope.ts";

/** A request whose response had a status of success and decoded. */
export interface Exchange {
  readonly words: string;
  readonly flags: ReadonlyMap<string, Flag>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly scope: Scope;
  /** The name of the list that this request looks for, when the command names one. */
  readonly listName: string | null;
}

// The responses have been decoded, so their shape is known; these are the members used here.
interface Item {
  readonly spec: {
    readonly name: string;
    readonly allow_list_info?: readonly string[];
    readonly permissions?: unknown;
    readonly cluster_region_info?: readonly { readonly placement_info: { readonly vpc_id?: string } }[];
  };
  readonly info: {
    readonly id: string;
    readonly status?: string;
    readonly display_name?: string;
    readonly is_user_defined?: boolean;
    readonly projects?: readonly Item[];
    readonly effective_permissions?: readonly unknown[];
  };
}
type One = { readonly data: Item; readonly jwt?: string };
type Many = { readonly data: readonly Item[] };

/** The problems whose condition holds. */
const when = (...checks: readonly (readonly [holds: boolean, problem: string])[]) =>
  checks.filter(([holds]) => holds).map(([, problem]) => problem);

const READERS: Readonly<Record<string, (response: never, exchange: Exchange) => string[]>> = {
  getCurrentAccount({ data }: One, { scope }) {
    const projects = data.info.projects ?? [];
    scope.ids.set("accountId", data.info.id);
    if (projects[0] !== undefined) scope.ids.set("projectId", projects[0].info.id);
    return when([projects.length !== 1, `${projects.length} projects, the CLI wants exactly one`]);
  },
  listApiKeys: readKeys,
  createApiKey({ data, jwt = "" }: One, { scope }) {
    scope.keys = [listed(data)];
    scope.ids.set("apiKeyId", data.info.id);
    return [
      ...when([data.info.status !== "ACTIVE", "a new key is not ACTIVE"]),
      ...jwtProblems(jwt, Date.now() / 1000),
    ];
  },
  listNetworkAllowLists: readLists,
  createNetworkAllowList({ data }: One, { scope, body }) {
    scope.ids.set("allowListId", data.info.id);
    return when([data.spec.name !== (body as Item["spec"]).name, "another name came back"]);
  },
  listRbacRoles: readRoles,
  getRole: ({ data }: One, { scope }) => when([data.info.id !== scope.ids.get("roleId"), "another role came back"]),
  createRole: readChangedRole,
  updateRole: readChangedRole,
  listResourcePermissions: ({ data }: Many) => when([data.length === 0, "no permissions at all"]),
  listClusters({ data: [first] }: Many, { scope }) {
    if (first === undefined) return [];
    scope.ids.set("clusterId", first.info.id);
    const vpcs =
      first.spec.cluster_region_info?.flatMap(({ placement_info: { vpc_id: id } }) => (id ? [id] : [])) ?? [];
    if (vpcs.length > 0) scope.ids.set("vpcIds", vpcs.join(","));
    return [];
  },
};

/** Takes the values that later requests need from a response. @returns the problems that the CLI would have */
export function takeFrom(operationId: string, response: unknown, exchange: Exchange): readonly string[] {
  return READERS[operationId]?.(response as never, exchange) ?? [];
}

const listed = ({ info, spec }: Item): ListedKey => ({ id: info.id, allowListIds: spec.allow_list_info ?? [] });

function readKeys({ data }: Many, { words, query, scope }: Exchange): string[] {
  const [name, status, first] = [query.get("api_key_name"), query.get("status"), data[0]];
  scope.keys = data.map(listed);
  if (first !== undefined) scope.ids.set("apiKeyId", first.info.id);
  const isInactive = first?.info.status !== "ACTIVE";
  return when(
    [name !== null && data.some(({ spec }) => spec.name !== name), "api_key_name let another name through"],
    [status !== null && data.some(({ info }) => info.status !== status), `a key that is not ${status}`],
    [first === undefined && status !== "EXPIRED", "no keys, one was made"],
    [words === "api-key revoke" && isInactive, "data[0] is what gets revoked, and it is not ACTIVE"],
  );
}

/** With `api_key_ids` the CLI turns the ids of one key's lists into names; without, it looks for a name by itself. */
function readLists({ data }: Many, { query, scope, flags, listName }: Exchange): string[] {
  const key = scope.keys.find(({ id }) => id === query.get("api_key_ids"));
  if (key !== undefined) {
    const ids = new Set(data.map(({ info }) => info.id));
    return when(
      [key.allowListIds.some((id) => !ids.has(id)), "a list of the key is missing: its name prints empty"],
      [ids.size > new Set(key.allowListIds).size, "api_key_ids let lists of other keys through"],
    );
  }
  const spelled = flags.get("name")?.values[0];
  const wanted = listName ?? (spelled === undefined ? undefined : (scope.names.get(spelled) ?? spelled));
  const found = data.find(({ spec }) => spec.name === wanted);
  if (found !== undefined) {
    scope.ids.set("allowListId", found.info.id);
    scope.chosenLists.push(found.info.id);
  }
  return when([found === undefined, `no list ${wanted}`]);
}

function readRoles({ data }: Many, { query, scope, words }: Exchange): string[] {
  const [name, types, first] = [query.get("display_name"), query.get("role_types") ?? "ALL", data[0]];
  if (first !== undefined) scope.ids.set("roleId", first.info.id);
  const stray = { SYSTEM: true, USER_DEFINED: false }[types];
  const isOther = name !== null && first !== undefined && first.info.display_name !== name;
  const isEmpty = words === "role describe" && first?.info.effective_permissions?.length === 0;
  return when(
    [data.length === 0 && !(name !== null && types === "SYSTEM"), "no roles, one was there"],
    [data.some(({ info }) => info.is_user_defined === stray), `role_types=${types} let another kind through`],
    [isOther, "the first hit is taken, and it is not the role that was named"],
    [isEmpty, "include_permissions=true, and the role has no effective permissions"],
  );
}

function readChangedRole({ data }: One, { scope, body }: Exchange): string[] {
  scope.ids.set("roleId", data.info.id);
  const [sent, echoed] = [body as Item["spec"], data.spec].map(({ permissions }) => permissionNames(permissions));
  return when(
    [data.info.is_user_defined !== true, "a custom role is not is_user_defined"],
    [(sent as Set<string>).symmetricDifference(echoed as Set<string>).size > 0, "other permissions than those sent"],
  );
}

function permissionNames(permissions: unknown): Set<string> {
  type Permission = { resource_type: string; operation_groups: { operation_group: string }[] };
  const names = (permissions as Permission[]).flatMap(({ resource_type: type, operation_groups: groups }) =>
    groups.map(({ operation_group: group }) => `${type}:${group}`),
  );
  return new Set(names);
}

// The methods that golang-jwt registers by itself.
const ALGORITHM = /^(?:[HREP]S(?:256|384|512)|EdDSA|none)$/;

/** Why `ybm auth`, which parses a key as a JWT unverified, would panic or call it expired. Never repeats the key. */
export function jwtProblems(key: string, nowSeconds: number): string[] {
  const segments = key.split(".");
  if (segments.length !== 3) return [`the key has ${segments.length} segments, a JWT has 3`];
  let parts: readonly unknown[] = [];
  try {
    parts = segments.slice(0, 2).map((segment) => JSON.parse(Buffer.from(segment, "base64url").toString("utf8")));
  } catch {}
  const [header, claims] = parts;
  if (!isMembers(header) || !isMembers(claims)) return ["the key's header or claims are not base64url JSON"];
  const { exp, iat } = claims;
  return when(
    [typeof header.alg !== "string" || !ALGORITHM.test(header.alg), "the key's alg is not registered"],
    [typeof exp !== "number", "claim exp is not a number: ybm auth panics"],
    [typeof exp === "number" && exp < nowSeconds, "claim exp has passed: ApiKey is expired"],
    [typeof iat !== "number", "claim iat is not a number: ybm auth panics"],
    [typeof iat === "number" && iat > nowSeconds, "claim iat lies ahead: ApiKey is expired"],
  );
}
