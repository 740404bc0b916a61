// The CIDR rules of allow lists: one strict grammar, canonical text, and compiled sets that a call's address is looked up
// in. Knows nothing of lists, keys or where an address comes from.
import { type Address, addressText, bitLength, parseAddress } from "./ip-address.ts";

/**
 * A set of addresses. Each family is one flat, sorted list of bounds: where a range starts, where it has ended, where
 * the next one starts, and so on. So an address is in the set when an odd number of bounds lies at or below it.
 */
export interface CompiledRules {
  // Plain arrays: for a handful of rules they take less memory than typed arrays, whose objects weigh more than that.
  readonly v4: readonly number[];
  readonly v6: readonly bigint[];
}

/** A rule in canonical form: network address and prefix length. */
export type CanonicalCidr = string & { readonly __brand: "CanonicalCidr" };

/** The most rules that one allow list may hold. */
export const MAX_RULES = 100;

// The longest rule there is, ::ffff: written out and a dotted quad included, has 49 characters.
const MAX_RULE_LENGTH = 64;
const MAPPED_PREFIX = 96;
const PREFIX = /^(?:0|[1-9]\d{0,2})$/;

interface Cidr {
  readonly address: Address;
  readonly prefix: number;
}

/**
 * Reads a rule as an operator writes it and gives its canonical text, which is what is stored and echoed.
 *
 * @returns the rule, always with a prefix length; or one sentence for the operator, which repeats nothing of a text
 * that could not be read
 */
export function parseRule(text: string): { readonly rule: CanonicalCidr } | { readonly fault: string } {
  const cidr = parseCidr(text);
  if ("fault" in cidr) return cidr;
  const { address, prefix } = cidr;
  const network = rangeOf(cidr)[0];
  if (network === address) return { rule: `${addressText(address)}/${prefix}` as CanonicalCidr };
  const meant = `${addressText(network)}/${prefix}`;
  const single = `${addressText(address)}/${bitLength(address)}`;
  return { fault: `The address has bits set behind its prefix length: write ${meant} or ${single}.` };
}

/**
 * Compiles rules into a set, overlapping and adjacent ones joined.
 *
 * @param rules canonical rules only
 * @throws Error if a rule is not canonical: what was stored is corrupt, and a corrupt row is a fault, not a key
 */
export function compileRules(rules: readonly string[]): CompiledRules {
  const v4: [number, number][] = [];
  const v6: [bigint, bigint][] = [];
  for (const rule of rules) {
    const [start, end] = rangeOf(canonicalCidr(rule));
    if (typeof start === "number") v4.push([start, Number(end)]);
    else v6.push([start, BigInt(end)]);
  }
  // Each family brings the array it is joined into: an array literal that has seen both makes V8 box every number.
  return { v4: mergeRanges(v4, []), v6: mergeRanges(v6, []) };
}

/** Whether an address is in a set. No address is in none, not even in one that holds everything. */
export function containsAddress(rules: CompiledRules, address: Address | null): boolean {
  if (address === null) return false;
  return (boundsUpTo(typeof address === "number" ? rules.v4 : rules.v6, address) & 1) === 1;
}

/** Whether every address of the inner set is in the outer one. */
export function coversRanges(outer: CompiledRules, inner: CompiledRules): boolean {
  return coversFamily(outer.v4, inner.v4) && coversFamily(outer.v6, inner.v6);
}

/**
 * The first rule that an address matches, for explaining a verdict; never for making one.
 *
 * @throws Error if a rule is not canonical
 */
export function matchingRule(rules: readonly string[], address: Address): string | null {
  const matches = (rule: string): boolean => {
    const [start, end] = rangeOf(canonicalCidr(rule));
    return typeof start === typeof address && start <= address && address < end;
  };
  return rules.find(matches) ?? null;
}

/** The rule that comes closest to an address, and how many of its leading bits the address has. */
export interface Nearness {
  readonly rule: string;
  readonly sharedBits: number;
  readonly prefixLength: number;
}

/**
 * The rule of the address's family that lacks the fewest bits to match it, for explaining a verdict; never for making one.
 *
 * @throws Error if a rule is not canonical
 */
export function closestRule(rules: readonly string[], address: Address): Nearness | null {
  let closest: Nearness | null = null;
  for (const rule of rules) {
    const cidr = canonicalCidr(rule);
    if (typeof cidr.address !== typeof address) continue;
    const different = BigInt(cidr.address) ^ BigInt(address);
    const common = bitLength(address) - (different === 0n ? 0 : different.toString(2).length);
    const near = { rule, sharedBits: Math.min(common, cidr.prefix), prefixLength: cidr.prefix };
    if (closest === null || lacking(near) < lacking(closest)) closest = near;
  }
  return closest;
}

function lacking({ sharedBits, prefixLength }: Nearness): number {
  return prefixLength - sharedBits;
}

const NETWORK_PREFIX = { 32: 24, 128: 64 } as const;

/** The network that an address is told as where the address itself would be too much: its /24, or its /64. */
export function networkCidrOf(address: Address): string {
  const prefix = NETWORK_PREFIX[bitLength(address)];
  return `${addressText(rangeOf({ address, prefix })[0])}/${prefix}`;
}

/** Whether a canonical rule lets in a whole family, which its author should be warned of. */
export function isEverything(rule: string): boolean {
  return rule === "0.0.0.0/0" || rule === "::/0";
}

function parseCidr(text: string): Cidr | { readonly fault: string } {
  if (text.length > MAX_RULE_LENGTH) return { fault: `A rule has at most ${MAX_RULE_LENGTH} characters.` };
  const slash = text.indexOf("/");
  const addressPart = slash === -1 ? text : text.slice(0, slash);
  const address = parseAddress(addressPart);
  if (address === null) return { fault: addressFault(addressPart) };
  const mapped = typeof address === "number" && addressPart.includes(":");
  const width = mapped ? 128 : bitLength(address);
  const digits = text.slice(slash + 1);
  const prefix = slash === -1 ? width : PREFIX.test(digits) ? Number(digits) : Number.NaN;
  // Written so that NaN is a fault as well.
  if (!(prefix <= width)) {
    return { fault: `The prefix length behind "/" must be a whole number from 0 to ${width} without leading zeros.` };
  }
  if (!mapped) return { address, prefix };
  if (prefix >= MAPPED_PREFIX) return { address, prefix: prefix - MAPPED_PREFIX };
  return { fault: `An IPv4-mapped rule needs a prefix length of at least ${MAPPED_PREFIX}: write it as an IPv4 rule.` };
}

function addressFault(text: string): string {
  if (text.includes("%")) return "An address must not have a zone id.";
  if (text.includes(":")) return "This is not an IPv6 address: at most eight groups of hexadecimal digits are needed.";
  return "This is not an IP address: four decimal numbers without leading zeros, or IPv6 text, are needed.";
}

function canonicalCidr(rule: string): Cidr {
  const cidr = parseCidr(rule);
  if ("fault" in cidr || `${addressText(cidr.address)}/${cidr.prefix}` !== rule || rangeOf(cidr)[0] !== cidr.address) {
    throw new Error("a stored IP rule is not canonical");
  }
  return cidr;
}

/** Where the range of a rule starts, and where it has ended. */
function rangeOf({ address, prefix }: Cidr): [start: Address, end: Address] {
  if (typeof address === "number") {
    const size = 2 ** (32 - prefix);
    const start = address - (address % size);
    return [start as Address, (start + size) as Address];
  }
  const size = 1n << BigInt(128 - prefix);
  const start = address - (address % size);
  return [start as Address, (start + size) as Address];
}

/** The bounds of a set of ranges, in order and none of them needless. */
function mergeRanges<T extends number | bigint>(ranges: [start: T, end: T][], bounds: T[]): readonly T[] {
  ranges.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [start, end] of ranges) {
    const last = bounds.at(-1);
    if (last === undefined || start > last) bounds.push(start, end);
    else if (end > last) bounds[bounds.length - 1] = end;
  }
  // A copy has no room left to grow, which an array that was pushed to keeps for as long as its key is remembered.
  return bounds.slice();
}

/** How many bounds lie at or below an address. */
function boundsUpTo(bounds: readonly (number | bigint)[], address: number | bigint): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle] as number | bigint) <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}

function coversFamily<T extends number | bigint>(outer: readonly T[], inner: readonly T[]): boolean {
  for (let i = 0; i < inner.length; i += 2) {
    const [start, end] = [inner[i] as T, inner[i + 1] as T];
    const next = boundsUpTo(outer, start);
    // Ranges of a set are joined, so a range that is covered lies in a single one.
    if ((next & 1) === 0 || end > (outer[next] as T)) return false;
  }
  return true;
}
