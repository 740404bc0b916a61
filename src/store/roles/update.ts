// A change of a role is a change of every key that has it: one transaction takes the role, its keys' versions and the
// change log from one state to the next.

import { or, otherManagerExists, roleHasNoKeyManager } from "../api-keys/last-manager.ts";
import {
  and,
  auditStatement,
  type Condition,
  EVENT_EXISTS,
  throwIfActorRevoked,
  wasApplied,
} from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { onlyHolders } from "./holders.ts";
import type { RoleDefinition } from "./port.ts";
import { ROLE_COLUMNS, type RoleRow, roleOfRow } from "./row.ts";
import { columnsOf, customRoleExists, managing, nameIsFree, roleEvent } from "./statements.ts";

export async function updateRole(
  db: D1Database,
  accountId: string,
  id: string,
  spec: RoleDefinition,
  force: boolean,
  actor: Actor,
  now: number,
  known?: readonly string[],
) {
  const event = roleEvent("EDIT", accountId, id, spec.displayName, "changed", {
    after: { name: spec.displayName, description: spec.description, permissions: spec.permissions },
  });
  const stays: Condition =
    force || managing(spec.permissions)
      ? { sql: "1", values: [] }
      : or(roleHasNoKeyManager(accountId, id, now), otherManagerExists(accountId, { roleId: id }, now));
  const free = nameIsFree(accountId, id, spec.displayName);
  const nobodyElse = known === undefined ? ANYBODY : onlyHolders(known, accountId, id, now);
  const results = await db.batch([
    auditStatement(
      db,
      { ...event, before: roleAsJson(id) },
      actor,
      now,
      and(customRoleExists(accountId, id), free, stays, nobodyElse),
    ),
    db
      .prepare(`UPDATE roles SET display_name = ?, description = ?, permissions = ?, manages_keys = ?, updated_at = ?
        WHERE id = ? AND ${EVENT_EXISTS}`)
      .bind(...columnsOf(spec), now, id, event.id),
    ...touchKeys(db, accountId, id, event.id, now),
    db.prepare(`SELECT ${ROLE_COLUMNS} FROM roles r WHERE r.id = ?`).bind(id),
    db
      .prepare(
        `SELECT ${customRoleExists(accountId, id).sql} AS stands, ${free.sql} AS free, ${nobodyElse.sql} AS same`,
      )
      .bind(id, accountId, ...free.values, ...nobodyElse.values),
  ]);
  if (wasApplied(results)) return roleOfRow(results.at(-2)?.results[0] as RoleRow);
  await throwIfActorRevoked(db, actor);
  const why = results.at(-1)?.results[0] as { stands: number; free: number; same: number };
  if (why.stands === 1 && why.same === 0) return "holders_changed";
  return why.stands === 0 ? "not_found" : why.free === 0 ? "name_taken" : "last_manager";
}

const ANYBODY: Condition = { sql: "1", values: [] };

function roleAsJson(id: string): Condition {
  return {
    sql: `SELECT json_object('name', display_name, 'description', description, 'permissions', json(permissions))
      FROM roles WHERE id = ?`,
    values: [id],
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
        WHERE ${having} AND NOT ${many} AND ${EVENT_EXISTS}`)
      .bind(now, accountId, roleId, accountId, roleId, eventId),
    db
      .prepare(`INSERT INTO key_changes (key_id, version, at) SELECT NULL, 0, ? WHERE ${many} AND ${EVENT_EXISTS}`)
      .bind(now, accountId, roleId, eventId),
    db
      .prepare(
        `UPDATE api_keys SET version = version + 1, kv_pending = version + 1 WHERE ${having} AND ${EVENT_EXISTS}`,
      )
      .bind(accountId, roleId, eventId),
    ...touchTriedKeys(db, roleId, eventId, now),
  ];
}

/** The same for keys that are only tried with the role: what is remembered of them holds its permissions as well. */
function touchTriedKeys(db: D1Database, roleId: string, eventId: string, now: number) {
  const tried = "id IN (SELECT key_id FROM api_key_trials WHERE role_id = ?) AND role_id <> ? AND revoked_at IS NULL";
  return [
    db
      .prepare(`INSERT INTO key_changes (key_id, version, at) SELECT id, version + 1, ? FROM api_keys
        WHERE ${tried} AND ${EVENT_EXISTS}`)
      .bind(now, roleId, roleId, eventId),
    db
      .prepare(`UPDATE api_keys SET version = version + 1, kv_pending = version + 1 WHERE ${tried} AND ${EVENT_EXISTS}`)
      .bind(roleId, roleId, eventId),
  ];
}
