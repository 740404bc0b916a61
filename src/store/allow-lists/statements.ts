// What the changes of an allow list have in common: their audit events, and that a name is free.
import { foldName } from "../../core/names.ts";
import type { AuditEvent } from "../audit/audit-event.ts";
import type { Condition } from "../lib/conditions.ts";
import type { NewAllowList } from "./port.ts";

/** No other list of the project has this name, compared by `foldName`. @param except the list itself; '' for a new one */
export function nameIsFree({ accountId, projectId, name }: NewAllowList, except: string): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM allow_lists WHERE account_id = ? AND project_id = ?
      AND ifnull(name_key, lower(name)) = ? AND deleted_at IS NULL AND id <> ?)`,
    values: [accountId, projectId, foldName(name), except],
  };
}

/** The audit event of a change of an allow list; `detail` is for programs. */
export function listEvent(
  eventType: "CREATE" | "EDIT" | "DELETE",
  list: NewAllowList,
  message: string,
  detail: Readonly<Record<string, unknown>>,
): AuditEvent {
  const { accountId, id: resourceId, name: resourceName } = list;
  return { accountId, eventType, resourceType: "ALLOW_LIST", resourceId, resourceName, message, detail };
}

/** All of a list, for the events of its creation and deletion. */
export function listDetail({ projectId, description, rules }: NewAllowList): Readonly<Record<string, unknown>> {
  return { project_id: projectId, description, allow_list: rules };
}
