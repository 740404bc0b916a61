// D1 and KV for a Worker that runs in workerd alone: SQLite behind D1's wire format, and a KV namespace that is
// always empty, so that a key outside the cache is read from D1. A process of its own: its CPU is not the Worker's.
import { createServer } from "node:http";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { text } from "node:stream/consumers";

interface Query {
  readonly sql: string;
  readonly params?: readonly SQLInputValue[];
}

const [file = "", d1Port = "", kvPort = ""] = process.argv.slice(2);
const database = new DatabaseSync(file);
database.exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL; PRAGMA cache_size = -262144");
const prepared = new Map<string, StatementSync>();

function runQuery({ sql, params = [] }: Query, objects: boolean) {
  const statement = prepared.get(sql) ?? database.prepare(sql);
  prepared.set(sql, statement);
  const found = statement.all(...params) as Record<string, SQLInputValue>[];
  const columns = statement.columns().map(({ name }) => name);
  const rows = found.map((row) => columns.map((name) => row[name]));
  const results = objects ? found : { columns, rows };
  const meta = { served_by: "bench", duration: 0, changes: 0, last_row_id: 0, changed_db: false, size_after: 0 };
  return { success: true, results, meta: { ...meta, rows_read: found.length, rows_written: 0 } };
}

function runQueries(url: string, body: string): unknown {
  const queries = JSON.parse(body) as Query | readonly Query[];
  const objects = !url.includes("ROWS_AND_COLUMNS");
  try {
    return (Array.isArray(queries) ? queries : [queries]).map((query: Query) => runQuery(query, objects));
  } catch (error) {
    return { success: false, error: String(error) };
  }
}

const d1 = createServer(async (request, response) => {
  const result = JSON.stringify(runQueries(request.url ?? "", await text(request)));
  response.writeHead(200, { "content-type": "application/json" }).end(result);
});
const kv = createServer(async (request, response) => {
  await text(request);
  response.writeHead(request.method === "GET" ? 404 : 200).end();
});
for (const [server, port] of [
  [d1, d1Port],
  [kv, kvPort],
] as const) {
  server.keepAliveTimeout = 600_000;
  server.listen(Number(port), "127.0.0.1");
}
