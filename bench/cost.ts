// `npm run cost [-- --minutes N] [--seed N] [--intervals 5,15]`: what a million calls cost on Cloudflare, for three sizes of
// customer, beside the published prices of others. The real code runs on storage that counts (bench/cost/).
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { billOf } from "./cost/bill.ts";
import { count } from "./cost/count.ts";
import { CUSTOMERS, type Customer } from "./cost/customers.ts";
import { createLonger, type Longer } from "./cost/longer.ts";
import { type Counted, MINUTE_MS, type Month, monthOf, timesIn } from "./cost/month.ts";
import { CLOUDFLARE } from "./cost/prices.ts";
import { billText, comparisonText, millions, type Reckoned } from "./cost/table.ts";
import { activeMs } from "./cost/traffic.ts";
import { progress, progressEnds } from "./report/progress.ts";
import { RESULTS } from "./setup/work.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    // Other intervals between two writes of a key's last use, in minutes: what they would come to.
    intervals: { type: "string", default: "" },
  },
});
const cpuMsOfACall = measuredCpuMs();
const reckoned: Reckoned[] = [];
for (const customer of CUSTOMERS) reckoned.push(await reckon(customer));
console.log(`\n${comparisonText(CUSTOMERS, reckoned)}\n\nCPU of a call: ${cpuMsOfACall.toFixed(2)} ms`);

async function reckon(customer: Customer): Promise<Reckoned> {
  const longer = createLonger(values.intervals.split(",").filter(Boolean).map(Number));
  const counted = await count(customer, {
    seed: Number(values.seed),
    minutes: minutesFor(customer),
    onUse: longer.note,
    onBegin: longer.reset,
    onMinute(done, of) {
      if (process.stderr.isTTY) progress(`${customer.name}: ${done} of ${of} virtual minutes`);
    },
  });
  if (process.stderr.isTTY) progressEnds();
  const month = monthOf(customer, counted, cpuMsOfACall);
  const bill = billOf(month, CLOUDFLARE);
  console.log(`\n${billText(customer, { month, bill })}`);
  printUses(customer, counted, month, longer);
  return { month, bill };
}

/** At least a hundred thousand calls. */
function minutesFor(customer: Customer): number {
  return Math.max(Number(values.minutes), Math.ceil((activeMs(customer) / MINUTE_MS) * (100_000 / customer.calls)));
}

function printUses(customer: Customer, counted: Counted, month: Month, longer: Longer): void {
  const times = timesIn(customer, counted);
  const uses = counted.used.uses * times;
  console.log(`  counted over ${counted.calls} calls; ${millions(uses)} of the rows written are last uses`);
  for (const [minutes, writes] of longer.writes) {
    const { total } = billOf({ ...month, rowsWritten: month.rowsWritten - uses + writes * times }, CLOUDFLARE);
    console.log(`  once in ${minutes} min they would be ${millions(writes * times)}: ${total.toFixed(2)} a month`);
  }
}

/** What the bench measured last; on Cloudflare's own, faster, machines it is less. */
function measuredCpuMs(): number {
  const file = ["latest.json", "quick.json"].map((name) => join(RESULTS, name)).find((path) => existsSync(path));
  if (file === undefined) return 0.25;
  const { rounds } = JSON.parse(readFileSync(file, "utf8")) as { rounds: Record<string, number[]> };
  const sorted = [...(rounds.authorised ?? [250])].sort((a, b) => a - b);
  return (sorted[sorted.length >> 1] as number) / 1_000;
}
