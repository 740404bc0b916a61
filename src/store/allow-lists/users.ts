// The keys that a change of an allow list changes: active ones that are bound to it, or have it in their dry run.

import { toCanonicalCidr } from "../../core/ip/cidr.ts";
import { type Statement, statement } from "../audit/audited-change.ts";
import { activeKeySql, type Condition } from "../lib/conditions.ts";
import { ROLE_COLUMNS, type RoleRow, roleOfRow } from "../roles/row.ts";
import type { ListUser } from "./port.ts";

/** One more than a change takes. */
const READ_AT_MOST = 1_001;

const IS_USER = `k.id IN (SELECT key_id FROM api_key_allow_lists WHERE allow_list_id = ?
    UNION SELECT key_id FROM api_key_trial_lists WHERE allow_list_id = ?) AND ${activeKeySql("k")}`;

const READ_USERS = `SELECT k.id, k.version, k.name, k.expires_at, k.last_used_at, k.last_used_address, ${ROLE_COLUMNS},
    (SELECT json_group_array(json_array(l.id, json(l.rules))) FROM api_key_allow_lists b JOIN allow_lists l
      ON l.id = b.allow_list_id WHERE b.key_id = k.id AND l.deleted_at IS NULL) AS lists
  FROM api_keys k JOIN roles r ON r.id = k.role_id WHERE ${IS_USER} LIMIT ${READ_AT_MOST}`;

interface UserRow extends RoleRow {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly expires_at: number | null;
  readonly last_used_at: number | null;
  readonly last_used_address: string | null;
  readonly lists: string;
}

/** At most a thousand and one. */
export async function usersOf(db: D1Database, listId: string, now: number): Promise<readonly ListUser[]> {
  const { results } = await db.prepare(READ_USERS).bind(listId, listId, now).all<UserRow>();
  return results.map((row) => ({
    ...{ id: row.id, version: row.version, name: row.name, role: roleOfRow(row), expiresAt: row.expires_at },
    lists: (JSON.parse(row.lists) as [string, string[]][]).map(([id, rules]) => ({
      id,
      rules: rules.map(toCanonicalCidr),
    })),
    ...{ lastUsedAt: row.last_used_at, lastUsedAddress: row.last_used_address },
  }));
}

/** The active users of the list are these, at these versions: the audit event of the change names no other, and all of them. */
export function onlyUsers(known: readonly ListUser[], listId: string, now: number): Condition {
  const versions = JSON.stringify(known.map(({ id, version }) => `${id} ${version}`));
  const isKnown = "k.id || ' ' || k.version IN (SELECT value FROM json_each(?))";
  const values = [listId, listId, now, versions];
  return {
    sql: `NOT EXISTS (SELECT 1 FROM api_keys k WHERE ${IS_USER} AND NOT ${isKnown})
      AND (SELECT count(*) FROM api_keys k WHERE ${IS_USER} AND ${isKnown}) = ?`,
    values: [...values, ...values, known.length],
  };
}

/** Raises the versions of these keys and logs it: a line for each, so that no other key is read again. */
export function bumpUsers(users: readonly ListUser[], now: number): readonly Statement[] {
  const ids = JSON.stringify(users.map(({ id }) => id));
  return [
    statement(
      `INSERT INTO key_changes (key_id, version, at) SELECT id, version + 1, ? FROM api_keys
        WHERE id IN (SELECT value FROM json_each(?)) AND $permitted`,
      ...[now, ids],
    ),
    statement(
      `UPDATE api_keys SET version = version + 1, kv_pending = version + 1, updated_at = ?
        WHERE id IN (SELECT value FROM json_each(?)) AND $permitted`,
      ...[now, ids],
    ),
  ];
}
