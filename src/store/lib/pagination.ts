// Pages of a list. A continuation token holds the values of the last row of its page (keyset pagination), not an offset,
// so that no row is shown twice or left out while rows come and go. A token is neither secret nor trusted: its values
// are only ever bound.
import type { Page, PageOrError } from "../common.ts";
import type { Condition } from "./conditions.ts";
import { inTurn } from "./turns.ts";

type Cell = string | number;

/** The types of a cursor's cells, as `typeof` names them. */
export type CursorShape = readonly (keyof Cells)[];
type Cells = { readonly string: string; readonly number: number };

/** The values after which a page begins. */
export type Cursor<S extends CursorShape> = { readonly [I in keyof S]: Cells[S[I]] };

export interface ListQuery<S extends CursorShape, Row, Item> {
  /** The name of the list and everything that filters and orders it: a token of another scope is not accepted. */
  readonly scope: readonly unknown[];
  readonly shape: S;
  readonly page: { readonly accountId: string; readonly limit: number; readonly continuationToken: string | null };
  /**
   * The statement of one page.
   *
   * @param cursor `null` for the first page
   * @param limit the rows to select: one more than the page shows, which tells whether another page follows
   * @param end the last row to read, as a cursor; `null`: up to the end of the list
   */
  readonly statement: (cursor: Cursor<S> | null, limit: number, end: Cursor<S> | null) => Condition;
  /** The cursor of the next page, by the last row of this one and by this page's own cursor. */
  readonly cursorOf: (last: Row, cursor: Cursor<S> | null) => Cursor<S>;
  /** `null`: an index has all filters and the order, so that a page reads no row that it does not show. */
  readonly window: Window<S> | null;
  readonly itemsOf: (rows: readonly Row[]) => readonly Item[] | Promise<readonly Item[]>;
}

/** The part of a list that one page reads in the order of an index, whatever its filters select of it. */
export interface Window<S extends CursorShape> {
  /** The statement that selects the row at an offset from the cursor, by the index alone. */
  readonly statement: (cursor: Cursor<S> | null, offset: number) => Condition;
  /** The cursor behind that row. */
  // biome-ignore lint/suspicious/noExplicitAny: the columns are those of the statement beside it
  readonly cursorOf: (row: any, cursor: Cursor<S> | null) => Cursor<S>;
}

/** The most rows that a page reads of a list with a window. A page that ends there has fewer items than its limit, or none. */
export const MAX_READ = 5_000;

/** A page from this size on is read in the account's turn, as one with a window is. */
const LARGE_PAGE = 200;

/**
 * Reads one page of a list.
 *
 * @returns the page; or that this list has not issued the continuation token, or that it is not the account's turn
 */
export async function listPage<const S extends CursorShape, Row, Item>(
  db: D1Database,
  query: ListQuery<S, Row, Item>,
): Promise<PageOrError<Item>> {
  const { scope, shape, page, window } = query;
  const { accountId, limit, continuationToken } = page;
  const cursor = continuationToken === null ? null : decodeToken(continuationToken, scope, shape);
  if (continuationToken !== null && cursor === null) return { error: "invalid_continuation_token" };
  const read = () => readPage(db, query, cursor);
  return window === null && limit < LARGE_PAGE ? read() : inTurn(db, accountId, read);
}

async function readPage<const S extends CursorShape, Row, Item>(
  db: D1Database,
  { scope, page: { limit }, statement, cursorOf, window, itemsOf }: ListQuery<S, Row, Item>,
  cursor: Cursor<S> | null,
): Promise<Page<Item>> {
  const [last] = window === null ? [] : await rowsOf<unknown>(db, window.statement(cursor, MAX_READ - 1));
  const end = window === null || last === undefined ? null : window.cursorOf(last, cursor);
  const found = await rowsOf<Row>(db, statement(cursor, limit + 1, end));
  const rows = found.slice(0, limit);
  const lastShown = rows.at(-1);
  const next = found.length > limit && lastShown !== undefined ? cursorOf(lastShown, cursor) : end;
  return { items: await itemsOf(rows), continuationToken: next === null ? null : encodeToken(scope, next) };
}

async function rowsOf<Row>(db: D1Database, { sql, values }: Condition): Promise<readonly Row[]> {
  const statement = db.prepare(sql).bind(...values);
  return (await statement.all<Row>()).results;
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
