// Rows of `api_keys` as operators see them: a key with its role and allow lists, or a reference to it. Never its hash.
import type { KeyReference } from "../common.ts";
import type { Condition } from "../lib/conditions.ts";
import { ROLE_COLUMNS, type RoleRow, roleOfRow } from "../roles/row.ts";
import { type StoreConfig, unusableReason } from "../store-config.ts";
import type { ApiKeyDetails, RotationDetails } from "./port.ts";
import type { ApiKeyRef } from "./statements.ts";

/** The beginning of every query for keys; the key is `k`, its role is `r`. */
export const SELECT_KEYS = `SELECT k.id, k.account_id, k.version, k.name, k.description, k.restricted, k.expire_after_hours,
  k.expires_at, k.compromised_at, k.compromised_url, k.issuer, k.created_by, k.created_at, k.updated_at, k.last_used_at, k.last_used_address, k.usage_count,
  k.revoked_at, k.revoked_by_type, k.revoked_by_id, k.revoked_by_name, k.signing_key_id, k.signed_expires_at, k.disabled_at, k.canary, ${ROLE_COLUMNS},
  k.rotated_from, k.predecessor_expires_at, k.predecessor_usage_count,
  (SELECT p.usage_count FROM api_keys p WHERE p.id = k.rotated_from) AS predecessor_uses,
  (SELECT json_array(s.id, s.created_at, s.predecessor_expires_at, s.predecessor_usage_count, s.usage_count)
    FROM api_keys s WHERE s.rotated_from = k.id AND s.revoked_at IS NULL ORDER BY s.created_at DESC, s.id LIMIT 1) AS successor,
  (SELECT json_group_array(allow_list_id) FROM
    (SELECT allow_list_id FROM api_key_allow_lists WHERE key_id = k.id ORDER BY position, allow_list_id)) AS lists
  FROM api_keys k JOIN roles r ON r.id = k.role_id`;

/** Reads a key of the account. */
export function selectKey({ accountId, keyId }: ApiKeyRef): Condition {
  return { sql: `${SELECT_KEYS} WHERE k.id = ? AND k.account_id = ?`, values: [keyId, accountId] };
}

export interface KeyRow extends RoleRow {
  readonly id: string;
  readonly account_id: string;
  readonly version: number;
  readonly name: string;
  readonly description: string;
  readonly restricted: number;
  readonly expire_after_hours: number;
  readonly expires_at: number | null;
  readonly compromised_at: number | null;
  readonly compromised_url: string | null;
  readonly issuer: string;
  readonly created_by: string | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly last_used_at: number | null;
  readonly last_used_address: string | null;
  readonly usage_count: number;
  readonly revoked_at: number | null;
  readonly revoked_by_type: string | null;
  readonly revoked_by_id: string | null;
  readonly revoked_by_name: string | null;
  readonly signing_key_id: string | null;
  readonly signed_expires_at: number | null;
  readonly disabled_at: number | null;
  readonly canary: number;
  readonly rotated_from: string | null;
  readonly predecessor_expires_at: number | null;
  readonly predecessor_usage_count: number | null;
  readonly predecessor_uses: number | null;
  /** JSON of the successor: id, creation time, the predecessor's earlier expiry and count, and its own count. */
  readonly successor: string | null;
  readonly lists: string;
}

/**
 * The key of a row.
 *
 * @throws Error for a row that cannot be a key, such as a restricted one that has lost its lists
 */
export function keyOfRow(row: KeyRow, config: StoreConfig): ApiKeyDetails {
  const allowListIds = JSON.parse(row.lists) as string[];
  // Without lists it would be shown as allowed from any address; authorization denies it from every address.
  if (row.restricted === 1 && allowListIds.length === 0) throw new Error(`key ${row.id} cannot be read: no lists`);
  return {
    id: row.id,
    accountId: row.account_id,
    version: row.version,
    name: row.name,
    description: row.description,
    role: roleOfRow(row),
    allowListIds: row.restricted === 1 ? allowListIds : [],
    expireAfterHours: row.expire_after_hours,
    expiresAt: row.expires_at,
    compromised: row.compromised_at === null ? null : { at: row.compromised_at, url: row.compromised_url },
    signedExpiresAt: row.signed_expires_at === 0 ? null : (row.signed_expires_at ?? row.expires_at),
    issuer: row.issuer,
    createdById: row.created_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastUsedAt: row.last_used_at,
    lastUsedAddress: row.last_used_address,
    usageCount: row.usage_count,
    rotation: rotationOfRow(row),
    canary: row.canary === 1,
    // Nobody has disabled a canary key, and nobody can enable it.
    disabledAt: row.canary === 1 ? null : row.disabled_at,
    revokedAt: row.revoked_at,
    revokedByOperator: row.revoked_by_type === "OPERATOR",
    revokedById: row.revoked_by_id,
    revokedByName: row.revoked_by_name,
    signingKeyId: row.signing_key_id,
    unusableReason: unusableReason(config, row),
  };
}

function rotationOfRow(row: KeyRow): RotationDetails | null {
  if (row.successor !== null) {
    const [successorId, rotatedAt, expiresAt, before, uses] = JSON.parse(row.successor) as Successor;
    return {
      ...{ predecessorId: row.id, successorId, rotatedAt, predecessorExpiresAt: expiresAt },
      ...{ predecessorRequests: row.usage_count - before, successorRequests: uses },
    };
  }
  if (row.rotated_from === null) return null;
  return {
    ...{ predecessorId: row.rotated_from, successorId: row.id, rotatedAt: row.created_at },
    predecessorExpiresAt: row.predecessor_expires_at,
    predecessorRequests: (row.predecessor_uses ?? 0) - (row.predecessor_usage_count ?? 0),
    successorRequests: row.usage_count,
  };
}

type Successor = readonly [id: string, at: number, expiresAt: number | null, before: number, uses: number];

/** The columns that a query selects of a key `k` that another resource refers to. */
export const REFERENCE_COLUMNS =
  "k.id, k.name, k.issuer, k.expires_at, k.revoked_at, k.signing_key_id, k.disabled_at, k.canary";

export interface ReferenceRow {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
  readonly signing_key_id: string | null;
  readonly disabled_at: number | null;
  readonly canary: number;
}

export function referenceOfRow(row: ReferenceRow, config: StoreConfig): KeyReference {
  const { id, name, issuer, expires_at: expiresAt, revoked_at: revokedAt } = row;
  return { id, name, issuer, expiresAt, revokedAt, unusableReason: unusableReason(config, row) };
}

/** References by the resource that they belong to, in the order of the rows. */
export function referencesByOwner(rows: readonly (ReferenceRow & { readonly owner: string })[], config: StoreConfig) {
  const references = new Map<string, KeyReference[]>();
  for (const row of rows) {
    const known = references.get(row.owner);
    if (known) known.push(referenceOfRow(row, config));
    else references.set(row.owner, [referenceOfRow(row, config)]);
  }
  return references as ReadonlyMap<string, readonly KeyReference[]>;
}
