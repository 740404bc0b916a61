// What a person reads of the simulation: a line for every run, and one table of the worst cases.
import { isKept, type Promised } from "./judge.ts";
import type { Outcome } from "./run.ts";

/** The worst case of each promise over all runs. */
export function worstOf(outcomes: readonly Outcome[]): readonly Promised[] {
  const [first, ...others] = outcomes;
  if (first === undefined) return [];
  return first.promises.map((promised, i) => {
    const all = [promised, ...others.map(({ promises }) => promises[i] as Promised)].map(({ worst }) => worst);
    return { ...promised, worst: promised.atLeast ? Math.min(...all) : Math.max(...all) };
  });
}

export function printRun(
  seed: number,
  calls: number,
  { answered, reads, virtualMs, promises }: Outcome,
  tookMs: number,
) {
  const hours = (virtualMs / 3_600_000).toFixed(2);
  const kept = promises.every(isKept) ? "every promise kept" : "A PROMISE WAS BROKEN";
  console.log(
    `seed ${seed}: ${kept}; ${calls} calls in ${hours} h, simulated in ${(tookMs / 1_000).toFixed(1)} s; ` +
      `${answered.allowed} allowed (${answered.degraded} on the grace), ${answered.refused} refused, ` +
      `${answered.unavailable} answered 503; reads: ${reads.logs} of the log, ${reads.rows} of rows, ${reads.copies} of KV`,
  );
}

export function printTable(promises: readonly Promised[], calls: number, seeds: number): void {
  const rows = promises.map((promised) => [
    promised.name,
    shown(promised, promised.worst),
    `${promised.atLeast ? ">=" : "<="} ${shown(promised, promised.bound)}`,
    isKept(promised) ? "kept" : "BROKEN",
  ]);
  const head = ["promise", "worst case", "bound", ""];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] as string).length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] as number))
      .join("  ")
      .trimEnd();
  console.log(`\n${calls} calls, ${seeds} ${seeds === 1 ? "seed" : "seeds"}`);
  console.log(line(head));
  console.log(widths.map((width) => "-".repeat(width)).join("  "));
  for (const row of rows) console.log(line(row));
}

function shown({ unit }: Promised, value: number): string {
  if (!Number.isFinite(value)) return "-";
  return unit === "ms" ? `${(value / 1_000).toFixed(2)} s` : String(value);
}
