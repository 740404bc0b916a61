// A customer's bill: the usage of a month, from the counts of a shorter time, at Cloudflare's published prices.
import { ACTIVE_DAYS, activeMs, type Customer } from "./customers.ts";
import type { Usage } from "./storage.ts";

export const MINUTE_MS = 60_000;

/** CPU of a change beyond that of a read, and of a scheduled run, which wait for D1. Assumed, not measured. */
const CPU_MS_OF_D1 = 1.5;

/** An included amount, then so many US dollars for each million. */
interface Price {
  readonly included: number;
  readonly perMillion: number;
}

/**
 * The Workers Paid plan in US dollars a month, read on 23 November 2026:
 * https://developers.cloudflare.com/workers/platform/pricing/, https://developers.cloudflare.com/kv/platform/pricing/,
 * https://developers.cloudflare.com/d1/platform/pricing/
 */
export const CLOUDFLARE = {
  plan: 5,
  parts: {
    requests: { included: 10e6, perMillion: 0.3 },
    cpuMs: { included: 30e6, perMillion: 0.02 },
    kvReads: { included: 10e6, perMillion: 0.5 },
    kvWrites: { included: 1e6, perMillion: 5 },
    rowsRead: { included: 25e9, perMillion: 0.001 },
    rowsWritten: { included: 50e6, perMillion: 1 },
    // Until 1 December 2026; the price after that day was not published yet.
    logEvents: { included: 20e6, perMillion: 0.6 },
  },
} as const satisfies { plan: number; parts: Record<string, Price> };

export type Part = keyof (typeof CLOUDFLARE)["parts"];
export type Month = Readonly<Record<Part, number>>;

export interface Counted {
  /** Minutes of virtual time. */
  readonly minutes: number;
  readonly requests: number;
  readonly denied: number;
  readonly used: Usage;
  /** The usage of one scheduled run that has nothing to do. */
  readonly idle: Usage;
}

/** How often the counted time fits into the active hours of a month. */
export function timesInMonth(customer: Customer, { minutes }: Counted): number {
  return activeMs(customer) / (minutes * MINUTE_MS);
}

/** The usage of a month. Maintenance runs every minute; outside the customer's active hours it has nothing to do. */
export function monthOf(customer: Customer, counted: Counted, cpuMsOfRead: number): Month {
  const { used, idle, requests, denied } = counted;
  const runs = ACTIVE_DAYS * 24 * 60;
  const idleRuns = runs - activeMs(customer) / MINUTE_MS;
  const all = (part: keyof Usage) => used[part] * timesInMonth(customer, counted) + idle[part] * idleRuns;
  const denials = customer.requests * (denied / requests);
  const waitingForD1 = customer.requests * customer.changes + runs;
  return {
    requests: customer.requests + runs,
    cpuMs: customer.requests * cpuMsOfRead + waitingForD1 * CPU_MS_OF_D1,
    kvReads: all("kvReads"),
    kvWrites: all("kvWrites"),
    rowsRead: all("rowsRead"),
    rowsWritten: all("rowsWritten"),
    // Gatehouse's own lines (`invocation_logs` is off in wrangler.toml): one for each denial and each allowed change.
    logEvents: denials + (customer.requests - denials) * customer.changes,
  };
}

/** Dollars for a part of a month, beyond the included amount. */
export function priceOf(part: Part, month: Month): number {
  const { included, perMillion }: Price = CLOUDFLARE.parts[part];
  return (Math.max(0, month[part] - included) * perMillion) / 1e6;
}

/** The plan and all parts, in dollars. */
export function totalOf(month: Month): number {
  const parts = Object.keys(CLOUDFLARE.parts) as Part[];
  return parts.reduce<number>((sum, part) => sum + priceOf(part, month), CLOUDFLARE.plan);
}
