// How long storage and the upstream take in `npm run bench -- --latency`: milliseconds, drawn anew for each read of KV.
import { createHash } from "node:crypto";

export interface Delays {
  /** Of each statement of D1, or batch of them. */
  readonly d1Ms: number;
  readonly upstreamMs: number;
}

/** A value that the edge of Workers KV has, and one that it has to fetch: half of these take so long, and one in a hundred. */
export const KV = { hotMs: 1, coldMs: 30, coldMsOfHundredth: 150 } as const;

/** How long the edge keeps a value that was read. */
const HOT_FOR_MS = 30_000;
/** The standard normal distribution exceeds this once in a hundred times. */
const HUNDREDTH = 2.326;

/** @returns the delay of each read of KV by the name of the value; log-normal when it is cold, and the same in every run */
export function createKvDelay(): (name: string, now: number) => number {
  const hotSince = new Map<string, number>();
  const sigma = Math.log(KV.coldMsOfHundredth / KV.coldMs) / HUNDREDTH;
  let reads = 0;
  return (name, now) => {
    const isHot = now - (hotSince.get(name) ?? Number.NEGATIVE_INFINITY) < HOT_FOR_MS;
    hotSince.set(name, now);
    if (isHot) return KV.hotMs;
    reads += 1;
    return KV.coldMs * Math.exp(sigma * normal(reads));
  };
}

/** The Box-Muller transform of two numbers that are drawn from a counter. */
function normal(counter: number): number {
  const bytes = createHash("sha256").update(String(counter)).digest();
  const [first, second] = [(bytes.readUInt32BE(0) + 1) / 2 ** 32, bytes.readUInt32BE(4) / 2 ** 32];
  return Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * second);
}
