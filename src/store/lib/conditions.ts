// SQL conditions with their values, and those that several repositories share. Placeholders are anonymous, so that
// conditions can be combined in any order.

export type SqlValue = string | number | null;

/** A piece of SQL with the values of its anonymous placeholders. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

export const TRUE: Condition = { sql: "1", values: [] };
export const FALSE: Condition = { sql: "0", values: [] };

/** All of these conditions. */
export function and(...conditions: readonly Condition[]): Condition {
  return join("AND", conditions);
}

/** At least one of these conditions. */
export function or(...conditions: readonly Condition[]): Condition {
  return join("OR", conditions);
}

/** For each column with a value, that it has this value. `null`: any value, and no condition. */
export function equal(columns: Readonly<Record<string, SqlValue>>): readonly Condition[] {
  const wanted = Object.entries(columns).filter(([, value]) => value !== null);
  return wanted.map(([column, value]) => ({ sql: `${column} = ?`, values: [value] }));
}

function join(operator: "AND" | "OR", conditions: readonly Condition[]): Condition {
  return {
    // In parentheses: the result may be part of another condition.
    sql: `(${conditions.map(({ sql }) => `(${sql})`).join(` ${operator} `)})`,
    values: conditions.flatMap((condition) => condition.values),
  };
}

/**
 * SQL that is true for a row of `api_keys` that is neither revoked nor expired.
 *
 * @param key the name of the row in the query
 * @returns SQL with one placeholder: the current time
 */
export function activeKeySql(key: string): string {
  return `${key}.revoked_at IS NULL AND (${key}.expires_at IS NULL OR ${key}.expires_at > ?)`;
}

/**
 * SQL that is true for a row of `operators` that is neither deleted nor expired.
 *
 * @param operator the name of the row in the query
 * @returns SQL with one placeholder: the current time
 */
export function activeOperatorSql(operator: string): string {
  return `${operator}.deleted_at IS NULL AND (${operator}.expires_at IS NULL OR ${operator}.expires_at > ?)`;
}

/** The account can assign the role: it is built in or the account's own, and not deleted. `null`: no role, which is true. */
export function roleExists(accountId: string, roleId: string | null): Condition {
  if (roleId === null) return TRUE;
  return {
    sql: "EXISTS (SELECT 1 FROM roles WHERE id = ? AND deleted_at IS NULL AND ifnull(account_id, '') IN ('', ?))",
    values: [roleId, accountId],
  };
}

/** The account has all of these allow lists, in any project. `null`: no lists, which is true. */
export function listsExist(accountId: string, ids: readonly string[] | null): Condition {
  if (ids === null) return TRUE;
  return {
    sql: `(SELECT count(*) FROM json_each(?) AS wanted CROSS JOIN allow_lists AS l ON l.id = wanted.value
      WHERE l.account_id = ? AND l.deleted_at IS NULL) = ?`,
    values: [JSON.stringify(ids), accountId, ids.length],
  };
}
