// D1 for everything but the records of keys: each statement has a time limit, stops while D1 is overloaded, and is repeated once
// after an error that D1 calls transient, if it only reads.
import type { CircuitBreaker } from "./circuit-breaker.ts";

/** A request that waits longer is answered 503. A batch of a change may touch ten thousand keys. */
const READ_TIMEOUT_MS = 5_000;
const WRITE_TIMEOUT_MS = 10_000;

/** Runs a statement, or a batch with the text of its first statement that writes. */
export type Run = <T>(sql: string, run: () => Promise<T>) => Promise<T>;

/** Whether a statement only reads. */
export const isRead = (sql: string): boolean => /^\s*(SELECT|WITH)\b/i.test(sql);

/**
 * The same database, guarded.
 *
 * @param breaker of this isolate
 * @returns a database whose statements reject with `StoreUnavailable` after their time limit, or while the breaker is open. A
 *   write that has timed out may still be made
 */
export function guardD1(db: D1Database, breaker: CircuitBreaker): D1Database {
  const run: Run = (sql, statement) =>
    isRead(sql) ? breaker.run(READ_TIMEOUT_MS, "D1", statement) : breaker.runOnce(WRITE_TIMEOUT_MS, "D1", statement);
  return wrapD1(db, run);
}

/** The same database, whose statements and batches are run by `run`. */
export function wrapD1(db: D1Database, run: Run): D1Database {
  return wrapped(db, run) as D1Database;
}

/** The statements that a wrapped one stands for, with their text: a batch takes only D1's own. */
const originals = new WeakMap<object, { readonly statement: D1PreparedStatement; readonly sql: string }>();

function wrapped(db: D1Database | D1DatabaseSession, run: Run): D1Database | D1DatabaseSession {
  return {
    prepare: (sql: string) => wrappedStatement(db.prepare(sql), sql, run),
    batch: (statements: D1PreparedStatement[]) => {
      const own = statements.map((each) => originals.get(each) ?? { statement: each, sql: "" });
      const sql = own.find((each) => !/^\s*SELECT\b/i.test(each.sql))?.sql ?? "SELECT";
      return run(sql, () => db.batch(own.map(({ statement }) => statement)));
    },
    ...("withSession" in db && {
      withSession: (from?: string) => wrapped(db.withSession(from), run),
      exec: (sql: string) => run(sql, () => db.exec(sql)),
    }),
  } as unknown as D1Database;
}

function wrappedStatement(statement: D1PreparedStatement, sql: string, run: Run): D1PreparedStatement {
  const own = {
    bind: (...values: unknown[]) => wrappedStatement(statement.bind(...values), sql, run),
    first: (...column: [string]) => run(sql, () => statement.first(...column)),
    all: () => run(sql, () => statement.all()),
    run: () => run(sql, () => statement.run()),
    raw: (...options: []) => run(sql, () => statement.raw(...options)),
  } as unknown as D1PreparedStatement;
  originals.set(own, { statement, sql });
  return own;
}
