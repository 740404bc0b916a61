// Which API the Worker is built for: `--api NAME`, else the environment's API, else what api/index.ts exports.
import { existsSync, readdirSync } from "node:fs";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import type { Api, ApiPolicy } from "../../src/core/routing/api-description.ts";
import { ROOT } from "../wrangler.ts";
import { policyFaults } from "./policy-faults.ts";

/**
 * The name of the folder in `api/` that was asked for, or `null`.
 *
 * @param args of the command
 * @throws Error when there is no such folder
 */
export function chosenApi(args: readonly string[] = process.argv.slice(2)): string | null {
  const { values } = parseArgs({ args: [...args], options: { api: { type: "string" } }, strict: false });
  const name = typeof values.api === "string" ? values.api : process.env.API || null;
  if (name !== null && !apiNames().includes(name)) {
    throw new Error(`there is no api/${name}: \`npm run api:import -- FILE --name ${name}\` makes it from FILE`);
  }
  return name;
}

/** The names of all APIs. */
export function apiNames(): readonly string[] {
  return readdirSync(`${ROOT}api`).filter((name) => existsSync(`${ROOT}api/${name}/api.ts`));
}

/**
 * An API.
 *
 * @param name `null`: that of api/index.ts
 * @param managementPrefix as the Worker will have it
 * @throws Error with all that contradicts in its policy
 */
export async function loadApi(name: string | null, managementPrefix = process.env.MANAGEMENT_PREFIX): Promise<Api> {
  const module = name === null ? "index.ts" : `${name}/api.ts`;
  const { api } = (await imported(`${ROOT}api/${module}`)) as { readonly api: Api };
  const { POLICY } = (await imported(`${ROOT}api/${api.name}/policy.ts`)) as { readonly POLICY: ApiPolicy };
  const faults = policyFaults(api, POLICY, managementPrefix);
  if (faults.length > 0)
    throw new Error(`api/${api.name}/policy.ts:\n${faults.map((fault) => `  ${fault}\n`).join("")}`);
  return api;
}

/** @throws Error that says in which file */
async function imported(file: string): Promise<unknown> {
  return import(file).catch(({ message }: Error) => {
    throw new Error(`${relative(ROOT, file)}, or a file that it imports: ${message} (npm run typecheck says where)`);
  });
}

/**
 * What tells wrangler to build for this API.
 *
 * @param within the folder that has the folder of the API
 */
export function apiArguments(name: string | null, within = `${ROOT}api`): readonly string[] {
  return name === null ? [] : ["--alias", `#api:${within}/${name}/api.ts`];
}
