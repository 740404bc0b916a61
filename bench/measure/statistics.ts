// Medians with their least and greatest, the only statistics that rounds are summed up by.

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The median of values, with the least and the greatest of them. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const lower = sorted[sorted.length - 1 - middle] ?? Number.NaN;
  return { median: (upper + lower) / 2, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}
