// The rule of an allow list that matches an address, or comes closest to it: for explaining a decision, never for making
// one.
import { type CanonicalCidr, rangeOf, readCanonicalCidr } from "./cidr.ts";
import { type Address, bitLength } from "./ip-address.ts";

/** A rule, and how many of its leading bits an address shares. */
export interface Nearness {
  readonly rule: CanonicalCidr;
  readonly sharedBits: number;
  readonly prefixLength: number;
}

/** The first rule that contains an address, or `null`. */
export function matchingRule(rules: readonly CanonicalCidr[], address: Address): CanonicalCidr | null {
  const matches = (rule: CanonicalCidr): boolean => {
    const [start, end] = rangeOf(readCanonicalCidr(rule));
    return typeof start === typeof address && start <= address && address < end;
  };
  return rules.find(matches) ?? null;
}

/** The rule of the address's family that lacks the fewest bits to contain it, or `null` without a rule of that family. */
export function closestRule(rules: readonly CanonicalCidr[], address: Address): Nearness | null {
  let closest: Nearness | null = null;
  for (const rule of rules) {
    const cidr = readCanonicalCidr(rule);
    if (typeof cidr.address !== typeof address) continue;
    const different = BigInt(cidr.address) ^ BigInt(address);
    const common = bitLength(address) - (different === 0n ? 0 : different.toString(2).length);
    const near = { rule, sharedBits: Math.min(common, cidr.prefix), prefixLength: cidr.prefix };
    if (closest === null || missingBits(near) < missingBits(closest)) closest = near;
  }
  return closest;
}

function missingBits({ sharedBits, prefixLength }: Nearness): number {
  return prefixLength - sharedBits;
}
