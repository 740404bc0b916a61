// Numbers in the user's locale.

const NUMBER = new Intl.NumberFormat();

export function formatNumber(value: number): string {
  return NUMBER.format(value);
}

/** Such as "1 request" and "2 requests". */
export function countOf(count: number, noun: string): string {
  return `${NUMBER.format(count)} ${noun}${count === 1 ? "" : "s"}`;
}
