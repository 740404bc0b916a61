// From what was counted in a while to what a month uses, by the names of the prices.
import { CPU_MS_OF_ASKING_D1, type Customer, DAYS_A_MONTH } from "./customers.ts";
import type { CLOUDFLARE } from "./prices.ts";
import type { Used } from "./storage.ts";
import { activeMs } from "./traffic.ts";

export const MINUTE_MS = 60_000;

export type Month = Record<keyof (typeof CLOUDFLARE)["parts"], number>;

export interface Counted {
  /** Minutes of virtual time. */
  readonly minutes: number;
  readonly calls: number;
  readonly refused: number;
  readonly used: Used;
  /** What a minute of the schedule uses when there is nothing to do. */
  readonly idle: Used;
}

/** How often the counted time fits into the hours of a month in which there are calls. */
export function timesIn(customer: Customer, { minutes }: Counted): number {
  return activeMs(customer) / (minutes * MINUTE_MS);
}

/** A month of a customer. The schedule runs in every minute; outside the customer's hours it has nothing to do. */
export function monthOf(customer: Customer, counted: Counted, cpuMsOfACall: number): Month {
  const { used, idle, calls, refused } = counted;
  const runs = DAYS_A_MONTH * 24 * 60;
  const idleRuns = runs - activeMs(customer) / MINUTE_MS;
  const all = (part: keyof Used) => used[part] * timesIn(customer, counted) + idle[part] * idleRuns;
  const requests = customer.calls + runs;
  const refusals = customer.calls * (refused / calls);
  const asking = customer.calls * customer.changes + runs;
  return {
    requests,
    cpuMs: customer.calls * cpuMsOfACall + asking * CPU_MS_OF_ASKING_D1,
    kvReads: all("kvReads"),
    kvWrites: all("kvWrites"),
    rowsRead: all("rowsRead"),
    rowsWritten: all("rowsWritten"),
    // Lines of ours alone (`invocation_logs` in wrangler.toml): one for every refusal, and for every change that is allowed.
    logEvents: refusals + (customer.calls - refusals) * customer.changes,
  };
}

/** The same with the platform's own line for every request as well. */
export function withInvocationLogs(month: Month): Month {
  return { ...month, logEvents: month.logEvents + month.requests };
}
