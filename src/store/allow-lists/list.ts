// Rows of `allow_lists` with the keys that are bound to them, and the list of a project's allow lists.
import { toCanonicalCidr } from "../../core/ip/cidr.ts";
import { REFERENCE_COLUMNS, type ReferenceRow, referencesByOwner } from "../api-keys/row.ts";
import type { KeyReference, PageOrError } from "../common.ts";
import type { Condition, SqlValue } from "../lib/conditions.ts";
import { listPage } from "../lib/pagination.ts";
import { storeConfigOf } from "../store-config.ts";
import type { AllowListDetails, AllowListFilter } from "./port.ts";

export interface ListRow {
  readonly id: string;
  readonly account_id: string;
  readonly project_id: string;
  readonly name: string;
  readonly description: string;
  readonly rules: string;
  readonly version: number;
  readonly created_at: number;
}

/** The beginning of every query for allow lists; the list is `l`. */
export const SELECT_LISTS = `SELECT l.id, l.account_id, l.project_id, l.name, l.description, l.rules, l.version, l.created_at
  FROM allow_lists l`;

/** A sort: by a column, whose value in a row is part of the cursor, and then by id. */
interface Sort {
  readonly column: string;
  readonly shape: readonly ["number" | "string", "string"];
  readonly keyOf: (row: ListRow) => number | string;
}

const SORTS: Readonly<Record<AllowListFilter["orderBy"], Sort>> = {
  created_on: { column: "l.created_at", shape: ["number", "string"], keyOf: (row) => row.created_at },
  name: { column: "l.name", shape: ["string", "string"], keyOf: (row) => row.name },
};

export function listAllowLists(db: D1Database, query: AllowListFilter): Promise<PageOrError<AllowListDetails>> {
  const { accountId, projectId, name, apiKeyIds, order, orderBy } = query;
  const { shape, keyOf } = SORTS[orderBy];
  return listPage(db, {
    scope: ["lists", accountId, projectId, name, [...apiKeyIds].sort(), order, orderBy],
    shape,
    page: query,
    statement: (cursor, limit) => allowListStatement(query, cursor, limit),
    cursorOf: (last: ListRow) => [keyOf(last), last.id] as const,
    window: null,
    itemsOf: (rows) => withKeys(db, rows),
  });
}

function allowListStatement(query: AllowListFilter, cursor: readonly SqlValue[] | null, limit: number): Condition {
  const { column } = SORTS[query.orderBy];
  const [direction, beyond] = query.order === "desc" ? ["DESC", "<"] : ["ASC", ">"];
  const filters: Condition[] = [
    {
      sql: "l.account_id = ? AND l.project_id = ? AND l.deleted_at IS NULL",
      values: [query.accountId, query.projectId],
    },
  ];
  if (query.name !== null) filters.push({ sql: "l.name = ?", values: [query.name] });
  if (query.apiKeyIds.length > 0) {
    filters.push({
      sql: `EXISTS (SELECT 1 FROM api_key_allow_lists b
        WHERE b.allow_list_id = l.id AND b.key_id IN (SELECT value FROM json_each(?)))`,
      values: [JSON.stringify(query.apiKeyIds)],
    });
  }
  if (cursor !== null) filters.push({ sql: `(${column}, l.id) ${beyond} (?, ?)`, values: cursor });
  return {
    sql: `${SELECT_LISTS} WHERE ${filters.map(({ sql }) => sql).join(" AND ")}
      ORDER BY ${column} ${direction}, l.id ${direction} LIMIT ?`,
    values: [...filters.flatMap(({ values }) => values), limit],
  };
}

// At most ten thousand keys are read for a page: as many active ones as an account has by default.
const KEYS_OF_LISTS = `SELECT * FROM (
  SELECT bound.allow_list_id AS owner, ${REFERENCE_COLUMNS},
    row_number() OVER (PARTITION BY bound.allow_list_id ORDER BY k.revoked_at IS NOT NULL, k.created_at DESC, k.id) AS place
  FROM (SELECT allow_list_id, key_id FROM api_key_allow_lists
    WHERE allow_list_id IN (SELECT value FROM json_each(?)) LIMIT 10000) AS bound
    CROSS JOIN api_keys k ON k.id = bound.key_id) WHERE place <= 100`;

/** The allow lists of these rows, each with the keys that are bound to it. */
export async function withKeys(db: D1Database, rows: readonly ListRow[]): Promise<readonly AllowListDetails[]> {
  if (rows.length === 0) return [];
  const { results } = await db
    .prepare(KEYS_OF_LISTS)
    .bind(JSON.stringify(rows.map((row) => row.id)))
    .all<ReferenceRow & { owner: string }>();
  const keys = referencesByOwner(results, storeConfigOf(db));
  return rows.map((row) => listOfRow(row, keys.get(row.id) ?? []));
}

function listOfRow(row: ListRow, keys: readonly KeyReference[]): AllowListDetails {
  // Throws for a rule that is not canonical: an operator must not see a rule that the gateway does not understand.
  const rules = (JSON.parse(row.rules) as readonly string[]).map(toCanonicalCidr);
  return {
    id: row.id,
    accountId: row.account_id,
    projectId: row.project_id,
    name: row.name,
    description: row.description,
    rules,
    version: row.version,
    createdAt: row.created_at,
    keys,
  };
}
