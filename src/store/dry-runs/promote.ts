// A trial becomes the key's own: role, lists, the end of the trial, version, change log and event in one transaction.

import { keyCannotManageKeys, or, otherManagerExists } from "../api-keys/last-manager.ts";
import {
  type AuditEvent,
  and,
  auditStatement,
  type Condition,
  EVENT_EXISTS,
  throwIfActorRevoked,
  wasApplied,
} from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import type { DryRunTerms } from "./port.ts";
import {
  type ApiKeyRef,
  bumpKeyVersion,
  deleteDryRun,
  keyEvent,
  keyIsActive,
  listsExist,
  nameOf,
  roleExists,
  wireOf,
} from "./statements.ts";

export async function promote(
  db: D1Database,
  key: ApiKeyRef,
  dryRun: DryRunTerms & { readonly id: string },
  force: boolean,
  actor: Actor,
  now: number,
) {
  const name = await nameOf(db, key);
  if (name === null) return "not_found";
  const { roleId, allowListIds } = dryRun;
  const references = and(roleExists(key.accountId, roleId), listsExist(key.accountId, allowListIds));
  const [is, same] = [keyIsActive(key, now), sameTrial(key.keyId, dryRun.id)];
  const conditions = [is, same, references];
  if (!force && roleId !== null) conditions.push(managerIsLeft(key, roleId, now));
  const event = {
    ...keyEvent(key.accountId, key.keyId, name, `The trial of API key ${name} was promoted`, { after: wireOf(dryRun) }),
    before: keyAsJson(key.keyId),
  };
  const results = await db.batch([
    auditStatement(db, event, actor, now, and(...conditions)),
    db
      .prepare(`UPDATE api_keys SET role_id = ifnull(?, role_id), restricted = iif(?, 1, restricted)
        WHERE id = ? AND ${EVENT_EXISTS}`)
      .bind(roleId, allowListIds === null ? 0 : 1, key.keyId, event.id),
    ...(allowListIds === null ? [] : replaceLists(db, key.keyId, allowListIds, event)),
    ...deleteDryRun(db, key.keyId, event.id),
    ...bumpKeyVersion(db, key.keyId, event.id, now),
    whyNot(db, is, same, references),
  ]);
  if (wasApplied(results)) return "promoted";
  await throwIfActorRevoked(db, actor);
  return refusalOf(results);
}

function replaceLists(db: D1Database, keyId: string, ids: readonly string[], event: AuditEvent) {
  return [
    db.prepare(`DELETE FROM api_key_allow_lists WHERE key_id = ? AND ${EVENT_EXISTS}`).bind(keyId, event.id),
    db
      .prepare(`INSERT INTO api_key_allow_lists (key_id, allow_list_id, position)
        SELECT ?, value, key FROM json_each(?) WHERE ${EVENT_EXISTS}`)
      .bind(keyId, JSON.stringify(ids), event.id),
  ];
}

function sameTrial(keyId: string, trialId: string): Condition {
  return { sql: "EXISTS (SELECT 1 FROM api_key_trials WHERE key_id = ? AND id = ?)", values: [keyId, trialId] };
}

/** Somebody can manage keys afterwards, or nothing changes about that. */
function managerIsLeft({ accountId, keyId }: ApiKeyRef, roleId: string, now: number): Condition {
  const manages = { sql: "EXISTS (SELECT 1 FROM roles WHERE id = ? AND manages_keys = 1)", values: [roleId] };
  return or(manages, or(keyCannotManageKeys(keyId, now), otherManagerExists(accountId, { keyId }, now)));
}

/** Asked behind the change, in its transaction, for when it was not permitted. */
function whyNot(db: D1Database, is: Condition, same: Condition, there: Condition) {
  return db
    .prepare(`SELECT ${is.sql} AS active, ${same.sql} AS same, (${there.sql}) AS there`)
    .bind(...is.values, ...same.values, ...there.values);
}

function refusalOf(results: readonly D1Result[]) {
  const why = results.at(-1)?.results[0] as { active: number; same: number; there: number };
  if (why.active === 0) return "key_inactive";
  if (why.same === 0) return "trial_changed";
  return why.there === 0 ? "reference_gone" : "last_manager";
}

function keyAsJson(keyId: string): Condition {
  return {
    sql: `SELECT json_object('role_id', k.role_id, 'allow_list_info', json((SELECT json_group_array(allow_list_id)
      FROM (SELECT allow_list_id FROM api_key_allow_lists WHERE key_id = k.id ORDER BY position, allow_list_id))))
      FROM api_keys k WHERE k.id = ?`,
    values: [keyId],
  };
}
