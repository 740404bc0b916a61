// The API behind every server under test: a small response to any request, and gigabytes on request. Counts the headers
// that a gateway must set or remove, so that a fast wrong gateway fails the run.
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { chunksOf } from "./chunks.ts";

// The last: how long it takes to answer, in milliseconds.
const [port = "", delayMs = "0"] = process.argv.slice(2);
const BODY = JSON.stringify({
  data: { spec: { name: "bench" }, info: { state: "ACTIVE" } },
  padding: "x".repeat(900),
});
const HEADERS = { "content-type": "application/json", "content-length": String(BODY.length) };
const seen = { connections: 0, requests: 0, withIdentity: 0, withKey: 0 };
const sockets = new WeakSet<object>();
/** A signed identity is longer than this. */
const IDENTITY_LENGTH = 400;

const server = createServer(async (request, response) => {
  const url = request.url ?? "";
  if (url === "/seen") {
    response.end(JSON.stringify(seen));
    return;
  }
  if (delayMs !== "0") await delay(Number(delayMs));
  seen.requests += 1;
  // Counted with its first request, so that connections that only read the counts are not among them.
  if (!sockets.has(request.socket)) seen.connections += 1;
  sockets.add(request.socket);
  if ((request.headers["gatehouse-identity"]?.length ?? 0) > IDENTITY_LENGTH) seen.withIdentity += 1;
  if (request.headers.authorization !== undefined) seen.withKey += 1;
  const bytes = Number(/[?&]bytes=(\d+)/.exec(url)?.[1] ?? 0);
  if (bytes > 0) {
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": String(bytes) });
    Readable.from(chunksOf(bytes)).pipe(response);
  } else if (request.method === "GET") {
    response.writeHead(200, HEADERS).end(BODY);
  } else {
    request.resume().on("end", () => response.writeHead(200, HEADERS).end(BODY));
  }
});

// No limit, and so no Keep-Alive header, which the edge removes before the Worker sees it.
server.keepAliveTimeout = 0;
server.requestTimeout = 0;
server.listen(Number(port), "127.0.0.1");
