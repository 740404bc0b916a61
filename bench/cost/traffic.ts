// Who calls when, where and with what: a stream of calls by the assumptions of customers.ts, the same for the same seed.
import type { Chance } from "../../scripts/simulate/world.ts";
import { type Customer, DAYS_A_MONTH, SHARE_AT_HOME, ZIPF_EXPONENT } from "./customers.ts";
import type { Kind } from "./isolate.ts";

export interface Call {
  /** Milliseconds after the one before. */
  readonly afterMs: number;
  /** Which key and which isolate, by their places in the list. */
  readonly key: number;
  readonly isolate: number;
  readonly kind: Kind;
}

/** Milliseconds a month in which there are calls. */
export function activeMs({ hoursADay }: Customer): number {
  return DAYS_A_MONTH * hoursADay * 3_600_000;
}

/** Makes one call after the other. */
export function createTraffic(customer: Customer, chance: Chance): () => Call {
  const { calls, keys, places, isolatesEach, changes, refused, strangers } = customer;
  const meanMs = activeMs(customer) / calls;
  const shares = cumulated(Array.from({ length: keys }, (_, i) => 1 / (i + 1) ** ZIPF_EXPONENT));

  function isolateFor(key: number): number {
    // Keys are dealt out to places, the busiest first.
    const place = chance.happens(SHARE_AT_HOME) ? key % places : Math.floor(chance.next() * places);
    return place * isolatesEach + Math.floor(chance.next() * isolatesEach);
  }

  function kind(): Kind {
    const luck = chance.next();
    if (luck < changes) return "change";
    if (luck < changes + refused) return "refused";
    return luck < changes + refused + strangers ? "stranger" : "read";
  }

  return () => {
    const key = placeIn(shares, chance.next());
    return { afterMs: chance.wait(meanMs), key, isolate: isolateFor(key), kind: kind() };
  };
}

function cumulated(weights: readonly number[]): readonly number[] {
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return weights.map((weight) => {
    sum += weight / whole;
    return sum;
  });
}

/** The first place whose cumulated share is beyond a number. */
function placeIn(shares: readonly number[], luck: number): number {
  let [from, to] = [0, shares.length - 1];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((shares[middle] as number) > luck) to = middle;
    else from = middle + 1;
  }
  return from;
}
