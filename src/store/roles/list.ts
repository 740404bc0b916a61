// The list of an account's roles: built-in ones first, since they are oldest, then custom ones by age.
import { foldName } from "../../core/names.ts";
import type { PageOrError } from "../common.ts";
import type { Condition } from "../lib/conditions.ts";
import { type Cursor, listPage } from "../lib/pagination.ts";
import type { RoleDetails, RoleQuery } from "./port.ts";
import { ROLE_COLUMNS, type RoleRow, roleOfRow } from "./row.ts";

/** The role `r` is built in or the account's own, and not deleted; written as in the indexes. One placeholder: the account. */
export const ROLE_OF_ACCOUNT = "ifnull(r.account_id, '') IN ('', ?) AND r.deleted_at IS NULL";

/** What the name of a role `r` is compared by: `foldName`. Written as in the index. */
export const NAME_KEY = "ifnull(r.name_key, lower(r.display_name))";

/** 0: the role has exactly the wanted name, which clients expect first; 1: it has not. One placeholder: the folded name. */
const RANK = `iif(${NAME_KEY} = ?, 0, 1)`;

/** Rank, creation time and id of the last row. */
const SHAPE = ["number", "number", "string"] as const;

export function listRoles(db: D1Database, query: RoleQuery): Promise<PageOrError<RoleDetails>> {
  return listPage(db, {
    scope: ["roles", query.accountId, query.types, query.displayName],
    shape: SHAPE,
    page: query,
    statement: (cursor, limit) => roleListStatement(query, cursor, limit),
    cursorOf: (last: RoleRow & { rank: number }) => [last.rank, last.role_created_at, last.role_id] as const,
    window: null,
    itemsOf: (rows) => rows.map(roleOfRow),
  });
}

function roleListStatement(query: RoleQuery, cursor: Cursor<typeof SHAPE> | null, limit: number): Condition {
  const name = foldName(query.displayName ?? "");
  const filters: Condition[] = [{ sql: ROLE_OF_ACCOUNT, values: [query.accountId] }];
  if (query.types === "SYSTEM") filters.push({ sql: "r.account_id IS NULL", values: [] });
  if (query.types === "USER_DEFINED") filters.push({ sql: "r.account_id IS NOT NULL", values: [] });
  if (query.displayName !== null) {
    filters.push({ sql: `instr(${NAME_KEY}, ?) > 0`, values: [name] });
  }
  if (cursor !== null) filters.push({ sql: `(${RANK}, r.created_at, r.id) > (?, ?, ?)`, values: [name, ...cursor] });
  return {
    sql: `SELECT ${ROLE_COLUMNS}, ${RANK} AS rank FROM roles r WHERE ${filters.map(({ sql }) => sql).join(" AND ")}
      ORDER BY rank, r.created_at, r.id LIMIT ?`,
    values: [name, ...filters.flatMap(({ values }) => values), limit],
  };
}
