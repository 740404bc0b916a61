// The import rules of src (the table of CONTRIBUTING.md) as data, and every breach of them in a set of sources.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

/** Source texts by path below src/. */
export type Sources = ReadonlyMap<string, string>;

/** The files of store that gateway and admin may import: ports and shared types, never a repository. */
const PORTS = /^store\/(?:common|[\w-]+\/ports?)\.ts$/;

/** The allowed imports of each top-level folder or file: folders, files, packages, or a pattern; `*` allows all. */
export const ALLOWED: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  core: ["core", "#api", "jose", "ipaddr.js", "node:crypto"],
  store: ["store", "core"],
  gateway: ["gateway", "core", "#api", PORTS, "authorized-request.ts", "log.ts", "jose", "node:stream", "node:zlib"],
  admin: ["admin", "core", "#api", PORTS, "authorized-request.ts", "log.ts", "hono", "zod"],
  "authorized-request.ts": ["core", "log.ts"],
  "log.ts": ["core"],
  "index.ts": ["*"],
  config: ["*"],
  wiring: ["*"],
};

/** APIs that only one file may use, with that file. */
const RESERVED_APIS: readonly (readonly [use: RegExp, file: string, name: string])[] = [
  [/\bconsole\.\w+\(/, "log.ts", "console"],
  [/\bDate\.now\(|\bnew Date\(\)/, "index.ts", "the clock"],
  [/\bMath\.random\b/, "index.ts", "randomness"],
  [/passThroughOnException/, "nowhere", "passThroughOnException"],
];

const STATIC_IMPORT = /(?:^|\n)\s*(?:(?:import|export)\b[^;"']*?\bfrom|import)\s*["']([^"']+)["']/g;
const DYNAMIC_IMPORT = /\bimport\(\s*["']([^"']+)["']\s*\)/g;

/** The sources of the Worker; the console has a build of its own. */
export function readSources(root = "src"): Sources {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".ts") && !path.startsWith("console/"),
  );
  return new Map(files.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

/** Every breach of the rules, a line each. */
export function breachesOf(sources: Sources): readonly string[] {
  return [...forbiddenImports(sources), ...reservedApis(sources), ...cyclesOf(sources)];
}

/** The packages and data files that load with a file: imported by it, or by a source that it imports. */
export function loadedWith(sources: Sources, entry: string): readonly string[] {
  const loaded = new Set([entry]);
  // A Set is iterated to its end even if it grows meanwhile.
  for (const path of loaded) {
    for (const target of targetsOf(path, valuesOf(sources.get(path) ?? ""), STATIC_IMPORT)) loaded.add(target);
  }
  return [...loaded].filter((path) => !sources.has(path)).sort();
}

function forbiddenImports(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const allowed = ALLOWED[folderOf(path)];
    if (allowed === undefined) return [`${path} is in no known folder`];
    return importsOf(path, text)
      .filter((target) => !allowed.some((entry) => permits(entry, target)))
      .map((target) => `${path} imports ${target}`);
  });
}

function permits(allowed: string | RegExp, target: string): boolean {
  if (typeof allowed !== "string") return allowed.test(target);
  return allowed === "*" || target === allowed || target.startsWith(`${allowed}/`);
}

function reservedApis(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    return RESERVED_APIS.filter(([use, file]) => path !== file && use.test(code)).map(
      ([, , name]) => `${path} uses ${name}`,
    );
  });
}

/** Cycles of imports, type imports included: two files that need each other cannot be read one by one. */
function cyclesOf(sources: Sources): string[] {
  const visited = new Set<string>();
  const cycles: string[] = [];
  function visit(path: string, trail: readonly string[]): void {
    if (trail.includes(path)) cycles.push(`a cycle: ${[...trail.slice(trail.indexOf(path)), path].join(" -> ")}`);
    if (visited.has(path) || trail.includes(path)) return;
    for (const target of importsOf(path, sources.get(path) ?? ""))
      if (sources.has(target)) visit(target, [...trail, path]);
    visited.add(path);
  }
  for (const path of sources.keys()) visit(path, []);
  return cycles;
}

export function importsOf(path: string, text: string): string[] {
  return [...targetsOf(path, text, STATIC_IMPORT), ...targetsOf(path, text, DYNAMIC_IMPORT)];
}

function targetsOf(path: string, text: string, form: RegExp): string[] {
  return [...text.matchAll(form)].map(([, target = ""]) =>
    target.startsWith(".") ? relative("", normalize(join(dirname(path), target))) : target,
  );
}

/** The text without type imports, which load nothing. */
function valuesOf(text: string): string {
  return text.replace(/(?:import|export) type [^;]*;/g, "");
}

function folderOf(path: string): string {
  const slash = path.indexOf("/");
  return slash === -1 ? path : path.slice(0, slash);
}
