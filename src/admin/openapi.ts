// The OpenAPI document of the operations that Gatehouse serves, as it is published.
import { api } from "#api";
import { DEFAULT_MANAGEMENT_PREFIX } from "../core/routing/gatehouse-operations.ts";
import document from "./openapi.json";

/** @param managementPrefix of the operations, without a slash at its end */
export function openapiDocument(managementPrefix: string): object {
  const { info, paths, ...rest } = document;
  const moved = Object.entries(paths).map(([path, item]) => [
    managementPrefix + path.slice(DEFAULT_MANAGEMENT_PREFIX.length),
    item,
  ]);
  const description = `${info.description} That is ${api.title}.`;
  return { ...rest, info: { ...info, description }, paths: Object.fromEntries(moved) };
}
