// An update of a role updates every key that has it: one transaction changes the role, the versions of its keys and the
// change log.
import { otherManagerExists, roleHasNoKeyManager } from "../api-keys/last-manager.ts";
import { makeChangeAndRead, type Statement, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { type Condition, or, TRUE } from "../lib/conditions.ts";
import { onlyHolders } from "./holders.ts";
import type { RoleDetails, RoleUpdate } from "./port.ts";
import { ROLE_COLUMNS, roleOfRow } from "./row.ts";
import { canManageKeys, columnsOf, customRoleExists, nameIsFree, type RoleRef, roleEvent } from "./statements.ts";

export async function replaceRole(db: D1Database, update: RoleUpdate, actor: Actor, now: number) {
  const { id, definition, knownHolders } = update;
  const { displayName: name, description, permissions } = definition;
  const after = { name, description, permissions };
  const change = {
    event: {
      ...roleEvent("EDIT", { ...update, name }, `Role ${name} was changed`, { after }),
      before: roleAsJson(id),
    },
    actor,
    now,
    conditions: {
      not_found: customRoleExists(update),
      holders_changed: knownHolders === undefined ? TRUE : onlyHolders(knownHolders, update, now),
      name_taken: nameIsFree(update, name),
      last_manager: managerRemains(update, now),
    },
    statements: [
      statement(
        `UPDATE roles SET display_name = ?, description = ?, permissions = ?, manages_keys = ?, updated_at = ?
          WHERE id = ? AND $permitted`,
        ...[...columnsOf(definition), now, id],
      ),
      ...bumpHolders(update, now),
      ...bumpDryRuns(id, now),
    ],
  };
  const role = { sql: `SELECT ${ROLE_COLUMNS} FROM roles r WHERE r.id = ?`, values: [id] };
  const { failed, items } = await makeChangeAndRead(db, change, { query: role, itemOf: roleOfRow });
  return failed ?? (items[0] as RoleDetails);
}

/** A key or an operator manages keys after the update, or none did by this role before it. */
function managerRemains({ accountId, id, definition, force }: RoleUpdate, now: number): Condition {
  if (force || canManageKeys(definition.permissions)) return TRUE;
  return or(roleHasNoKeyManager(accountId, id, now), otherManagerExists(accountId, { roleId: id }, now));
}

function roleAsJson(id: string): Condition {
  return {
    sql: `SELECT json_object('name', display_name, 'description', description, 'permissions', json(permissions))
      FROM roles WHERE id = ?`,
    values: [id],
  };
}

/** From this many keys on, one line that drops every cached key costs an isolate less than a line for each. */
export const EPOCH_ABOVE = 500;

/** A line in the change log for each key with the role, or one line for all keys; then the versions of the keys. */
function bumpHolders({ accountId, id }: RoleRef, now: number): readonly Statement[] {
  const having = "account_id = ? AND role_id = ? AND revoked_at IS NULL";
  const many = `(SELECT count(*) FROM (SELECT 1 FROM api_keys WHERE ${having} LIMIT ${EPOCH_ABOVE + 1})) > ${EPOCH_ABOVE}`;
  return [
    statement(
      `INSERT INTO key_changes (key_id, version, at) SELECT id, version + 1, ? FROM api_keys
        WHERE ${having} AND NOT ${many} AND $permitted`,
      ...[now, accountId, id, accountId, id],
    ),
    statement(
      `INSERT INTO key_changes (key_id, version, at) SELECT NULL, 0, ? WHERE ${many} AND $permitted`,
      ...[now, accountId, id],
    ),
    statement(
      `UPDATE api_keys SET version = version + 1, kv_pending = version + 1 WHERE ${having} AND $permitted`,
      ...[accountId, id],
    ),
  ];
}

/** The same for keys that have the role in their dry run only: their cached records hold its permissions as well. */
function bumpDryRuns(roleId: string, now: number): readonly Statement[] {
  const having = "id IN (SELECT key_id FROM api_key_trials WHERE role_id = ?) AND role_id <> ? AND revoked_at IS NULL";
  return [
    statement(
      `INSERT INTO key_changes (key_id, version, at) SELECT id, version + 1, ? FROM api_keys
        WHERE ${having} AND $permitted`,
      ...[now, roleId, roleId],
    ),
    statement(
      `UPDATE api_keys SET version = version + 1, kv_pending = version + 1 WHERE ${having} AND $permitted`,
      ...[roleId, roleId],
    ),
  ];
}
