// Whether the canonical CIDR ranges of an allow list contain an address. Only for warnings: the gateway authorizes.

interface Bits {
  readonly width: 32 | 128;
  readonly value: bigint;
}

function bitsOf(address: string): Bits | null {
  return address.includes(":") ? bits6(address) : bits4(address);
}

function bits4(address: string): Bits | null {
  const parts = address.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return null;
  return { width: 32, value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
}

function bits6(address: string): Bits | null {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return bits4(mapped);
  const [head = "", tail, ...more] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const before = groups(head);
  const after = groups(tail ?? "");
  const missing = 8 - before.length - after.length;
  if (more.length > 0 || missing < 0 || (tail === undefined && missing !== 0)) return null;
  const all = [...before, ...Array<string>(missing).fill("0"), ...after];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return { width: 128, value: all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n) };
}

/** The families of which ranges together contain at least half, of IPv6 at least half of the public addresses (2000::/3). */
export function widelyAllowed(rules: readonly string[]): readonly ("IPv4" | "IPv6")[] {
  const families = [
    { name: "IPv4", width: 32, start: 0n, end: 1n << 32n },
    { name: "IPv6", width: 128, start: 1n << 125n, end: 1n << 126n },
  ] as const;
  const ranges = rules.flatMap((rule) => {
    const [base = "", length] = rule.split("/");
    const bits = bitsOf(base);
    if (bits === null) return [];
    const size = 1n << BigInt(bits.width - Number(length ?? bits.width));
    return [{ width: bits.width, from: bits.value, to: bits.value + size }];
  });
  ranges.sort((a, b) => (a.from < b.from ? -1 : 1));
  return families
    .filter(({ width, start, end }) => {
      let reached = start;
      let allowed = 0n;
      for (const { from, to } of ranges.filter((range) => range.width === width)) {
        const [first, last] = [from > reached ? from : reached, to < end ? to : end];
        if (first >= last) continue;
        allowed += last - first;
        reached = last;
      }
      return 2n * allowed >= end - start;
    })
    .map(({ name }) => name);
}

/** @param address in any valid notation; others are in no range */
export function covers(rules: readonly string[], address: string): boolean {
  const own = bitsOf(address);
  if (own === null) return false;
  return rules.some((rule) => {
    const [base = "", length] = rule.split("/");
    const range = bitsOf(base);
    if (range === null || range.width !== own.width) return false;
    const free = BigInt(range.width - Number(length ?? range.width));
    return range.value >> free === own.value >> free;
  });
}
