// Seeded random values for property tests: every run gets the same ones.

export interface Random {
  /** A whole number from 0 up to, but not including, `limit`. */
  below(limit: number): number;
  pick<T>(choices: readonly T[]): T;
  bytes(length: number): number[];
  /** A text of pieces picked from a list; a string is a list of characters. */
  text(pieces: readonly string[] | string, length: number): string;
}

/** A number of rounds, reduced by the factor RANDOM_SHARE; mutation tests use a twentieth (docs/mutation.md). */
export function rounds(whole: number): number {
  return Math.ceil(whole * Number(process.env.RANDOM_SHARE ?? 1));
}

/** The Mulberry32 generator. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000) * limit);
  };
  const pick = <T>(choices: readonly T[]): T => choices[below(choices.length)] as T;
  return {
    below,
    pick,
    bytes: (length) => Array.from({ length }, () => below(256)),
    text: (pieces, length) => Array.from({ length }, () => pick([...pieces])).join(""),
  };
}
