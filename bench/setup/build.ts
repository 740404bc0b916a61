// Builds the Worker as it is deployed, through wrangler, and variants of it through the bundler that wrangler brings.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT, wranglerQuietly } from "../../scripts/wrangler.ts";

/** Where a run keeps its builds and databases: not committed, safe to delete. */
export const WORK: string = join(ROOT, "dist/bench");
export const RESULTS: string = join(ROOT, "bench/results");
export const WORKERS: string = join(ROOT, "bench/workers");

const require = createRequire(import.meta.url);
const ENTRY = join(ROOT, "src/index.ts");

/** The parts of esbuild's interface that this file uses. */
interface Bundler {
  build(options: object): Promise<{ outputFiles: { contents: Uint8Array }[] }>;
}
interface PluginBuild {
  onLoad(options: { filter: RegExp }, load: (file: { path: string }) => { contents: string; loader: string }): void;
  onResolve(options: { filter: RegExp }, resolve: (asked: { path: string; kind: string }) => object | undefined): void;
}
const bundler = require(require.resolve("esbuild", { paths: [require.resolve("wrangler")] })) as Bundler;

/**
 * Builds the Worker with the command that deploys it.
 *
 * @param minify `false` keeps the names of functions
 * @returns the path of its one module
 */
export async function buildGatehouse(minify = true): Promise<string> {
  const out = join(WORK, minify ? "gatehouse" : "gatehouse-readable");
  // wrangler.toml names the console's folder; the console is not measured.
  mkdirSync(join(ROOT, "dist/assets"), { recursive: true });
  await wranglerQuietly(["deploy", "--dry-run", `--minify=${minify}`, "--outdir", out]);
  return join(out, "index.js");
}

/** Bundles one entry with the settings of wrangler.toml. @returns the path of the module */
export async function bundle(name: string, entry: string, plugins: readonly object[] = []): Promise<string> {
  const outfile = join(WORK, name, "index.js");
  await bundler.build({ ...settingsFor(entry), outfile, plugins });
  return outfile;
}

/** The Worker with an operation table of another size. @returns the path of the module */
export function buildWithOperations(count: number): Promise<string> {
  return buildWithTable(`operations-${count}`, operationTable(count));
}

/** The Worker with a table in which no operation is a change, so that no request reads a row that is cached. */
export function buildWithoutChanges(): Promise<string> {
  const table = 'export const OPERATIONS = WHOLE_TABLE.map((row) => ({ ...row, effect: "safe" }));';
  return buildWithTable("without-changes", table);
}

function buildWithTable(name: string, table: string): Promise<string> {
  const setup = (build: PluginBuild) =>
    build.onLoad({ filter: /src\/core\/routing\/operations\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      const renamed = source.replace("export const OPERATIONS = [", "const WHOLE_TABLE = [");
      const contents = renamed.replace(/^\] as const.*;$|^\];$/m, (end) => `${end}\n${table}`);
      if (contents === source) throw new Error(`no operation table in ${path}`);
      return { contents, loader: "ts" };
    });
  return bundle(name, ENTRY, [{ name: "operation table", setup }]);
}

/** The measured operations, which are among the clusters', then the rest of the table, then generated ones. */
function operationTable(count: number): string {
  return `const CLUSTER_ROWS = WHOLE_TABLE.filter((row) => row.path.includes("/clusters"));
const GENERATED = Array.from({ length: ${count} }, (_, i) =>
  get(\`generated\${i}\`, \`\${PROJECT}/family\${i % 70}/{id}/member\${i}\`, ANY_KEY));
export const OPERATIONS = [...new Set([...CLUSTER_ROWS, ...WHOLE_TABLE, ...GENERATED])].slice(0, ${count});`;
}

/** Bytes of the code that loads before the first request: all but the dynamic imports. */
export async function bytesAtStart(): Promise<{ readonly minified: number; readonly gzipped: number }> {
  const setup = (build: PluginBuild) =>
    build.onResolve({ filter: /./ }, ({ path, kind }) =>
      kind === "dynamic-import" ? { path, external: true } : undefined,
    );
  const plugins = [{ name: "leave out dynamic imports", setup }];
  const { outputFiles } = await bundler.build({ ...settingsFor(ENTRY), write: false, plugins });
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  return { minified: code.length, gzipped: gzipSync(code, { level: 9 }).length };
}

function settingsFor(entry: string): object {
  const platform = {
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
  };
  const output = { bundle: true, format: "esm", target: "es2024", minify: true, logLevel: "error" };
  return { entryPoints: [entry], ...output, ...platform };
}
