// Node's own http server. Usage: node.mjs PORT FOLDER
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import { setTimeout } from "node:timers/promises";
import { gzipSync } from "node:zlib";

const [port, folder] = process.argv.slice(2);
const text = readFileSync(`${folder}/files/text.txt`);
const etag = `"${createHash("sha256").update(text).digest("base64url").slice(0, 16)}"`;
const uploads = [];

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
  "GET /items": (request, response) => {
    response.setHeader("link", `<http://${request.headers.host}/items?page=2>; rel="next"`);
    sendJson(response, 200, [{ id: 1 }, { id: 2 }]);
  },
  "GET /moved": (request, response) =>
    response.writeHead(302, { location: `http://${request.headers.host}/items` }).end(),
  "POST /form": async (request, response) =>
    sendJson(response, 200, Object.fromEntries(new URLSearchParams(`${await read(request)}`))),
  "POST /json": async (request, response) => sendJson(response, 201, JSON.parse(await read(request))),
  "PUT /uploads": async (request, response) => {
    const body = await read(request);
    const sha256 = createHash("sha256").update(body).digest("hex");
    uploads.push({ url: request.url, type: request.headers["content-type"], bytes: body.length, sha256 });
    sendJson(response, 201, uploads.at(-1));
  },
  "GET /uploads": (_, response) => sendJson(response, 200, uploads),
  "GET /download": (_, response) => response.end(readFileSync(`${folder}/download`)),
  "GET /events": async (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const id of [1, 2, 3]) {
      response.write(`id: ${id}\ndata: tick\n\n`);
      await setTimeout(300);
    }
    response.end();
  },
  "GET /slow": async (_, response) => sendJson(response, 200, await setTimeout(800, { slow: true })),
  "DELETE /items": (_, response) => response.writeHead(204).end(),
  "GET /error": (_, response) => sendJson(response, 500, { error: "on purpose" }),
};

function sendJson(response, status, value) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function read(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

http
  .createServer(async (request, response) => {
    const [, first] = request.url.split(/[?]/)[0].split("/");
    const whole = `${request.method === "HEAD" ? "GET" : request.method} ${request.url.split("?")[0]}`;
    const route = ROUTES[whole] ?? ROUTES[`${request.method} /${first}`];
    try {
      if (route === undefined) sendJson(response, 404, { error: "not found" });
      else await route(request, response);
    } catch (error) {
      // A body that is no JSON; every other error is a connection that has ended.
      if (error instanceof SyntaxError) sendJson(response, 400, { error: error.message });
      else response.destroy();
    }
  })
  .listen(Number(port), "127.0.0.1");
