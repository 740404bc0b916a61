// Promotes a dry run: in one transaction the key gets its role and allow lists, and the dry run ends.
import { replaceLists } from "../api-keys/edit.ts";
import { managerRemainsWithRole } from "../api-keys/last-manager.ts";
import { bumpKeyVersion, keyEvent, keyIsActive, termsAsJson } from "../api-keys/statements.ts";
import { makeChange, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { and, type Condition, listsExist, roleExists } from "../lib/conditions.ts";
import { storeConfigOf } from "../store-config.ts";
import type { DryRunPromotion } from "./port.ts";
import { deleteDryRun, nameOfKey, toWire } from "./statements.ts";

export async function promoteDryRun(db: D1Database, promotion: DryRunPromotion, actor: Actor, now: number) {
  const name = await nameOfKey(db, promotion);
  if (name === null) return "not_found";
  const { accountId, keyId, dryRun } = promotion;
  const { roleId, allowListIds } = dryRun;
  const after = toWire(dryRun);
  const failed = await makeChange(db, {
    event: {
      ...keyEvent("EDIT", { accountId, keyId, name }, `The trial of API key ${name} was promoted`, {
        change: "trial_promoted",
        after,
      }),
      before: termsAsJson(keyId),
    },
    actor,
    now,
    conditions: {
      key_inactive: keyIsActive(promotion, now),
      trial_changed: hasDryRun(keyId, dryRun.id),
      reference_gone: and(roleExists(accountId, roleId), listsExist(accountId, allowListIds)),
      last_manager: managerRemainsWithRole(storeConfigOf(db), promotion, roleId, promotion.force, now),
    },
    statements: [
      statement(
        `UPDATE api_keys SET role_id = ifnull(?, role_id), restricted = iif(?, 1, restricted)
          WHERE id = ? AND $permitted`,
        ...[roleId, allowListIds === null ? 0 : 1, keyId],
      ),
      ...(allowListIds === null ? [] : replaceLists(promotion, allowListIds)),
      ...deleteDryRun(keyId),
      ...bumpKeyVersion(keyId, now),
    ],
  });
  return failed ?? "promoted";
}

function hasDryRun(keyId: string, dryRunId: string): Condition {
  return { sql: "EXISTS (SELECT 1 FROM api_key_trials WHERE key_id = ? AND id = ?)", values: [keyId, dryRunId] };
}
