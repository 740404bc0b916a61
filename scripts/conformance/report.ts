// Plays all cases in their order and prints a line for each: `ok`, or `not ok` with the reason under it.
import type { Case } from "./cases.ts";
import { type Outcome, playCase } from "./play.ts";
import type { Stage } from "./step.ts";

const WIDTH = 92;
const REASONS = 3;
const SIGNS = { ok: "ok    ", failed: "not ok", skipped: "skip  " };

const cut = (text: string, width: number) => (text.length > width ? `${text.slice(0, width - 1)}…` : text);

/** Returns how many cases failed. */
export async function playAll(stage: Stage): Promise<number> {
  const { cases } = stage.suite;
  const count = { ok: 0, failed: 0, skipped: 0 };
  for (const [index, source] of cases.entries()) {
    const label = `${String(index + 1).padStart(2)}  ${cut(source.command, WIDTH)}`;
    if (process.stdout.isTTY) process.stdout.write(`  …    ${label}`);
    const outcome = await outcomeOf(source, stage);
    const sign = outcome === "skip" ? "skipped" : outcome.faults.length === 0 ? "ok" : "failed";
    count[sign] += 1;
    if (process.stdout.isTTY) process.stdout.write("\r\u001B[2K");
    const upTo = outcome === "skip" || outcome.stoppedAt === null ? "" : ` (up to ${outcome.stoppedAt})`;
    console.log(`${painted(sign)} ${label}${upTo}`);
    if (outcome !== "skip") printFaults(outcome.faults);
  }
  const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
  console.log(`${count.ok} passed, ${count.failed} failed${skipped}`);
  return count.failed;
}

async function outcomeOf(source: Case, stage: Stage): Promise<Outcome | "skip"> {
  try {
    return await playCase(source, stage);
  } catch (fault) {
    // A case that cannot be played has not passed; the others still can.
    return { faults: [reasonOf(fault)], stoppedAt: null };
  }
}

/** The message of a fault and of what caused it: "fetch failed" alone says nothing. */
function reasonOf(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  return fault.cause instanceof Error ? `${fault.message}: ${fault.cause.message}` : fault.message;
}

function painted(sign: keyof typeof SIGNS): string {
  if (!process.stdout.isTTY) return SIGNS[sign];
  const colour = { ok: 32, failed: 31, skipped: 33 }[sign];
  return `\u001B[${colour}m${SIGNS[sign]}\u001B[0m`;
}

function printFaults(faults: readonly string[]): void {
  for (const fault of faults.slice(0, REASONS)) console.log(`           ${cut(fault, 2 * WIDTH)}`);
  if (faults.length > REASONS) console.log(`           and ${faults.length - REASONS} more`);
}
