// Roles, in D1: built-in ones are shown, custom ones made, changed and deleted. A change of a role is a change of every
// key that has it. What a role may do, src/core/roles.ts knows.
import type { Permission } from "../core/permissions.ts";
import { compileGrant, managesKeys } from "../core/roles.ts";
import {
  type AuditEvent,
  auditStatement,
  blameActor,
  type Condition,
  every,
  PERMITTED,
  wasPermitted,
} from "./audit.ts";
import { REFERENCE_COLUMNS, type ReferenceRow, referenceOfRow, referencesByOwner } from "./key-row.ts";
import { either, otherManagerExists, roleHasNoManager } from "./managers.ts";
import type { Actor, RoleDetails, RoleKeeper, RoleSpec } from "./ports.ts";
import { listRoles, OWNED } from "./role-list.ts";
import { ROLE_COLUMNS, type RoleRow, roleOfRow } from "./role-row.ts";

export function createD1Roles(db: D1Database): RoleKeeper {
  return {
    create: (accountId, id, spec, actor, now) => createRole(db, accountId, id, spec, actor, now),
    get: (accountId, id) => getRole(db, accountId, id),
    getByName: (accountId, displayName) => getRoleByName(db, accountId, displayName),
    list: (query) => listRoles(db, query),
    keysOf: (accountId, ids) => keysOf(db, accountId, ids),
    update: (accountId, id, spec, force, actor, now) => updateRole(db, accountId, id, spec, force, actor, now),
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

/** Whatever its id, no other role of the account, built-in ones included, has this name. */
function nameIsFree(accountId: string, id: string, displayName: string): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM roles r WHERE ${OWNED} AND lower(r.display_name) = lower(?) AND r.id <> ?)`,
    values: [accountId, displayName, id],
  };
}

async function createRole(db: D1Database, accountId: string, id: string, spec: RoleSpec, actor: Actor, now: number) {
  const event = roleEvent("CREATE_ROLE", accountId, id, spec.displayName, "created", { permissions: spec.permissions });
  const results = await db.batch([
    auditStatement(db, event, actor, now, nameIsFree(accountId, id, spec.displayName)),
    db
      .prepare(`INSERT INTO roles (id, account_id, display_name, description, permissions, manages_keys,
        created_at, updated_at) SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE ${PERMITTED}`)
      .bind(id, accountId, ...columnsOf(spec), now, now, event.id),
  ]);
  if (wasPermitted(results)) return { id, ...spec, userDefined: true, createdAt: now, updatedAt: now };
  await blameActor(db, actor);
  return "name_taken";
}

function columnsOf(spec: RoleSpec): [name: string, description: string, permissions: string, managesKeys: 0 | 1] {
  return [spec.displayName, spec.description, JSON.stringify(spec.permissions), managing(spec.permissions) ? 1 : 0];
}

function managing(permissions: readonly Permission[]): boolean {
  return managesKeys(compileGrant(permissions));
}

async function updateRole(
  db: D1Database,
  accountId: string,
  id: string,
  spec: RoleSpec,
  force: boolean,
  actor: Actor,
  now: number,
) {
  const event = roleEvent("UPDATE_ROLE", accountId, id, spec.displayName, "changed", { permissions: spec.permissions });
  const stays: Condition =
    force || managing(spec.permissions)
      ? { sql: "1", values: [] }
      : either(roleHasNoManager(accountId, id, now), otherManagerExists(accountId, { roleId: id }, now));
  const free = nameIsFree(accountId, id, spec.displayName);
  const results = await db.batch([
    auditStatement(db, event, actor, now, every(stands(accountId, id), free, stays)),
    db
      .prepare(`UPDATE roles SET display_name = ?, description = ?, permissions = ?, manages_keys = ?, updated_at = ?
        WHERE id = ? AND ${PERMITTED}`)
      .bind(...columnsOf(spec), now, id, event.id),
    ...touchKeys(db, accountId, id, event.id, now),
    db.prepare(`SELECT ${ROLE_COLUMNS} FROM roles r WHERE r.id = ?`).bind(id),
    db
      .prepare(`SELECT ${stands(accountId, id).sql} AS stands, ${free.sql} AS free`)
      .bind(id, accountId, ...free.values),
  ]);
  if (wasPermitted(results)) return roleOfRow(results.at(-2)?.results[0] as RoleRow);
  await blameActor(db, actor);
  const why = results.at(-1)?.results[0] as { stands: number; free: number };
  return why.stands === 0 ? "not_found" : why.free === 0 ? "name_taken" : "last_manager";
}

function stands(accountId: string, id: string): Condition {
  return {
    sql: "EXISTS (SELECT 1 FROM roles WHERE id = ? AND account_id = ? AND deleted_at IS NULL)",
    values: [id, accountId],
  };
}

/** From here on it costs an isolate less to forget everything than to read the list of what changed. */
export const EPOCH_ABOVE = 500;

/** A line in the change log for every key with the role, or one for all keys; then the keys' own versions. */
function touchKeys(db: D1Database, accountId: string, roleId: string, eventId: string, now: number) {
  const having = "account_id = ? AND role_id = ? AND revoked_at IS NULL";
  const many = `(SELECT count(*) FROM (SELECT 1 FROM api_keys WHERE ${having} LIMIT ${EPOCH_ABOVE + 1})) > ${EPOCH_ABOVE}`;
  return [
    db
      .prepare(`INSERT INTO key_changes (key_id, version, at) SELECT id, version + 1, ? FROM api_keys
        WHERE ${having} AND NOT ${many} AND ${PERMITTED}`)
      .bind(now, accountId, roleId, accountId, roleId, eventId),
    db
      .prepare(`INSERT INTO key_changes (key_id, version, at) SELECT NULL, 0, ? WHERE ${many} AND ${PERMITTED}`)
      .bind(now, accountId, roleId, eventId),
    db
      .prepare(`UPDATE api_keys SET version = version + 1, kv_pending = version + 1 WHERE ${having} AND ${PERMITTED}`)
      .bind(accountId, roleId, eventId),
  ];
}

async function deleteRole(db: D1Database, accountId: string, id: string, actor: Actor, now: number) {
  const role = await getRole(db, accountId, id);
  if (role === null || !role.userDefined) return "not_found";
  const event = roleEvent("DELETE_ROLE", accountId, id, role.displayName, "deleted", {});
  const unused: Condition = { sql: `NOT EXISTS (SELECT 1 ${ACTIVE_KEYS})`, values: [accountId, id, now] };
  const results = await db.batch<ReferenceRow>([
    auditStatement(db, event, actor, now, every(stands(accountId, id), unused)),
    db
      .prepare(`UPDATE roles SET deleted_at = ?, updated_at = ? WHERE id = ? AND ${PERMITTED}`)
      .bind(now, now, id, event.id),
    db
      .prepare(`SELECT ${REFERENCE_COLUMNS} ${ACTIVE_KEYS} ORDER BY k.created_at DESC, k.id LIMIT 100`)
      .bind(accountId, id, now),
  ]);
  if (wasPermitted(results)) return "deleted";
  await blameActor(db, actor);
  const inUseBy = (results[2]?.results ?? []).map(referenceOfRow);
  return inUseBy.length > 0 ? { inUseBy } : "not_found";
}

const ACTIVE_KEYS = `FROM api_keys k WHERE k.account_id = ? AND k.role_id = ? AND k.revoked_at IS NULL
  AND (k.expires_at IS NULL OR k.expires_at > ?)`;

const KEYS_OF_ROLES = `SELECT * FROM (
  SELECT k.role_id AS owner, ${REFERENCE_COLUMNS},
    row_number() OVER (PARTITION BY k.role_id ORDER BY k.revoked_at IS NOT NULL, k.created_at DESC, k.id) AS place
  FROM api_keys k WHERE k.account_id = ? AND k.role_id IN (SELECT value FROM json_each(?))) WHERE place <= 100`;

async function keysOf(db: D1Database, accountId: string, ids: readonly string[]) {
  const { results } = await db
    .prepare(KEYS_OF_ROLES)
    .bind(accountId, JSON.stringify(ids))
    .all<ReferenceRow & { owner: string }>();
  return referencesByOwner(results);
}

function roleEvent(
  eventType: string,
  accountId: string,
  id: string,
  name: string,
  verb: string,
  detail: Readonly<Record<string, unknown>>,
): AuditEvent {
  const resource = { resourceType: "ROLE", resourceId: id, resourceName: name } as const;
  return { id: crypto.randomUUID(), accountId, eventType, ...resource, message: `Role ${name} was ${verb}`, detail };
}
