// `npm run simulate -- --mutants`: whether the simulation catches every edit of mutant-list.ts. It runs in a copy of the project, and
// exits with 1 when a bound is exceeded.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { MUTANTS, type Mutant } from "./mutant-list.ts";

/** Two at once: each is one sequence. */
const AT_ONCE = 2;
/** The next seed, when the one before keeps every bound. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

/** Runs the simulation of every mutant; returns how many were not caught. */
export async function runMutants(requests: number): Promise<number> {
  const left = [...MUTANTS];
  let survivors = 0;
  const work = async () => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      const caught = await isCaught(mutant, requests);
      console.log(`${caught ? "caught  " : "SURVIVED"}  ${mutant[0]}`);
      if (!caught) survivors += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  console.log(`${MUTANTS.length - survivors} of ${MUTANTS.length} mutants caught`);
  return survivors;
}

/** Whether the simulation catches an edit, which is made in a copy of the project. */
export async function isCaught([, file, text, instead]: Mutant, requests: number): Promise<boolean> {
  const root = resolve(fileURLToPath(import.meta.url), "../../..");
  const copy = mkdtempSync(join(tmpdir(), "mutant-"));
  try {
    for (const part of ["api", "src", "scripts", "bench", "migrations", "test/support", "package.json"]) {
      cpSync(join(root, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const before = readFileSync(join(copy, file), "utf8");
    if (before.split(text).length !== 2) throw new Error(`${file} has not exactly one "${text}"`);
    writeFileSync(join(copy, file), before.replace(text, instead));
    for (const seed of SEEDS) {
      const code = await run(copy, seed, requests);
      if (code === 1) return true;
      if (code !== 0) throw new Error(`${file}: the simulation failed`);
    }
    return false;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function run(folder: string, seed: number, requests: number): Promise<number | null> {
  const options = ["--seed", String(seed), "--requests", String(requests), "--stop-when-broken"];
  const child = spawn(process.execPath, ["scripts/simulate.ts", ...options], { cwd: folder, stdio: "ignore" });
  return new Promise((done) => child.on("exit", done));
}
