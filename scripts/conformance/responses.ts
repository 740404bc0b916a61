// What the CLI does with each response before it continues: checks of its own, and values for later requests.
import { decodeJwt, decodeProtectedHeader } from "jose";
import type { Exchange } from "./step.ts";

// biome-ignore lint/suspicious/noExplicitAny: the model of its operation has checked it
type Item = any;
type One = { readonly data: Item; readonly jwt?: string };
type Many = { readonly data: readonly Item[] };
type Reader = (response: never, exchange: Exchange, sent: Item) => string[];

/** The problems whose condition holds. */
const when = (...checks: readonly (readonly [holds: boolean, problem: string])[]) =>
  checks.filter(([holds]) => holds).map(([, problem]) => problem);

const READERS: Readonly<Record<string, Reader>> = {
  getCurrentAccount({ data: { info } }: One, { scope }) {
    const { projects } = info;
    scope.ids.set("accountId", info.id);
    if (projects.length > 0) scope.ids.set("projectId", projects[0].info.id);
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
  createNetworkAllowList({ data }: One, { scope }, sent) {
    scope.ids.set("allowListId", data.info.id);
    return when([data.spec.name !== sent.name, "another name came back"]);
  },
  listRbacRoles: readRoles,
  getRole: ({ data }: One, { scope }) => when([data.info.id !== scope.ids.get("roleId"), "another role came back"]),
  createRole: readChangedRole,
  updateRole: readChangedRole,
  listResourcePermissions: ({ data }: Many) => when([data.length === 0, "no permissions at all"]),
  listClusters({ data: [first] }: Many, { scope }) {
    if (first === undefined) return [];
    scope.ids.set("clusterId", first.info.id);
    const vpcs = first.spec.cluster_region_info.map((region: Item) => region.placement_info.vpc_id).filter(Boolean);
    if (vpcs.length > 0) scope.ids.set("vpcIds", vpcs.join(","));
    return [];
  },
};

/**
 * Takes the values that later requests need from a response with a status of success, which has been decoded.
 *
 * @param sent the body of the request
 * @returns the problems that the CLI would have
 */
export function takeFrom(operationId: string, response: unknown, sent: unknown, exchange: Exchange): readonly string[] {
  return READERS[operationId]?.(response as never, exchange, sent) ?? [];
}

const listed = ({ info, spec }: Item) => ({ id: info.id, allowListIds: spec.allow_list_info });

function readKeys({ data }: Many, { source, query, scope }: Exchange): string[] {
  const [name, status, first] = [query.get("api_key_name"), query.get("status"), data[0]];
  scope.keys = data.map(listed);
  if (first !== undefined) scope.ids.set("apiKeyId", first.info.id);
  const isInactive = first?.info.status !== "ACTIVE";
  return when(
    [name !== null && data.some(({ spec }) => spec.name !== name), "api_key_name let another name through"],
    [status !== null && data.some(({ info }) => info.status !== status), `a key that is not ${status}`],
    [first === undefined && status !== "EXPIRED", "no keys, one was made"],
    [source.words === "api-key revoke" && isInactive, "data[0] is what gets revoked, and it is not ACTIVE"],
  );
}

/** With `api_key_ids` the CLI turns the ids of one key's lists into names; without, it looks for a name by itself. */
function readLists({ data }: Many, { source, query, scope, listName }: Exchange): string[] {
  const key = scope.keys.find(({ id }) => id === query.get("api_key_ids"));
  if (key !== undefined) {
    const ids = new Set(data.map(({ info }) => info.id));
    return when(
      [key.allowListIds.some((id) => !ids.has(id)), "a list of the key is missing: its name prints empty"],
      [ids.size > new Set(key.allowListIds).size, "api_key_ids let lists of other keys through"],
    );
  }
  const spelled = source.flags.get("name")?.values[0] ?? "";
  const wanted = listName ?? scope.names.get(spelled) ?? spelled;
  const found = data.find(({ spec }) => spec.name === wanted);
  if (found !== undefined) {
    scope.ids.set("allowListId", found.info.id);
    scope.chosenLists.push(found.info.id);
  }
  return when([found === undefined, `no list ${wanted}`]);
}

function readRoles({ data }: Many, { source, query, scope }: Exchange): string[] {
  const [name, types, first] = [query.get("display_name"), query.get("role_types") ?? "ALL", data[0]];
  if (first !== undefined) scope.ids.set("roleId", first.info.id);
  const stray = { SYSTEM: true, USER_DEFINED: false }[types];
  const isOther = name !== null && first !== undefined && first.info.display_name !== name;
  const isEmpty = source.words === "role describe" && first?.info.effective_permissions.length === 0;
  return when(
    [data.length === 0 && !(name !== null && types === "SYSTEM"), "no roles, one was there"],
    [data.some(({ info }) => info.is_user_defined === stray), `role_types=${types} let another kind through`],
    [isOther, "the first hit is taken, and it is not the role that was named"],
    [isEmpty, "include_permissions=true, and the role has no effective permissions"],
  );
}

function readChangedRole({ data }: One, { scope }: Exchange, sent: Item): string[] {
  scope.ids.set("roleId", data.info.id);
  const missing = permissionNames(sent).symmetricDifference(permissionNames(data.spec));
  return when(
    [data.info.is_user_defined !== true, "a custom role is not is_user_defined"],
    [missing.size > 0, "other permissions than those sent"],
  );
}

function permissionNames({ permissions }: Item): Set<string> {
  const names = permissions.flatMap(({ resource_type, operation_groups }: Item) =>
    operation_groups.map(({ operation_group }: Item) => `${resource_type}:${operation_group}`),
  );
  return new Set(names);
}

// The methods that golang-jwt registers by itself.
const ALGORITHM = /^(?:[HREP]S(?:256|384|512)|EdDSA|none)$/;

/** Why `ybm auth`, which parses a key as a JWT unverified, would panic or call it expired. Never repeats the key. */
export function jwtProblems(key: string, nowSeconds: number): string[] {
  try {
    const { alg = "" } = decodeProtectedHeader(key);
    const { exp, iat } = decodeJwt(key);
    return when(
      [!ALGORITHM.test(alg), "the key's alg is not registered"],
      [typeof exp !== "number", "claim exp is not a number: ybm auth panics"],
      [typeof exp === "number" && exp < nowSeconds, "claim exp has passed: ApiKey is expired"],
      [typeof iat !== "number", "claim iat is not a number: ybm auth panics"],
      [typeof iat === "number" && iat > nowSeconds, "claim iat lies ahead: ApiKey is expired"],
    );
  } catch {
    return ["the key is not a JWT"];
  }
}
