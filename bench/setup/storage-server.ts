// D1 and KV for a Worker that runs in workerd alone: SQLite behind D1's wire format, and a KV namespace that keeps what is
// written, or stays empty, so that a key outside the cache is read from D1. A process of its own: its CPU is not the Worker's.
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { d1Wire, READS } from "../../test/support/d1-wire.ts";
import { createKvDelay } from "./delays.ts";

// The last: how long D1 takes, in milliseconds; left out: neither D1 nor KV waits.
const [file = "", d1Port = "", kvPort = "", keepsCopies = "", d1Ms = ""] = process.argv.slice(2);
const kvDelay = d1Ms === "" ? null : createKvDelay();
const database = new DatabaseSync(file);
database.exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL; PRAGMA cache_size = -262144");
const answer = d1Wire(database);
const counts = { d1Reads: 0, d1Writes: 0, kvReads: 0, kvWrites: 0 };

const d1 = createServer(async (request, response) => {
  const body = await text(request);
  for (const { sql } of [JSON.parse(body)].flat()) counts[READS.test(sql) ? "d1Reads" : "d1Writes"] += 1;
  const result = answer(request.url ?? "", body);
  if (d1Ms !== "") await delay(Number(d1Ms));
  response.writeHead(200, { "content-type": "application/json" }).end(result);
});

/** Values by name; what is written with one has no metadata here. */
const copies = new Map<string, Buffer>();
const kv = createServer(async (request, response) => {
  const body = await buffer(request);
  const [name = ""] = (request.url ?? "").split("?");
  if (name === "/counts") {
    response.end(JSON.stringify(counts));
    return;
  }
  counts[request.method === "GET" ? "kvReads" : "kvWrites"] += 1;
  if (request.method !== "GET" && keepsCopies === "true") copies.set(name, body);
  const copy = copies.get(name);
  if (kvDelay !== null && request.method === "GET" && copy !== undefined) await delay(kvDelay(name, Date.now()));
  response.writeHead(request.method === "GET" && copy === undefined ? 404 : 200).end(copy);
});
for (const [server, port] of [
  [d1, d1Port],
  [kv, kvPort],
] as const) {
  server.keepAliveTimeout = 600_000;
  server.listen(Number(port), "127.0.0.1");
}
