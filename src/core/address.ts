// IP addresses: one strict grammar and one canonical text. Knows nothing of rules, or of where an address comes from.
import ipaddr from "ipaddr.js";

/** An IPv4 address as a number, an IPv6 address as a bigint; an IPv4-mapped IPv6 address is the IPv4 address. */
export type Address = (number | bigint) & { readonly __brand: "Address" };

const HEX_V6 = /^[0-9a-f:]{2,39}$/i;

/**
 * Reads an address: a dotted quad without leading zeros, or the text of RFC 4291 without a zone id and with a dotted
 * quad inside only when it is IPv4-mapped. Anything else is `null`, which no rule allows.
 */
export function parseAddress(text: string): Address | null {
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

/** The bits of an address of its family. */
export function widthOf(address: Address): 32 | 128 {
  return typeof address === "number" ? 32 : 128;
}

/** The canonical text: a dotted quad, or RFC 5952. */
export function addressText(address: number | bigint): string {
  if (typeof address === "number") {
    return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join(".");
  }
  const groups = Array.from({ length: 8 }, (_, i) => Number((address >> BigInt(112 - 16 * i)) & 0xffffn));
  return new ipaddr.IPv6(groups).toRFC5952String();
}

// By hand, because most calls come through here: ipaddr.js takes some ten times as long, and reads "010.0.0.1" as octal.
function parseV4(text: string): Address | null {
  let address = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      if (octet === -1) return null;
      address = address * 256 + octet;
      octet = -1;
      dots++;
      continue;
    }
    const digit = code - 0x30;
    // A digit behind a leading zero would be octal to some readers.
    if (digit < 0 || digit > 9 || octet === 0) return null;
    octet = octet === -1 ? digit : octet * 10 + digit;
    if (octet > 255) return null;
  }
  return dots === 3 && octet !== -1 ? ((address * 256 + octet) as Address) : null;
}

function parseV6(text: string): Address | null {
  if (!text.includes(".")) return parseHexV6(text);
  // Only a mapped address may end in a dotted quad: ::10.0.0.1 is a deprecated form that readers disagree about.
  const quad = text.lastIndexOf(":") + 1;
  return parseHexV6(`${text.slice(0, quad)}0:0`) === 0 ? parseV4(text.slice(quad)) : null;
}

function parseHexV6(text: string): Address | null {
  // Keeps zone ids and whatever else ipaddr.js is lenient about away from it.
  if (!HEX_V6.test(text)) return null;
  let groups: readonly number[];
  try {
    groups = ipaddr.IPv6.parse(text).parts;
  } catch {
    return null;
  }
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const low = g * 0x10000 + h;
  if ((a | b | c | d | e) === 0 && f === 0xffff) return low as Address;
  // Three pieces that a number holds exactly: each bigint made on the way costs more than the arithmetic.
  const high = (a * 0x10000 + b) * 0x10000 + c;
  const middle = (d * 0x10000 + e) * 0x10000 + f;
  return ((BigInt(high) << 80n) | (BigInt(middle) << 32n) | BigInt(low)) as Address;
}
