// Node's own http server. Usage: node.mjs PORT FOLDER
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import { gzipSync } from "node:zlib";
import { ERROR, folder, ITEMS, keep, port, slow, ticks, uploads } from "./application.mjs";

const text = readFileSync(`${folder}/files/text.txt`);
const etag = `"${createHash("sha256").update(text).digest("base64url").slice(0, 16)}"`;

const ROUTES = {
  "GET /files/text.txt": (request, response) => {
    if (request.headers["if-none-match"]?.replace("W/", "") === etag) return response.writeHead(304, { etag }).end();
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    if (from !== undefined) {
      const range = `bytes ${from}-${to}/${text.length}`;
      return response.writeHead(206, { etag, "content-range": range }).end(text.subarray(+from, +to + 1));
    }
    response.setHeader("content-type", "text/plain");
    response.setHeader("vary", "accept-encoding");
    if (!/\bgzip\b/.test(request.headers["accept-encoding"] ?? "")) return response.writeHead(200, { etag }).end(text);
    response.writeHead(200, { etag: `W/${etag}`, "content-encoding": "gzip" }).end(gzipSync(text));
  },
  "GET /items": ({ headers }, response) => {
    response.setHeader("link", `<http://${headers.host}/items?page=2>; rel="next"`);
    sendJson(response, 200, ITEMS);
  },
  "GET /moved": ({ headers }, response) => response.writeHead(302, { location: `http://${headers.host}/items` }).end(),
  "POST /form": async (request, response) =>
    sendJson(response, 200, Object.fromEntries(new URLSearchParams(`${await read(request)}`))),
  "POST /json": async (request, response) => sendJson(response, 201, JSON.parse(await read(request))),
  "PUT /uploads": async (request, response) => sendJson(response, 201, keep(request, await read(request))),
  "GET /uploads": (_, response) => sendJson(response, 200, uploads),
  "GET /download": (_, response) => response.end(readFileSync(`${folder}/download`)),
  "GET /events": async (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for await (const tick of ticks()) response.write(tick);
    response.end();
  },
  "GET /slow": async (_, response) => sendJson(response, 200, await slow()),
  "DELETE /items": (_, response) => response.writeHead(204).end(),
  "GET /error": (_, response) => sendJson(response, 500, ERROR),
};

function sendJson(response, status, value) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function read(request) {
  return Buffer.concat(await Array.fromAsync(request));
}

const server = http.createServer(async (request, response) => {
  const method = request.method === "HEAD" ? "GET" : request.method;
  const [path] = request.url.split("?");
  const route = ROUTES[`${method} ${path}`] ?? ROUTES[`${method} /${path.split("/")[1]}`];
  try {
    if (route === undefined) sendJson(response, 404, { error: "not found" });
    else await route(request, response);
  } catch (error) {
    // A body that is no JSON; every other error is a connection that has ended.
    if (error instanceof SyntaxError) sendJson(response, 400, { error: error.message });
    else response.destroy();
  }
});
server.listen(Number(port), "127.0.0.1");
