// The reckoning as text.
import { type Bill, billOf, perMillion, priceOf } from "./bill.ts";
import type { Customer } from "./customers.ts";
import { type Month, withInvocationLogs } from "./month.ts";
import { CLOUDFLARE, CLOUDFLARE_PAGES, OFFERS } from "./prices.ts";

const NAMES: Readonly<Record<keyof Month, string>> = {
  requests: "requests",
  cpuMs: "CPU, in ms",
  kvReads: "KV reads",
  kvWrites: "KV writes",
  rowsRead: "D1 rows read",
  rowsWritten: "D1 rows written",
  logEvents: "Workers Logs",
};

/** What a customer uses in a month, and what it comes to. */
export interface Reckoned {
  readonly month: Month;
  readonly bill: Bill<keyof Month>;
}

/** One customer's bill, part by part. */
export function billText(customer: Customer, { month, bill }: Reckoned): string {
  const { name, calls, keys, places, isolatesEach } = customer;
  const parts = Object.keys(NAMES) as (keyof Month)[];
  return [
    `${name}: ${millions(calls)} calls a month, ${keys} keys, ${places * isolatesEach} isolates`,
    line("plan", bill.plan),
    ...parts.map((part) => `${line(NAMES[part], bill.parts[part])}   (${millions(month[part])})`),
    line("a month, in US dollars", bill.total),
    line("  with invocation logs", withLogs(month)),
  ].join("\n");
}

/** The price of a million calls for every customer, beside that of others; and where prices stand. */
export function comparisonText(customers: readonly Customer[], reckoned: readonly Reckoned[]): string {
  const row = (name: string, cells: readonly string[]) =>
    name.padEnd(32) + cells.map((cell) => cell.padStart(13)).join("");
  const aMillion = (totals: readonly (number | null)[]) =>
    totals.map((total, i) => {
      return total === null ? "by contract" : perMillion(total, customers[i]?.calls ?? 1).toFixed(2);
    });
  const pages = OFFERS.flatMap(({ sources }) => sources.map(({ page }) => page));
  const names = customers.map(({ name }) => name.split(":")[0] ?? name);
  const offers = OFFERS.map((offer) => [offer.name, customers.map(({ calls }) => priceOf(offer, calls))] as const);
  return [
    row("US dollars for a million calls", names),
    row("Gatehouse", aMillion(reckoned.map(({ bill }) => bill.total))),
    row("Gatehouse, with invocation logs", aMillion(reckoned.map(({ month }) => withLogs(month)))),
    ...offers.map(([name, totals]) => row(name, aMillion(totals))),
    "\nPrices as in bench/cost/prices.ts, from",
    ...[...new Set([...CLOUDFLARE_PAGES, ...pages])].map((page) => `  ${page}`),
  ].join("\n");
}

function withLogs(month: Month): number {
  return billOf(withInvocationLogs(month), CLOUDFLARE).total;
}

function line(what: string, dollars: number): string {
  return `  ${what.padEnd(26)}${dollars.toFixed(2).padStart(10)}`;
}

/** A number in millions. */
export function millions(number: number): string {
  return `${(number / 1e6).toFixed(number < 1e7 ? 2 : 0)} million`;
}
