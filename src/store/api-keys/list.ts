// The list of an account's keys. Stable while keys are created, revoked and expire: a page begins where the previous one
// ended, and the order by status uses the time of the first page.
import { type KeyStatus, keyStatus } from "../../core/access/principal.ts";
import type { PageOrError } from "../common.ts";
import { activeKeySql, and, type Condition, equal } from "../lib/conditions.ts";
import { type Cursor, listPage } from "../lib/pagination.ts";
import { type StoreConfig, signingKeyIds, storeConfigOf, unusableReason } from "../store-config.ts";
import type { ApiKeyDetails, ApiKeyFilter } from "./port.ts";
import { type KeyRow, keyOfRow, SELECT_KEYS } from "./row.ts";

/**
 * The time of the first page; rank, creation time and id of the last row; creation time and id of the key behind which the
 * page's window begins. Only a list by name ranks, within each window.
 */
const SHAPE = ["number", "number", "number", "string", "number", "string"] as const;
type KeyCursor = Cursor<typeof SHAPE>;

/** Rank, creation time and id before those of all keys. */
const START = [-1, 0, ""] as const;

/** 0: the key was ACTIVE at a time; 1: it was not. The configuration is that of now. */
function rankSql(asOf: number, config: StoreConfig): Condition {
  const unusable = isUnusable(config);
  return {
    sql: `iif((k.revoked_at IS NULL OR k.revoked_at > ?) AND (k.expires_at IS NULL OR k.expires_at > ?)
      AND NOT ${unusable.sql}, 0, 1)`,
    values: [asOf, asOf, ...unusable.values],
  };
}

const withComma = ({ sql, values }: Condition): Condition => ({ sql: `${sql}, `, values });

/** `unusableReason` as a condition. */
function isUnusable(config: StoreConfig): Condition {
  return {
    sql: `(k.disabled_at IS NOT NULL OR k.canary = 1 OR ifnull(k.signing_key_id NOT IN (SELECT value FROM json_each(?)), 0)
      OR k.id IN (SELECT value FROM json_each(?)))`,
    values: [JSON.stringify(signingKeyIds(config)), JSON.stringify([...config.blockedKeyIds])],
  };
}

export function listKeys(db: D1Database, query: ApiKeyFilter, now: number): Promise<PageOrError<ApiKeyDetails>> {
  const config = storeConfigOf(db);
  const { accountId, name, statuses, roleId, createdById, signingKeyId, disabled, canary, order } = query;
  const behind = (last: Pick<KeyRow, "created_at" | "id">, cursor: KeyCursor | null) =>
    [cursor?.[0] ?? now, ...START, last.created_at, last.id] as const;
  return listPage(db, {
    scope: ["keys", accountId, name, [...statuses].sort(), roleId, createdById, signingKeyId, disabled, canary, order],
    shape: SHAPE,
    page: query,
    statement: (cursor, limit, end) => keyListStatement(query, cursor, limit, end, now, config),
    cursorOf: (last: KeyRow, cursor) => {
      if (query.name === null) return behind(last, cursor);
      const asOf = cursor?.[0] ?? now;
      const [createdAt, id] = cursor === null ? windowStart(query.order) : [cursor[4], cursor[5]];
      return [asOf, rankOf(last, asOf, config), last.created_at, last.id, createdAt, id] as const;
    },
    window: isIndexed(query)
      ? null
      : { statement: (cursor, offset) => keyWindowStatement(query, cursor, offset), cursorOf: behind },
    itemsOf: (rows) => rows.map((row) => keyOfRow(row, config)),
  });
}

/** Whether an index has all filters and the order. */
function isIndexed({ name, statuses, roleId, createdById, disabled, canary }: ApiKeyFilter): boolean {
  const flags = disabled === null && canary === null;
  return name === null && statuses.length === 0 && roleId === null && createdById === null && flags;
}

/** A place before all keys of a list. */
function windowStart(order: "asc" | "desc"): readonly [createdAt: number, id: string] {
  return order === "desc" ? [Number.MAX_SAFE_INTEGER, ""] : [0, ""];
}

/** What one index has: the account, a name or the secret that has signed a key, and the keys of a window. */
function indexedFilters(query: ApiKeyFilter, cursor: KeyCursor | null): Condition[] {
  const filters: Condition[] = [{ sql: "k.account_id = ?", values: [query.accountId] }];
  if (query.name !== null) filters.push({ sql: "k.name = ?", values: [query.name] });
  else if (query.signingKeyId !== null) filters.push({ sql: "k.signing_key_id = ?", values: [query.signingKeyId] });
  const beyond = query.order === "desc" ? "<" : ">";
  if (cursor !== null) filters.push({ sql: `(k.created_at, k.id) ${beyond} (?, ?)`, values: [cursor[4], cursor[5]] });
  return filters;
}

function keyWindowStatement(query: ApiKeyFilter, cursor: KeyCursor | null, offset: number): Condition {
  const { sql, values } = and(...indexedFilters(query, cursor));
  return {
    sql: `SELECT k.created_at, k.id FROM api_keys k WHERE ${sql}
      ORDER BY k.created_at ${query.order}, k.id ${query.order} LIMIT 1 OFFSET ?`,
    values: [...values, offset],
  };
}

function keyListStatement(
  query: ApiKeyFilter,
  cursor: KeyCursor | null,
  limit: number,
  end: KeyCursor | null,
  now: number,
  config: StoreConfig,
): Condition {
  const asOf = cursor?.[0] ?? now;
  const filters = indexedFilters(query, cursor);
  const upTo = query.order === "desc" ? ">=" : "<=";
  if (end !== null) filters.push({ sql: `(k.created_at, k.id) ${upTo} (?, ?)`, values: [end[4], end[5]] });
  if (query.statuses.length > 0) filters.push(statusIsOneOf(query.statuses, now, config));
  filters.push(...equal({ "k.role_id": query.roleId, "k.created_by": query.createdById }));
  if (query.disabled !== null)
    filters.push({ sql: "(k.disabled_at IS NOT NULL AND k.canary = 0) = ?", values: [query.disabled ? 1 : 0] });
  if (query.canary !== null) filters.push({ sql: "k.canary = ?", values: [query.canary ? 1 : 0] });
  if (query.name !== null) filters.push(...equal({ "k.signing_key_id": query.signingKeyId }));
  if (cursor !== null && query.name !== null) filters.push(isAfter(cursor, query.order, rankSql(asOf, config)));
  const order: Condition = query.name === null ? { sql: "", values: [] } : withComma(rankSql(asOf, config));
  const { sql, values } = and(...filters);
  const ordered = `ORDER BY ${order.sql}k.created_at ${query.order}, k.id ${query.order}`;
  // Roles and lists are read of the keys on the page only.
  return {
    sql: `${SELECT_KEYS} WHERE k.id IN (SELECT k.id FROM api_keys k WHERE ${sql} ${ordered} LIMIT ?) ${ordered}`,
    values: [...values, ...order.values, limit, ...order.values],
  };
}

function isAfter([, rank, createdAt, id]: KeyCursor, order: "asc" | "desc", ranked: Condition): Condition {
  const beyond = order === "desc" ? "<" : ">";
  return {
    sql: `(${ranked.sql} > ? OR (${ranked.sql} = ? AND (k.created_at, k.id) ${beyond} (?, ?)))`,
    values: [...ranked.values, rank, ...ranked.values, rank, createdAt, id],
  };
}

/** `rankSql` in code, for the cursor of a page's last row. */
function rankOf(row: KeyRow, asOf: number, config: StoreConfig): number {
  const revokedAt = row.revoked_at !== null && row.revoked_at > asOf ? null : row.revoked_at;
  return keyStatus({ expiresAt: row.expires_at, revokedAt, unusableReason: unusableReason(config, row) }, asOf) ===
    "ACTIVE"
    ? 0
    : 1;
}

/** `keyStatus` as a condition, at the current time and not that of the first page: a filter does not move rows. */
function statusIsOneOf(statuses: readonly KeyStatus[], now: number, config: StoreConfig): Condition {
  const conditions = [...new Set(statuses)].map((status) => statusIs(status, now, isUnusable(config)));
  return {
    sql: `(${conditions.map(({ sql }) => sql).join(" OR ")})`,
    values: conditions.flatMap(({ values }) => values),
  };
}

function statusIs(status: KeyStatus, now: number, unusable: Condition): Condition {
  switch (status) {
    case "ACTIVE":
      return { sql: `(${activeKeySql("k")} AND NOT ${unusable.sql})`, values: [now, ...unusable.values] };
    case "EXPIRED":
      return {
        sql: `(k.revoked_at IS NULL AND k.expires_at <= ? AND NOT ${unusable.sql})`,
        values: [now, ...unusable.values],
      };
    case "REVOKED":
      return { sql: `(k.revoked_at IS NOT NULL OR ${unusable.sql})`, values: unusable.values };
  }
}
