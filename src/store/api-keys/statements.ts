// What the changes of an API key have in common: its audit event, and the statements that make caches read it again.
import { keyFingerprint } from "../../core/audit/replay/fingerprint.ts";
import type { AuditEvent } from "../audit/audit-event.ts";
import { type Statement, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { activeKeySql, type Condition } from "../lib/conditions.ts";
import type { NewApiKey } from "./port.ts";

/** An API key as a change names it. */
export interface ApiKeyRef {
  readonly accountId: string;
  readonly keyId: string;
}

/** The audit event of a change of an API key; `detail` is for programs. */
export function keyEvent(
  eventType: "CREATE" | "EDIT" | "REVOKE" | "EXPIRE" | "EXPIRING" | "LEAK" | "CANARY" | "NEW_NETWORK",
  { accountId, keyId, name }: ApiKeyRef & { readonly name: string },
  message: string,
  detail: Readonly<Record<string, unknown>>,
): AuditEvent {
  return { accountId, eventType, resourceType: "API_KEY", resourceId: keyId, resourceName: name, message, detail };
}

/**
 * What the event of a new key says for programs: everything of its row that decides what it may do. Its hash is there as a
 * fingerprint, by which the row can be checked, and no key found.
 */
export function keyDetail(key: NewApiKey): Readonly<Record<string, unknown>> {
  return {
    role_id: key.roleId,
    allow_list_info: key.allowListIds,
    expires_at: key.expiresAt,
    expire_after_hours: key.expireAfterHours,
    description: key.description,
    signing_key_id: key.signingKeyId,
    fingerprint: keyFingerprint(key.hash),
    ...(key.canary === true && { canary: true }),
    ...(key.rotation && { rotated_from: { id: key.rotation.predecessorId, expires_at: key.rotation.endsAt } }),
  };
}

/** The key is neither revoked nor expired. */
export function keyIsActive({ keyId }: Pick<ApiKeyRef, "keyId">, now: number): Condition {
  return {
    sql: `EXISTS (SELECT 1 FROM api_keys k WHERE k.id = ? AND ${activeKeySql("k")})`,
    values: [keyId, now],
  };
}

/** What can be edited of the key as JSON, with the member names of the API. */
export function termsAsJson(keyId: string): Condition {
  return {
    sql: `SELECT json_object('name', k.name, 'description', k.description, 'role_id', k.role_id, 'allow_list_info',
      json((SELECT json_group_array(allow_list_id)
        FROM (SELECT allow_list_id FROM api_key_allow_lists WHERE key_id = k.id ORDER BY position, allow_list_id))),
      'expire_after_hours', k.expire_after_hours, 'expires_at', k.expires_at) FROM api_keys k WHERE k.id = ?`,
    values: [keyId],
  };
}

/** Writes the key's version, as another statement has raised it, to the change log. */
export function logKeyChange(keyId: string, now: number): Statement {
  return statement(
    "INSERT INTO key_changes (key_id, version, at) SELECT id, version, ? FROM api_keys WHERE id = ? AND $permitted",
    ...[now, keyId],
  );
}

/** Raises the key's version, logs the change, and marks the KV copy as superseded. */
export function bumpKeyVersion(keyId: string, now: number): readonly Statement[] {
  return [
    statement(
      "UPDATE api_keys SET version = version + 1, kv_pending = version + 1, updated_at = ? WHERE id = ? AND $permitted",
      ...[now, keyId],
    ),
    logKeyChange(keyId, now),
  ];
}

/** Binds allow lists to the key, in their order. */
export function insertKeyLists(keyId: string, allowListIds: readonly string[]): Statement {
  return statement(
    `INSERT INTO api_key_allow_lists (key_id, allow_list_id, position)
      SELECT ?, value, key FROM json_each(?) WHERE $permitted`,
    ...[keyId, JSON.stringify(allowListIds)],
  );
}

/** Revokes the key; the change log is written by another statement. */
export function markRevoked(keyId: string, actor: Actor, now: number): Statement {
  return statement(
    `UPDATE api_keys SET revoked_at = ?, revoked_by_type = ?, revoked_by_id = ?, revoked_by_name = ?, updated_at = ?,
      version = version + 1, kv_pending = version + 1 WHERE id = ? AND $permitted`,
    ...[now, actor.type, actor.id, actor.name, now, keyId],
  );
}

/** Disables the key, or enables it (`null`), and logs the change. @param disabledAt milliseconds since the epoch */
export function setKeyDisabled(keyId: string, disabledAt: number | null, now: number): readonly Statement[] {
  return [
    statement("UPDATE api_keys SET disabled_at = ? WHERE id = ? AND $permitted", disabledAt, keyId),
    ...bumpKeyVersion(keyId, now),
  ];
}

/** Moves the key's expiry. The first move keeps what the key was signed with: `expires_at` on the right is the value before. */
export function moveExpiry(keyId: string, expiresAt: number | null): Statement {
  return statement(`UPDATE api_keys SET ${MOVED_EXPIRY} WHERE id = ? AND $permitted`, expiresAt, expiresAt, keyId);
}

/** The assignments of `moveExpiry`, with two placeholders for the new expiry. */
export const MOVED_EXPIRY = `signed_expires_at = iif(expires_at IS ?, signed_expires_at,
  ifnull(signed_expires_at, ifnull(expires_at, 0))), expires_at = ?`;
