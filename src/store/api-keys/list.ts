// The list of an account's keys, page by page. Stable while keys are made, revoked and expire: a page begins where the
// one before it ended, and what is ACTIVE is settled, for the order, at the instant of the first page.
import { type KeyStatus, keyStatus } from "../../core/access/principal.ts";
import type { Condition, SqlValue } from "../audit/audited-change.ts";
import type { PageOrError } from "../common.ts";
import { decodeToken, encodeToken, takePage } from "../lib/pagination.ts";
import type { ApiKeyDetails, ApiKeyFilter } from "./port.ts";
import { type KeyRow, keyOfRow, SELECT_KEYS } from "./row.ts";

interface Place {
  readonly asOf: number;
  /** 0: was ACTIVE at `asOf`; 1: was not. Only a list by name ranks. */
  readonly rank: number;
  readonly createdAt: number;
  readonly id: string;
}

export async function listKeys(db: D1Database, query: ApiKeyFilter, now: number): Promise<PageOrError<ApiKeyDetails>> {
  const mark = ["keys", query.accountId, query.name, [...query.statuses].sort(), query.order];
  const place = query.continuationToken === null ? null : readPlace(query.continuationToken, mark);
  if (query.continuationToken !== null && place === null) return { fault: "continuation_token" };
  const asOf = place?.asOf ?? now;
  const { sql, values } = keyListStatement(query, asOf, place, now);
  const { results } = await db
    .prepare(sql)
    .bind(...values)
    .all<KeyRow>();
  const { items, last } = takePage(results, query.limit);
  return {
    items: items.map(keyOfRow),
    continuationToken:
      last && encodeToken(mark, [asOf, query.name === null ? 0 : rankOf(last, asOf), last.created_at, last.id]),
  };
}

function keyListStatement(query: ApiKeyFilter, asOf: number, place: Place | null, now: number): Condition {
  const [direction, beyond] = query.order === "desc" ? ["DESC", "<"] : ["ASC", ">"];
  const parts: Condition[] = [{ sql: "k.account_id = ?", values: [query.accountId] }];
  if (query.name !== null) parts.push({ sql: "k.name = ?", values: [query.name] });
  if (query.statuses.length > 0) parts.push(statusIsOneOf(query.statuses, now));
  const age = "(k.created_at, k.id)";
  if (place !== null && query.name === null) {
    parts.push({ sql: `${age} ${beyond} (?, ?)`, values: [place.createdAt, place.id] });
  } else if (place !== null) {
    parts.push({
      sql: `(${RANK} > ? OR (${RANK} = ? AND ${age} ${beyond} (?, ?)))`,
      values: [asOf, asOf, place.rank, asOf, asOf, place.rank, place.createdAt, place.id],
    });
  }
  const order: Condition =
    query.name === null ? { sql: "", values: [] } : { sql: `${RANK}, `, values: [asOf, asOf] satisfies SqlValue[] };
  return {
    sql: `${SELECT_KEYS} WHERE ${parts.map((part) => part.sql).join(" AND ")}
      ORDER BY ${order.sql}k.created_at ${direction}, k.id ${direction} LIMIT ?`,
    values: [...parts.flatMap((part) => part.values), ...order.values, query.limit + 1],
  };
}

const RANK = "iif((k.revoked_at IS NULL OR k.revoked_at > ?) AND (k.expires_at IS NULL OR k.expires_at > ?), 0, 1)";

/** The same as RANK, in code: for the token of the page's last row. */
function rankOf(row: KeyRow, asOf: number): number {
  const revokedAt = row.revoked_at !== null && row.revoked_at > asOf ? null : row.revoked_at;
  return keyStatus({ expiresAt: row.expires_at, revokedAt }, asOf) === "ACTIVE" ? 0 : 1;
}

/** `keyStatus` as a condition. Asked of now, since it filters and does not order: nothing moves because of it. */
function statusIsOneOf(statuses: readonly KeyStatus[], now: number): Condition {
  const sql = new Set(statuses).values().map((status) => STATUS_SQL[status]);
  const dated = new Set(statuses).values().filter((status) => status !== "REVOKED");
  return { sql: `(${[...sql].join(" OR ")})`, values: [...dated].map(() => now) };
}

const STATUS_SQL: Record<KeyStatus, string> = {
  ACTIVE: "(k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?))",
  EXPIRED: "(k.revoked_at IS NULL AND k.expires_at <= ?)",
  REVOKED: "k.revoked_at IS NOT NULL",
};

function readPlace(token: string, mark: readonly unknown[]): Place | null {
  const cells = decodeToken(token, mark, ["number", "number", "number", "string"]);
  if (cells === null) return null;
  const [asOf, rank, createdAt, id] = cells as [number, number, number, string];
  return { asOf, rank, createdAt, id };
}
