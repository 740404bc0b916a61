// Who may import whom: design of the house, as data, and every breach of it in a set of sources.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

/** Sources by path from src/. */
export type Sources = ReadonlyMap<string, string>;

/** What the gateway and the admin API may ask of storage: ports and shared types, never a repository. */
const PORTS = /^store\/(?:common|[\w-]+\/ports?)\.ts$/;

/** A folder, and what its files may import: folders, single files, packages, or what a pattern matches. */
const ALLOWED: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  core: ["core", "jose"],
  store: ["store", "core"],
  gateway: ["gateway", "core", PORTS, "authorized-request.ts", "log.ts", "jose"],
  admin: ["admin", "core", PORTS, "authorized-request.ts", "log.ts", "hono", "zod"],
  "authorized-request.ts": ["core", "log.ts"],
  "log.ts": ["core"],
  "index.ts": ["*"],
  "config.ts": ["*"],
  "config-oidc.ts": ["core"],
  wiring: ["*"],
};

/** Words that one place alone may say, with that place. */
const RESERVED: readonly (readonly [word: RegExp, where: string, what: string])[] = [
  [/\bconsole\.\w+\(/, "log.ts", "console"],
  [/\bDate\.now\(|\bnew Date\(\)/, "index.ts", "the clock"],
  [/\bMath\.random\b/, "index.ts", "chance"],
  [/passThroughOnException/, "nowhere", "a door that fails open"],
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

/** Every breach of the rules, in words. */
export function breachesOf(sources: Sources): readonly string[] {
  return [...forbiddenImports(sources), ...reservedWords(sources), ...cyclesOf(sources)];
}

/** What is no source of the Worker, but loaded as soon as a file is: by the file, or by whatever loads with it. */
export function loadedWith(sources: Sources, entry: string): readonly string[] {
  const loaded = new Set([entry]);
  // A set that grows while it is walked is walked to its new end.
  for (const path of loaded) {
    for (const target of targetsOf(path, valuesOf(sources.get(path) ?? ""), STATIC_IMPORT)) loaded.add(target);
  }
  return [...loaded].filter((path) => !sources.has(path)).sort();
}

function forbiddenImports(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const allowed = ALLOWED[roomOf(path)];
    if (allowed === undefined) return [`${path} is in no room`];
    return importsOf(path, text)
      .filter((target) => !allowed.some((room) => permits(room, target)))
      .map((target) => `${path} imports ${target}`);
  });
}

function permits(allowed: string | RegExp, target: string): boolean {
  if (typeof allowed !== "string") return allowed.test(target);
  return allowed === "*" || target === allowed || target.startsWith(`${allowed}/`);
}

function reservedWords(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    return RESERVED.filter(([word, where]) => path !== where && word.test(code)).map(
      ([, , what]) => `${path} uses ${what}`,
    );
  });
}

/** Cycles among files, imports of types included: two files that need each other cannot be read one by one. */
function cyclesOf(sources: Sources): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  function visit(path: string, trail: readonly string[]): void {
    if (trail.includes(path)) cycles.push(`a cycle: ${[...trail.slice(trail.indexOf(path)), path].join(" -> ")}`);
    if (done.has(path) || trail.includes(path)) return;
    for (const target of importsOf(path, sources.get(path) ?? ""))
      if (sources.has(target)) visit(target, [...trail, path]);
    done.add(path);
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

/** An import of types alone leaves nothing in the program. */
function valuesOf(text: string): string {
  return text.replace(/(?:import|export) type [^;]*;/g, "");
}

function roomOf(path: string): string {
  const slash = path.indexOf("/");
  return slash === -1 ? path : path.slice(0, slash);
}
