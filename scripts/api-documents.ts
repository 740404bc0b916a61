// `npm run api:documents -- DIR`: imports every OpenAPI document of a folder as its owner would, and checks what was written:
// it compiles, every operation matches a path made from its own examples, roles are placed by what operations do, drift is found.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { styleText } from "node:util";
import { parse } from "yaml";
import type { ApiPolicy } from "../src/core/routing/api-description.ts";
import { canonicalPath } from "../src/core/routing/canonical-path.ts";
import { compileRoutes } from "../src/core/routing/compile-routes.ts";
import { matchRoute } from "../src/core/routing/route-matcher.ts";
import { isObject, type Json } from "./api/document.ts";
import { examplePath } from "./api/example-path.ts";
import { type Imported, type ImportedOperation, importDocument } from "./api/import.ts";
import { ROOT } from "./wrangler.ts";

const MOST_PROBLEMS = 5;

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

function runNode(...args: readonly string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  return { status, output: `${stdout}${stderr}` };
}

/** The last lines of what a command printed, as problems, unless it ended as expected. */
function problemsUnless(status: number, ended: Ended): readonly string[] {
  return ended.status === status ? [] : [`exit code ${ended.status}`, ...ended.output.trim().split("\n").slice(-3)];
}

/** The operations that match no path made for them, and how many match one made from the examples of the document. */
function matched({ operations }: Imported): { readonly problems: readonly string[]; readonly byOwnExamples: number } {
  const rows = operations.map((operation) => ({ ...operation, permission: null, handledBy: "upstream" as const }));
  const routes = compileRoutes(rows);
  const isMatched = (operation: ImportedOperation, own: boolean) => {
    const canonical = canonicalPath(`https://gateway.example${examplePath(operation, own)}`);
    const match = canonical === null ? null : matchRoute(routes, operation.method, canonical);
    return match?.kind === "operation" && match.operation.operationId === operation.operationId;
  };
  const others = operations.filter((operation) => !isMatched(operation, true));
  const problems = others
    .filter((operation) => !isMatched(operation, false))
    .map((operation) => `${operation.operationId}: ${operation.method} ${examplePath(operation, true)}`);
  return { problems, byOwnExamples: operations.length - others.length };
}

/** Where a Viewer has what changes something or is sensitive, or lacks anything else. */
function misplaced({ operations }: Imported, { placement, sensitive = [] }: ApiPolicy): readonly string[] {
  return operations.flatMap(({ operationId, permission, effect }) => {
    if (permission === null) return [];
    const isViewers = placement[permission]?.includes("viewer");
    const isWanted = effect === "safe" && !sensitive.includes(permission);
    return isViewers === isWanted ? [] : [`${operationId}: ${permission} is ${isViewers ? "" : "not "}a Viewer's`];
  });
}

/** A copy of a document without its first operation: what drift looks like. */
function withoutFirst(text: string): string {
  const document = parse(text) as { paths: Record<string, Json> };
  const [path, item] = Object.entries(document.paths).find(([, value]) => isObject(value)) ?? ["", {}];
  const method = Object.keys(item).find((key) => /^(?:get|put|post|patch|delete)$/.test(key)) ?? "";
  document.paths[path] = Object.fromEntries(Object.entries(item).filter(([key]) => key !== method));
  return JSON.stringify(document);
}

/** Plays all checks of one document. @returns each check with its problems */
async function checksOf(file: string, work: string): Promise<readonly (readonly [string, readonly string[]])[]> {
  const text = readFileSync(file, "utf8");
  const into = relative(ROOT, work);
  const started = performance.now();
  const imported = runNode("scripts/api-import.ts", file, "--into", into);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const checks: [string, readonly string[]][] = [[`is imported in ${seconds} s`, problemsUnless(0, imported)]];
  if (imported.status !== 0) return checks;
  const read = await importDocument(text);
  const { operations, name, leftOut } = read;
  const { problems, byOwnExamples } = matched(read);
  const { POLICY } = (await import(join(work, name, "policy.ts"))) as { POLICY: ApiPolicy };
  writeFileSync(join(work, "tsconfig.json"), JSON.stringify({ extends: `${ROOT}tsconfig.json`, include: [name] }));
  const compiled = runNode("node_modules/typescript/bin/tsc", "--noEmit", "-p", join(work, "tsconfig.json"));
  const planted = join(work, "planted.json");
  writeFileSync(planted, withoutFirst(text));
  const check = (document: string) => runNode("scripts/api-check.ts", document, "--into", into, "--name", name);
  const drift = check(planted);
  return [
    ...checks,
    ["what was written compiles", problemsUnless(0, compiled)],
    [
      `matches ${operations.length} operations, ${byOwnExamples} by its own examples; ${leftOut.length} left out`,
      problems,
    ],
    ["gives a Viewer what reads and is no secret, and nothing that changes", misplaced(read, POLICY)],
    ["has no drift", problemsUnless(0, check(file))],
    ["drift is found", /^removed {2}/m.test(drift.output) ? problemsUnless(1, drift) : [drift.output]],
  ];
}

async function main([dir, ...more]: readonly string[]): Promise<boolean> {
  if (dir === undefined || more.length > 0) throw new Error("usage: npm run api:documents -- DIR");
  const files = readdirSync(dir).filter((name) => /\.(?:ya?ml|json)$/.test(name));
  if (files.length === 0) throw new Error(`${dir} has no document`);
  mkdirSync(`${ROOT}.dev`, { recursive: true });
  const work = mkdtempSync(`${ROOT}.dev/api-documents-`);
  let [passed, failed] = [0, 0];
  try {
    for (const file of files) {
      for (const [title, problems] of await checksOf(resolve(dir, file), work)) {
        const isGood = problems.length === 0;
        if (isGood) passed += 1;
        else failed += 1;
        console.log(`${isGood ? styleText("green", "ok    ") : styleText("red", "not ok")} ${basename(file)} ${title}`);
        for (const problem of problems.slice(0, MOST_PROBLEMS)) console.log(`           ${problem}`);
        if (problems.length > MOST_PROBLEMS) console.log(`           and ${problems.length - MOST_PROBLEMS} more`);
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0;
}

try {
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
