// What contradicts in the policy of an API. The compiler finds a permission without a placement; these it cannot see.
import { GATEHOUSE_PLACEMENT } from "../../src/core/access/gatehouse-permissions.ts";
import type { Permission } from "../../src/core/access/permissions.ts";
import type { Api, ApiPolicy, Placement } from "../../src/core/routing/api-description.ts";
import { templateFaults } from "../../src/core/routing/compile-routes.ts";
import { DEFAULT_MANAGEMENT_PREFIX } from "../../src/core/routing/gatehouse-operations.ts";
import { operationsOf } from "../../src/core/routing/operations.ts";
import { ownPaths } from "./gatehouse.ts";

/** What gives access to Gatehouse itself: no operation of an API may require it. */
const GATEHOUSE_ONLY = /^(?:API_KEY|ROLE|AUDIT_EVENT|NETWORK_ALLOW_LIST):/;

/**
 * @param prefix MANAGEMENT_PREFIX; left out or empty: the default one
 * @returns a sentence for each: an override of an unknown operation, a template that is wrong or in conflict, a path or permission
 *   that is Gatehouse's, a permission without a placement, a built-in role that would have READ of a resource through another
 *   permission on it
 */
export function policyFaults(api: Api, policy: ApiPolicy, prefix?: string): readonly string[] {
  const managementPrefix = prefix || DEFAULT_MANAGEMENT_PREFIX;
  const ids = new Set(api.operations.map(({ operationId }) => operationId));
  const unknown = Object.keys(policy.overrides ?? {}).filter((id) => !ids.has(id));
  const parameters = [...(policy.encodedSlash ?? []), ...Object.values(api.parameters)].filter((name) => name !== null);
  const unused = parameters.filter((name) => !api.operations.some(({ path }) => hasParameter(path, name)));
  const isOwn = ownPaths(managementPrefix);
  const own = api.operations.filter(({ path }) => isOwn(path));
  return [
    ...unknown.map((id) => `overrides: there is no operation ${id}`),
    ...unused.map((name) => `no operation has the parameter {${name}}`),
    ...accountFaults(api),
    ...own.map(({ operationId, path }) => `${operationId}: ${path} is a path of Gatehouse, and never reaches the API`),
    ...templateFaults(operationsOf(api as Api<Permission>, managementPrefix)).map(({ message }) => message),
    ...placementFaults(api),
  ];
}

function hasParameter(path: string, name: string): boolean {
  return path.includes(`{${name}}`) || path.includes(`{${name}...}`);
}

/** The account of an unknown operation is found by the literals before it. */
function accountFaults({ operations, parameters: { account } }: Api): readonly string[] {
  if (account === null) return [];
  const named = operations.filter(({ path }) => hasParameter(path, account));
  const behind = named.filter(({ path }) => path.slice(0, path.indexOf(`{${account}`)).includes("{"));
  return behind.map(({ path }) => `parameters: {${account}} is behind another parameter in ${path}`);
}

function placementFaults({ operations, placement, sensitive }: Api): readonly string[] {
  const needed = new Set(operations.flatMap(({ permission }) => permission ?? []));
  const missing = [...needed, ...sensitive].filter((name) => !(name in placement) && !(name in GATEHOUSE_PLACEMENT));
  const reserved = [...needed].filter((name) => GATEHOUSE_ONLY.test(name));
  return [
    ...reserved.map((name) => `${name} is Gatehouse's own: no operation of the API can require it`),
    ...new Set(missing.map((name) => `placement: ${name} is missing`)),
    ...Object.entries(placement).flatMap(([name, roles]) => {
      if (name in GATEHOUSE_PLACEMENT) return [`placement: ${name} is Gatehouse's own`];
      // Any permission on a resource implies READ of it.
      const resource = name.split(":")[0];
      const read: Placement = placement[`${resource}:READ`] ?? roles;
      const implied = (["viewer", "developer"] as const).filter((role) => roles.includes(role) && !read.includes(role));
      return implied.map(
        (role) => `placement: with ${name} the ${role} role also gets ${resource}:READ, where it is not placed`,
      );
    }),
  ];
}
