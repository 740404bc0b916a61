// `npm run cost [-- --minutes N] [--seed N]`: what Cloudflare bills three sizes of customer for a month, and for a million
// requests. The real code runs on storage that counts (bench/cost/).
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CLOUDFLARE, MINUTE_MS, type Month, monthOf, type Part, priceOf, timesInMonth, totalOf } from "./cost/bill.ts";
import { count, INTERVAL_MINUTES } from "./cost/count.ts";
import { activeMs, CUSTOMERS, type Customer } from "./cost/customers.ts";
import { printTable, progress, spreadOf } from "./report.ts";
import { RESULTS } from "./setup/build.ts";

const NAMES: Readonly<Record<Part, string>> = {
  requests: "requests",
  cpuMs: "CPU, in ms",
  kvReads: "KV reads",
  kvWrites: "KV writes",
  rowsRead: "D1 rows read",
  rowsWritten: "D1 rows written",
  logEvents: "Workers Logs",
};

const text = (fallback: string) => ({ type: "string", default: fallback }) as const;
const { values } = parseArgs({ options: { minutes: text(String(INTERVAL_MINUTES)), seed: text("1") } });
const cpuMsOfRead = measuredCpuMs();
const perMillion: string[][] = [["US dollars for a million requests", "all", "with invocation logs"]];
for (const customer of CUSTOMERS) perMillion.push(await bill(customer));
printTable(perMillion);
console.log(`\nCPU of a read: ${cpuMsOfRead.toFixed(2)} ms`);

/** Prints a customer's bill. @returns its row of the last table */
async function bill(customer: Customer): Promise<string[]> {
  const { name, requests, keys, locations, isolatesEach } = customer;
  const counted = await count(customer, {
    seed: Number(values.seed),
    // At least a hundred thousand requests.
    minutes: Math.max(Number(values.minutes), Math.ceil((activeMs(customer) / MINUTE_MS) * (100_000 / requests))),
    onMinute: (done, of) => process.stderr.isTTY && progress(`${name}: ${done} of ${of} virtual minutes`),
  });
  progress("");
  const month = monthOf(customer, counted, cpuMsOfRead);
  const withInvocationLogs: Month = { ...month, logEvents: month.logEvents + month.requests };
  const lastUses = millions(counted.used.lastUses * timesInMonth(customer, counted));
  const parts = Object.entries(NAMES) as [Part, string][];
  printTable([
    [name, "dollars", `${millions(requests)} requests a month, ${keys} keys, ${locations * isolatesEach} isolates`],
    ["plan", CLOUDFLARE.plan.toFixed(2), ""],
    ...parts.map(([part, label]) => [label, priceOf(part, month).toFixed(2), millions(month[part])]),
    ["all", totalOf(month).toFixed(2), `${lastUses} of the rows written are last uses`],
    ["with invocation logs", totalOf(withInvocationLogs).toFixed(2), `counted over ${counted.requests} requests`],
  ]);
  return [name, ...[month, withInvocationLogs].map((each) => ((totalOf(each) / requests) * 1e6).toFixed(2))];
}

function millions(number: number): string {
  return `${(number / 1e6).toFixed(number < 1e7 ? 2 : 0)} million`;
}

/** The last result of `npm run bench`, or an assumption; Cloudflare's own machines are faster. */
function measuredCpuMs(): number {
  const file = ["latest.json", "quick.json"].map((name) => join(RESULTS, name)).find((path) => existsSync(path));
  if (file === undefined) return 0.25;
  const { rounds } = JSON.parse(readFileSync(file, "utf8")) as { rounds: Record<string, number[]> };
  return spreadOf(rounds.authorized ?? [250]).median / 1_000;
}
