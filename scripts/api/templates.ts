// The paths of a document as templates of the table: joined with their servers, in the grammar of route-matcher.ts, and
// whatever that cannot say is left out with the reason.
import { isObject, type Json } from "./document.ts";

/** A path of the document in the grammar of the table, or why the table cannot have it. */
export type Template =
  | { readonly path: string; readonly renamed: Readonly<Record<string, string>> }
  | { readonly reason: string };

const LITERAL = /^[\w\-.~!$&'()*+,=:@]+$/;
/** A parameter, alone or with a literal behind it. */
const PARAMETER = /^\{([^{}]+)\}([\w\-.~!$&'()*+,=:@]*[\w\-~!$&'()*+,=:@])?$/;

/** The path of a server's URL without a slash at its end, and its host; variables have their defaults. */
export interface Base {
  readonly path: string;
  readonly host: string;
}

/** The server of a `servers` array: its first; `null`: it has none. */
export function serversOf(servers: unknown): readonly Base[] {
  if (!Array.isArray(servers)) return [];
  return servers.filter((server): server is Json => isObject(server) && typeof server.url === "string").map(baseOf);
}

/** The base of a Swagger 2.0 document. */
export function swaggerBase({ basePath, host }: Json): Base {
  return {
    path: withoutSlash(typeof basePath === "string" ? basePath : ""),
    host: typeof host === "string" ? host : "",
  };
}

function baseOf({ url, variables }: Json): Base {
  const filled = String(url).replace(/\{([^}]*)\}/g, (_, name: string) => defaultOf(variables, name));
  const [, host = "", path = ""] = /^(?:[a-z][a-z\d+.-]*:)?(?:\/\/([^/]*))?(.*)$/is.exec(filled) ?? [];
  return { host, path: withoutSlash(path) };
}

function defaultOf(variables: unknown, name: string): string {
  const variable = isObject(variables) ? variables[name] : undefined;
  return isObject(variable) && variable.default !== undefined ? String(variable.default) : name;
}

/** A base path as it goes in front of others: with one slash in front, none at its end. */
export function withoutSlash(path: string): string {
  const [bare = ""] = path.split(/[?#]/);
  const trimmed = bare.replace(/^\/+|\/+$/g, "");
  return trimmed === "" ? "" : `/${trimmed}`;
}

/**
 * The template of a path.
 *
 * @param path as the document has it, with its server's path in front
 */
export function templateOf(path: string): Template {
  if (!path.startsWith("/")) return { reason: "the path does not begin with a slash" };
  if (/[?#]/.test(path)) return { reason: "it has a query or a fragment, which no path has" };
  const renamed: Record<string, string> = {};
  const segments = path.slice(1).split("/");
  for (const [index, segment] of segments.entries()) {
    if (segment === "" && index === segments.length - 1) continue;
    const name = PARAMETER.exec(segment)?.[1];
    if (name !== undefined) {
      const valid = name.replace(/[^\w-]/g, "_");
      if (valid !== name) renamed[name] = valid;
      segments[index] = segment.replace(`{${name}}`, `{${valid}}`);
      continue;
    }
    const reason = reasonOf(segment);
    if (reason !== null) return { reason };
  }
  return { path: `/${segments.join("/")}`, renamed };
}

/** Why a literal segment cannot be one; `null`: it can. */
function reasonOf(segment: string): string | null {
  if (segment === "") return "it has an empty segment";
  if (segment.includes("{"))
    return `a segment of the table is a literal, or one parameter with a literal behind it: ${segment}`;
  if (segment.endsWith(".")) return `the gateway denies segments that end in a dot: ${segment}`;
  return LITERAL.test(segment) ? null : `it has a character that the gateway denies in paths: ${segment}`;
}

/** The names of the parameters of a template, in their order. */
export function parametersOf(template: string): readonly string[] {
  return [...template.matchAll(/\{([^{}]+)\}/g)].map(([, name = ""]) => name);
}
