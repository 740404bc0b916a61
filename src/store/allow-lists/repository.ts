// IP allow lists in D1: created, shown, deleted. Replacing one has a file of its own. src/core/ip/cidr.ts defines what a rule is.
import { foldName } from "../../core/names.ts";
import { REFERENCE_COLUMNS, type ReferenceRow, referenceOfRow } from "../api-keys/row.ts";
import { makeChange, makeChangeAndRead, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { activeKeySql } from "../lib/conditions.ts";
import { isWithinQuota } from "../quotas.ts";
import { storeConfigOf } from "../store-config.ts";
import { type ListRow, listAllowLists, SELECT_LISTS, withKeys } from "./list.ts";
import type { AllowListRepository, NewAllowList } from "./port.ts";
import { replaceList, replaceOnKeys } from "./replace.ts";
import { listDetail, listEvent, nameIsFree } from "./statements.ts";
import { usersOf } from "./users.ts";

export function createAllowListRepository(db: D1Database): AllowListRepository {
  return {
    create: (list, actor, now) => createList(db, list, actor, now),
    get: (accountId, projectId, id) => getList(db, { accountId, projectId, id }),
    getMany: async (accountId, ids) => withKeys(db, await rowsOf(db, accountId, ids)),
    list: (query) => listAllowLists(db, query),
    hasAny: async (accountId, projectId) =>
      (await db.prepare(ANY_IN_PROJECT).bind(accountId, projectId).first()) !== null,
    usersOf: (id, now) => usersOf(db, id, now),
    replace: (update, actor, now) => replaceList(db, update, actor, now),
    replaceOnKeys: (replacement, actor, now) => replaceOnKeys(db, replacement, actor, now),
    delete: (accountId, projectId, id, actor, now) => deleteList(db, { accountId, projectId, id }, actor, now),
  };
}

interface AllowListRef {
  readonly accountId: string;
  readonly projectId: string;
  readonly id: string;
}

const BY_ID = `${SELECT_LISTS} WHERE l.id = ? AND l.account_id = ? AND l.project_id = ? AND l.deleted_at IS NULL`;

const ANY_IN_PROJECT =
  "SELECT 1 FROM allow_lists WHERE account_id = ? AND project_id = ? AND deleted_at IS NULL LIMIT 1";

async function getList(db: D1Database, { accountId, projectId, id }: AllowListRef) {
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
  const { id, accountId, projectId, name, description, rules } = list;
  const failed = await makeChange(db, {
    event: listEvent("CREATE", list, `Allow list ${name} was created`, listDetail(list)),
    actor,
    now,
    conditions: { name_taken: nameIsFree(list, ""), quota_exceeded: isWithinQuota(db, "allowLists", accountId, now) },
    statements: [
      statement(
        `INSERT INTO allow_lists (id, account_id, project_id, name, name_key, description, rules, created_at)
          SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE $permitted`,
        ...[id, accountId, projectId, name, foldName(name), description, JSON.stringify(rules), now],
      ),
    ],
  });
  return failed ?? { ...list, version: 1, createdAt: now, keys: [] };
}

// Revoked and expired keys stay bound to the list: they are denied with or without it.
async function deleteList(db: D1Database, ref: AllowListRef, actor: Actor, now: number) {
  const list = await getList(db, ref);
  if (list === null) return "not_found";
  const { id } = ref;
  const change = {
    event: listEvent("DELETE", list, `Allow list ${list.name} was deleted`, listDetail(list)),
    actor,
    now,
    conditions: {
      not_found: { sql: "EXISTS (SELECT 1 FROM allow_lists WHERE id = ? AND deleted_at IS NULL)", values: [id] },
      in_use: { sql: `NOT EXISTS (SELECT 1 ${ACTIVE_KEYS})`, values: [id, id, now] },
    },
    statements: [statement("UPDATE allow_lists SET deleted_at = ? WHERE id = ? AND $permitted", now, id)],
  };
  const activeKeys = {
    sql: `SELECT ${REFERENCE_COLUMNS} ${ACTIVE_KEYS} ORDER BY k.created_at DESC, k.id LIMIT 100`,
    values: [id, id, now],
  };
  const { failed, items } = await makeChangeAndRead(db, change, {
    query: activeKeys,
    itemOf: (row: ReferenceRow) => referenceOfRow(row, storeConfigOf(db)),
  });
  return failed === "in_use" ? { inUseBy: items } : (failed ?? "deleted");
}

/** Active keys that the list is bound to, or that have it in their dry run. */
const ACTIVE_KEYS = `FROM api_keys k WHERE k.id IN (SELECT key_id FROM api_key_allow_lists WHERE allow_list_id = ?
    UNION SELECT key_id FROM api_key_trial_lists WHERE allow_list_id = ?)
  AND ${activeKeySql("k")}`;
