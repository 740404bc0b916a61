// The changes of operators: each one transaction with its audit event. An account keeps somebody who can manage keys.
import { operatorCannotManageKeys, otherManagerExists } from "../api-keys/last-manager.ts";
import { type AuditEvent, makeChange, makeChangeAndRead, type Statement, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { type Condition, or, roleExists, TRUE } from "../lib/conditions.ts";
import type { NewOperator, OperatorDetails, OperatorUpdate } from "./port.ts";
import { operatorOfRow, SELECT_OPERATORS } from "./row.ts";

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

export async function createOperator(db: D1Database, operator: NewOperator, actor: Actor, now: number) {
  const { name, email, subject, issuer, roleId, expiresAt } = operator;
  const after = { name, email, subject, issuer, role_id: roleId, expires_at: expiresAt };
  const change = {
    event: operatorEvent("CREATE", operator, `Operator ${name} was added`, { after }),
    ...{ actor, now },
    conditions: {
      identity_taken: identityIsFree(operator),
      reference_gone: roleExists(operator.accountId, roleId),
    },
    statements: [insertOperator(operator, actor, now)],
  };
  const read = { query: selectOperator(operator), itemOf: operatorOfRow };
  const { failed, items } = await makeChangeAndRead(db, change, read);
  return failed ?? (items[0] as OperatorDetails);
}

function identityIsFree({ accountId, email, subject, issuer }: NewOperator): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM operators WHERE email = ? AND account_id = ? AND deleted_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM operators WHERE subject = ? AND issuer = ? AND account_id = ? AND deleted_at IS NULL)`,
    values: [email, accountId, subject, issuer, accountId],
  };
}

function insertOperator(operator: NewOperator, actor: Actor, now: number): Statement {
  const { id, accountId, email, subject, issuer, name, roleId, expireAfterHours, expiresAt } = operator;
  return statement(
    `INSERT INTO operators (id, account_id, email, subject, issuer, name, role_id, expire_after_hours,
      expires_at, created_at, updated_at, created_by_id, created_by_name)
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE $permitted`,
    ...[id, accountId, email, subject, issuer, name, roleId, expireAfterHours, expiresAt],
    ...[now, now, actor.id, actor.name],
  );
}

export async function updateOperator(db: D1Database, update: OperatorUpdate, actor: Actor, now: number) {
  const { accountId, id, name, roleId, expireAfterHours, expiresAt } = update;
  const after = { name, role_id: roleId, expires_at: expiresAt };
  const change = {
    event: {
      ...operatorEvent("EDIT", update, `Operator ${name} was changed`, { after }),
      before: operatorAsJson(id),
    },
    ...{ actor, now },
    conditions: {
      not_found: operatorExists(update),
      reference_gone: roleExists(accountId, roleId),
      last_manager: managerRemains(update, now),
    },
    statements: [
      statement(
        `UPDATE operators SET name = ?, role_id = ?, expire_after_hours = ?, expires_at = ?, updated_at = ?,
          version = version + 1 WHERE id = ? AND $permitted`,
        ...[name, roleId, expireAfterHours, expiresAt, now, id],
      ),
    ],
    // Operators may update themselves while somebody deletes them.
    reportFirst: "not_found",
  } as const;
  const read = { query: selectOperator(update), itemOf: operatorOfRow };
  const { failed, items } = await makeChangeAndRead(db, change, read);
  return failed ?? (items[0] as OperatorDetails);
}

/** Somebody can manage keys after the update: this operator, or somebody else; or this operator could not before it. */
function managerRemains(update: OperatorUpdate, now: number): Condition {
  const { roleId, expiresAt, force } = update;
  if (force) return TRUE;
  const staysManager: Condition = {
    sql: "EXISTS (SELECT 1 FROM roles WHERE id = ? AND manages_keys = 1) AND ? = 1",
    values: [roleId, expiresAt === null || expiresAt > now ? 1 : 0],
  };
  return or(staysManager, managerRemainsWithout(update, now));
}

export async function deleteOperator(
  db: D1Database,
  operator: OperatorRef & { readonly name: string },
  force: boolean,
  actor: Actor,
  now: number,
): Promise<"deleted" | "not_found" | "last_manager"> {
  const { id, name } = operator;
  const failed = await makeChange(db, {
    event: {
      ...operatorEvent("DELETE", operator, `Operator ${name} was removed`, { force }),
      before: operatorAsJson(id),
    },
    ...{ actor, now },
    conditions: {
      not_found: operatorExists(operator),
      last_manager: force ? TRUE : managerRemainsWithout(operator, now),
    },
    statements: [
      statement(
        "UPDATE operators SET deleted_at = ?, updated_at = ?, version = version + 1 WHERE id = ? AND $permitted",
        ...[now, now, id],
      ),
    ],
  });
  return failed ?? "deleted";
}

function operatorExists({ accountId, id }: OperatorRef): Condition {
  return {
    sql: "EXISTS (SELECT 1 FROM operators WHERE id = ? AND account_id = ? AND deleted_at IS NULL)",
    values: [id, accountId],
  };
}

/** Somebody else can manage keys, or this operator cannot in the first place. */
function managerRemainsWithout({ accountId, id }: OperatorRef, now: number): Condition {
  return or(operatorCannotManageKeys(id, now), otherManagerExists(accountId, { operatorId: id }, now));
}

function operatorAsJson(id: string): Condition {
  return {
    sql: `SELECT json_object('name', name, 'email', email, 'subject', subject, 'issuer', issuer, 'role_id', role_id,
      'expires_at', expires_at) FROM operators WHERE id = ?`,
    values: [id],
  };
}

function operatorEvent(
  eventType: "CREATE" | "EDIT" | "DELETE",
  { accountId, id, name }: OperatorRef & { readonly name: string },
  message: string,
  detail: Readonly<Record<string, unknown>>,
): AuditEvent {
  return { accountId, eventType, resourceType: "OPERATOR", resourceId: id, resourceName: name, message, detail };
}
