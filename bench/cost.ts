// `npm run cost`: what a million calls cost on Cloudflare, for three sizes of customer. Prices are the published ones of
// the Workers Paid plan; what a call uses is counted by the code's own constants, and CPU is what the bench measured.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REFRESH_AFTER_MS } from "../src/store/feed.ts";
import { RESULTS } from "./setup/work.ts";

/** US dollars; https://developers.cloudflare.com/workers/platform/pricing/ and those of KV and D1. */
const PRICE = {
  plan: 5,
  request: 0.3 / 1e6,
  cpuMs: 0.02 / 1e6,
  kvRead: 0.5 / 1e6,
  kvWrite: 5 / 1e6,
  rowRead: 0.001 / 1e6,
  rowWritten: 1 / 1e6,
} as const;
const INCLUDED = {
  requests: 10e6,
  cpuMs: 30e6,
  kvReads: 10e6,
  kvWrites: 1e6,
  rowsRead: 25e9,
  rowsWritten: 50e6,
} as const;

interface Customer {
  readonly name: string;
  readonly calls: number;
  readonly keys: number;
  /** Isolates that serve at any time, all locations together. */
  readonly isolates: number;
  /** Share of the calls that change something. */
  readonly changes: number;
  /** Hours a day in which there are calls. */
  readonly hours: number;
}

const CUSTOMERS: readonly Customer[] = [
  { name: "small: a team and its CI", calls: 1e6, keys: 20, isolates: 2, changes: 0.05, hours: 10 },
  { name: "medium: a company's automation", calls: 50e6, keys: 500, isolates: 20, changes: 0.05, hours: 24 },
  { name: "large: a platform's tenants", calls: 1e9, keys: 20_000, isolates: 300, changes: 0.03, hours: 24 },
];

const DAYS = 30;
/** An isolate writes a key's last use at most this often: src/store/usage.ts. */
const USE_WRITTEN_EVERY_MINUTES = 1;
/** A remembered record is read anew after this long: src/store/memory-keys.ts. */
const READ_ANEW_EVERY_MINUTES = 10;
/** Rows that one look-up reads: the key, its role, two lists with their bindings, the log's head. */
const ROWS_OF_A_KEY = 7;
const ROWS_OF_THE_FEED = 3;
/** CPU of a call in a Worker on Cloudflare's own, faster, machines is less: what is not measured here is not assumed. */
const cpuMsOfACall = measuredCpuMs();

for (const customer of CUSTOMERS) print(customer);
console.log(`\nCPU per call: ${cpuMsOfACall.toFixed(2)} ms (bench/results), and 1.5 ms for a change, which asks D1.`);

function print({ name, calls, keys, isolates, changes, hours }: Customer): void {
  const minutes = DAYS * hours * 60;
  // A key meets an isolate only when it is called there: never more often than there are calls.
  const met = Math.min(calls, keys * isolates * minutes);
  const anew = Math.min(calls, met / READ_ANEW_EVERY_MINUTES);
  const feedReads = Math.min(calls, (isolates * minutes * 60_000) / REFRESH_AFTER_MS);
  const uses = Math.min(calls, met / USE_WRITTEN_EVERY_MINUTES);
  const exact = calls * changes;
  const used = {
    requests: calls,
    cpuMs: calls * cpuMsOfACall + exact * 1.5,
    kvReads: anew,
    kvWrites: Math.min(anew, keys * DAYS),
    rowsRead: (exact + anew / 10) * ROWS_OF_A_KEY + feedReads * ROWS_OF_THE_FEED,
    rowsWritten: uses,
  };
  const beyond = (part: keyof typeof used) => Math.max(0, used[part] - INCLUDED[part]);
  const bill = {
    requests: beyond("requests") * PRICE.request,
    CPU: beyond("cpuMs") * PRICE.cpuMs,
    "KV reads": beyond("kvReads") * PRICE.kvRead,
    "KV writes": beyond("kvWrites") * PRICE.kvWrite,
    "D1 rows read": beyond("rowsRead") * PRICE.rowRead,
    "D1 rows written (last used)": beyond("rowsWritten") * PRICE.rowWritten,
  };
  const total = PRICE.plan + Object.values(bill).reduce((sum, part) => sum + part, 0);
  console.log(`\n${name}: ${millions(calls)} calls a month, ${keys} keys, ${isolates} isolates`);
  console.log(`  ${"plan".padEnd(30)}${PRICE.plan.toFixed(2).padStart(12)}`);
  const counts = Object.values(used);
  for (const [i, [part, dollars]] of Object.entries(bill).entries()) {
    console.log(`  ${part.padEnd(30)}${dollars.toFixed(2).padStart(12)}   (${millions(counts[i] as number)})`);
  }
  console.log(`  ${"a month, in US dollars".padEnd(30)}${total.toFixed(2).padStart(12)}`);
  console.log(`  ${"a million calls".padEnd(30)}${((total / calls) * 1e6).toFixed(3).padStart(12)}`);
}

function millions(count: number): string {
  return `${(count / 1e6).toFixed(count < 1e7 ? 2 : 0)} million`;
}

function measuredCpuMs(): number {
  const file = ["latest.json", "quick.json"].map((name) => join(RESULTS, name)).find((path) => existsSync(path));
  if (file === undefined) return 0.25;
  const { rounds } = JSON.parse(readFileSync(file, "utf8")) as { rounds: Record<string, number[]> };
  const sorted = [...(rounds.authorised ?? [250])].sort((a, b) => a - b);
  return (sorted[sorted.length >> 1] as number) / 1_000;
}
