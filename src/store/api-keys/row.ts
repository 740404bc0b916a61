// Rows of `api_keys` as operators see them: a key with its role and allow lists, or a reference to it. Never its hash.
import type { KeyReference } from "../common.ts";
import { ROLE_COLUMNS, type RoleRow, roleOfRow } from "../roles/row.ts";
import type { ApiKeyDetails } from "./port.ts";

/** The beginning of every query for keys; the key is `k`, its role is `r`. */
export const SELECT_KEYS = `SELECT k.id, k.account_id, k.name, k.description, k.restricted, k.expire_after_hours,
  k.expires_at, k.issuer, k.created_at, k.updated_at, k.last_used_at, k.last_used_address, k.usage_count,
  k.revoked_at, k.revoked_by_type, k.revoked_by_id, k.revoked_by_name, ${ROLE_COLUMNS},
  (SELECT json_group_array(allow_list_id) FROM
    (SELECT allow_list_id FROM api_key_allow_lists WHERE key_id = k.id ORDER BY position, allow_list_id)) AS lists
  FROM api_keys k JOIN roles r ON r.id = k.role_id`;

export interface KeyRow extends RoleRow {
  readonly id: string;
  readonly account_id: string;
  readonly name: string;
  readonly description: string;
  readonly restricted: number;
  readonly expire_after_hours: number;
  readonly expires_at: number | null;
  readonly issuer: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly last_used_at: number | null;
  readonly last_used_address: string | null;
  readonly usage_count: number;
  readonly revoked_at: number | null;
  readonly revoked_by_type: string | null;
  readonly revoked_by_id: string | null;
  readonly revoked_by_name: string | null;
  readonly lists: string;
}

/**
 * The key of a row.
 *
 * @throws Error for a row that cannot be a key, such as a restricted one that has lost its lists
 */
export function keyOfRow(row: KeyRow): ApiKeyDetails {
  const allowListIds = JSON.parse(row.lists) as string[];
  // Without lists it would be shown as allowed from any address; authorization denies it from every address.
  if (row.restricted === 1 && allowListIds.length === 0) throw new Error(`key ${row.id} cannot be read: no lists`);
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    description: row.description,
    role: roleOfRow(row),
    allowListIds: row.restricted === 1 ? allowListIds : [],
    expireAfterHours: row.expire_after_hours,
    expiresAt: row.expires_at,
    issuer: row.issuer,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastUsedAt: row.last_used_at,
    lastUsedAddress: row.last_used_address,
    usageCount: row.usage_count,
    revokedAt: row.revoked_at,
    revokedByOperator: row.revoked_by_type === "OPERATOR",
    revokedById: row.revoked_by_id,
    revokedByName: row.revoked_by_name,
  };
}

/** The columns that a query selects of a key `k` that another resource refers to. */
export const REFERENCE_COLUMNS = "k.id, k.name, k.issuer, k.expires_at, k.revoked_at";

export interface ReferenceRow {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
}

export function referenceOfRow(row: ReferenceRow): KeyReference {
  return { id: row.id, name: row.name, issuer: row.issuer, expiresAt: row.expires_at, revokedAt: row.revoked_at };
}

/** References by the resource that they belong to, in the order of the rows. */
export function referencesByOwner(rows: readonly (ReferenceRow & { readonly owner: string })[]) {
  const references = new Map<string, KeyReference[]>();
  for (const row of rows) {
    const known = references.get(row.owner);
    if (known) known.push(referenceOfRow(row));
    else references.set(row.owner, [referenceOfRow(row)]);
  }
  return references as ReadonlyMap<string, readonly KeyReference[]>;
}
