// D1 and KV for a Worker that runs in workerd alone: SQLite behind D1's wire format, and a KV namespace that is
// always empty, so that a key outside the cache is read from D1. A process of its own: its CPU is not the Worker's.
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { d1Wire } from "../../test/support/d1-wire.ts";

const [file = "", d1Port = "", kvPort = ""] = process.argv.slice(2);
const database = new DatabaseSync(file);
database.exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL; PRAGMA cache_size = -262144");
const answer = d1Wire(database);

const d1 = createServer(async (request, response) => {
  const result = answer(request.url ?? "", await text(request));
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
