// What the changes of a role have in common: their conditions, the columns they write, the events they leave.
import type { Permission } from "../../core/access/permissions.ts";
import { compileGrant, managesKeys } from "../../core/access/roles.ts";
import type { AuditEvent, Condition } from "../audit/audited-change.ts";
import { OWNED } from "./list.ts";
import type { RoleDefinition } from "./port.ts";

/** Whatever its id, no other role of the account, built-in ones included, has this name. */
export function nameIsFree(accountId: string, id: string, displayName: string): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM roles r WHERE ${OWNED} AND lower(r.display_name) = lower(?) AND r.id <> ?)`,
    values: [accountId, displayName, id],
  };
}

/** The custom role is there. */
export function customRoleExists(accountId: string, id: string): Condition {
  return {
    sql: "EXISTS (SELECT 1 FROM roles WHERE id = ? AND account_id = ? AND deleted_at IS NULL)",
    values: [id, accountId],
  };
}

export function columnsOf(
  spec: RoleDefinition,
): [name: string, description: string, permissions: string, managesKeys: 0 | 1] {
  return [spec.displayName, spec.description, JSON.stringify(spec.permissions), managing(spec.permissions) ? 1 : 0];
}

/** Whether a role with these permissions manages keys. */
export function managing(permissions: readonly Permission[]): boolean {
  return managesKeys(compileGrant(permissions));
}

export function roleEvent(
  eventType: string,
  accountId: string,
  id: string,
  name: string,
  verb: string,
  detail: Readonly<Record<string, unknown>>,
): AuditEvent {
  const resource = { resourceType: "ROLE", resourceId: id, resourceName: name } as const;
  return { id: crypto.randomUUID(), accountId, eventType, ...resource, message: `Role ${name} was ${verb}`, detail };
}
