// Replaces an allow list by new rules, or by another list on all of its keys: one transaction with the versions of the keys.
import { foldName } from "../../core/names.ts";
import { makeChange, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import type { Condition } from "../lib/conditions.ts";
import type { AllowListDetails, AllowListUpdate, ListReplacement } from "./port.ts";
import { listEvent, nameIsFree } from "./statements.ts";
import { bumpUsers, onlyUsers } from "./users.ts";

export async function replaceList(db: D1Database, { list, users }: AllowListUpdate, actor: Actor, now: number) {
  const { id, name, description, rules, version } = list;
  const after = { name, description, allow_list: rules };
  const failed = await makeChange(db, {
    event: {
      ...listEvent("EDIT", list, `Allow list ${name} was replaced`, { project_id: list.projectId, after }),
      before: listAsJson(id),
    },
    actor,
    now,
    conditions: {
      users_changed: onlyUsers(users, id, now),
      name_taken: nameIsFree(list, id),
      changed: hasVersion(id, version),
    },
    statements: [
      statement(
        `UPDATE allow_lists SET name = ?, name_key = ?, description = ?, rules = ?, version = version + 1
          WHERE id = ? AND $permitted`,
        ...[name, foldName(name), description, JSON.stringify(rules), id],
      ),
      ...bumpUsers(users, now),
    ],
  });
  return failed ?? "replaced";
}

export async function replaceOnKeys(db: D1Database, replacement: ListReplacement, actor: Actor, now: number) {
  const { from, to, users } = replacement;
  const bound = users.filter(({ lists }) => lists.some(({ id }) => id === from.id));
  const ids = bound.map(({ id }) => id);
  const message = `Allow list ${from.name} was replaced by ${to.name} on its API keys`;
  const failed = await makeChange(db, {
    event: listEvent("EDIT", from, message, { change: "replaced_on_keys", replaced_by: to.id, api_key_ids: ids }),
    actor,
    now,
    conditions: {
      users_changed: onlyUsers(users, from.id, now),
      changed: hasVersion(from.id, from.version),
      reference_gone: hasVersion(to.id, to.version),
    },
    statements: [
      statement(
        `INSERT OR IGNORE INTO api_key_allow_lists (key_id, allow_list_id, position) SELECT key_id, ?, position
          FROM api_key_allow_lists WHERE allow_list_id = ? AND key_id IN (SELECT value FROM json_each(?)) AND $permitted`,
        ...[to.id, from.id, JSON.stringify(ids)],
      ),
      statement(
        `DELETE FROM api_key_allow_lists WHERE allow_list_id = ? AND key_id IN (SELECT value FROM json_each(?))
          AND $permitted`,
        ...[from.id, JSON.stringify(ids)],
      ),
      ...bumpUsers(bound, now),
    ],
  });
  return failed ?? "replaced";
}

function hasVersion(id: string, version: AllowListDetails["version"]): Condition {
  return {
    sql: "EXISTS (SELECT 1 FROM allow_lists WHERE id = ? AND version = ? AND deleted_at IS NULL)",
    values: [id, version],
  };
}

function listAsJson(id: string): Condition {
  return {
    sql: `SELECT json_object('name', name, 'description', description, 'allow_list', json(rules))
      FROM allow_lists WHERE id = ?`,
    values: [id],
  };
}
