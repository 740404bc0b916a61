// Operators in D1: found by identity for the requests they make, and managed by other operators.
import type { OperatorIdentity } from "../../core/access/principal.ts";
import { mappedOperatorId } from "../../core/access/role-mapping.ts";
import { primary } from "../key-cache/d1-records.ts";
import type { Condition } from "../lib/conditions.ts";
import { listPage } from "../lib/pagination.ts";
import { ROLE_COLUMNS } from "../roles/row.ts";
import { addOperator, removeOperator, replaceOperator } from "./changes.ts";
import type { OperatorEntry, OperatorFinder, OperatorQuery, OperatorRepository } from "./port.ts";
import {
  type MappedRow,
  type OperatorRow,
  operatorOfRow,
  principalOfMapping,
  principalOfRow,
  SELECT_OPERATORS,
} from "./row.ts";
import { type OperatorRef, selectOperator } from "./statements.ts";

/** Reads the primary for every request: a deleted operator is denied at once. */
export function createOperatorFinder(db: D1Database): OperatorFinder {
  return {
    async find(identity, accountId, mapped) {
      const { email, subject, issuer } = identity;
      const session = primary(db);
      const own = session.prepare(FIND).bind(subject, issuer, email, accountId);
      if (mapped.length === 0) return entriesOf((await own.all<FoundRow>()).results);
      const pairs = JSON.stringify(mapped.map(({ accountId, roleId }) => [accountId, roleId]));
      const byGroups = session.prepare(FIND_MAPPED).bind(subject, issuer, email, pairs);
      const found: readonly D1Result[] = await session.batch([own, byGroups]);
      const [entries, roles] = found as readonly [D1Result<FoundRow>, D1Result<MappedRow>];
      return [...entriesOf(entries.results), ...roles.results.flatMap((row) => mappedEntry(row, identity))];
    },
  };
}

type FoundRow = OperatorRow & { readonly account_name: string };

function entriesOf(rows: readonly FoundRow[]): readonly OperatorEntry[] {
  return rows.map((row) => ({
    account: { id: row.account_id, name: row.account_name },
    ...{ expiresAt: row.expires_at, hasRole: true, decode: () => principalOfRow(row) },
  }));
}

function mappedEntry(row: MappedRow, identity: OperatorIdentity): readonly OperatorEntry[] {
  const id = mappedOperatorId(identity.issuer, identity.subject, row.account_id);
  if (id === null) return [];
  const account = { id: row.account_id, name: row.account_name };
  const hasRole = row.role_id !== null;
  return [{ account, expiresAt: null, hasRole, decode: () => principalOfMapping(row, id, identity) }];
}

// The named account first, so that no number of other accounts crowds it out. Then by subject, which identifies a person more
// exactly than an e-mail address; then in the order of their creation.
export const FIND = `SELECT e.*, a.name AS account_name FROM (${SELECT_OPERATORS}
    WHERE o.subject = ?1 AND o.issuer = ?2 AND o.deleted_at IS NULL
  UNION ALL ${SELECT_OPERATORS} WHERE o.email = ?3 AND o.deleted_at IS NULL) e CROSS JOIN accounts a ON a.id = e.account_id
  ORDER BY e.account_id = ?4 DESC, e.subject IS NULL, e.created_at, e.id LIMIT 100`;

// An entry counts instead of the mapping in its account, also one that has expired: it was added to say something else. Who states
// no e-mail address could have such an entry, so that nobody without one is mapped where there are entries by e-mail.
export const FIND_MAPPED = `SELECT a.id AS account_id, a.name AS account_name, ${ROLE_COLUMNS}
  FROM json_each(?4) m CROSS JOIN accounts a ON a.id = m.value ->> 0
    LEFT JOIN roles r ON r.id = m.value ->> 1 AND ifnull(r.account_id, a.id) = a.id AND r.deleted_at IS NULL
  WHERE NOT EXISTS (SELECT 1 FROM operators o
      WHERE o.account_id = a.id AND (o.email = ?3 OR ?3 IS NULL AND o.email IS NOT NULL) AND o.deleted_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM operators o
      WHERE o.account_id = a.id AND o.subject = ?1 AND o.issuer = ?2 AND o.deleted_at IS NULL)`;

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
    window: null,
    itemsOf: (rows) => rows.map(operatorOfRow),
  });
}
