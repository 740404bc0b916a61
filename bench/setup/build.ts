// Builds the Worker as it is deployed, through wrangler, and variants of it through the bundler that wrangler has.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT, WORK } from "./work.ts";

const require = createRequire(import.meta.url);
const wrangler = require.resolve("wrangler");

/** As much of esbuild as is used here. */
interface Bundler {
  build(options: Readonly<Record<string, unknown>>): Promise<{ outputFiles: { contents: Uint8Array }[] }>;
}
const bundler = require(require.resolve("esbuild", { paths: [wrangler] })) as Bundler;

interface Change {
  /** Matches the path of a source file. */
  readonly file: RegExp;
  change(source: string): string;
}

/**
 * Build the Worker with the command that deploys it.
 *
 * @param minify `false` where the names of functions are to be read
 * @returns the path of its one module
 */
export function buildGatehouse(minify = true): string {
  const out = join(WORK, minify ? "gatehouse" : "gatehouse-readable");
  // wrangler.toml names it; the console is built into it, and is no part of what is measured.
  mkdirSync(join(ROOT, "dist/assets"), { recursive: true });
  const command = join(wrangler, "../../bin/wrangler.js");
  const run = spawnSync(process.execPath, [command, "deploy", "--dry-run", `--minify=${minify}`, "--outdir", out], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, CI: "1" },
  });
  if (run.status !== 0) throw new Error(`wrangler could not build the Worker:\n${run.stdout}${run.stderr}`);
  return join(out, "index.js");
}

/** Bundle one entry as wrangler.toml has it done, with sources changed on the way. Returns the path of the module. */
export async function bundle(name: string, entry: string, changes: readonly Change[] = []): Promise<string> {
  const outfile = join(WORK, name, "index.js");
  mkdirSync(join(WORK, name), { recursive: true });
  await bundler.build({ ...common(entry), outfile, plugins: [changing(changes)] });
  return outfile;
}

/** Bytes of what is loaded before the first call: everything but what is imported on demand. Minified, then gzipped. */
export async function frontDoorBytes(): Promise<{ readonly minified: number; readonly gzipped: number }> {
  const options = { ...common(join(ROOT, "src/index.ts")), write: false, plugins: [onDemandLeftOut] };
  const { outputFiles } = await bundler.build(options);
  const code = (outputFiles[0] as { contents: Uint8Array }).contents;
  return { minified: code.length, gzipped: gzipSync(code, { level: 9 }).length };
}

function common(entry: string): Readonly<Record<string, unknown>> {
  const platform = {
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
  };
  return {
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    target: "es2024",
    minify: true,
    logLevel: "error",
    ...platform,
  };
}

interface Loading {
  onLoad(options: { filter: RegExp }, load: (file: { path: string }) => { contents: string; loader: string }): void;
  onResolve(
    options: { filter: RegExp },
    resolve: (asked: { path: string; kind: string }) => { path: string; external: boolean } | undefined,
  ): void;
}

const onDemandLeftOut = {
  name: "leave out what is loaded on demand",
  setup(build: Loading) {
    build.onResolve({ filter: /./ }, ({ path, kind }) =>
      kind === "dynamic-import" ? { path, external: true } : undefined,
    );
  },
};

function changing(changes: readonly Change[]) {
  return {
    name: "change sources",
    setup(build: Loading) {
      for (const { file, change } of changes) {
        build.onLoad({ filter: file }, ({ path }) => {
          const source = readFileSync(path, "utf8");
          const changed = change(source);
          if (changed === source) throw new Error(`nothing to change in ${path}`);
          return { contents: changed, loader: "ts" };
        });
      }
    },
  };
}
