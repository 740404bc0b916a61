// What the changes of a dry run have in common: their conditions, and what they do to the dry run.
import type { ApiKeyRef } from "../api-keys/statements.ts";
import { type Statement, statement } from "../audit/audited-change.ts";
import type { Condition } from "../lib/conditions.ts";
import type { DryRunTerms } from "./port.ts";

export async function nameOfKey(db: D1Database, { accountId, keyId }: ApiKeyRef): Promise<string | null> {
  return db.prepare("SELECT name FROM api_keys WHERE id = ? AND account_id = ?").bind(keyId, accountId).first("name");
}

/** The terms of the key's dry run as JSON; "null" without one. */
export function dryRunAsJson(keyId: string): Condition {
  return {
    sql: `SELECT ifnull((SELECT json_object('trial', json_object('role_id', t.role_id, 'allow_list_info',
      json(iif(t.restricted, (SELECT json_group_array(allow_list_id) FROM (SELECT allow_list_id FROM api_key_trial_lists
        WHERE key_id = t.key_id ORDER BY position, allow_list_id)), NULL))))
      FROM api_key_trials t WHERE t.key_id = ?), 'null')`,
    values: [keyId],
  };
}

/** Inserts a dry run with its allow lists. */
export function insertDryRun(
  keyId: string,
  { id, roleId, allowListIds }: DryRunTerms & { readonly id: string },
  createdBy: { readonly id: string | null; readonly name: string },
  now: number,
): readonly Statement[] {
  return [
    statement(
      `INSERT INTO api_key_trials (key_id, id, role_id, restricted, created_at, created_by_id, created_by_name)
        SELECT ?, ?, ?, ?, ?, ?, ? WHERE $permitted`,
      ...[keyId, id, roleId, allowListIds === null ? 0 : 1, now, createdBy.id, createdBy.name],
    ),
    statement(
      `INSERT INTO api_key_trial_lists (key_id, allow_list_id, position)
        SELECT ?, value, key FROM json_each(?) WHERE $permitted`,
      ...[keyId, JSON.stringify(allowListIds ?? [])],
    ),
  ];
}

/** Deletes the key's dry run with its allow lists and its counts. */
export function deleteDryRun(keyId: string): readonly Statement[] {
  return [
    statement(
      "DELETE FROM trial_refusals WHERE trial_id IN (SELECT id FROM api_key_trials WHERE key_id = ?) AND $permitted",
      keyId,
    ),
    statement("DELETE FROM api_key_trial_lists WHERE key_id = ? AND $permitted", keyId),
    statement("DELETE FROM api_key_trials WHERE key_id = ? AND $permitted", keyId),
  ];
}

/** The terms with the member names of the API. */
export function toWire({ roleId, allowListIds }: DryRunTerms) {
  return { role_id: roleId, allow_list_info: allowListIds };
}
