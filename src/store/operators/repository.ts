// Operators in D1: found by identity for the requests they make, and managed by other operators.

import { primary } from "../key-cache/d1-records.ts";
import type { Condition } from "../lib/conditions.ts";
import { listPage } from "../lib/pagination.ts";
import { addOperator, removeOperator, replaceOperator } from "./changes.ts";
import type { OperatorFinder, OperatorQuery, OperatorRepository } from "./port.ts";
import { type OperatorRow, operatorOfRow, principalOfRow, SELECT_OPERATORS } from "./row.ts";
import { type OperatorRef, selectOperator } from "./statements.ts";

/** Reads the primary for every request: a deleted operator is denied at once. */
export function createOperatorFinder(db: D1Database): OperatorFinder {
  return {
    async find({ email, subject, issuer }) {
      const { results } = await primary(db).prepare(FIND).bind(subject, issuer, email).all<OperatorRow>();
      return results.map(principalOfRow);
    },
  };
}

// By subject first, which identifies a person more exactly than an e-mail address; then in the order of their creation.
export const FIND = `SELECT * FROM (${SELECT_OPERATORS}
    WHERE o.subject = ?1 AND o.issuer = ?2 AND o.deleted_at IS NULL
  UNION ALL ${SELECT_OPERATORS} WHERE o.email = ?3 AND o.deleted_at IS NULL)
  ORDER BY subject IS NULL, created_at, id`;

export function createOperatorRepository(db: D1Database): OperatorRepository {
  return {
    async get(accountId, id) {
      const row = await readRow(db, { accountId, id });
      return row && operatorOfRow(row);
    },
    list: (query) => listOperators(db, query),
    create: (operator, actor, now) => addOperator(db, operator, actor, now),
    update: (update, actor, now) => replaceOperator(db, update, actor, now),
    async delete(accountId, id, force, actor, now) {
      // Only the name is read: an operator whose role cannot be read can still be deleted.
      const row = await readRow(db, { accountId, id });
      if (row === null) return "not_found";
      return removeOperator(db, { accountId, id, name: row.name }, force, actor, now);
    },
  };
}

function readRow(db: D1Database, operator: OperatorRef): Promise<OperatorRow | null> {
  const { sql, values } = selectOperator(operator);
  return db
    .prepare(sql)
    .bind(...values)
    .first<OperatorRow>();
}

/** Creation time and id of the last row. */
const SHAPE = ["number", "string"] as const;

function listOperators(db: D1Database, query: OperatorQuery) {
  return listPage(db, {
    scope: ["operators", query.accountId],
    shape: SHAPE,
    page: query,
    statement: (cursor, limit): Condition => ({
      sql: `${SELECT_OPERATORS} WHERE o.account_id = ? AND o.deleted_at IS NULL
        ${cursor === null ? "" : "AND (o.created_at, o.id) > (?, ?)"} ORDER BY o.created_at, o.id LIMIT ?`,
      values: [query.accountId, ...(cursor ?? []), limit],
    }),
    cursorOf: (last: OperatorRow) => [last.created_at, last.id] as const,
    itemsOf: (rows) => rows.map(operatorOfRow),
  });
}
