// What the changes of a trial have in common: their conditions, their events, and what every one of them does to the key.
import { type AuditEvent, type Condition, EVENT_EXISTS } from "../audit/audited-change.ts";
import type { DryRunTerms } from "./port.ts";

const ANYTHING: Condition = { sql: "1", values: [] };

export interface ApiKeyRef {
  readonly accountId: string;
  readonly keyId: string;
}

export async function nameOf(db: D1Database, { accountId, keyId }: ApiKeyRef): Promise<string | null> {
  return db.prepare("SELECT name FROM api_keys WHERE id = ? AND account_id = ?").bind(keyId, accountId).first("name");
}

/** Neither revoked nor expired. */
export function keyIsActive({ keyId }: ApiKeyRef, now: number): Condition {
  return {
    sql: `EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?))`,
    values: [keyId, now],
  };
}

/** The role is one that the account can give. `null`: none is asked for. */
export function roleExists(accountId: string, roleId: string | null): Condition {
  if (roleId === null) return ANYTHING;
  return {
    sql: "EXISTS (SELECT 1 FROM roles WHERE id = ? AND deleted_at IS NULL AND ifnull(account_id, '') IN ('', ?))",
    values: [roleId, accountId],
  };
}

/** All of these lists are there. `null`: none is asked for. */
export function listsExist(accountId: string, ids: readonly string[] | null): Condition {
  if (ids === null) return ANYTHING;
  return {
    sql: `(SELECT count(*) FROM json_each(?) AS wanted CROSS JOIN allow_lists AS l ON l.id = wanted.value
      WHERE l.account_id = ? AND l.deleted_at IS NULL) = ?`,
    values: [JSON.stringify(ids), accountId, ids.length],
  };
}

/** A change of a key that is neither its making nor its end. */
export function keyEvent(
  accountId: string,
  keyId: string,
  name: string,
  message: string,
  detail: Readonly<Record<string, unknown>>,
): AuditEvent {
  return {
    id: crypto.randomUUID(),
    accountId,
    eventType: "EDIT",
    resourceType: "API_KEY",
    resourceId: keyId,
    resourceName: name,
    message,
    detail,
  };
}

/** The terms of the key's trial, as JSON; "null" without one. */
export function dryRunAsJson(keyId: string): Condition {
  return {
    sql: `SELECT ifnull((SELECT json_object('trial', json_object('role_id', t.role_id, 'allow_list_info',
      json(iif(t.restricted, (SELECT json_group_array(allow_list_id) FROM (SELECT allow_list_id FROM api_key_trial_lists
        WHERE key_id = t.key_id ORDER BY position, allow_list_id)), NULL))))
      FROM api_key_trials t WHERE t.key_id = ?), 'null')`,
    values: [keyId],
  };
}

/** The key's version up, its line in the change log, and its warm copy out of date. */
export function bumpKeyVersion(db: D1Database, keyId: string, eventId: string, now: number): D1PreparedStatement[] {
  return [
    db
      .prepare(`UPDATE api_keys SET version = version + 1, kv_pending = version + 1, updated_at = ?
        WHERE id = ? AND ${EVENT_EXISTS}`)
      .bind(now, keyId, eventId),
    db
      .prepare(`INSERT INTO key_changes (key_id, version, at)
        SELECT id, version, ? FROM api_keys WHERE id = ? AND ${EVENT_EXISTS}`)
      .bind(now, keyId, eventId),
  ];
}

/** The end of the key's trial, with its lists and its counts. */
export function deleteDryRun(db: D1Database, keyId: string, eventId: string) {
  return [
    db
      .prepare(`DELETE FROM trial_refusals WHERE trial_id IN (SELECT id FROM api_key_trials WHERE key_id = ?)
        AND ${EVENT_EXISTS}`)
      .bind(keyId, eventId),
    db.prepare(`DELETE FROM api_key_trial_lists WHERE key_id = ? AND ${EVENT_EXISTS}`).bind(keyId, eventId),
    db.prepare(`DELETE FROM api_key_trials WHERE key_id = ? AND ${EVENT_EXISTS}`).bind(keyId, eventId),
  ];
}

export function wireOf({ roleId, allowListIds }: DryRunTerms) {
  return { role_id: roleId, allow_list_info: allowListIds };
}
