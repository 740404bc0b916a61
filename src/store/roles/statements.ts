// What the changes of a role have in common: their conditions, the columns they write, their audit events.
import type { Permission } from "../../core/access/permissions.ts";
import { compileGrant, managesKeys } from "../../core/access/roles.ts";
import { foldName } from "../../core/names.ts";
import type { AuditEvent } from "../audit/audit-event.ts";
import type { Condition } from "../lib/conditions.ts";
import { NAME_KEY, ROLE_OF_ACCOUNT } from "./list.ts";
import type { RoleDefinition } from "./port.ts";

/** A role as a change names it. */
export interface RoleRef {
  readonly accountId: string;
  readonly id: string;
}

/** No other role of the account, built-in ones included, has this name, compared by `foldName`. */
export function nameIsFree({ accountId, id }: RoleRef, displayName: string): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM roles r WHERE ${ROLE_OF_ACCOUNT} AND ${NAME_KEY} = ? AND r.id <> ?)`,
    values: [accountId, foldName(displayName), id],
  };
}

/** The role is a custom role of the account, and not deleted. */
export function customRoleExists({ accountId, id }: RoleRef): Condition {
  return {
    sql: "EXISTS (SELECT 1 FROM roles WHERE id = ? AND account_id = ? AND deleted_at IS NULL)",
    values: [id, accountId],
  };
}

/** The values of the columns display_name, name_key, description, permissions and manages_keys. */
export function columnsOf(
  definition: RoleDefinition,
): [name: string, nameKey: string, description: string, permissions: string, managesKeys: 0 | 1] {
  const { displayName, description, permissions } = definition;
  return [
    displayName,
    foldName(displayName),
    description,
    JSON.stringify(permissions),
    canManageKeys(permissions) ? 1 : 0,
  ];
}

/** Whether a role with these permissions manages keys. */
export function canManageKeys(permissions: readonly Permission[]): boolean {
  return managesKeys(compileGrant(permissions));
}

/** The audit event of a change of a role; `detail` is for programs. */
export function roleEvent(
  eventType: "CREATE" | "EDIT" | "DELETE",
  { accountId, id, name }: RoleRef & { readonly name: string },
  message: string,
  detail: Readonly<Record<string, unknown>>,
): AuditEvent {
  return { accountId, eventType, resourceType: "ROLE", resourceId: id, resourceName: name, message, detail };
}
