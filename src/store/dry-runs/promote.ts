// Promotes a dry run: in one transaction the key gets its role and allow lists, and the dry run ends.
import { keyCannotManageKeys, otherManagerExists } from "../api-keys/last-manager.ts";
import { bumpKeyVersion, insertKeyLists, keyEvent } from "../api-keys/statements.ts";
import { makeChange, type Statement, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { and, type Condition, listsExist, or, roleExists, TRUE } from "../lib/conditions.ts";
import type { DryRunPromotion } from "./port.ts";
import { deleteDryRun, keyIsActive, nameOfKey, toWire } from "./statements.ts";

export async function promoteDryRun(db: D1Database, promotion: DryRunPromotion, actor: Actor, now: number) {
  const name = await nameOfKey(db, promotion);
  if (name === null) return "not_found";
  const { accountId, keyId, dryRun } = promotion;
  const { roleId, allowListIds } = dryRun;
  const after = toWire(dryRun);
  const failed = await makeChange(db, {
    event: {
      ...keyEvent("EDIT", { accountId, keyId, name }, `The trial of API key ${name} was promoted`, { after }),
      before: keyAsJson(keyId),
    },
    actor,
    now,
    conditions: {
      key_inactive: keyIsActive(promotion, now),
      trial_changed: hasDryRun(keyId, dryRun.id),
      reference_gone: and(roleExists(accountId, roleId), listsExist(accountId, allowListIds)),
      last_manager: managerRemains(promotion, now),
    },
    statements: [
      statement(
        `UPDATE api_keys SET role_id = ifnull(?, role_id), restricted = iif(?, 1, restricted)
          WHERE id = ? AND $permitted`,
        ...[roleId, allowListIds === null ? 0 : 1, keyId],
      ),
      ...(allowListIds === null ? [] : replaceLists(keyId, allowListIds)),
      ...deleteDryRun(keyId),
      ...bumpKeyVersion(keyId, now),
    ],
  });
  return failed ?? "promoted";
}

function replaceLists(keyId: string, allowListIds: readonly string[]): readonly Statement[] {
  return [
    statement("DELETE FROM api_key_allow_lists WHERE key_id = ? AND $permitted", keyId),
    insertKeyLists(keyId, allowListIds),
  ];
}

function hasDryRun(keyId: string, dryRunId: string): Condition {
  return { sql: "EXISTS (SELECT 1 FROM api_key_trials WHERE key_id = ? AND id = ?)", values: [keyId, dryRunId] };
}

/** This key or another holder manages keys after the promotion, or this key did not before it. */
function managerRemains({ accountId, keyId, dryRun, force }: DryRunPromotion, now: number): Condition {
  if (force || dryRun.roleId === null) return TRUE;
  const staysManager: Condition = {
    sql: "EXISTS (SELECT 1 FROM roles WHERE id = ? AND manages_keys = 1)",
    values: [dryRun.roleId],
  };
  return or(staysManager, keyCannotManageKeys(keyId, now), otherManagerExists(accountId, { keyId }, now));
}

function keyAsJson(keyId: string): Condition {
  return {
    sql: `SELECT json_object('role_id', k.role_id, 'allow_list_info', json((SELECT json_group_array(allow_list_id)
      FROM (SELECT allow_list_id FROM api_key_allow_lists WHERE key_id = k.id ORDER BY position, allow_list_id))))
      FROM api_keys k WHERE k.id = ?`,
    values: [keyId],
  };
}
