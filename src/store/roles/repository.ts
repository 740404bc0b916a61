// Roles in D1: built-in ones are shown, custom ones created, updated and deleted. src/core/access/roles.ts defines what a
// role permits.
import { foldName } from "../../core/names.ts";
import { REFERENCE_COLUMNS, type ReferenceRow, referenceOfRow, referencesByOwner } from "../api-keys/row.ts";
import { makeChange, makeChangeAndRead, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { activeKeySql, activeOperatorSql, type Condition } from "../lib/conditions.ts";
import { isWithinQuota } from "../quotas.ts";
import { storeConfigOf } from "../store-config.ts";
import { holdersOf } from "./holders.ts";
import { listRoles, NAME_KEY, ROLE_OF_ACCOUNT } from "./list.ts";
import type { RoleDefinition, RoleDetails, RoleRepository } from "./port.ts";
import { ROLE_COLUMNS, type RoleRow, roleOfRow } from "./row.ts";
import { columnsOf, customRoleExists, nameIsFree, type RoleRef, roleEvent } from "./statements.ts";
import { replaceRole } from "./update.ts";

export function createRoleRepository(db: D1Database): RoleRepository {
  return {
    create: (accountId, id, definition, actor, now) => createRole(db, { accountId, id }, definition, actor, now),
    get: (accountId, id) => getRole(db, { accountId, id }),
    getByName: (accountId, displayName) => getRoleByName(db, accountId, displayName),
    list: (query) => listRoles(db, query),
    keysOf: (accountId, ids) => keysOf(db, accountId, ids),
    update: (update, actor, now) => replaceRole(db, update, actor, now),
    holdersOf: (accountId, id, now) => holdersOf(db, { accountId, id }, now),
    delete: (accountId, id, actor, now) => deleteRole(db, { accountId, id }, actor, now),
  };
}

const SELECT_ROLES = `SELECT ${ROLE_COLUMNS} FROM roles r WHERE ${ROLE_OF_ACCOUNT}`;

async function getRole(db: D1Database, { accountId, id }: RoleRef): Promise<RoleDetails | null> {
  const row = await db.prepare(`${SELECT_ROLES} AND r.id = ?`).bind(accountId, id).first<RoleRow>();
  return row && roleOfRow(row);
}

async function getRoleByName(db: D1Database, accountId: string, displayName: string): Promise<RoleDetails | null> {
  const row = await db
    .prepare(`${SELECT_ROLES} AND ${NAME_KEY} = ?`)
    .bind(accountId, foldName(displayName))
    .first<RoleRow>();
  return row && roleOfRow(row);
}

async function createRole(db: D1Database, role: RoleRef, definition: RoleDefinition, actor: Actor, now: number) {
  const { accountId, id } = role;
  const { displayName: name, description, permissions } = definition;
  const failed = await makeChange(db, {
    event: roleEvent("CREATE", { ...role, name }, `Role ${name} was created`, { description, permissions }),
    actor,
    now,
    conditions: { name_taken: nameIsFree(role, name), quota_exceeded: isWithinQuota(db, "roles", accountId, now) },
    statements: [
      statement(
        `INSERT INTO roles (id, account_id, display_name, name_key, description, permissions, manages_keys, created_at,
          updated_at) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE $permitted`,
        ...[id, accountId, ...columnsOf(definition), now, now],
      ),
    ],
  });
  return failed ?? { id, ...definition, userDefined: true, createdAt: now, updatedAt: now, version: 1 };
}

async function deleteRole(db: D1Database, ref: RoleRef, actor: Actor, now: number) {
  const role = await getRole(db, ref);
  if (role === null || !role.userDefined) return "not_found";
  const name = role.displayName;
  const change = {
    event: roleEvent("DELETE", { ...ref, name }, `Role ${name} was deleted`, {}),
    actor,
    now,
    conditions: { not_found: customRoleExists(ref), in_use: isUnused(ref, now) },
    statements: [
      statement(
        "UPDATE roles SET deleted_at = ?, updated_at = ?, version = version + 1 WHERE id = ? AND $permitted",
        now,
        now,
        ref.id,
      ),
    ],
  };
  const { failed, items } = await makeChangeAndRead(db, change, {
    query: selectUsers(ref, now),
    itemOf: (row: ReferenceRow) => referenceOfRow(row, storeConfigOf(db)),
  });
  return failed === "in_use" ? { inUseBy: items } : (failed ?? "deleted");
}

const ACTIVE_KEYS = `FROM api_keys k WHERE k.account_id = ? AND k.role_id = ? AND ${activeKeySql("k")}`;

/** Active keys that have another role, and this one in their dry run. */
const DRY_RUN_KEYS = `FROM api_key_trials t CROSS JOIN api_keys k ON k.id = t.key_id
  WHERE t.role_id = ? AND k.role_id <> ? AND ${activeKeySql("k")}`;

/** Not expired ones: an update that extends their expiry has to give them another role. */
const OPERATORS = `FROM operators o WHERE o.role_id = ? AND o.account_id = ? AND ${activeOperatorSql("o")}`;

function usersOf({ accountId, id }: RoleRef, now: number) {
  return [accountId, id, now, id, id, now, id, accountId, now];
}

function isUnused(role: RoleRef, now: number): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 ${ACTIVE_KEYS}) AND NOT EXISTS (SELECT 1 ${DRY_RUN_KEYS})
      AND NOT EXISTS (SELECT 1 ${OPERATORS})`,
    values: usersOf(role, now),
  };
}

function selectUsers(role: RoleRef, now: number): Condition {
  return {
    sql: `SELECT * FROM (SELECT ${REFERENCE_COLUMNS} ${ACTIVE_KEYS} ORDER BY k.created_at DESC, k.id LIMIT 100)
      UNION ALL SELECT ${REFERENCE_COLUMNS} ${DRY_RUN_KEYS}
      UNION ALL SELECT o.id, o.name, o.created_by_name, o.expires_at, NULL, NULL, NULL, 0 ${OPERATORS}`,
    values: usersOf(role, now),
  };
}

// The index has this order, so that no more rows are read than are shown. NULL, which is not revoked, comes first.
const KEYS_OF_ROLES = `SELECT wanted.value AS owner, ${REFERENCE_COLUMNS}
  FROM json_each(?) AS wanted CROSS JOIN api_keys AS k ON k.id IN (SELECT id FROM api_keys
    WHERE role_id = wanted.value AND account_id = ? ORDER BY revoked_at, created_at DESC LIMIT 100)
  ORDER BY k.revoked_at, k.created_at DESC`;

async function keysOf(db: D1Database, accountId: string, ids: readonly string[]) {
  const { results } = await db
    .prepare(KEYS_OF_ROLES)
    .bind(JSON.stringify(ids), accountId)
    .all<ReferenceRow & { owner: string }>();
  return referencesByOwner(results, storeConfigOf(db));
}
