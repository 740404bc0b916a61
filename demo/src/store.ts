// The demo's storage, D1: composable SQL, pages by keyset, states by the clock.
import { type Page, writeToken } from "./requests.ts";

/** The duration of a change: long enough to be seen, short enough to wait for. */
export const CHANGE_MS = 5_000;

/** A part of a statement with its values; `${}` is a bound value, or another part. */
export interface Sql {
  readonly text: string;
  readonly values: readonly (string | number | null)[];
}

export function sql(parts: TemplateStringsArray, ...given: (Sql | string | number | null)[]): Sql {
  const pieces = given.map((value) => (isSql(value) ? value : { text: "?", values: [value] }));
  const text = parts.map((part, i) => part + (pieces[i]?.text ?? "")).join("");
  return { text, values: pieces.flatMap((piece) => piece.values) };
}

function isSql(value: Sql | string | number | null): value is Sql {
  return typeof value === "object" && value !== null;
}

export function prepare(db: D1Database, query: Sql): D1PreparedStatement {
  return db.prepare(query.text).bind(...query.values);
}

/** A row that is `moving` until `settles_at` and `settled` from then on. No timer has to run. */
export function stateAt(now: number): Sql {
  return sql`CASE WHEN settles_at > ${now} THEN moving ELSE settled END`;
}

/** True when the column is one of the values; no filter matches everything. */
export function isOneOf(column: Sql, values: readonly string[] | null): Sql {
  return values === null ? sql`TRUE` : sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`;
}

export interface PageRow {
  readonly id: string;
  readonly name?: string;
  readonly created_at: number;
}

/**
 * One page of rows, in an order that inserts do not shift, and the token of the next page.
 *
 * @param db the database
 * @param rows a SELECT that yields `id`, `created_at`, and `name` where the page may be ordered by it
 * @param page limit, order and boundary
 */
export async function readRows<Row extends PageRow>(db: D1Database, rows: Sql, page: Page) {
  const key: Sql = { text: page.orderBy, values: [] };
  const direction: Sql = { text: page.descending ? "DESC" : "ASC", values: [] };
  const beyond: Sql = { text: page.descending ? "<" : ">", values: [] };
  const boundary = page.after === null ? sql`TRUE` : sql`(${key}, id) ${beyond} (${page.after[0]}, ${page.after[1]})`;
  // One more row shows whether there is another page.
  const query = sql`SELECT * FROM (${rows}) WHERE ${boundary}
    ORDER BY ${key} ${direction}, id ${direction} LIMIT ${page.limit + 1}`;
  const { results } = await prepare(db, query).all<Row>();
  const shown = results.slice(0, page.limit);
  const last = shown.at(-1);
  const more = results.length > shown.length && last !== undefined;
  const continuation = more ? writeToken([(page.orderBy === "name" && last.name) || last.created_at, last.id]) : null;
  return { rows: shown, continuation };
}

/** A UUID that is the same for the same words. */
export async function derivedId(...words: string[]): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(words.join("\n")));
  const bytes = new Uint8Array(digest).slice(0, 16);
  // RFC 9562, section 5.8: version 8, variant 10.
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export function iso(time: number): string {
  return new Date(time).toISOString();
}
