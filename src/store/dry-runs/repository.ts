// Trials of keys, in D1: attached, dropped, promoted; each in one transaction with its event, the key's version and the change
// log. What was counted of a trial goes with it.
import { and, auditStatement, EVENT_EXISTS, throwIfActorRevoked, wasApplied } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import type { DryRunRepository, DryRunTerms } from "./port.ts";
import { promote } from "./promote.ts";
import { readDryRun } from "./row.ts";
import {
  type ApiKeyRef,
  bumpKeyVersion,
  deleteDryRun,
  dryRunAsJson,
  keyEvent,
  keyIsActive,
  listsExist,
  nameOf,
  roleExists,
  wireOf,
} from "./statements.ts";

export function createDryRunRepository(db: D1Database): DryRunRepository {
  return {
    get: (accountId, keyId) => readDryRun(db, accountId, keyId),
    attach: (accountId, keyId, terms, actor, now) => attach(db, { accountId, keyId }, terms, actor, now),
    promote: (accountId, keyId, dryRun, force, actor, now) =>
      promote(db, { accountId, keyId }, dryRun, force, actor, now),
    drop: (accountId, keyId, actor, now) => drop(db, { accountId, keyId }, actor, now),
  };
}

async function attach(db: D1Database, key: ApiKeyRef, terms: DryRunTerms, actor: Actor, now: number) {
  const name = await nameOf(db, key);
  if (name === null) return "not_found";
  const stands = keyIsActive(key, now);
  const trialId = crypto.randomUUID();
  const event = {
    ...keyEvent(key.accountId, key.keyId, name, `The API key ${name} was given a trial`, { trial: wireOf(terms) }),
    before: dryRunAsJson(key.keyId),
  };
  const results = await db.batch([
    auditStatement(
      db,
      event,
      actor,
      now,
      and(stands, roleExists(key.accountId, terms.roleId), listsExist(key.accountId, terms.allowListIds)),
    ),
    ...deleteDryRun(db, key.keyId, event.id),
    db
      .prepare(`INSERT INTO api_key_trials (key_id, id, role_id, restricted, created_at, created_by_id, created_by_name)
        SELECT ?, ?, ?, ?, ?, ?, ? WHERE ${EVENT_EXISTS}`)
      .bind(key.keyId, trialId, terms.roleId, terms.allowListIds === null ? 0 : 1, now, actor.id, actor.name, event.id),
    db
      .prepare(`INSERT INTO api_key_trial_lists (key_id, allow_list_id, position)
        SELECT ?, value, key FROM json_each(?) WHERE ${EVENT_EXISTS}`)
      .bind(key.keyId, JSON.stringify(terms.allowListIds ?? []), event.id),
    ...bumpKeyVersion(db, key.keyId, event.id, now),
    db.prepare(`SELECT ${stands.sql} AS stands`).bind(...stands.values),
  ]);
  if (wasApplied(results)) return "attached";
  await throwIfActorRevoked(db, actor);
  // Asked in the same transaction.
  const why = results.at(-1)?.results[0] as { stands: number };
  return why.stands === 0 ? "key_inactive" : "reference_gone";
}

// A revoked key's trial may go as well, and one that cannot be read: nothing of it is looked at but that it is there.
async function drop(db: D1Database, key: ApiKeyRef, actor: Actor, now: number): Promise<"dropped" | "not_found"> {
  const name = await nameOf(db, key);
  if (name === null) return "not_found";
  const event = {
    ...keyEvent(key.accountId, key.keyId, name, `The trial of API key ${name} was dropped`, {}),
    before: dryRunAsJson(key.keyId),
  };
  const results = await db.batch([
    auditStatement(db, event, actor, now, {
      sql: "EXISTS (SELECT 1 FROM api_key_trials WHERE key_id = ?)",
      values: [key.keyId],
    }),
    ...deleteDryRun(db, key.keyId, event.id),
    ...bumpKeyVersion(db, key.keyId, event.id, now),
  ]);
  if (wasApplied(results)) return "dropped";
  await throwIfActorRevoked(db, actor);
  return "not_found";
}
