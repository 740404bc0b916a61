// The list of an account's keys. Stable while keys are created, revoked and expire: a page begins where the previous one
// ended, and the order by status uses the time of the first page.
import { type KeyStatus, keyStatus } from "../../core/access/principal.ts";
import type { PageOrError } from "../common.ts";
import { activeKeySql, type Condition } from "../lib/conditions.ts";
import { type Cursor, listPage } from "../lib/pagination.ts";
import type { ApiKeyDetails, ApiKeyFilter } from "./port.ts";
import { type KeyRow, keyOfRow, SELECT_KEYS } from "./row.ts";

/** The time of the first page, then rank, creation time and id of the last row. Only a list by name ranks. */
const SHAPE = ["number", "number", "number", "string"] as const;
type KeyCursor = Cursor<typeof SHAPE>;

/** 0: the key was ACTIVE at a time; 1: it was not. Two placeholders for that time. */
const RANK = "iif((k.revoked_at IS NULL OR k.revoked_at > ?) AND (k.expires_at IS NULL OR k.expires_at > ?), 0, 1)";

export function listKeys(db: D1Database, query: ApiKeyFilter, now: number): Promise<PageOrError<ApiKeyDetails>> {
  return listPage(db, {
    scope: ["keys", query.accountId, query.name, [...query.statuses].sort(), query.order],
    shape: SHAPE,
    page: query,
    statement: (cursor, limit) => keyListStatement(query, cursor, limit, now),
    cursorOf: (last: KeyRow, cursor) => {
      const asOf = cursor?.[0] ?? now;
      return [asOf, query.name === null ? 0 : rankOf(last, asOf), last.created_at, last.id] as const;
    },
    itemsOf: (rows) => rows.map(keyOfRow),
  });
}

function keyListStatement(query: ApiKeyFilter, cursor: KeyCursor | null, limit: number, now: number): Condition {
  const asOf = cursor?.[0] ?? now;
  const [direction, beyond] = query.order === "desc" ? ["DESC", "<"] : ["ASC", ">"];
  const filters: Condition[] = [{ sql: "k.account_id = ?", values: [query.accountId] }];
  if (query.name !== null) filters.push({ sql: "k.name = ?", values: [query.name] });
  if (query.statuses.length > 0) filters.push(statusIsOneOf(query.statuses, now));
  if (cursor !== null) filters.push(isAfter(cursor, beyond, query.name !== null));
  const order: Condition = query.name === null ? { sql: "", values: [] } : { sql: `${RANK}, `, values: [asOf, asOf] };
  return {
    sql: `${SELECT_KEYS} WHERE ${filters.map(({ sql }) => sql).join(" AND ")}
      ORDER BY ${order.sql}k.created_at ${direction}, k.id ${direction} LIMIT ?`,
    values: [...filters.flatMap(({ values }) => values), ...order.values, limit],
  };
}

function isAfter([asOf, rank, createdAt, id]: KeyCursor, beyond: string, ranked: boolean): Condition {
  const isBeyond: Condition = { sql: `(k.created_at, k.id) ${beyond} (?, ?)`, values: [createdAt, id] };
  if (!ranked) return isBeyond;
  return {
    sql: `(${RANK} > ? OR (${RANK} = ? AND ${isBeyond.sql}))`,
    values: [asOf, asOf, rank, asOf, asOf, rank, ...isBeyond.values],
  };
}

/** RANK in code, for the cursor of a page's last row. */
function rankOf(row: KeyRow, asOf: number): number {
  const revokedAt = row.revoked_at !== null && row.revoked_at > asOf ? null : row.revoked_at;
  return keyStatus({ expiresAt: row.expires_at, revokedAt }, asOf) === "ACTIVE" ? 0 : 1;
}

/** `keyStatus` as a condition, at the current time and not that of the first page: a filter does not move rows. */
function statusIsOneOf(statuses: readonly KeyStatus[], now: number): Condition {
  const conditions = [...new Set(statuses)].map((status) => statusIs(status, now));
  return {
    sql: `(${conditions.map(({ sql }) => sql).join(" OR ")})`,
    values: conditions.flatMap(({ values }) => values),
  };
}

function statusIs(status: KeyStatus, now: number): Condition {
  switch (status) {
    case "ACTIVE":
      return { sql: `(${activeKeySql("k")})`, values: [now] };
    case "EXPIRED":
      return { sql: "(k.revoked_at IS NULL AND k.expires_at <= ?)", values: [now] };
    case "REVOKED":
      return { sql: "k.revoked_at IS NOT NULL", values: [] };
  }
}
