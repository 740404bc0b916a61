// Rows of `allow_lists` with the keys that are bound to them, and the list of a project's lists, page by page.
import { toCanonicalCidr } from "../../core/ip/cidr.ts";
import { REFERENCE_COLUMNS, type ReferenceRow, referencesByOwner } from "../api-keys/row.ts";
import type { Condition } from "../audit/audited-change.ts";
import type { KeyReference, PageOrError } from "../common.ts";
import { decodeToken, encodeToken, takePage } from "../lib/pagination.ts";
import type { AllowListDetails, AllowListFilter } from "./port.ts";

export interface ListRow {
  readonly id: string;
  readonly account_id: string;
  readonly project_id: string;
  readonly name: string;
  readonly description: string;
  readonly rules: string;
  readonly created_at: number;
}

/** Every list query begins with this; the list is `l`. */
export const SELECT_LISTS = `SELECT l.id, l.account_id, l.project_id, l.name, l.description, l.rules, l.created_at
  FROM allow_lists l`;
export async function listAllowLists(db: D1Database, query: AllowListFilter): Promise<PageOrError<AllowListDetails>> {
  const mark = ["lists", query.accountId, query.projectId, query.name, [...query.apiKeyIds].sort(), query.order];
  const place = query.continuationToken === null ? null : decodeToken(query.continuationToken, mark, PLACE);
  if (query.continuationToken !== null && place === null) return { fault: "continuation_token" };
  const { sql, values } = allowListStatement(query, place as [number, string] | null);
  const { results } = await db
    .prepare(sql)
    .bind(...values)
    .all<ListRow>();
  const { items, last } = takePage(results, query.limit);
  return {
    items: await withKeys(db, items),
    continuationToken: last && encodeToken(mark, [last.created_at, last.id]),
  };
}

const PLACE = ["number", "string"] as const;

function allowListStatement(query: AllowListFilter, place: readonly [number, string] | null): Condition {
  const [direction, beyond] = query.order === "desc" ? ["DESC", "<"] : ["ASC", ">"];
  const parts: Condition[] = [
    {
      sql: "l.account_id = ? AND l.project_id = ? AND l.deleted_at IS NULL",
      values: [query.accountId, query.projectId],
    },
  ];
  if (query.name !== null) parts.push({ sql: "l.name = ?", values: [query.name] });
  if (query.apiKeyIds.length > 0) {
    parts.push({
      sql: `EXISTS (SELECT 1 FROM api_key_allow_lists b
        WHERE b.allow_list_id = l.id AND b.key_id IN (SELECT value FROM json_each(?)))`,
      values: [JSON.stringify(query.apiKeyIds)],
    });
  }
  if (place !== null) parts.push({ sql: `(l.created_at, l.id) ${beyond} (?, ?)`, values: place });
  return {
    sql: `${SELECT_LISTS} WHERE ${parts.map((part) => part.sql).join(" AND ")}
      ORDER BY l.created_at ${direction}, l.id ${direction} LIMIT ?`,
    values: [...parts.flatMap((part) => part.values), query.limit + 1],
  };
}

const KEYS_OF_LISTS = `SELECT * FROM (
  SELECT b.allow_list_id AS owner, ${REFERENCE_COLUMNS},
    row_number() OVER (PARTITION BY b.allow_list_id ORDER BY k.revoked_at IS NOT NULL, k.created_at DESC, k.id) AS place
  FROM api_key_allow_lists b CROSS JOIN api_keys k ON k.id = b.key_id
  WHERE b.allow_list_id IN (SELECT value FROM json_each(?))) WHERE place <= 100`;

export async function withKeys(db: D1Database, rows: readonly ListRow[]): Promise<readonly AllowListDetails[]> {
  if (rows.length === 0) return [];
  const { results } = await db
    .prepare(KEYS_OF_LISTS)
    .bind(JSON.stringify(rows.map((row) => row.id)))
    .all<ReferenceRow & { owner: string }>();
  const keys = referencesByOwner(results);
  return rows.map((row) => listOfRow(row, keys.get(row.id) ?? []));
}

function listOfRow(row: ListRow, keys: readonly KeyReference[]): AllowListDetails {
  // Throws for a rule that is not canonical: an operator must not be shown what the door does not understand.
  const rules = (JSON.parse(row.rules) as readonly string[]).map(toCanonicalCidr);
  return {
    id: row.id,
    accountId: row.account_id,
    projectId: row.project_id,
    name: row.name,
    description: row.description,
    rules,
    createdAt: row.created_at,
    keys,
  };
}
