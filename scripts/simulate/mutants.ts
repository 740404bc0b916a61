// `npm run simulate -- --mutants`: edits of src/, each of which the simulation must catch. Each is made in a copy of the project,
// in which the simulation runs, and exits with 1 when a bound is exceeded.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** An edit: what is wrong then, the file, the text, and what replaces it. */
export type Mutant = readonly [wrong: string, file: string, text: string, instead: string];

const IN = "src/store/key-cache/";

export const MUTANTS: readonly Mutant[] = [
  ["lines of roles are ignored", `${IN}change-log.ts`, "roleChanges.set(roleId, change);", ""],
  ["a key's line is ignored", `${IN}change-log.ts`, "version: Math.max(version, known), seq", "version: known, seq"],
  ["a version behind is current", `${IN}change-log.ts`, "record.version >= (state", "record.version + 1 >= (state"],
  ["lines that were pruned are missed", `${IN}change-log.ts`, "|| oldestSeq > state.seq + 1", ""],
  ["a record is fresh for 12 s", `${IN}change-log.ts`, "FRESH_FOR_MS = 10_000", "FRESH_FOR_MS = 12_000"],
  [
    "a superseded record counts as current until the change was read",
    `${IN}change-log.ts`,
    "if (known === undefined) return { seq, settledSeq: 0, lastCurrentAt: previousReadAt };",
    "return { seq, settledSeq: 0, lastCurrentAt: previousReadAt + 6_000 };",
  ],
  [
    "the feed confirms as of its response",
    `${IN}change-feed.ts`,
    "return started.at;",
    "return parts.clock.now() + 3_000;",
  ],
  [
    "a copy from KV confirms itself",
    `${IN}key-cache.ts`,
    "confirmedAt: Number.NEGATIVE_INFINITY, dropAt: now",
    "confirmedAt: now, dropAt: now",
  ],
  [
    "a copy needs no feed",
    `${IN}change-log.ts`,
    "state.initialized && copy.asOf > state.rolledBackSeq && isCurrent(copy)",
    "true",
  ],
  [
    "a stale record is served for longer",
    `${IN}lookup.ts`,
    "FRESH_FOR_MS + staleIfErrorMs, now",
    "FRESH_FOR_MS + 2 * staleIfErrorMs, now",
  ],
  [
    "a change is authorized on the cached record",
    `${IN}key-resolver.ts`,
    "need.fromPrimary\n",
    "need.fromPrimary && key.hash === ''\n",
  ],
];

/** Runs the simulation of every mutant; returns how many were not caught. */
export async function runMutants(requests: number): Promise<number> {
  let survivors = 0;
  for (const mutant of MUTANTS) {
    const caught = await isCaught(mutant, requests);
    console.log(`${caught ? "caught  " : "SURVIVED"}  ${mutant[0]}`);
    if (!caught) survivors += 1;
  }
  console.log(`${MUTANTS.length - survivors} of ${MUTANTS.length} mutants caught`);
  return survivors;
}

async function isCaught([, file, text, instead]: Mutant, requests: number): Promise<boolean> {
  const root = resolve(fileURLToPath(import.meta.url), "../../..");
  const copy = mkdtempSync(join(tmpdir(), "mutant-"));
  try {
    for (const part of ["src", "scripts", "bench", "test/support", "package.json"]) {
      cpSync(join(root, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const before = readFileSync(join(copy, file), "utf8");
    if (before.split(text).length !== 2) throw new Error(`${file} has not exactly one "${text}"`);
    writeFileSync(join(copy, file), before.replace(text, instead));
    // A second seed when the first one keeps every bound.
    const codes: (number | null)[] = [];
    for (const seed of ["1", "2"]) if (!codes.includes(1)) codes.push(await run(copy, seed, requests));
    if (codes.some((code) => code !== 0 && code !== 1)) throw new Error(`${file}: the simulation failed`);
    return codes.includes(1);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function run(folder: string, seed: string, requests: number): Promise<number | null> {
  const options = ["scripts/simulate.ts", "--seed", seed, "--requests", String(requests)];
  const child = spawn(process.execPath, options, { cwd: folder, stdio: "ignore" });
  return new Promise((done) => child.on("exit", done));
}
