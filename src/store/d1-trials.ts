// Trials of keys, in D1: attached, dropped, promoted; each in one transaction with its event, the key's version and the change
// log. What was counted of a trial goes with it.
import { auditStatement, blameActor, every, PERMITTED, wasPermitted } from "./audit.ts";
import type { Actor, TrialKeeper, TrialTerms } from "./ports.ts";
import { promote } from "./trial-promotion.ts";
import { readTrial } from "./trial-row.ts";
import {
  active,
  forget,
  type KeyName,
  keyEvent,
  listsStand,
  nameOf,
  roleStands,
  touchKey,
  trialAsJson,
  wireOf,
} from "./trial-terms.ts";

export function createD1Trials(db: D1Database): TrialKeeper {
  return {
    get: (accountId, keyId) => readTrial(db, accountId, keyId),
    attach: (accountId, keyId, terms, actor, now) => attach(db, { accountId, keyId }, terms, actor, now),
    promote: (accountId, keyId, trial, force, actor, now) =>
      promote(db, { accountId, keyId }, trial, force, actor, now),
    drop: (accountId, keyId, actor, now) => drop(db, { accountId, keyId }, actor, now),
  };
}

async function attach(db: D1Database, key: KeyName, terms: TrialTerms, actor: Actor, now: number) {
  const name = await nameOf(db, key);
  if (name === null) return "not_found";
  const stands = active(key, now);
  const trialId = crypto.randomUUID();
  const event = {
    ...keyEvent(key.accountId, key.keyId, name, `The API key ${name} was given a trial`, { trial: wireOf(terms) }),
    before: trialAsJson(key.keyId),
  };
  const results = await db.batch([
    auditStatement(
      db,
      event,
      actor,
      now,
      every(stands, roleStands(key.accountId, terms.roleId), listsStand(key.accountId, terms.allowListIds)),
    ),
    ...forget(db, key.keyId, event.id),
    db
      .prepare(`INSERT INTO api_key_trials (key_id, id, role_id, restricted, created_at, created_by_id, created_by_name)
        SELECT ?, ?, ?, ?, ?, ?, ? WHERE ${PERMITTED}`)
      .bind(key.keyId, trialId, terms.roleId, terms.allowListIds === null ? 0 : 1, now, actor.id, actor.name, event.id),
    db
      .prepare(`INSERT INTO api_key_trial_lists (key_id, allow_list_id, position)
        SELECT ?, value, key FROM json_each(?) WHERE ${PERMITTED}`)
      .bind(key.keyId, JSON.stringify(terms.allowListIds ?? []), event.id),
    ...touchKey(db, key.keyId, event.id, now),
    db.prepare(`SELECT ${stands.sql} AS stands`).bind(...stands.values),
  ]);
  if (wasPermitted(results)) return "attached";
  await blameActor(db, actor);
  // Asked in the same transaction.
  const why = results.at(-1)?.results[0] as { stands: number };
  return why.stands === 0 ? "key_inactive" : "reference_gone";
}

// A revoked key's trial may go as well, and one that cannot be read: nothing of it is looked at but that it is there.
async function drop(db: D1Database, key: KeyName, actor: Actor, now: number): Promise<"dropped" | "not_found"> {
  const name = await nameOf(db, key);
  if (name === null) return "not_found";
  const event = {
    ...keyEvent(key.accountId, key.keyId, name, `The trial of API key ${name} was dropped`, {}),
    before: trialAsJson(key.keyId),
  };
  const results = await db.batch([
    auditStatement(db, event, actor, now, {
      sql: "EXISTS (SELECT 1 FROM api_key_trials WHERE key_id = ?)",
      values: [key.keyId],
    }),
    ...forget(db, key.keyId, event.id),
    ...touchKey(db, key.keyId, event.id, now),
  ]);
  if (wasPermitted(results)) return "dropped";
  await blameActor(db, actor);
  return "not_found";
}
