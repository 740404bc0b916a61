// The API behind every server under test: a small answer to any call, and gigabytes on request. Remembers what a gateway
// must never let through, so that a fast wrong answer fails the run.
import { createServer } from "node:http";

const [port = ""] = process.argv.slice(2);
const ANSWER = JSON.stringify({
  data: { spec: { name: "bench" }, info: { state: "ACTIVE" } },
  padding: "x".repeat(900),
});
const HEADERS = { "content-type": "application/json", "content-length": String(ANSWER.length) };
const CHUNK = Buffer.alloc(256 * 1024, "x");
const seen = { connections: 0, calls: 0, withIdentity: 0, withKey: 0, bytes: 0 };
const sockets = new WeakSet<object>();
/** A signed identity is longer than this; an empty header is none. */
const IDENTITY_LENGTH = 400;

const server = createServer((request, response) => {
  const url = request.url ?? "";
  if (url === "/seen") {
    response.end(JSON.stringify(seen));
    return;
  }
  seen.calls += 1;
  // Counted at its first call, so that whoever only looks at the counts is not among them.
  if (!sockets.has(request.socket)) seen.connections += 1;
  sockets.add(request.socket);
  if ((request.headers["gatehouse-identity"]?.length ?? 0) > IDENTITY_LENGTH) seen.withIdentity += 1;
  if (request.headers.authorization !== undefined) seen.withKey += 1;
  const wanted = Number(/[?&]bytes=(\d+)/.exec(url)?.[1] ?? 0);
  if (wanted > 0) {
    send(wanted, response);
  } else if (request.method === "GET") {
    response.writeHead(200, HEADERS).end(ANSWER);
  } else {
    request.on("data", (part: Buffer) => {
      seen.bytes += part.length;
    });
    request.on("end", () => response.writeHead(200, HEADERS).end(ANSWER));
  }
});

function send(bytes: number, response: import("node:http").ServerResponse): void {
  let left = bytes;
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": String(bytes) });
  const more = (): void => {
    while (left > 0) {
      const part = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
      left -= part.length;
      if (!response.write(part)) {
        response.once("drain", more);
        return;
      }
    }
    response.end();
  };
  more();
}

// No limit, and so no Keep-Alive header, which the edge would have taken away before the Worker saw it.
server.keepAliveTimeout = 0;
server.requestTimeout = 0;
server.listen(Number(port), "127.0.0.1");
