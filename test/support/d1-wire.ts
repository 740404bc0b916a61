// D1's wire format over SQLite: what a workerd of its own reaches as a service.
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

interface Query {
  readonly sql: string;
  readonly params?: readonly SQLInputValue[];
}

/** Answers the body of one request of the runtime's D1 client. @param url with its query, which names the format of the rows */
export type D1Wire = (url: string, body: string) => string;

/** Statements that change nothing. */
export const READS = /^\s*(?:SELECT|WITH\b(?![\s\S]*\b(?:INSERT|UPDATE|DELETE)\b))/i;

/** Statements of one request are one transaction, as D1's are. */
export function d1Wire(database: DatabaseSync): D1Wire {
  const prepared = new Map<string, StatementSync>();
  const changes = database.prepare("SELECT changes() AS changes");

  function run({ sql, params = [] }: Query, objects: boolean) {
    const statement = prepared.get(sql) ?? database.prepare(sql);
    prepared.set(sql, statement);
    const found = statement.all(...params) as Record<string, SQLInputValue>[];
    const changed = READS.test(sql) ? 0 : Number(changes.get()?.changes);
    const columns = statement.columns().map(({ name }) => name);
    const results = objects ? found : { columns, rows: found.map((row) => columns.map((name) => row[name])) };
    const meta = { served_by: "sqlite", duration: 0, last_row_id: 0, changed_db: changed > 0, size_after: 0 };
    return {
      success: true,
      results,
      meta: { ...meta, changes: changed, rows_read: found.length, rows_written: changed },
    };
  }

  function runAll(queries: readonly Query[], objects: boolean) {
    database.exec("BEGIN IMMEDIATE");
    try {
      const results = queries.map((query) => run(query, objects));
      database.exec("COMMIT");
      return results;
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  }

  return (url, body) => {
    const queries = JSON.parse(body) as Query | readonly Query[];
    const objects = !url.includes("ROWS_AND_COLUMNS");
    try {
      return JSON.stringify(Array.isArray(queries) ? runAll(queries, objects) : [run(queries as Query, objects)]);
    } catch (error) {
      return JSON.stringify({ success: false, error: String(error) });
    }
  };
}
