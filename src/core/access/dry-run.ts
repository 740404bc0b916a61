// Dry runs: what a change of a key's role or addresses would deny. Evaluates an allowed request a second time, and keeps a
// tally whose size does not grow with the number of requests, networks and operations.

import { networkCidrOf } from "../ip/cidr.ts";
import { decide, type RequestFacts } from "./decide.ts";
import type { Reason } from "./decision.ts";
import type { DryRun } from "./principal.ts";

/** What is kept of a request that a dry run would have denied: its network, never its address. */
export interface DryRunDenial {
  readonly reason: Reason;
  /** A /24 or a /64; '' when the client's address is not known. */
  readonly network: string;
  readonly operation: string;
}

/** The network and the operation of denials that are counted without them, once a tally is full. */
export const OTHERS = "*";

/** The kinds of denials in one tally; further ones are counted together, by reason. */
export const MAX_DENIAL_KINDS = 64;

/** One kind of denial, and how often it happened. Times are milliseconds since the epoch. */
export interface TalliedDenial extends DryRunDenial {
  count: number;
  firstAt: number;
  lastAt: number;
}

export interface Tally {
  /** Requests that were evaluated, denied or not. */
  evaluated: number;
  readonly denials: Map<string, TalliedDenial>;
}

/**
 * Authorize an allowed request again, for the key as it would be after the dry run's promotion.
 *
 * @param now milliseconds since the epoch
 * @returns `null` when the dry run would have allowed it as well, or cannot be read
 */
export function evaluateDryRun({ candidate }: DryRun, facts: RequestFacts, now: number): DryRunDenial | null {
  if (candidate === null) return null;
  const decision = decide(candidate, facts, now);
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

/** Counts one request that was evaluated. */
export function tallyRequest(tally: Tally, denial: DryRunDenial | null, at: number): void {
  tally.evaluated += 1;
  if (denial !== null) count(tally, { ...denial, count: 1, firstAt: at, lastAt: at });
}

/** Adds a second tally to a tally: a tally that could not be written is added to the next one. */
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
