// What a trial would have refused: the second verdict over a call that was allowed, and its tally, which stays small however
// many calls, networks and operations there are. Knows nothing of where tallies are kept.

import { networkCidrOf } from "../ip/cidr.ts";
import { decide, type RequestFacts } from "./decide.ts";
import type { Reason } from "./decision.ts";
import type { DryRun } from "./principal.ts";

/** What is remembered of a call that a trial would have refused: no address, only its network. */
export interface DryRunDenial {
  readonly reason: Reason;
  /** A /24 or a /64; '' when the caller's address is not known. */
  readonly network: string;
  readonly operation: string;
}

/** Stands for all networks or operations that no room was left for. */
export const OTHERS = "*";

/** Different refusals in one tally; more are counted together, by reason. */
export const MAX_DENIAL_KINDS = 64;

/** One kind of refusal, and how often. */
export interface TalliedDenial extends DryRunDenial {
  count: number;
  firstAt: number;
  lastAt: number;
}

export interface Tally {
  /** Calls that were weighed, refused or not. */
  evaluated: number;
  readonly denials: Map<string, TalliedDenial>;
}

/**
 * Weigh an allowed call as if the trial had been promoted: the same `decide`, on the key as it would be.
 *
 * @param now milliseconds since the epoch
 * @returns `null` when the trial would have allowed it as well
 */
export function evaluateDryRun({ candidate: tried }: DryRun, facts: RequestFacts, now: number): DryRunDenial | null {
  if (tried === null) return null;
  const decision = decide(tried, facts, now);
  if (decision.allow) return null;
  return {
    reason: decision.denial.reason,
    network: facts.address === null ? "" : networkCidrOf(facts.address),
    operation: facts.operation?.operationId ?? "unknown",
  };
}

export function emptyTally(): Tally {
  return { evaluated: 0, denials: new Map() };
}

/** Counts one call that was weighed. */
export function tallyRequest(tally: Tally, denial: DryRunDenial | null, at: number): void {
  tally.evaluated += 1;
  if (denial !== null) count(tally, { ...denial, count: 1, firstAt: at, lastAt: at });
}

/** Adds a tally to another: what could not be written waits for the next time. */
export function addTally(tally: Tally, more: Tally): void {
  tally.evaluated += more.evaluated;
  for (const denial of more.denials.values()) count(tally, denial);
}

function count(tally: Tally, denial: TalliedDenial): void {
  const { reason, network, operation } = denial;
  const name = `${reason} ${network} ${operation}`;
  const known = tally.denials.get(name);
  if (known !== undefined) {
    known.count += denial.count;
    known.firstAt = Math.min(known.firstAt, denial.firstAt);
    known.lastAt = Math.max(known.lastAt, denial.lastAt);
  } else if (tally.denials.size < MAX_DENIAL_KINDS || network === OTHERS) {
    tally.denials.set(name, { ...denial });
  } else count(tally, { ...denial, network: OTHERS, operation: OTHERS });
}
