// What a trial would have refused: the second verdict over a call that was allowed, and its tally, which stays small however
// many calls, networks and operations there are. Knows nothing of where tallies are kept.
import { type CallFacts, decide } from "./decide.ts";
import { networkOf } from "./ip-rules.ts";
import type { Trial } from "./key.ts";
import type { Reason } from "./verdict.ts";

/** What is remembered of a call that a trial would have refused: no address, only its network. */
export interface TrialRefusal {
  readonly reason: Reason;
  /** A /24 or a /64; '' when the caller's address is not known. */
  readonly network: string;
  readonly operation: string;
}

/** Stands for all networks or operations that no room was left for. */
export const OTHERS = "*";

/** Different refusals in one tally; more are counted together, by reason. */
export const MOST_REFUSALS = 64;

/** One kind of refusal, and how often. */
export interface TalliedRefusal extends TrialRefusal {
  count: number;
  firstAt: number;
  lastAt: number;
}

export interface Tally {
  /** Calls that were weighed, refused or not. */
  evaluated: number;
  readonly refusals: Map<string, TalliedRefusal>;
}

/**
 * Weigh an allowed call as if the trial had been promoted: the same `decide`, on the key as it would be.
 *
 * @param now milliseconds since the epoch
 * @returns `null` when the trial would have allowed it as well
 */
export function weighTrial({ tried }: Trial, facts: CallFacts, now: number): TrialRefusal | null {
  if (tried === null) return null;
  const verdict = decide(tried, facts, now);
  if (verdict.allow) return null;
  return {
    reason: verdict.denial.reason,
    network: facts.address === null ? "" : networkOf(facts.address),
    operation: facts.operation?.operationId ?? "unknown",
  };
}

export function emptyTally(): Tally {
  return { evaluated: 0, refusals: new Map() };
}

/** Counts one call that was weighed. */
export function tallyCall(tally: Tally, refusal: TrialRefusal | null, at: number): void {
  tally.evaluated += 1;
  if (refusal !== null) count(tally, { ...refusal, count: 1, firstAt: at, lastAt: at });
}

/** Adds a tally to another: what could not be written waits for the next time. */
export function addTally(tally: Tally, more: Tally): void {
  tally.evaluated += more.evaluated;
  for (const refusal of more.refusals.values()) count(tally, refusal);
}

function count(tally: Tally, refusal: TalliedRefusal): void {
  const { reason, network, operation } = refusal;
  const name = `${reason} ${network} ${operation}`;
  const known = tally.refusals.get(name);
  if (known !== undefined) {
    known.count += refusal.count;
    known.firstAt = Math.min(known.firstAt, refusal.firstAt);
    known.lastAt = Math.max(known.lastAt, refusal.lastAt);
  } else if (tally.refusals.size < MOST_REFUSALS || network === OTHERS) {
    tally.refusals.set(name, { ...refusal });
  } else count(tally, { ...refusal, network: OTHERS, operation: OTHERS });
}
