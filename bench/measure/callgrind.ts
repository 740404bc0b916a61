// Counts instructions with valgrind's callgrind: repeatable to a percent, whatever else the machine does. Not a time: the
// processor does far more of a loop's instructions in a microsecond than of code that it meets cold.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Runs for as long as V8 finds code to optimize: a matter of when a server was started, not of what a request takes. */
export const COMPILER = "V8's compilers";

/** The owner of code, by the names of its functions; all other functions belong to "other". */
const OWNERS: readonly (readonly [string, RegExp])[] = [
  // Compiled at run time, so without a name; how well it is compiled differs from run to run.
  ["compiled JavaScript", /^0x/],
  ["built-ins of JavaScript", /^Builtins_/],
  [
    COMPILER,
    /v8::internal::(?:compiler|maglev|turboshaft|baseline|interpreter)|OptimizedCompilation|BytecodeGenerator/,
  ],
  ["memory", /tcmalloc|TCMalloc|^(?:operator (?:new|delete)|malloc|free|calloc|realloc)/],
  ["garbage collection", /Scaveng|cppgc|MarkCompact|Marking|Sweeper|GlobalHandles|HeapTracer|TracedHandles|GCTracer/],
  ["V8", /^v8::|^_ZN2v8|^icu_/],
  ["between JavaScript and the runtime", /jsg/],
  ["the runtime", /workerd/],
  ["HTTP and promises", /kj|hyper|http::|tokio/],
];

/** Instructions by the owner of their code. */
export type Counts = ReadonlyMap<string, number>;

/** The command to run another one under, so that its instructions are counted. */
export function countedBy(out: string): readonly string[] {
  // V8 writes the code that it runs.
  return ["valgrind", "--tool=callgrind", "--smc-check=all-non-file", `--callgrind-out-file=${out}`];
}

/** Why instructions cannot be counted here; `null`: they can. */
export function missing(): string | null {
  return spawnSync("callgrind_control", ["--version"]).status === 0
    ? null
    : "valgrind is not installed: apt-get install valgrind";
}

/** Resets the counts. */
export function startCounting(pid: number): void {
  control("--zero", pid);
}

/**
 * The counts of all threads since `startCounting`.
 *
 * @param out as it was given to `countedBy`
 */
export async function readCounts(pid: number, out: string): Promise<Counts> {
  const before = new Set(dumpsOf(out));
  control("--dump", pid);
  for (;;) {
    const dump = dumpsOf(out).find((name) => !before.has(name));
    const text = dump === undefined ? "" : readFileSync(join(dirname(out), dump), "latin1");
    // The last line of a dump.
    if (/^totals: /m.test(text)) return countsOf(text);
    await new Promise((resume) => setTimeout(resume, 100));
  }
}

/**
 * Sums up the instructions of a dump by the owner of the function that holds them.
 *
 * @param dump as https://valgrind.org/docs/manual/cl-format.html describes it
 */
export function countsOf(dump: string): Counts {
  const names = new Map<string, string>();
  const counts = new Map<string, number>();
  let owner = "other";
  let isCall = false;
  for (const line of dump.split("\n")) {
    const named = /^c?fn=\((\d+)\)(?: (.*))?$/.exec(line);
    if (named !== null) {
      const [, id = "", name] = named;
      if (name !== undefined) names.set(id, name);
      if (line.startsWith("fn=")) owner = ownerOf(names.get(id) ?? "");
    } else if (line.startsWith("calls=")) {
      // The next line has the total of the called function and all below it, which are counted where they stand.
      isCall = true;
    } else if (/^[0-9+*-]/.test(line)) {
      if (!isCall) counts.set(owner, (counts.get(owner) ?? 0) + Number(line.split(" ")[1] ?? 0));
      isCall = false;
    }
  }
  return counts;
}

function ownerOf(name: string): string {
  return OWNERS.find(([, pattern]) => pattern.test(name))?.[0] ?? "other";
}

function control(what: string, pid: number): void {
  const run = spawnSync("callgrind_control", [what, String(pid)], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`callgrind_control ${what}: ${run.stderr || run.stdout}`);
}

function dumpsOf(out: string): readonly string[] {
  return readdirSync(dirname(out)).filter((name) => name.startsWith(`${basename(out)}.`));
}
