// Reads a CIDR rule as an operator writes it. Our grammar decides what is accepted, and ipaddr.js what it means. Loaded
// with the admin API only: the request path has its own reader, which tests compare with ipaddr.js.
import ipaddr from "ipaddr.js";
import { type CanonicalCidr, readPrefix, toCanonicalCidr } from "./cidr.ts";
import { parseAddress } from "./ip-address.ts";

// The longest rule, an IPv4-mapped address written out with a dotted quad, has 49 characters.
const MAX_RULE_LENGTH = 64;
const MAPPED_PREFIX = 96;

/**
 * Reads an address, or a network in CIDR notation.
 *
 * @returns the rule in canonical form, with a prefix length; or one sentence for the operator, which repeats nothing of
 * a text that could not be read
 * @throws Error if ipaddr.js and the reader of the request path disagree about the text
 */
export function parseCidr(text: string): { readonly cidr: CanonicalCidr } | { readonly error: string } {
  const parts = splitCidr(text);
  if ("error" in parts) return parts;
  const { address, prefix } = parts;
  const network =
    address.kind() === "ipv4"
      ? ipaddr.IPv4.networkAddressFromCIDR(`${address}/${prefix}`)
      : ipaddr.IPv6.networkAddressFromCIDR(`${address}/${prefix}`);
  const meant = `${textOf(network)}/${prefix}`;
  if (textOf(network) === textOf(address)) return { cidr: toCanonicalCidr(meant) };
  const single = `${textOf(address)}/${bitsOf(address)}`;
  return { error: `The address has bits set behind its prefix length: write ${meant} or ${single}.` };
}

type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;

function splitCidr(
  text: string,
): { readonly address: IpAddress; readonly prefix: number } | { readonly error: string } {
  if (text.length > MAX_RULE_LENGTH) return { error: `A rule has at most ${MAX_RULE_LENGTH} characters.` };
  const slash = text.indexOf("/");
  const addressPart = slash === -1 ? text : text.slice(0, slash);
  // ipaddr.js would also accept octal, hexadecimal and short forms of IPv4, and zone ids.
  if (parseAddress(addressPart) === null) return { error: addressError(addressPart) };
  // An IPv4-mapped IPv6 address becomes the IPv4 address.
  const address = ipaddr.process(addressPart);
  const isMapped = address.kind() === "ipv4" && addressPart.includes(":");
  const bits = isMapped ? 128 : bitsOf(address);
  const prefix = slash === -1 ? bits : readPrefix(text.slice(slash + 1));
  // Written so that NaN is an error as well.
  if (!(prefix <= bits)) {
    return { error: `The prefix length behind "/" must be a whole number from 0 to ${bits} without leading zeros.` };
  }
  if (!isMapped) return { address, prefix };
  if (prefix >= MAPPED_PREFIX) return { address, prefix: prefix - MAPPED_PREFIX };
  return { error: `An IPv4-mapped rule needs a prefix length of at least ${MAPPED_PREFIX}: write it as an IPv4 rule.` };
}

function bitsOf(address: IpAddress): 32 | 128 {
  return address.kind() === "ipv4" ? 32 : 128;
}

function textOf(address: IpAddress): string {
  return "octets" in address ? address.toString() : address.toRFC5952String();
}

function addressError(text: string): string {
  if (text.includes("%")) return "An address must not have a zone id.";
  if (text.includes(":")) return "This is not an IPv6 address: at most eight groups of hexadecimal digits are needed.";
  return "This is not an IP address: four decimal numbers without leading zeros, or IPv6 text, are needed.";
}
