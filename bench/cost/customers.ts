// Three sizes of customer, with every assumption about traffic (docs/cost.md shows it), and the requests that they send.
import type { Random } from "../../scripts/simulate/world.ts";

export interface Customer {
  readonly name: string;
  /** Requests a month, denied ones included. */
  readonly requests: number;
  readonly keys: number;
  /** Locations of Cloudflare, and the isolates that are in use at a time in each. */
  readonly locations: number;
  readonly isolatesEach: number;
  readonly hoursADay: number;
  /** Shares of all requests: changes, reads that a known key is denied, and requests without a known key. */
  readonly changes: number;
  readonly denied: number;
  readonly unauthenticated: number;
}

const NO_ACCESS = { denied: 0.01, unauthenticated: 0.01 };
const SMALL = { requests: 1e6, keys: 20, locations: 1, isolatesEach: 2, hoursADay: 10, changes: 0.05 };
const MEDIUM = { requests: 50e6, keys: 500, locations: 5, isolatesEach: 4, hoursADay: 24, changes: 0.05 };
const LARGE = { requests: 1e9, keys: 20_000, locations: 60, isolatesEach: 5, hoursADay: 24, changes: 0.03 };

export const CUSTOMERS: readonly Customer[] = [
  { name: "small: a team and its CI", ...SMALL, ...NO_ACCESS },
  { name: "medium: a company's automation", ...MEDIUM, ...NO_ACCESS },
  { name: "large: a platform's tenants", ...LARGE, ...NO_ACCESS },
];

export const ACTIVE_DAYS = 30;

/** The n-th busiest key is used 1/n as often as the busiest one (Zipf's law with exponent 1). */
const ZIPF_EXPONENT = 1;
/** A key's client is at one location, which gets this share of its requests; any location gets the others. */
const SHARE_AT_HOME = 0.9;

export type Kind = "read" | "change" | "denied" | "unauthenticated";

export interface Arrival {
  /** Milliseconds after the request before. */
  readonly afterMs: number;
  /** Indexes of the key and of the isolate. */
  readonly key: number;
  readonly isolate: number;
  readonly kind: Kind;
}

/** Active milliseconds a month. */
export function activeMs({ hoursADay }: Customer): number {
  return ACTIVE_DAYS * hoursADay * 3_600_000;
}

/** Returns one request after the other, at random times. */
export function createTraffic(customer: Customer, random: Random): () => Arrival {
  const { requests, keys, locations, isolatesEach, changes, denied, unauthenticated } = customer;
  const meanMs = activeMs(customer) / requests;
  const shares = cumulative(Array.from({ length: keys }, (_, i) => 1 / (i + 1) ** ZIPF_EXPONENT));

  function isolateFor(key: number): number {
    // Keys are assigned to locations in turn, the busiest first.
    const location = random.happens(SHARE_AT_HOME) ? key % locations : Math.floor(random.next() * locations);
    return location * isolatesEach + Math.floor(random.next() * isolatesEach);
  }

  function kind(): Kind {
    const value = random.next();
    if (value < changes) return "change";
    if (value < changes + denied) return "denied";
    return value < changes + denied + unauthenticated ? "unauthenticated" : "read";
  }

  return () => {
    const key = firstBeyond(shares, random.next());
    return { afterMs: random.wait(meanMs), key, isolate: isolateFor(key), kind: kind() };
  };
}

function cumulative(weights: readonly number[]): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return weights.map((weight) => {
    sum += weight / total;
    return sum;
  });
}

/** The first index whose cumulative share is beyond a value, by bisection. */
function firstBeyond(shares: readonly number[], value: number): number {
  let [from, to] = [0, shares.length - 1];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((shares[middle] as number) > value) to = middle;
    else from = middle + 1;
  }
  return from;
}
