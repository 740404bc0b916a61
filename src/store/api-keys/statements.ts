// What the changes of an API key have in common: its audit event, and the statements that make caches read it again.
import type { AuditEvent } from "../audit/audit-event.ts";
import { type Statement, statement } from "../audit/audited-change.ts";

/** An API key as a change names it. */
export interface ApiKeyRef {
  readonly accountId: string;
  readonly keyId: string;
}

/** The audit event of a change of an API key; `detail` is for programs. */
export function keyEvent(
  eventType: "CREATE" | "EDIT" | "REVOKE" | "EXPIRE",
  { accountId, keyId, name }: ApiKeyRef & { readonly name: string },
  message: string,
  detail: Readonly<Record<string, unknown>>,
): AuditEvent {
  return { accountId, eventType, resourceType: "API_KEY", resourceId: keyId, resourceName: name, message, detail };
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
