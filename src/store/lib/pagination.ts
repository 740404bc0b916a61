// Pages of a list. A continuation token holds the values of the last row of its page (keyset pagination), not an offset,
// so that no row is shown twice or left out while rows come and go. A token is neither secret nor trusted: its values
// are only ever bound.
import type { PageOrError } from "../common.ts";
import type { Condition } from "./conditions.ts";

type Cell = string | number;

/** The types of a cursor's cells, as `typeof` names them. */
export type CursorShape = readonly ("string" | "number")[];

/** The values after which a page begins. */
export type Cursor<S extends CursorShape> = { readonly [I in keyof S]: S[I] extends "number" ? number : string };

export interface ListQuery<S extends CursorShape, Row, Item> {
  /** The name of the list and everything that filters and orders it: a token of another scope is not accepted. */
  readonly scope: readonly unknown[];
  readonly shape: S;
  readonly page: { readonly limit: number; readonly continuationToken: string | null };
  /**
   * The statement of one page.
   *
   * @param cursor `null` for the first page
   * @param limit the rows to select: one more than the page shows, which tells whether another page follows
   */
  readonly statement: (cursor: Cursor<S> | null, limit: number) => Condition;
  /** The cursor of the next page, by the last row of this one and by this page's own cursor. */
  readonly cursorOf: (last: Row, cursor: Cursor<S> | null) => Cursor<S>;
  readonly itemsOf: (rows: readonly Row[]) => readonly Item[] | Promise<readonly Item[]>;
}

/** Reads one page of a list, or reports a continuation token that this list has not issued. */
export async function listPage<const S extends CursorShape, Row, Item>(
  db: D1Database,
  { scope, shape, page, statement, cursorOf, itemsOf }: ListQuery<S, Row, Item>,
): Promise<PageOrError<Item>> {
  const { limit, continuationToken } = page;
  const cursor = continuationToken === null ? null : decodeToken(continuationToken, scope, shape);
  if (continuationToken !== null && cursor === null) return { error: "invalid_continuation_token" };
  const { sql, values } = statement(cursor, limit + 1);
  const { results } = await db
    .prepare(sql)
    .bind(...values)
    .all<Row>();
  const rows = results.slice(0, limit);
  const last = rows.at(-1);
  const hasMore = results.length > limit && last !== undefined;
  return {
    items: await itemsOf(rows),
    continuationToken: hasMore ? encodeToken(scope, cursorOf(last, cursor)) : null,
  };
}

function encodeToken(scope: readonly unknown[], cursor: readonly Cell[]): string {
  const bytes = new TextEncoder().encode(JSON.stringify([fingerprint(scope), ...cursor]));
  const binary = String.fromCharCode(...bytes);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function decodeToken<S extends CursorShape>(token: string, scope: readonly unknown[], shape: S): Cursor<S> | null {
  if (!/^[A-Za-z0-9_-]{1,512}$/.test(token)) return null;
  const [fingerprintOfToken, ...cursor] = parseCells(token) ?? [];
  if (fingerprintOfToken !== fingerprint(scope) || cursor.length !== shape.length) return null;
  return cursor.every((cell, i) => isCell(cell, shape[i])) ? (cursor as unknown as Cursor<S>) : null;
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

// FNV-1a: it detects the token of another list or filter that was sent by mistake. It does not protect against forgery,
// which is harmless: a forged cursor selects only rows that its account may list.
function fingerprint(scope: readonly unknown[]): number {
  let hash = 0x811c9dc5;
  for (const char of JSON.stringify(scope)) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
