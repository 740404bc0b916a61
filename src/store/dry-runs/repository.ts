// Dry runs of keys in D1: attached, dropped, promoted. Each change is one transaction with its audit event, the key's
// version and the change log.
import { type ApiKeyRef, bumpKeyVersion, keyEvent, keyIsActive } from "../api-keys/statements.ts";
import { makeChange } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { and, listsExist, roleExists } from "../lib/conditions.ts";
import type { DryRunRepository, DryRunTerms } from "./port.ts";
import { promoteDryRun } from "./promote.ts";
import { readDryRun } from "./row.ts";
import { deleteDryRun, dryRunAsJson, insertDryRun, nameOfKey, toWire } from "./statements.ts";

export function createDryRunRepository(db: D1Database): DryRunRepository {
  return {
    get: (accountId, keyId) => readDryRun(db, { accountId, keyId }),
    attach: (accountId, keyId, terms, actor, now) => attachDryRun(db, { accountId, keyId }, terms, actor, now),
    promote: (promotion, actor, now) => promoteDryRun(db, promotion, actor, now),
    drop: (accountId, keyId, actor, now) => dropDryRun(db, { accountId, keyId }, actor, now),
  };
}

async function attachDryRun(db: D1Database, key: ApiKeyRef, terms: DryRunTerms, actor: Actor, now: number) {
  const name = await nameOfKey(db, key);
  if (name === null) return "not_found";
  const { accountId, keyId } = key;
  const { roleId, allowListIds } = terms;
  const id = crypto.randomUUID();
  const detail = { change: "trial_attached", trial_id: id, trial: toWire(terms) };
  const failed = await makeChange(db, {
    event: {
      ...keyEvent("EDIT", { ...key, name }, `The API key ${name} was given a trial`, detail),
      before: dryRunAsJson(keyId),
    },
    actor,
    now,
    conditions: {
      key_inactive: keyIsActive(key, now),
      reference_gone: and(roleExists(accountId, roleId), listsExist(accountId, allowListIds)),
    },
    statements: [
      ...deleteDryRun(keyId),
      ...insertDryRun(keyId, { id, ...terms }, actor, now),
      ...bumpKeyVersion(keyId, now),
    ],
  });
  return failed ?? "attached";
}

// Reads only whether a dry run exists: that of a revoked key, or one that cannot be read, can be dropped as well.
async function dropDryRun(db: D1Database, key: ApiKeyRef, actor: Actor, now: number): Promise<"dropped" | "not_found"> {
  const name = await nameOfKey(db, key);
  if (name === null) return "not_found";
  const { keyId } = key;
  const failed = await makeChange(db, {
    event: {
      ...keyEvent("EDIT", { ...key, name }, `The trial of API key ${name} was dropped`, { change: "trial_dropped" }),
      before: dryRunAsJson(keyId),
    },
    actor,
    now,
    conditions: { not_found: { sql: "EXISTS (SELECT 1 FROM api_key_trials WHERE key_id = ?)", values: [keyId] } },
    statements: [...deleteDryRun(keyId), ...bumpKeyVersion(keyId, now)],
  });
  return failed ?? "dropped";
}
