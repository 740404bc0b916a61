// IP addresses: one strict grammar, and one canonical text.

/** An IPv4 address as a number, an IPv6 address as a bigint; an IPv4-mapped IPv6 address is the IPv4 address. */
export type Address = (number | bigint) & { readonly __brand: "Address" };

// The eight groups of the IPv6 address that is being read or written. Shared, because nothing awaits in between; a view, because
// a bigint of its two halves is faster to make than one by arithmetic.
const GROUPS = new DataView(new ArrayBuffer(16));

const COLON = 0x3a;

/**
 * Parses an address: a dotted quad without leading zeros; or RFC 4291 without a zone id, with a dotted quad inside only
 * when it is IPv4-mapped.
 *
 * @returns `null` for any other text
 */
export function parseAddress(text: string): Address | null {
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

/** The number of bits of an address. */
export function bitLength(address: Address): 32 | 128 {
  return typeof address === "number" ? 32 : 128;
}

/** The canonical text: a dotted quad, or RFC 5952. */
export function addressText(address: number | bigint): string {
  if (typeof address === "number") {
    return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join(".");
  }
  return textV6(address);
}

// Our own reader, because it is on the path of every request, where ipaddr.js would be too slow, and because ipaddr.js
// reads "010.0.0.1" as octal. The tests compare the two.
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

// RFC 4291, section 2.2, forms 1 and 2: eight groups of one to four digits, or fewer with one gap for the others.
function parseHexV6(text: string): Address | null {
  let count = 0;
  let gap = -1;
  let digits = 0;
  let group = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== COLON) {
      const digit = hexDigit(code);
      if (digit === -1 || digits === 4 || count === 8) return null;
      group = group * 16 + digit;
      digits++;
    } else if (digits > 0) {
      GROUPS.setUint16(2 * count++, group);
      group = 0;
      digits = 0;
    } else {
      // The second colon of a gap. At the start of the text the first one has not been read yet.
      if (gap !== -1 || (i === 0 && text.charCodeAt(++i) !== COLON)) return null;
      gap = count;
    }
  }
  if (digits > 0) GROUPS.setUint16(2 * count++, group);
  // A colon at the end of the text is only valid as part of a gap.
  else if (gap !== count) return null;
  if (gap === -1) return count === 8 ? addressOfGroups() : null;
  // A gap stands for one group or more.
  if (count === 8) return null;
  widen(gap, count);
  return addressOfGroups();
}

/** The value of a hexadecimal digit, or -1. */
function hexDigit(code: number): number {
  const decimal = code - 0x30;
  if (decimal >= 0 && decimal <= 9) return decimal;
  // "A" and "a" differ in one bit.
  const letter = (code | 0x20) - 0x57;
  return letter >= 10 && letter <= 15 ? letter : -1;
}

/** Moves the groups behind the gap to the end, and fills the gap with zeros. */
function widen(gap: number, count: number): void {
  let to = 8;
  for (let from = count; from > gap; ) GROUPS.setUint16(2 * --to, GROUPS.getUint16(2 * --from));
  while (to > gap) GROUPS.setUint16(2 * --to, 0);
}

function addressOfGroups(): Address {
  // RFC 4291, section 2.5.5.2: IPv4-mapped.
  if (GROUPS.getUint32(8) === 0xffff && GROUPS.getUint32(4) === 0 && GROUPS.getUint32(0) === 0) {
    return GROUPS.getUint32(12) as Address;
  }
  return ((GROUPS.getBigUint64(0) << 64n) | GROUPS.getBigUint64(8)) as Address;
}

// RFC 5952, section 4: lower case, no leading zeros, "::" for the first of the longest runs of two or more zero groups.
function textV6(address: bigint): string {
  GROUPS.setBigUint64(0, address >> 64n);
  GROUPS.setBigUint64(8, address);
  const groups = Array.from({ length: 8 }, (_, i) => GROUPS.getUint16(2 * i).toString(16));
  let start = 0;
  let longest = 1;
  for (let i = 0, run = 0; i < 8; i++) {
    run = groups[i] === "0" ? run + 1 : 0;
    if (run <= longest) continue;
    longest = run;
    start = i + 1 - run;
  }
  if (longest === 1) return groups.join(":");
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + longest).join(":")}`;
}
