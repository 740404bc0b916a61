// Edits an API key: in one transaction with its audit event, which has the terms before and after.
import { makeChangeAndRead, type Statement, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { and, listsExist, roleExists } from "../lib/conditions.ts";
import { storeConfigOf } from "../store-config.ts";
import { managerRemainsWithRole } from "./last-manager.ts";
import type { ApiKeyDetails, EditOutcome, KeyEdit } from "./port.ts";
import { type KeyRow, keyOfRow, selectKey } from "./row.ts";
import {
  type ApiKeyRef,
  bumpKeyVersion,
  insertKeyLists,
  keyEvent,
  keyIsActive,
  MOVED_EXPIRY,
  termsAsJson,
} from "./statements.ts";

export async function editKey(db: D1Database, edit: KeyEdit, actor: Actor, now: number): Promise<EditOutcome> {
  const { accountId, keyId, name, roleId, allowListIds, force } = edit;
  const config = storeConfigOf(db);
  const after = {
    ...{ name, description: edit.description, role_id: roleId, allow_list_info: allowListIds },
    ...{ expire_after_hours: edit.expireAfterHours, expires_at: edit.expiresAt },
  };
  const change = {
    event: {
      ...keyEvent("EDIT", edit, `API key ${name} was edited`, { change: "edited", after }),
      before: termsAsJson(keyId),
    },
    actor,
    now,
    conditions: {
      key_inactive: keyIsActive(edit, now),
      reference_gone: and(roleExists(accountId, roleId), listsExist(accountId, allowListIds)),
      last_manager: managerRemainsWithRole(config, edit, roleId, force, now),
    },
    statements: [updateTerms(edit), ...replaceLists(edit, allowListIds), ...bumpKeyVersion(keyId, now)],
  };
  const read = { query: selectKey(edit), itemOf: (row: KeyRow) => keyOfRow(row, config) };
  const { failed, items } = await makeChangeAndRead(db, change, read);
  return failed ?? (items[0] as ApiKeyDetails);
}

function updateTerms({ keyId, name, description, roleId, allowListIds, ...expiry }: KeyEdit): Statement {
  const { expireAfterHours, expiresAt } = expiry;
  return statement(
    `UPDATE api_keys SET name = ?, description = ?, role_id = ?, restricted = ?, expire_after_hours = ?,
      ${MOVED_EXPIRY} WHERE id = ? AND $permitted`,
    ...[name, description, roleId, allowListIds.length === 0 ? 0 : 1, expireAfterHours, expiresAt, expiresAt, keyId],
  );
}

/** Binds these lists to the key in place of its own. */
export function replaceLists(
  { keyId }: Pick<ApiKeyRef, "keyId">,
  allowListIds: readonly string[],
): readonly Statement[] {
  return [
    statement("DELETE FROM api_key_allow_lists WHERE key_id = ? AND $permitted", keyId),
    insertKeyLists(keyId, allowListIds),
  ];
}
