// IP allow lists, in D1: made, shown, deleted; never changed. What a rule is, src/core/ip/cidr.ts knows.

import { REFERENCE_COLUMNS, type ReferenceRow, referenceOfRow } from "../api-keys/row.ts";
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
import { type ListRow, listAllowLists, SELECT_LISTS, withKeys } from "./list.ts";
import type { AllowListRepository, NewAllowList } from "./port.ts";

export function createAllowListRepository(db: D1Database): AllowListRepository {
  return {
    create: (list, actor, now) => createList(db, list, actor, now),
    get: (accountId, projectId, id) => getList(db, accountId, projectId, id),
    getMany: async (accountId, ids) => withKeys(db, await rowsOf(db, accountId, ids)),
    list: (query) => listAllowLists(db, query),
    delete: (accountId, projectId, id, actor, now) => deleteList(db, accountId, projectId, id, actor, now),
  };
}

const BY_ID = `${SELECT_LISTS} WHERE l.id = ? AND l.account_id = ? AND l.project_id = ? AND l.deleted_at IS NULL`;

async function getList(db: D1Database, accountId: string, projectId: string, id: string) {
  const row = await db.prepare(BY_ID).bind(id, accountId, projectId).first<ListRow>();
  if (row === null) return null;
  const [list] = await withKeys(db, [row]);
  return list ?? null;
}

async function rowsOf(db: D1Database, accountId: string, ids: readonly string[]): Promise<readonly ListRow[]> {
  if (ids.length === 0) return [];
  const { results } = await db
    .prepare(`${SELECT_LISTS} WHERE l.id IN (SELECT value FROM json_each(?)) AND l.account_id = ?
      AND l.deleted_at IS NULL`)
    .bind(JSON.stringify(ids), accountId)
    .all<ListRow>();
  return results;
}

async function createList(db: D1Database, list: NewAllowList, actor: Actor, now: number) {
  const event = listEvent("CREATE", list, "created", { allow_list: list.rules });
  const nameIsFree: Condition = {
    sql: `NOT EXISTS (SELECT 1 FROM allow_lists
      WHERE account_id = ? AND project_id = ? AND name = ? AND deleted_at IS NULL)`,
    values: [list.accountId, list.projectId, list.name],
  };
  const results = await db.batch([
    auditStatement(db, event, actor, now, nameIsFree),
    db
      .prepare(`INSERT INTO allow_lists (id, account_id, project_id, name, description, rules, created_at)
        SELECT ?, ?, ?, ?, ?, ?, ? WHERE ${EVENT_EXISTS}`)
      .bind(
        list.id,
        list.accountId,
        list.projectId,
        list.name,
        list.description,
        JSON.stringify(list.rules),
        now,
        event.id,
      ),
  ]);
  if (wasApplied(results)) return { ...list, createdAt: now, keys: [] };
  await throwIfActorRevoked(db, actor);
  return "name_taken";
}

// Keys that are revoked or expired stay bound to it, and are not touched: they open nothing, with or without the list.
async function deleteList(db: D1Database, accountId: string, projectId: string, id: string, actor: Actor, now: number) {
  const list = await getList(db, accountId, projectId, id);
  if (list === null) return "not_found";
  const event = listEvent("DELETE", list, "deleted", { allow_list: list.rules });
  const stands: Condition = {
    sql: "EXISTS (SELECT 1 FROM allow_lists WHERE id = ? AND deleted_at IS NULL)",
    values: [id],
  };
  const unused: Condition = { sql: `NOT EXISTS (SELECT 1 ${ACTIVE_KEYS})`, values: [id, id, now] };
  const results = await db.batch<ReferenceRow>([
    auditStatement(db, event, actor, now, and(stands, unused)),
    db.prepare(`UPDATE allow_lists SET deleted_at = ? WHERE id = ? AND ${EVENT_EXISTS}`).bind(now, id, event.id),
    db
      .prepare(`SELECT ${REFERENCE_COLUMNS} ${ACTIVE_KEYS} ORDER BY k.created_at DESC, k.id LIMIT 100`)
      .bind(id, id, now),
  ]);
  if (wasApplied(results)) return "deleted";
  await throwIfActorRevoked(db, actor);
  const inUseBy = (results[2]?.results ?? []).map(referenceOfRow);
  return inUseBy.length > 0 ? { inUseBy } : "not_found";
}

/** Bound to it, or tried with it. */
const ACTIVE_KEYS = `FROM api_keys k WHERE k.id IN (SELECT key_id FROM api_key_allow_lists WHERE allow_list_id = ?
    UNION SELECT key_id FROM api_key_trial_lists WHERE allow_list_id = ?)
  AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?)`;

function listEvent(
  eventType: string,
  list: { readonly id: string; readonly accountId: string; readonly projectId: string; readonly name: string },
  verb: string,
  detail: Readonly<Record<string, unknown>>,
): AuditEvent {
  return {
    id: crypto.randomUUID(),
    accountId: list.accountId,
    eventType,
    resourceType: "ALLOW_LIST",
    resourceId: list.id,
    resourceName: list.name,
    message: `Allow list ${list.name} was ${verb}`,
    detail: { project_id: list.projectId, ...detail },
  };
}
