// CIDR rules: canonical text, and rules compiled into a set that a client's address is looked up in. How an operator may
// write a rule is in operator-cidr.ts.
import { type Address, addressText, bitLength, parseAddress } from "./ip-address.ts";

/** The one text of a rule that is stored, compared and shown: a network in canonical form, always with a prefix length. */
export type CanonicalCidr = string & { readonly __brand: "CanonicalCidr" };

/**
 * A set of addresses. Each family is one flat, sorted list of bounds: where a range starts, where it has ended, where
 * the next one starts, and so on. So an address is in the set when an odd number of bounds lies at or below it.
 */
export interface CompiledRules {
  // Plain arrays: for a handful of rules they take less memory than typed arrays.
  readonly v4: readonly number[];
  readonly v6: readonly bigint[];
}

/** The most rules that one allow list may hold. */
export const MAX_RULES = 100;

const PREFIX = /^(?:0|[1-9]\d{0,2})$/;

/** A network: its first address, and the length of its prefix. */
export interface Cidr {
  readonly address: Address;
  readonly prefix: number;
}

/** The canonical text of a network. */
export function cidrText({ address, prefix }: Cidr): CanonicalCidr {
  return `${addressText(address)}/${prefix}` as CanonicalCidr;
}

/** Where the range of a rule starts, and where it has ended. Bits behind the prefix length are ignored. */
export function rangeOf({ address, prefix }: Cidr): [start: Address, end: Address] {
  if (typeof address === "number") {
    const size = 2 ** (32 - prefix);
    const start = address - (address % size);
    return [start as Address, (start + size) as Address];
  }
  const size = 1n << BigInt(128 - prefix);
  const start = address - (address % size);
  return [start as Address, (start + size) as Address];
}

/** Reads a rule whose text is known to be canonical. */
export function readCanonicalCidr(rule: CanonicalCidr): Cidr {
  const slash = rule.indexOf("/");
  return { address: parseAddress(rule.slice(0, slash)) as Address, prefix: Number(rule.slice(slash + 1)) };
}

/**
 * Checks the text of a rule that was stored.
 *
 * @throws Error if it is not canonical; the message does not repeat it
 */
export function toCanonicalCidr(text: string): CanonicalCidr {
  return cidrText(readStoredCidr(text));
}

/** Compiles rules into a set; overlapping and adjacent ranges are merged. */
export function compileRules(rules: readonly CanonicalCidr[]): CompiledRules {
  return compile(rules.map(readCanonicalCidr));
}

/**
 * Compiles rules as they were stored.
 *
 * @throws Error if a rule is not canonical: a corrupt row is an internal error, and never a denial
 */
export function compileStoredRules(rules: readonly string[]): CompiledRules {
  return compile(rules.map(readStoredCidr));
}

/** Whether an address is in a set. `null` is in no set, not even in one of all addresses. */
export function containsAddress(rules: CompiledRules, address: Address | null): boolean {
  if (address === null) return false;
  return (boundsUpTo(typeof address === "number" ? rules.v4 : rules.v6, address) & 1) === 1;
}

/** Whether every address of the inner set is in the outer one. */
export function coversRanges(outer: CompiledRules, inner: CompiledRules): boolean {
  return coversFamily(outer.v4, inner.v4) && coversFamily(outer.v6, inner.v6);
}

/**
 * The network of an address.
 *
 * @param v6Prefix 64: where the address itself would reveal too much; 48: all that one customer may have (RFC 6177)
 * @returns its /24, or of IPv6 its /64 or /48
 */
export function networkCidrOf(address: Address, v6Prefix: 48 | 64 = 64): CanonicalCidr {
  const prefix = bitLength(address) === 32 ? 24 : v6Prefix;
  return cidrText({ address: rangeOf({ address, prefix })[0], prefix });
}

function readStoredCidr(text: string): Cidr {
  const slash = text.indexOf("/");
  const address = slash === -1 ? null : parseAddress(text.slice(0, slash));
  const prefix = readPrefix(text.slice(slash + 1));
  if (address !== null && prefix <= bitLength(address)) {
    const cidr = { address, prefix };
    if (rangeOf(cidr)[0] === address && cidrText(cidr) === text) return cidr;
  }
  throw new Error("a stored IP rule is not canonical");
}

/** A prefix length as its decimal digits, without leading zeros; NaN for any other text. */
export function readPrefix(digits: string): number {
  return PREFIX.test(digits) ? Number(digits) : Number.NaN;
}

function compile(cidrs: readonly Cidr[]): CompiledRules {
  const v4: [number, number][] = [];
  const v6: [bigint, bigint][] = [];
  for (const cidr of cidrs) {
    const [start, end] = rangeOf(cidr);
    if (typeof start === "number") v4.push([start, Number(end)]);
    else v6.push([start, BigInt(end)]);
  }
  // Each family brings the array that it is merged into: one array literal for both would make V8 box every number.
  return { v4: mergeRanges(v4, []), v6: mergeRanges(v6, []) };
}

/** The bounds of a set of ranges, in order, overlapping and adjacent ranges merged. */
function mergeRanges<T extends number | bigint>(ranges: [start: T, end: T][], bounds: T[]): readonly T[] {
  ranges.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [start, end] of ranges) {
    const last = bounds.at(-1);
    if (last === undefined || start > last) bounds.push(start, end);
    else if (end > last) bounds[bounds.length - 1] = end;
  }
  // The copy has no spare capacity, which an array that was pushed to keeps for as long as its key is cached.
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
    // Ranges of a set are merged, so a range that is covered lies in a single one.
    if ((next & 1) === 0 || end > (outer[next] as T)) return false;
  }
  return true;
}
