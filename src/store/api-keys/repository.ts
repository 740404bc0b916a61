// API keys for operators, in D1: made, shown, revoked. A change is one batch, and a batch is one transaction.
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
import { keyCannotManageKeys, or, otherManagerExists } from "./last-manager.ts";
import { listKeys } from "./list.ts";
import type { ApiKeyDetails, ApiKeyRepository, CreateOutcome, NewApiKey, RevokeOutcome } from "./port.ts";
import { type KeyRow, keyOfRow, SELECT_KEYS } from "./row.ts";

export function createApiKeyRepository(db: D1Database): ApiKeyRepository {
  return {
    create: (key, actor, now) => createKey(db, key, actor, now),
    get: (accountId, id) => getKey(db, accountId, id),
    list: (query, now) => listKeys(db, query, now),
    revoke: (accountId, id, force, actor, now) => revokeKey(db, accountId, id, force, actor, now),
  };
}

const BY_ID = `${SELECT_KEYS} WHERE k.id = ? AND k.account_id = ?`;
const BY_IDEMPOTENCY_KEY = `${SELECT_KEYS} WHERE k.account_id = ? AND k.created_by = ? AND k.idempotency_key = ?`;

async function getKey(db: D1Database, accountId: string, id: string): Promise<ApiKeyDetails | null> {
  const row = await db.prepare(BY_ID).bind(id, accountId).first<KeyRow>();
  return row && keyOfRow(row);
}

// It narrows nothing and nobody can have remembered it, so it has no line in the change log.
async function createKey(db: D1Database, key: NewApiKey, actor: Actor, now: number): Promise<CreateOutcome> {
  const event = keyEvent("CREATE", key, "created", {
    role_id: key.roleId,
    allow_list_info: key.allowListIds,
    expires_at: key.expiresAt,
  });
  const results = await db.batch([
    auditStatement(db, event, actor, now, mayBeCreated(key, actor)),
    insertKey(db, key, actor, now, event.id),
    db
      .prepare(`INSERT INTO api_key_allow_lists (key_id, allow_list_id, position)
        SELECT ?, value, key FROM json_each(?) WHERE ${EVENT_EXISTS}`)
      .bind(key.id, JSON.stringify(key.allowListIds), event.id),
    db.prepare(BY_ID).bind(key.id, key.accountId),
  ]);
  if (wasApplied(results)) return { outcome: "created", key: keyOfRow(results[3]?.results[0] as KeyRow) };
  await throwIfActorRevoked(db, actor);
  if (key.idempotencyKey === null) return { outcome: "reference_gone" };
  const replayed = await db
    .prepare(BY_IDEMPOTENCY_KEY)
    .bind(key.accountId, actor.id, key.idempotencyKey)
    .first<KeyRow>();
  return replayed ? { outcome: "replayed", key: keyOfRow(replayed) } : { outcome: "reference_gone" };
}

function mayBeCreated(key: NewApiKey, actor: Actor): Condition {
  const roleStands: Condition = {
    sql: "EXISTS (SELECT 1 FROM roles WHERE id = ? AND deleted_at IS NULL AND ifnull(account_id, '') IN ('', ?))",
    values: [key.roleId, key.accountId],
  };
  const listsStand: Condition = {
    sql: `(SELECT count(*) FROM json_each(?) AS wanted CROSS JOIN allow_lists AS l ON l.id = wanted.value
      WHERE l.account_id = ? AND l.deleted_at IS NULL) = ?`,
    values: [JSON.stringify(key.allowListIds), key.accountId, key.allowListIds.length],
  };
  const notReplayed: Condition = {
    sql: "NOT EXISTS (SELECT 1 FROM api_keys WHERE account_id = ? AND created_by = ? AND idempotency_key = ?)",
    values: [key.accountId, actor.id, key.idempotencyKey],
  };
  return and(roleStands, listsStand, notReplayed);
}

function insertKey(db: D1Database, key: NewApiKey, actor: Actor, now: number, eventId: string): D1PreparedStatement {
  return db
    .prepare(`INSERT INTO api_keys (id, account_id, hash, name, description, role_id, restricted, version,
        expire_after_hours, expires_at, created_at, updated_at, issuer, created_by, idempotency_key, kv_pending)
      SELECT ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, 1 WHERE ${EVENT_EXISTS}`)
    .bind(
      key.id,
      key.accountId,
      key.hash,
      key.name,
      key.description,
      key.roleId,
      key.allowListIds.length === 0 ? 0 : 1,
      key.expireAfterHours,
      key.expiresAt,
      now,
      now,
      actor.name,
      actor.id,
      key.idempotencyKey,
      eventId,
    );
}

async function revokeKey(
  db: D1Database,
  accountId: string,
  id: string,
  force: boolean,
  actor: Actor,
  now: number,
): Promise<RevokeOutcome> {
  const before = await getKey(db, accountId, id);
  if (before === null) return { outcome: "not_found" };
  if (before.revokedAt !== null) return { outcome: "already_revoked", key: before };
  const event = keyEvent("REVOKE", before, "revoked", { force });
  const results = await db.batch([
    auditStatement(db, event, actor, now, mayBeRevoked(accountId, id, force, now)),
    db
      .prepare(`UPDATE api_keys SET revoked_at = ?, revoked_by_type = ?, revoked_by_id = ?, revoked_by_name = ?, updated_at = ?,
        version = version + 1, kv_pending = version + 1 WHERE id = ? AND ${EVENT_EXISTS}`)
      .bind(now, actor.type, actor.id, actor.name, now, id, event.id),
    db
      .prepare(`INSERT INTO key_changes (key_id, version, at)
        SELECT id, version, ? FROM api_keys WHERE id = ? AND ${EVENT_EXISTS}`)
      .bind(now, id, event.id),
    db.prepare(BY_ID).bind(id, accountId),
  ]);
  const key = keyOfRow(results[3]?.results[0] as KeyRow);
  if (wasApplied(results)) return { outcome: "revoked", key };
  // Somebody else was faster, which is as good.
  if (key.revokedAt !== null) return { outcome: "already_revoked", key };
  await throwIfActorRevoked(db, actor);
  return { outcome: "last_manager", key };
}

function mayBeRevoked(accountId: string, id: string, force: boolean, now: number): Condition {
  const stands: Condition = {
    sql: "EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND revoked_at IS NULL)",
    values: [id],
  };
  if (force) return stands;
  return and(stands, or(keyCannotManageKeys(id, now), otherManagerExists(accountId, { keyId: id }, now)));
}

function keyEvent(
  eventType: string,
  key: { readonly id: string; readonly accountId: string; readonly name: string },
  verb: string,
  detail: Readonly<Record<string, unknown>>,
): AuditEvent {
  return {
    id: crypto.randomUUID(),
    accountId: key.accountId,
    eventType,
    resourceType: "API_KEY",
    resourceId: key.id,
    resourceName: key.name,
    message: `API key ${key.name} was ${verb}`,
    detail,
  };
}
