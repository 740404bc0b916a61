// Which statuses the OpenAPI document lists for an operation.
import document from "../../src/admin/openapi.json";

type Paths = Readonly<Record<string, Readonly<Record<string, { readonly responses: object }>>>>;

const operations = Object.entries(document.paths as unknown as Paths).map(([path, methods]) => ({
  pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
  segments: path.split("{").length,
  methods,
}));
// A path without a parameter comes before one with a parameter in its place.
operations.sort((a, b) => a.segments - b.segments);

/** Whether the document lists a status for a method and a path, which may have a query. `false` for an unknown operation. */
export function isDocumented(method: string, path: string, status: number): boolean {
  const [bare = ""] = path.split("?", 1);
  const methods = operations.find(
    ({ pattern, methods }) => pattern.test(bare) && method.toLowerCase() in methods,
  )?.methods;
  return String(status) in (methods?.[method.toLowerCase()]?.responses ?? {});
}
