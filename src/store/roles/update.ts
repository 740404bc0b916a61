// An update of a role updates every key and operator that has it: one transaction changes the role, their versions and the
// change log.
import { otherManagerExists, roleHasNoKeyManager } from "../api-keys/last-manager.ts";
import { makeChangeAndRead, type Statement, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { type Condition, or, TRUE } from "../lib/conditions.ts";
import { type StoreConfig, storeConfigOf } from "../store-config.ts";
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
      last_manager: managerRemains(storeConfigOf(db), update, now),
    },
    statements: [
      statement(
        `UPDATE roles SET display_name = ?, name_key = ?, description = ?, permissions = ?, manages_keys = ?, updated_at = ?,
          version = version + 1 WHERE id = ? AND $permitted`,
        ...[...columnsOf(definition), now, id],
      ),
      ...bumpHolders(update, now),
    ],
  };
  const role = { sql: `SELECT ${ROLE_COLUMNS} FROM roles r WHERE r.id = ?`, values: [id] };
  const { failed, items } = await makeChangeAndRead(db, change, { query: role, itemOf: roleOfRow });
  return failed ?? (items[0] as RoleDetails);
}

/** A key or an operator manages keys after the update, or none did by this role before it. */
function managerRemains(config: StoreConfig, { accountId, id, definition, force }: RoleUpdate, now: number): Condition {
  if (force || canManageKeys(definition.permissions)) return TRUE;
  return or(
    roleHasNoKeyManager(config, accountId, id, now),
    otherManagerExists(config, accountId, { roleId: id }, now),
  );
}

function roleAsJson(id: string): Condition {
  return {
    sql: `SELECT json_object('name', display_name, 'description', description, 'permissions', json(permissions))
      FROM roles WHERE id = ?`,
    values: [id],
  };
}

/**
 * One line in the change log for the keys that have the role, also those that have it in their dry run only: their cached
 * records hold its permissions as well. Then the versions of keys and operators.
 */
function bumpHolders({ accountId, id }: RoleRef, now: number): readonly Statement[] {
  const having = "account_id = ? AND role_id = ? AND revoked_at IS NULL";
  const trying = "id IN (SELECT key_id FROM api_key_trials WHERE role_id = ?) AND role_id <> ? AND revoked_at IS NULL";
  const bumped = "UPDATE api_keys SET version = version + 1, kv_pending = version + 1";
  return [
    statement(
      `INSERT INTO key_changes (key_id, version, at, role_id) SELECT NULL, 0, ?, ?
        WHERE (EXISTS (SELECT 1 FROM api_keys WHERE ${having}) OR EXISTS (SELECT 1 FROM api_keys WHERE ${trying}))
          AND $permitted`,
      ...[now, id, accountId, id, id, id],
    ),
    statement(`${bumped} WHERE ${having} AND $permitted`, accountId, id),
    statement(`${bumped} WHERE ${trying} AND $permitted`, id, id),
    // No line for operators, whose rows are read for every request.
    statement(
      "UPDATE operators SET version = version + 1 WHERE account_id = ? AND role_id = ? AND deleted_at IS NULL AND $permitted",
      ...[accountId, id],
    ),
  ];
}
