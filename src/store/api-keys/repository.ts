// API keys in D1, for operators: created, shown, revoked.
import { makeChangeAndRead, type Statement, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { and, type Condition, listsExist, or, roleExists, TRUE } from "../lib/conditions.ts";
import { keyCannotManageKeys, otherManagerExists } from "./last-manager.ts";
import { listKeys } from "./list.ts";
import type { ApiKeyDetails, ApiKeyRepository, CreateOutcome, NewApiKey, RevokeOutcome } from "./port.ts";
import { type KeyRow, keyOfRow, SELECT_KEYS } from "./row.ts";
import { type ApiKeyRef, insertKeyLists, keyEvent, logKeyChange } from "./statements.ts";

export function createApiKeyRepository(db: D1Database): ApiKeyRepository {
  return {
    create: (key, actor, now) => createKey(db, key, actor, now),
    get: (accountId, keyId) => getKey(db, { accountId, keyId }),
    list: (query, now) => listKeys(db, query, now),
    revoke: (accountId, keyId, force, actor, now) => revokeKey(db, { accountId, keyId }, force, actor, now),
  };
}

const BY_IDEMPOTENCY_KEY = `${SELECT_KEYS} WHERE k.account_id = ? AND k.created_by = ? AND k.idempotency_key = ?`;

function selectKey({ accountId, keyId }: ApiKeyRef): Condition {
  return { sql: `${SELECT_KEYS} WHERE k.id = ? AND k.account_id = ?`, values: [keyId, accountId] };
}

async function getKey(db: D1Database, key: ApiKeyRef): Promise<ApiKeyDetails | null> {
  const { sql, values } = selectKey(key);
  const row = await db
    .prepare(sql)
    .bind(...values)
    .first<KeyRow>();
  return row && keyOfRow(row);
}

// No line in the change log: nothing can have cached a key before it was created.
async function createKey(db: D1Database, key: NewApiKey, actor: Actor, now: number): Promise<CreateOutcome> {
  const { accountId, id: keyId, name, roleId, allowListIds, expiresAt } = key;
  const detail = { role_id: roleId, allow_list_info: allowListIds, expires_at: expiresAt };
  const change = {
    event: keyEvent("CREATE", { accountId, keyId, name }, `API key ${name} was created`, detail),
    actor,
    now,
    conditions: {
      replayed: idempotencyKeyIsUnused(key, actor),
      reference_gone: and(roleExists(accountId, roleId), listsExist(accountId, allowListIds)),
    },
    statements: [insertKey(key, actor, now), insertKeyLists(keyId, allowListIds)],
  };
  const read = { query: selectKey({ accountId, keyId }), itemOf: keyOfRow };
  const { failed, items } = await makeChangeAndRead(db, change, read);
  if (failed === "reference_gone") return { outcome: failed };
  if (failed === "replayed") return { outcome: failed, key: await getReplayedKey(db, key, actor) };
  return { outcome: "created", key: items[0] as ApiKeyDetails };
}

async function getReplayedKey(db: D1Database, { accountId, idempotencyKey }: NewApiKey, actor: Actor) {
  const row = await db.prepare(BY_IDEMPOTENCY_KEY).bind(accountId, actor.id, idempotencyKey).first<KeyRow>();
  // Keys are never deleted.
  if (row === null) throw new Error("the key of an Idempotency-Key is missing");
  return keyOfRow(row);
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
        expire_after_hours, expires_at, created_at, updated_at, issuer, created_by, idempotency_key, kv_pending)
      SELECT ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, 1 WHERE $permitted`,
    ...[key.id, key.accountId, key.hash, key.name, key.description, key.roleId, restricted],
    ...[key.expireAfterHours, key.expiresAt, now, now, actor.name, actor.id, key.idempotencyKey],
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
  const { name } = before;
  const change = {
    event: keyEvent("REVOKE", { ...key, name }, `API key ${name} was revoked`, { force }),
    actor,
    now,
    conditions: {
      already_revoked: { sql: "EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND revoked_at IS NULL)", values: [keyId] },
      last_manager: force ? TRUE : managerRemainsWithout(key, now),
    },
    statements: [markRevoked(keyId, actor, now), logKeyChange(keyId, now)],
    // A key may revoke itself, and twice at the same time.
    reportFirst: "already_revoked",
  } as const;
  const { failed, items } = await makeChangeAndRead(db, change, { query: selectKey(key), itemOf: keyOfRow });
  return { outcome: failed ?? "revoked", key: items[0] as ApiKeyDetails };
}

function managerRemainsWithout({ accountId, keyId }: ApiKeyRef, now: number): Condition {
  return or(keyCannotManageKeys(keyId, now), otherManagerExists(accountId, { keyId }, now));
}

function markRevoked(keyId: string, actor: Actor, now: number): Statement {
  return statement(
    `UPDATE api_keys SET revoked_at = ?, revoked_by_type = ?, revoked_by_id = ?, revoked_by_name = ?, updated_at = ?,
      version = version + 1, kv_pending = version + 1 WHERE id = ? AND $permitted`,
    ...[now, actor.type, actor.id, actor.name, now, keyId],
  );
}
