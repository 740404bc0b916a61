// API keys in D1, for operators: created, shown, revoked. Editing, disabling and rotating have files of their own.
import { makeChangeAndRead, type Statement, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { and, type Condition, listsExist, roleExists, TRUE } from "../lib/conditions.ts";
import { isWithinQuota } from "../quotas.ts";
import { storeConfigOf } from "../store-config.ts";
import { bulkRevoke, revocableKeys } from "./bulk-revoke.ts";
import { setDisabled } from "./disable.ts";
import { editKey } from "./edit.ts";
import { managerRemainsWithout } from "./last-manager.ts";
import { listKeys } from "./list.ts";
import type { ApiKeyDetails, ApiKeyRepository, CreateOutcome, NewApiKey, RevokeOutcome } from "./port.ts";
import { cancelRotation, endPredecessor, linkSuccessor, moveOverlap, rotationConditions } from "./rotation.ts";
import { type KeyRow, keyOfRow, SELECT_KEYS, selectKey } from "./row.ts";
import { type ApiKeyRef, insertKeyLists, keyDetail, keyEvent, logKeyChange, markRevoked } from "./statements.ts";

export function createApiKeyRepository(db: D1Database): ApiKeyRepository {
  return {
    create: (key, actor, now) => createKey(db, key, actor, now),
    get: (accountId, keyId) => getKey(db, { accountId, keyId }),
    list: (query, now) => listKeys(db, query, now),
    edit: (edit, actor, now) => editKey(db, edit, actor, now),
    setDisabled: (disabling, actor, now) => setDisabled(db, disabling, actor, now),
    moveOverlap: (move, actor, now) => moveOverlap(db, move, actor, now),
    cancelRotation: (cancellation, actor, now) => cancelRotation(db, cancellation, actor, now),
    revocable: (filter, now) => revocableKeys(db, filter, now),
    bulkRevoke: (revocation, actor, now) => bulkRevoke(db, revocation, actor, now),
    revoke: (accountId, keyId, force, actor, now) => revokeKey(db, { accountId, keyId }, force, actor, now),
  };
}

const BY_IDEMPOTENCY_KEY = `${SELECT_KEYS} WHERE k.account_id = ? AND k.created_by = ? AND k.idempotency_key = ?`;

async function getKey(db: D1Database, key: ApiKeyRef): Promise<ApiKeyDetails | null> {
  const { sql, values } = selectKey(key);
  const row = await db
    .prepare(sql)
    .bind(...values)
    .first<KeyRow>();
  return row && keyOfRow(row, storeConfigOf(db));
}

// No line in the change log: nothing can have cached a key before it was created.
async function createKey(db: D1Database, key: NewApiKey, actor: Actor, now: number): Promise<CreateOutcome> {
  const { accountId, id: keyId, name, roleId, allowListIds, rotation } = key;
  const change = {
    event: keyEvent("CREATE", { accountId, keyId, name }, `API key ${name} was created`, keyDetail(key)),
    actor,
    now,
    conditions: {
      replayed: idempotencyKeyIsUnused(key, actor),
      ...rotationConditions(rotation, now),
      quota_exceeded: isWithinQuota(db, "apiKeys", accountId, now),
      reference_gone: and(roleExists(accountId, roleId), listsExist(accountId, allowListIds)),
    },
    statements: [
      insertKey(key, actor, now),
      insertKeyLists(keyId, allowListIds),
      ...(rotation ? [linkSuccessor(keyId, rotation), ...endPredecessor(rotation, now)] : []),
    ],
  };
  const read = { query: selectKey({ accountId, keyId }), itemOf: (row: KeyRow) => keyOfRow(row, storeConfigOf(db)) };
  const { failed, items } = await makeChangeAndRead(db, change, read);
  if (failed === "replayed") return { outcome: failed, key: await getReplayedKey(db, key, actor) };
  if (failed !== null) return { outcome: failed };
  return { outcome: "created", key: items[0] as ApiKeyDetails };
}

async function getReplayedKey(db: D1Database, { accountId, idempotencyKey }: NewApiKey, actor: Actor) {
  const row = await db.prepare(BY_IDEMPOTENCY_KEY).bind(accountId, actor.id, idempotencyKey).first<KeyRow>();
  // Keys are never deleted.
  if (row === null) throw new Error("the key of an Idempotency-Key is missing");
  return keyOfRow(row, storeConfigOf(db));
}

function idempotencyKeyIsUnused({ accountId, idempotencyKey }: NewApiKey, actor: Actor): Condition {
  return {
    sql: "NOT EXISTS (SELECT 1 FROM api_keys WHERE account_id = ? AND created_by = ? AND idempotency_key = ?)",
    values: [accountId, actor.id, idempotencyKey],
  };
}

function insertKey(key: NewApiKey, actor: Actor, now: number): Statement {
  const restricted = key.allowListIds.length === 0 ? 0 : 1;
  return statement(
    `INSERT INTO api_keys (id, account_id, hash, name, description, role_id, restricted, version,
        expire_after_hours, expires_at, created_at, updated_at, issuer, created_by, idempotency_key, signing_key_id, canary,
        disabled_at, kv_pending) SELECT ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1 WHERE $permitted`,
    ...[key.id, key.accountId, key.hash, key.name, key.description, key.roleId, restricted],
    ...[key.expireAfterHours, key.expiresAt, now, now, actor.name, actor.id, key.idempotencyKey, key.signingKeyId],
    ...(key.canary === true ? [1, now] : [0, null]),
  );
}

async function revokeKey(
  db: D1Database,
  key: ApiKeyRef,
  force: boolean,
  actor: Actor,
  now: number,
): Promise<RevokeOutcome> {
  const before = await getKey(db, key);
  if (before === null) return { outcome: "not_found" };
  if (before.revokedAt !== null) return { outcome: "already_revoked", key: before };
  const { keyId } = key;
  const config = storeConfigOf(db);
  const { name } = before;
  const change = {
    event: keyEvent("REVOKE", { ...key, name }, `API key ${name} was revoked`, { force }),
    actor,
    now,
    conditions: {
      already_revoked: { sql: "EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND revoked_at IS NULL)", values: [keyId] },
      last_manager: force ? TRUE : managerRemainsWithout(config, key, now),
    },
    statements: [markRevoked(keyId, actor, now), logKeyChange(keyId, now)],
    // A key may revoke itself, and twice at the same time.
    reportFirst: "already_revoked",
  } as const;
  const { failed, items } = await makeChangeAndRead(db, change, {
    query: selectKey(key),
    itemOf: (row: KeyRow) => keyOfRow(row, config),
  });
  return { outcome: failed ?? "revoked", key: items[0] as ApiKeyDetails };
}
