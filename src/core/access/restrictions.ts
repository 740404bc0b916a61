// The restrictions of a principal: what narrows its use beyond its role. Every place that must know all of them is a
// record by `keyof Restrictions` or by `RestrictionCheck`, so the compiler names each one that a new restriction misses.
import type { CompiledRules } from "../ip/cidr.ts";

/**
 * What narrows the use of a key or an operator. A new member needs: the name of its check (below), its check (decide.ts),
 * its comparison (privilege-escalation.ts), its description (explain.ts), and its stored form (record-codec.ts and
 * kv-copies.ts in store/key-cache).
 */
export interface Restrictions {
  /** Milliseconds since the epoch; `null`: never. */
  readonly expiresAt: number | null;
  /** The addresses that a request may come from. `null`: any address; an empty set: none. */
  readonly addresses: CompiledRules | null;
}

/** The values of a principal that is not restricted. */
const NONE: Restrictions = { expiresAt: null, addresses: null };

/** Whether nothing narrows the use of a principal beyond its role. */
export function isUnrestricted(restrictions: Restrictions): boolean {
  return (Object.keys(NONE) as (keyof Restrictions)[]).every((name) => restrictions[name] === NONE[name]);
}

/** The name of each restriction's check, as explanations show it and denials are stored with it: stable for ever. */
interface RestrictionChecks {
  readonly expiresAt: "expiry";
  readonly addresses: "address";
}

export type RestrictionCheck = RestrictionChecks[keyof Restrictions];
