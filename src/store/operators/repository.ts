// Operators, in D1: found by identity for their calls, and made, changed and deleted by each other.

import { operatorCannotManageKeys, or, otherManagerExists } from "../api-keys/last-manager.ts";
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
import { primary } from "../key-cache/d1-records.ts";
import { decodeToken, encodeToken, takePage } from "../lib/pagination.ts";
import type { NewOperator, OperatorFinder, OperatorQuery, OperatorRepository, OperatorUpdate } from "./port.ts";
import { type OperatorRow, operatorOfRow, principalOfRow, SELECT_OPERATORS } from "./row.ts";

/** Asked on the primary for every call: an operator who is gone is gone at once. */
export function createOperatorFinder(db: D1Database): OperatorFinder {
  return {
    async find({ email, subject, issuer }) {
      const { results } = await primary(db).prepare(FIND).bind(subject, issuer, email).all<OperatorRow>();
      return results.map(principalOfRow);
    },
  };
}

// By subject first, which is the closer of the two; in the order in which they were made.
export const FIND = `SELECT * FROM (${SELECT_OPERATORS}
    WHERE o.subject = ?1 AND o.issuer = ?2 AND o.deleted_at IS NULL
  UNION ALL ${SELECT_OPERATORS} WHERE o.email = ?3 AND o.deleted_at IS NULL)
  ORDER BY subject IS NULL, created_at, id`;

const BY_ID = `${SELECT_OPERATORS} WHERE o.id = ? AND o.account_id = ? AND o.deleted_at IS NULL`;

export function createOperatorRepository(db: D1Database): OperatorRepository {
  return {
    async get(accountId, id) {
      const row = await db.prepare(BY_ID).bind(id, accountId).first<OperatorRow>();
      return row && operatorOfRow(row);
    },
    list: (query) => listOperators(db, query),
    create: (operator, actor, now) => createOperator(db, operator, actor, now),
    update: (accountId, id, change, force, actor, now) => updateOperator(db, accountId, id, change, force, actor, now),
    delete: (accountId, id, force, actor, now) => deleteOperator(db, accountId, id, force, actor, now),
  };
}

const PLACE = ["number", "string"] as const;

async function listOperators(db: D1Database, query: OperatorQuery) {
  const mark = ["operators", query.accountId];
  const place = query.continuationToken === null ? [] : decodeToken(query.continuationToken, mark, PLACE);
  if (place === null) return { fault: "continuation_token" } as const;
  const beyond = place.length === 0 ? "" : "AND (o.created_at, o.id) > (?, ?)";
  const { results } = await db
    .prepare(`${SELECT_OPERATORS} WHERE o.account_id = ? AND o.deleted_at IS NULL ${beyond}
      ORDER BY o.created_at, o.id LIMIT ?`)
    .bind(query.accountId, ...place, query.limit + 1)
    .all<OperatorRow>();
  const { items, last } = takePage(results, query.limit);
  return {
    items: items.map(operatorOfRow),
    continuationToken: last && encodeToken(mark, [last.created_at, last.id]),
  };
}

function roleStands(accountId: string, roleId: string): Condition {
  return {
    sql: "EXISTS (SELECT 1 FROM roles WHERE id = ? AND deleted_at IS NULL AND ifnull(account_id, '') IN ('', ?))",
    values: [roleId, accountId],
  };
}

async function createOperator(db: D1Database, operator: NewOperator, actor: Actor, now: number) {
  const { id, accountId, email, subject, issuer, name, roleId, expireAfterHours, expiresAt } = operator;
  const event = operatorEvent("CREATE", operator, "added", {
    after: { name, email, subject, issuer, role_id: roleId, expires_at: expiresAt },
  });
  const identityIsFree: Condition = {
    sql: `NOT EXISTS (SELECT 1 FROM operators WHERE email = ? AND account_id = ? AND deleted_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM operators WHERE subject = ? AND issuer = ? AND account_id = ? AND deleted_at IS NULL)`,
    values: [email, accountId, subject, issuer, accountId],
  };
  const results = await db.batch([
    auditStatement(db, event, actor, now, and(identityIsFree, roleStands(accountId, roleId))),
    db
      .prepare(`INSERT INTO operators (id, account_id, email, subject, issuer, name, role_id, expire_after_hours,
        expires_at, created_at, updated_at, created_by_id, created_by_name)
        SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE ${EVENT_EXISTS}`)
      .bind(
        ...[id, accountId, email, subject, issuer, name, roleId, expireAfterHours, expiresAt],
        ...[now, now, actor.id, actor.name, event.id],
      ),
    db.prepare(BY_ID).bind(id, accountId),
    db.prepare(`SELECT ${identityIsFree.sql} AS free`).bind(...identityIsFree.values),
  ]);
  if (wasApplied(results)) return operatorOfRow(results[2]?.results[0] as OperatorRow);
  await throwIfActorRevoked(db, actor);
  return isTrue(results[3], "free") ? "reference_gone" : "identity_taken";
}

async function updateOperator(
  db: D1Database,
  accountId: string,
  id: string,
  change: OperatorUpdate,
  force: boolean,
  actor: Actor,
  now: number,
) {
  const { name, roleId, expireAfterHours, expiresAt } = change;
  const after = { name, role_id: roleId, expires_at: expiresAt };
  const event = operatorEvent("EDIT", { id, accountId, name }, "changed", { after });
  const staysManager: Condition = {
    sql: "EXISTS (SELECT 1 FROM roles WHERE id = ? AND manages_keys = 1) AND ? = 1",
    values: [roleId, expiresAt === null || expiresAt > now ? 1 : 0],
  };
  const safe = force ? ALWAYS : or(staysManager, otherwiseManaged(accountId, id, now));
  const results = await db.batch([
    auditStatement(
      db,
      { ...event, before: operatorAsJson(id) },
      actor,
      now,
      and(stands(accountId, id), roleStands(accountId, roleId), safe),
    ),
    db
      .prepare(`UPDATE operators SET name = ?, role_id = ?, expire_after_hours = ?, expires_at = ?, updated_at = ?,
        version = version + 1 WHERE id = ? AND ${EVENT_EXISTS}`)
      .bind(name, roleId, expireAfterHours, expiresAt, now, id, event.id),
    db.prepare(BY_ID).bind(id, accountId),
    db.prepare(`SELECT ${roleStands(accountId, roleId).sql} AS role`).bind(roleId, accountId),
  ]);
  const row = results[2]?.results[0] as OperatorRow | undefined;
  if (row === undefined) return "not_found";
  if (wasApplied(results)) return operatorOfRow(row);
  await throwIfActorRevoked(db, actor);
  return isTrue(results[3], "role") ? "last_manager" : "reference_gone";
}

async function deleteOperator(
  db: D1Database,
  accountId: string,
  id: string,
  force: boolean,
  actor: Actor,
  now: number,
): Promise<"deleted" | "not_found" | "last_manager"> {
  const row = await db.prepare(BY_ID).bind(id, accountId).first<OperatorRow>();
  if (row === null) return "not_found";
  const event = operatorEvent("DELETE", { id, accountId, name: row.name }, "removed", { force });
  const safe = force ? ALWAYS : otherwiseManaged(accountId, id, now);
  const results = await db.batch([
    auditStatement(db, { ...event, before: operatorAsJson(id) }, actor, now, and(stands(accountId, id), safe)),
    db
      .prepare(
        `UPDATE operators SET deleted_at = ?, updated_at = ?, version = version + 1 WHERE id = ? AND ${EVENT_EXISTS}`,
      )
      .bind(now, now, id, event.id),
    db.prepare(BY_ID).bind(id, accountId),
  ]);
  if (wasApplied(results)) return "deleted";
  await throwIfActorRevoked(db, actor);
  return results[2]?.results.length === 0 ? "not_found" : "last_manager";
}

function isTrue(result: D1Result | undefined, column: string): boolean {
  const row = result?.results[0] as Readonly<Record<string, unknown>> | undefined;
  return row?.[column] === 1;
}

const ALWAYS: Condition = { sql: "1", values: [] };

function stands(accountId: string, id: string): Condition {
  return {
    sql: "EXISTS (SELECT 1 FROM operators WHERE id = ? AND account_id = ? AND deleted_at IS NULL)",
    values: [id, accountId],
  };
}

/** Without this operator somebody else could still manage keys, or this one could not in the first place. */
function otherwiseManaged(accountId: string, id: string, now: number): Condition {
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
  eventType: string,
  operator: { readonly id: string; readonly accountId: string; readonly name: string },
  verb: string,
  detail: Readonly<Record<string, unknown>>,
): AuditEvent {
  return {
    id: crypto.randomUUID(),
    accountId: operator.accountId,
    eventType,
    resourceType: "OPERATOR",
    resourceId: operator.id,
    resourceName: operator.name,
    message: `Operator ${operator.name} was ${verb}`,
    detail,
  };
}
