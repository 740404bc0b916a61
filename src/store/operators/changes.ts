// The changes of operators, each in one transaction with its audit event.
import { makeChange, makeChangeAndRead, type Statement, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { type Condition, or, roleExists, TRUE } from "../lib/conditions.ts";
import { isWithinQuota } from "../quotas.ts";
import { type StoreConfig, storeConfigOf } from "../store-config.ts";
import type { NewOperator, OperatorDetails, OperatorUpdate } from "./port.ts";
import { operatorOfRow } from "./row.ts";
import {
  identityIsFree,
  managerRemainsWithout,
  type OperatorRef,
  operatorAsJson,
  operatorEvent,
  operatorExists,
  selectOperator,
} from "./statements.ts";

export async function addOperator(db: D1Database, operator: NewOperator, actor: Actor, now: number) {
  const { name, email, subject, issuer, roleId, expireAfterHours, expiresAt } = operator;
  const access = { role_id: roleId, expire_after_hours: expireAfterHours, expires_at: expiresAt };
  const after = { name, email, subject, issuer, ...access };
  const change = {
    event: operatorEvent("CREATE", operator, `Operator ${name} was added`, { after }),
    actor,
    now,
    conditions: {
      identity_taken: identityIsFree(operator),
      quota_exceeded: isWithinQuota(db, "operators", operator.accountId, now),
      reference_gone: roleExists(operator.accountId, roleId),
    },
    statements: [insertOperator(operator, actor, now)],
  };
  const read = { query: selectOperator(operator), itemOf: operatorOfRow };
  const { failed, items } = await makeChangeAndRead(db, change, read);
  return failed ?? (items[0] as OperatorDetails);
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

export async function replaceOperator(db: D1Database, update: OperatorUpdate, actor: Actor, now: number) {
  const { accountId, id, name, roleId, expireAfterHours, expiresAt } = update;
  const after = { name, role_id: roleId, expire_after_hours: expireAfterHours, expires_at: expiresAt };
  const change = {
    event: {
      ...operatorEvent("EDIT", update, `Operator ${name} was changed`, { after }),
      before: operatorAsJson(id),
    },
    actor,
    now,
    conditions: {
      not_found: operatorExists(update),
      reference_gone: roleExists(accountId, roleId),
      last_manager: managerRemains(storeConfigOf(db), update, now),
    },
    statements: [
      statement(
        `UPDATE operators SET name = ?, role_id = ?, expire_after_hours = ?, expires_at = ?, updated_at = ?,
          version = version + 1 WHERE id = ? AND $permitted`,
        ...[name, roleId, expireAfterHours, expiresAt, now, id],
      ),
    ],
    // An operator may update themselves while another one deletes them.
    reportFirst: "not_found",
  } as const;
  const read = { query: selectOperator(update), itemOf: operatorOfRow };
  const { failed, items } = await makeChangeAndRead(db, change, read);
  return failed ?? (items[0] as OperatorDetails);
}

/** This operator or another holder manages keys after the update, or this operator did not before it. */
function managerRemains(config: StoreConfig, update: OperatorUpdate, now: number): Condition {
  const { roleId, expiresAt, force } = update;
  if (force) return TRUE;
  const staysManager: Condition = {
    sql: "EXISTS (SELECT 1 FROM roles WHERE id = ? AND manages_keys = 1) AND ? = 1",
    values: [roleId, expiresAt === null || expiresAt > now ? 1 : 0],
  };
  return or(staysManager, managerRemainsWithout(config, update, now));
}

export async function removeOperator(
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
    actor,
    now,
    conditions: {
      not_found: operatorExists(operator),
      last_manager: force ? TRUE : managerRemainsWithout(storeConfigOf(db), operator, now),
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
