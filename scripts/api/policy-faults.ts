// What contradicts in the policy of an API. The compiler finds a permission without a placement; these it cannot see.
import { GATEHOUSE_PLACEMENT } from "../../src/core/access/gatehouse-permissions.ts";
import type { Api, ApiPolicy, Placement } from "../../src/core/routing/api-description.ts";

/**
 * @returns a sentence for each: an override of an unknown operation, a permission without a placement or words, a built-in role
 *   that would have READ of a resource through another permission on it
 */
export function policyFaults(api: Api, policy: ApiPolicy): readonly string[] {
  const ids = new Set(api.operations.map(({ operationId }) => operationId));
  const unknown = Object.keys(policy.overrides ?? {}).filter((id) => !ids.has(id));
  const parameters = [...(policy.encodedSlash ?? []), ...Object.values(api.parameters)].filter((name) => name !== null);
  const unused = parameters.filter((name) => !api.operations.some(({ path }) => path.includes(`{${name}`)));
  return [
    ...unknown.map((id) => `overrides: there is no operation ${id}`),
    ...unused.map((name) => `no template has the parameter {${name}}`),
    ...accountFaults(api),
    ...placementFaults(api),
  ];
}

/** The account of an unknown operation is found by the literals before it. */
function accountFaults({ operations, parameters: { account } }: Api): readonly string[] {
  if (account === null) return [];
  const behind = operations.filter(({ path }) => path.slice(0, path.indexOf(`{${account}`)).includes("{"));
  return behind.map(({ path }) => `parameters: {${account}} is behind another parameter in ${path}`);
}

function placementFaults({ operations, placement, words, sensitive }: Api): readonly string[] {
  const needed = new Set(operations.flatMap(({ permission }) => permission ?? []));
  const missing = [...needed, ...sensitive].filter((name) => !(name in placement) && !(name in GATEHOUSE_PLACEMENT));
  return [
    ...new Set(missing.map((name) => `placement: ${name} is missing`)),
    ...Object.entries(placement).flatMap(([name, roles]) => {
      if (name in GATEHOUSE_PLACEMENT) return [`placement: ${name} is Gatehouse's own`];
      const [resource = "", action = ""] = name.split(":");
      if (words[resource]?.actions[action] === undefined) return [`words: ${name} is missing`];
      // Any permission on a resource implies READ of it.
      const read: Placement = placement[`${resource}:READ`] ?? roles;
      const implied = (["viewer", "developer"] as const).filter((role) => roles.includes(role) && !read.includes(role));
      return implied.map(
        (role) => `placement: ${name} gives ${resource}:READ to the ${role} role, which it is not placed in`,
      );
    }),
  ];
}
