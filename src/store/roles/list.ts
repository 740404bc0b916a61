// The list of an account's roles, page by page: built-in ones first, since they are oldest, then custom ones by age.
import type { Condition } from "../audit/audited-change.ts";
import type { PageOrError } from "../common.ts";
import { decodeToken, encodeToken, takePage } from "../lib/pagination.ts";
import type { RoleDetails, RoleQuery } from "./port.ts";
import { ROLE_COLUMNS, type RoleRow, roleOfRow } from "./row.ts";

/** The role `r` stands and is built in or belongs to this account, in the words of the indexes. */
export const OWNED = "ifnull(r.account_id, '') IN ('', ?) AND r.deleted_at IS NULL";

const PLACE = ["number", "number", "string"] as const;

export async function listRoles(db: D1Database, query: RoleQuery): Promise<PageOrError<RoleDetails>> {
  const mark = ["roles", query.accountId, query.types, query.displayName];
  const place = query.continuationToken === null ? null : decodeToken(query.continuationToken, mark, PLACE);
  if (query.continuationToken !== null && place === null) return { fault: "continuation_token" };
  const { sql, values } = roleListStatement(query, place as [number, number, string] | null);
  const { results } = await db
    .prepare(sql)
    .bind(...values)
    .all<RoleRow & { place: number }>();
  const { items, last } = takePage(results, query.limit);
  return {
    items: items.map(roleOfRow),
    continuationToken: last && encodeToken(mark, [last.place, last.role_created_at, last.role_id]),
  };
}

function roleListStatement(query: RoleQuery, place: readonly [number, number, string] | null): Condition {
  const parts: Condition[] = [{ sql: OWNED, values: [query.accountId] }];
  if (query.types === "SYSTEM") parts.push({ sql: "r.account_id IS NULL", values: [] });
  if (query.types === "USER_DEFINED") parts.push({ sql: "r.account_id IS NOT NULL", values: [] });
  if (query.displayName !== null) {
    parts.push({ sql: "instr(lower(r.display_name), lower(?)) > 0", values: [query.displayName] });
  }
  // 0: the very name that was asked for, which clients take to be the first of the answer.
  const rank = "iif(lower(r.display_name) = lower(?), 0, 1)";
  const name = query.displayName ?? "";
  if (place !== null) parts.push({ sql: `(${rank}, r.created_at, r.id) > (?, ?, ?)`, values: [name, ...place] });
  return {
    sql: `SELECT ${ROLE_COLUMNS}, ${rank} AS place FROM roles r WHERE ${parts.map((part) => part.sql).join(" AND ")}
      ORDER BY place, r.created_at, r.id LIMIT ?`,
    values: [name, ...parts.flatMap((part) => part.values), query.limit + 1],
  };
}
