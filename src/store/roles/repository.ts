// Roles, in D1: built-in ones are shown, custom ones made, changed and deleted. What a role may do, src/core/access/roles.ts knows.

import { REFERENCE_COLUMNS, type ReferenceRow, referenceOfRow, referencesByOwner } from "../api-keys/row.ts";
import {
  and,
  auditStatement,
  type Condition,
  EVENT_EXISTS,
  throwIfActorRevoked,
  wasApplied,
} from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { holdersOf } from "./holders.ts";
import { listRoles, OWNED } from "./list.ts";
import type { RoleDefinition, RoleDetails, RoleRepository } from "./port.ts";
import { ROLE_COLUMNS, type RoleRow, roleOfRow } from "./row.ts";
import { columnsOf, customRoleExists, nameIsFree, roleEvent } from "./statements.ts";
import { updateRole } from "./update.ts";

export function createRoleRepository(db: D1Database): RoleRepository {
  return {
    create: (accountId, id, spec, actor, now) => createRole(db, accountId, id, spec, actor, now),
    get: (accountId, id) => getRole(db, accountId, id),
    getByName: (accountId, displayName) => getRoleByName(db, accountId, displayName),
    list: (query) => listRoles(db, query),
    keysOf: (accountId, ids) => keysOf(db, accountId, ids),
    update: (accountId, id, spec, force, actor, now, known) =>
      updateRole(db, accountId, id, spec, force, actor, now, known),
    holdersOf: (accountId, id, now) => holdersOf(db, accountId, id, now),
    delete: (accountId, id, actor, now) => deleteRole(db, accountId, id, actor, now),
  };
}

const SELECT_ROLES = `SELECT ${ROLE_COLUMNS} FROM roles r WHERE ${OWNED}`;

async function getRole(db: D1Database, accountId: string, id: string): Promise<RoleDetails | null> {
  const row = await db.prepare(`${SELECT_ROLES} AND r.id = ?`).bind(accountId, id).first<RoleRow>();
  return row && roleOfRow(row);
}

async function getRoleByName(db: D1Database, accountId: string, displayName: string): Promise<RoleDetails | null> {
  const row = await db
    .prepare(`${SELECT_ROLES} AND lower(r.display_name) = lower(?)`)
    .bind(accountId, displayName)
    .first<RoleRow>();
  return row && roleOfRow(row);
}

async function createRole(
  db: D1Database,
  accountId: string,
  id: string,
  spec: RoleDefinition,
  actor: Actor,
  now: number,
) {
  const event = roleEvent("CREATE", accountId, id, spec.displayName, "created", { permissions: spec.permissions });
  const results = await db.batch([
    auditStatement(db, event, actor, now, nameIsFree(accountId, id, spec.displayName)),
    db
      .prepare(`INSERT INTO roles (id, account_id, display_name, description, permissions, manages_keys,
        created_at, updated_at) SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE ${EVENT_EXISTS}`)
      .bind(id, accountId, ...columnsOf(spec), now, now, event.id),
  ]);
  if (wasApplied(results)) return { id, ...spec, userDefined: true, createdAt: now, updatedAt: now };
  await throwIfActorRevoked(db, actor);
  return "name_taken";
}

async function deleteRole(db: D1Database, accountId: string, id: string, actor: Actor, now: number) {
  const role = await getRole(db, accountId, id);
  if (role === null || !role.userDefined) return "not_found";
  const event = roleEvent("DELETE", accountId, id, role.displayName, "deleted", {});
  const unused: Condition = {
    sql: `NOT EXISTS (SELECT 1 ${ACTIVE_KEYS}) AND NOT EXISTS (SELECT 1 ${TRIED_KEYS}) AND NOT EXISTS (SELECT 1 ${OPERATORS})`,
    values: [accountId, id, now, id, id, now, id, accountId],
  };
  const results = await db.batch<ReferenceRow>([
    auditStatement(db, event, actor, now, and(customRoleExists(accountId, id), unused)),
    db
      .prepare(`UPDATE roles SET deleted_at = ?, updated_at = ? WHERE id = ? AND ${EVENT_EXISTS}`)
      .bind(now, now, id, event.id),
    db
      .prepare(`SELECT * FROM (SELECT ${REFERENCE_COLUMNS} ${ACTIVE_KEYS} ORDER BY k.created_at DESC, k.id LIMIT 100)
        UNION ALL SELECT ${REFERENCE_COLUMNS} ${TRIED_KEYS}
        UNION ALL SELECT o.id, o.name, o.created_by_name, o.expires_at, NULL ${OPERATORS}`)
      .bind(accountId, id, now, id, id, now, id, accountId),
  ]);
  if (wasApplied(results)) return "deleted";
  await throwIfActorRevoked(db, actor);
  const inUseBy = (results[2]?.results ?? []).map(referenceOfRow);
  return inUseBy.length > 0 ? { inUseBy } : "not_found";
}

const ACTIVE_KEYS = `FROM api_keys k WHERE k.account_id = ? AND k.role_id = ? AND k.revoked_at IS NULL
  AND (k.expires_at IS NULL OR k.expires_at > ?)`;

/** Keys that have another role, and are tried with this one. */
const TRIED_KEYS = `FROM api_key_trials t CROSS JOIN api_keys k ON k.id = t.key_id
  WHERE t.role_id = ? AND k.role_id <> ? AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?)`;

const OPERATORS = "FROM operators o WHERE o.role_id = ? AND o.account_id = ? AND o.deleted_at IS NULL";

// The index has them in this order, so that no more are read than are shown. NULL, not revoked, comes first.
const KEYS_OF_ROLES = `SELECT wanted.value AS owner, ${REFERENCE_COLUMNS}
  FROM json_each(?) AS wanted CROSS JOIN api_keys AS k ON k.id IN (SELECT id FROM api_keys
    WHERE role_id = wanted.value AND account_id = ? ORDER BY revoked_at, created_at DESC LIMIT 100)
  ORDER BY k.revoked_at, k.created_at DESC`;

async function keysOf(db: D1Database, accountId: string, ids: readonly string[]) {
  const { results } = await db
    .prepare(KEYS_OF_ROLES)
    .bind(JSON.stringify(ids), accountId)
    .all<ReferenceRow & { owner: string }>();
  return referencesByOwner(results);
}
