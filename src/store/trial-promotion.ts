// A trial becomes the key's own: role, lists, the end of the trial, version, change log and event in one transaction.
import {
  type AuditEvent,
  auditStatement,
  blameActor,
  type Condition,
  every,
  PERMITTED,
  wasPermitted,
} from "./audit.ts";
import { either, keyIsNoManager, otherManagerExists } from "./managers.ts";
import type { Actor, TrialTerms } from "./ports.ts";
import {
  active,
  forget,
  type KeyName,
  keyEvent,
  listsStand,
  nameOf,
  roleStands,
  touchKey,
  wireOf,
} from "./trial-terms.ts";

export async function promote(
  db: D1Database,
  key: KeyName,
  trial: TrialTerms & { readonly id: string },
  force: boolean,
  actor: Actor,
  now: number,
) {
  const name = await nameOf(db, key);
  if (name === null) return "not_found";
  const { roleId, allowListIds } = trial;
  const references = every(roleStands(key.accountId, roleId), listsStand(key.accountId, allowListIds));
  const [is, same] = [active(key, now), sameTrial(key.keyId, trial.id)];
  const conditions = [is, same, references];
  if (!force && roleId !== null) conditions.push(managerIsLeft(key, roleId, now));
  const event = {
    ...keyEvent(key.accountId, key.keyId, name, `The trial of API key ${name} was promoted`, { after: wireOf(trial) }),
    before: keyAsJson(key.keyId),
  };
  const results = await db.batch([
    auditStatement(db, event, actor, now, every(...conditions)),
    db
      .prepare(`UPDATE api_keys SET role_id = ifnull(?, role_id), restricted = iif(?, 1, restricted)
        WHERE id = ? AND ${PERMITTED}`)
      .bind(roleId, allowListIds === null ? 0 : 1, key.keyId, event.id),
    ...(allowListIds === null ? [] : replaceLists(db, key.keyId, allowListIds, event)),
    ...forget(db, key.keyId, event.id),
    ...touchKey(db, key.keyId, event.id, now),
    whyNot(db, is, same, references),
  ]);
  if (wasPermitted(results)) return "promoted";
  await blameActor(db, actor);
  return refusalOf(results);
}

function replaceLists(db: D1Database, keyId: string, ids: readonly string[], event: AuditEvent) {
  return [
    db.prepare(`DELETE FROM api_key_allow_lists WHERE key_id = ? AND ${PERMITTED}`).bind(keyId, event.id),
    db
      .prepare(`INSERT INTO api_key_allow_lists (key_id, allow_list_id, position)
        SELECT ?, value, key FROM json_each(?) WHERE ${PERMITTED}`)
      .bind(keyId, JSON.stringify(ids), event.id),
  ];
}

function sameTrial(keyId: string, trialId: string): Condition {
  return { sql: "EXISTS (SELECT 1 FROM api_key_trials WHERE key_id = ? AND id = ?)", values: [keyId, trialId] };
}

/** Somebody can manage keys afterwards, or nothing changes about that. */
function managerIsLeft({ accountId, keyId }: KeyName, roleId: string, now: number): Condition {
  const manages = { sql: "EXISTS (SELECT 1 FROM roles WHERE id = ? AND manages_keys = 1)", values: [roleId] };
  return either(manages, either(keyIsNoManager(keyId, now), otherManagerExists(accountId, { keyId }, now)));
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
