// The arithmetic of bills: counts times prices. Knows no price and counts nothing.
import type { Offer, Price, Step } from "./prices.ts";

/** What a month uses, by the names under which it is priced. */
export type Counts<Part extends string> = Readonly<Record<Part, number>>;

export interface Bill<Part extends string> {
  readonly plan: number;
  /** What each part costs beyond what the plan includes. */
  readonly parts: Counts<Part>;
  readonly total: number;
}

/** A month's bill: every part beyond its included amount, at its price, and the plan. */
export function billOf<Part extends string>(
  used: Counts<Part>,
  prices: { readonly plan: number; readonly parts: Readonly<Record<Part, Price>> },
): Bill<Part> {
  const names = Object.keys(prices.parts) as Part[];
  const parts = Object.fromEntries(names.map((name) => [name, beyond(used[name], prices.parts[name])]));
  const total = Object.values<number>(parts).reduce((sum, part) => sum + part, prices.plan);
  return { plan: prices.plan, parts: parts as Counts<Part>, total };
}

function beyond(count: number, { included, perMillion }: Price): number {
  return (Math.max(0, count - included) * perMillion) / 1e6;
}

/** What a month of so many calls costs by an offer; `null` where it publishes no price. */
export function priceOf({ monthly, steps, most }: Offer, calls: number): number | null {
  if (most !== undefined && calls > most) return null;
  return monthly + steps.reduce((sum, step, i) => sum + within(calls, steps[i - 1]?.upTo ?? 0, step), 0);
}

function within(calls: number, from: number, { upTo, perMillion }: Step): number {
  return (Math.max(0, Math.min(calls, upTo) - from) * perMillion) / 1e6;
}

/** The price of a million, of so much for so many. */
export function perMillion(total: number, calls: number): number {
  return (total / calls) * 1e6;
}
