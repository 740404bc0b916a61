// Revokes many API keys: those of a filter, which are counted first. A batch is one transaction with one audit event.
import { makeChange, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { activeKeySql, and, type Condition, equal, or, TRUE } from "../lib/conditions.ts";
import { ROLE_COLUMNS, type RoleRow, roleOfRow } from "../roles/row.ts";
import { storeConfigOf } from "../store-config.ts";
import { keysCannotManageKeys, otherManagerExists } from "./last-manager.ts";
import type { BulkRevocation, RevocableKey, RevokeFilter } from "./port.ts";
import { keyEvent } from "./statements.ts";

/** One more than a filter may match. */
const READ_AT_MOST = 5_001;

/** The keys that a key or an operator has created or was rotated to, and what these have, and so on. */
const LINEAGE = `WITH RECURSIVE lineage (id) AS (SELECT ? UNION SELECT made.id FROM lineage CROSS JOIN api_keys made
    ON made.created_by = lineage.id UNION SELECT next.id FROM lineage CROSS JOIN api_keys next
    ON next.rotated_from = lineage.id) SELECT id FROM lineage`;

interface RevocableRow extends RoleRow {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly created_at: number;
}

/** The keys that are neither revoked nor expired and match the filter, oldest first; at most five thousand and one. */
export async function revocableKeys(
  db: D1Database,
  filter: RevokeFilter,
  now: number,
): Promise<readonly RevocableKey[]> {
  const { accountId, name, roleId, createdById, signingKeyId, descendantsOfId, notUsedSince, exceptId } = filter;
  const { sql, values } = and(
    { sql: `k.account_id = ? AND ${activeKeySql("k")} AND k.id <> ?`, values: [accountId, now, exceptId] },
    ...equal({ "k.name": name, "k.role_id": roleId, "k.created_by": createdById, "k.signing_key_id": signingKeyId }),
    // Nobody uses a canary key, so that a filter would match them all.
    name === null ? { sql: "(k.canary = 0 OR k.id = ?)", values: [descendantsOfId] } : TRUE,
    ...(descendantsOfId === null ? [] : [{ sql: `k.id IN (${LINEAGE})`, values: [descendantsOfId] }]),
    notUsedSince === null ? TRUE : { sql: "ifnull(k.last_used_at, k.created_at) < ?", values: [notUsedSince] },
  );
  const { results } = await db
    .prepare(`SELECT k.id, k.version, k.name, k.created_at, ${ROLE_COLUMNS} FROM api_keys k JOIN roles r ON r.id = k.role_id
      WHERE ${sql} ORDER BY k.created_at, k.id LIMIT ${READ_AT_MOST}`)
    .bind(...values)
    .all<RevocableRow>();
  return results.map((row) => {
    const { id, version, name, created_at: createdAt } = row;
    return { id, version, name, createdAt, role: roleOfRow(row) };
  });
}

/** Revokes these keys, while each is as it was read. */
export async function bulkRevoke(db: D1Database, revocation: BulkRevocation, actor: Actor, now: number) {
  const { accountId, keys, filter, force } = revocation;
  const ids = keys.map(({ id }) => id);
  const listed = JSON.stringify(ids);
  const config = storeConfigOf(db);
  const name = `${ids.length} API keys`;
  // No key is the resource of this event: it names all of them.
  const ref = { accountId, keyId: accountId, name };
  const failed = await makeChange(db, {
    event: keyEvent("REVOKE", ref, `${name} were revoked`, { change: "bulk_revoked", filter, api_key_ids: ids, force }),
    actor,
    now,
    conditions: {
      keys_changed: allAreAsRead(keys),
      last_manager: force
        ? TRUE
        : or(keysCannotManageKeys(config, ids, now), otherManagerExists(config, accountId, { keyIds: ids }, now)),
    },
    statements: [
      statement(
        `UPDATE api_keys SET revoked_at = ?, revoked_by_type = ?, revoked_by_id = ?, revoked_by_name = ?, updated_at = ?,
          version = version + 1, kv_pending = version + 1 WHERE id IN (SELECT value FROM json_each(?)) AND $permitted`,
        ...[now, actor.type, actor.id, actor.name, now, listed],
      ),
      statement(
        `INSERT INTO key_changes (key_id, version, at) SELECT id, version, ? FROM api_keys
          WHERE id IN (SELECT value FROM json_each(?)) AND $permitted`,
        ...[now, listed],
      ),
    ],
  });
  return failed ?? "revoked";
}

function allAreAsRead(keys: readonly RevocableKey[]): Condition {
  return {
    sql: `(SELECT count(*) FROM json_each(?) AS known CROSS JOIN api_keys k ON k.id = known.value ->> 0
      WHERE k.version = known.value ->> 1 AND k.revoked_at IS NULL) = ?`,
    values: [JSON.stringify(keys.map(({ id, version }) => [id, version])), keys.length],
  };
}
