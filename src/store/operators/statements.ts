// What the changes of an operator have in common: their conditions, their audit events, and the row that they return.
import { operatorCannotManageKeys, otherManagerExists } from "../api-keys/last-manager.ts";
import type { AuditEvent } from "../audit/audit-event.ts";
import { type Condition, or } from "../lib/conditions.ts";
import type { StoreConfig } from "../store-config.ts";
import type { NewOperator } from "./port.ts";
import { SELECT_OPERATORS } from "./row.ts";

/** An operator as a change names them. */
export interface OperatorRef {
  readonly accountId: string;
  readonly id: string;
}

export function selectOperator({ accountId, id }: OperatorRef): Condition {
  return {
    sql: `${SELECT_OPERATORS} WHERE o.id = ? AND o.account_id = ? AND o.deleted_at IS NULL`,
    values: [id, accountId],
  };
}

/** No other operator of the account has this identity. */
export function identityIsFree({ accountId, email, subject, issuer }: NewOperator): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM operators WHERE email = ? AND account_id = ? AND deleted_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM operators WHERE subject = ? AND issuer = ? AND account_id = ? AND deleted_at IS NULL)`,
    values: [email, accountId, subject, issuer, accountId],
  };
}

/** The operator is one of the account, and not deleted. */
export function operatorExists({ accountId, id }: OperatorRef): Condition {
  return {
    sql: "EXISTS (SELECT 1 FROM operators WHERE id = ? AND account_id = ? AND deleted_at IS NULL)",
    values: [id, accountId],
  };
}

/** Another holder manages keys, or this operator does not. */
export function managerRemainsWithout(config: StoreConfig, { accountId, id }: OperatorRef, now: number): Condition {
  return or(operatorCannotManageKeys(config, id, now), otherManagerExists(config, accountId, { operatorId: id }, now));
}

/** What an update or a deletion changes, as JSON. */
export function operatorAsJson(id: string): Condition {
  return {
    sql: `SELECT json_object('name', name, 'email', email, 'subject', subject, 'issuer', issuer, 'role_id', role_id,
      'expires_at', expires_at) FROM operators WHERE id = ?`,
    values: [id],
  };
}

/** The audit event of a change of an operator; `detail` is for programs. */
export function operatorEvent(
  eventType: "CREATE" | "EDIT" | "DELETE",
  { accountId, id, name }: OperatorRef & { readonly name: string },
  message: string,
  detail: Readonly<Record<string, unknown>>,
): AuditEvent {
  return { accountId, eventType, resourceType: "OPERATOR", resourceId: id, resourceName: name, message, detail };
}
