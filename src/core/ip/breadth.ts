// Sets of addresses that are so wide that they restrict next to nothing, however they are written. Loaded with the admin API only.
import type { FieldError } from "../error-body.ts";
import type { CompiledRules } from "./cidr.ts";

/**
 * Warns of rules that together allow all addresses of a family, or at least half of them.
 *
 * @param rules of one allow list, or of all allow lists of one key
 * @param field that names the rules
 */
export function breadthWarnings(rules: CompiledRules, field: string): readonly FieldError[] {
  const shares = [
    { share: shareOf(rules.v4, 0, 2 ** 32), what: "IPv4 addresses", everything: "0.0.0.0/0" },
    // 2000::/3, outside of which no address is public (RFC 4291 section 2.4).
    { share: shareOf(rules.v6, 1n << 125n, 1n << 126n), what: "public IPv6 addresses", everything: "::/0" },
  ];
  return shares
    .filter(({ share }) => share >= 0.5)
    .map(({ share, what, everything }) => {
      const amount = share === 1 ? `all ${what}, as ${everything} does` : `at least half of all ${what}`;
      return { field, message: `This allows ${amount}. Do not use it in production.` };
    });
}

/** The share of the addresses from a start to an end that lies within bounds, as exact as a number is. */
function shareOf<T extends number | bigint>(bounds: readonly T[], start: T, end: T): number {
  let size = 0;
  for (let i = 0; i < bounds.length; i += 2) {
    const [from, to] = [bounds[i] as T, bounds[i + 1] as T];
    const [first, last] = [from > start ? from : start, to < end ? to : end];
    if (first < last) size += Number(last) - Number(first);
  }
  return size / (Number(end) - Number(start));
}
