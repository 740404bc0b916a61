// Continuation tokens: the place where a page ended, by the values of its last row, never by a count of rows, so that
// nothing is shown twice or left out when rows come and go. Not secret and not trusted: its values are only ever bound.

type Cell = string | number;

/** The columns of a place, as `typeof` names them. */
export type CursorShape = readonly ("string" | "number")[];

/**
 * The token of a place in a list.
 *
 * @param list what the place is in: the name of the list and everything that filters and orders it
 */
export function encodeToken(list: readonly unknown[], place: readonly Cell[]): string {
  const bytes = new TextEncoder().encode(JSON.stringify([fingerprint(list), ...place]));
  const binary = String.fromCharCode(...bytes);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The place that a token names, or `null` for a token that this list has not made. */
export function decodeToken(token: string, list: readonly unknown[], shape: CursorShape): Cell[] | null {
  if (!/^[A-Za-z0-9_-]{1,512}$/.test(token)) return null;
  const [mark, ...place] = parseCells(token) ?? [];
  if (mark !== fingerprint(list) || place.length !== shape.length) return null;
  return place.every((cell, i) => isCell(cell, shape[i])) ? (place as Cell[]) : null;
}

function parseCells(token: string): unknown[] | null {
  try {
    const binary = atob(token.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    const cells: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return Array.isArray(cells) ? cells : null;
  } catch {
    return null;
  }
}

function isCell(cell: unknown, type: "string" | "number" | undefined): boolean {
  return type === "number" ? Number.isSafeInteger(cell) : type === "string" && typeof cell === "string";
}

// FNV-1a: it tells honest mistakes apart (another list, another filter), and need not withstand anybody.
function fingerprint(list: readonly unknown[]): number {
  let hash = 0x811c9dc5;
  for (const char of JSON.stringify(list)) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}

/** Cuts the row that was asked for beyond the page, and says whether there was one. */
export function takePage<T>(rows: readonly T[], limit: number): { items: readonly T[]; last: T | null } {
  if (rows.length <= limit) return { items: rows, last: null };
  const items = rows.slice(0, limit);
  return { items, last: items.at(-1) ?? null };
}
