// Koa with its middleware for static files, parsers, validators and compression. Usage: koa.mjs PORT FOLDER
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { bodyParser } from "@koa/bodyparser";
import Koa from "koa";
import compress from "koa-compress";
import conditional from "koa-conditional-get";
import etag from "koa-etag";
import range from "koa-range";
import serve from "koa-static";

const [port, folder] = process.argv.slice(2);
const uploads = [];

async function* ticks() {
  for (const id of [1, 2, 3]) {
    yield `id: ${id}\ndata: tick\n\n`;
    await setTimeout(300);
  }
}

const ROUTES = {
  "GET /items": (context) => {
    context.set("Link", `<${context.protocol}://${context.host}/items?page=2>; rel="next"`);
    context.body = [{ id: 1 }, { id: 2 }];
  },
  "DELETE /items/1": (context) => {
    context.status = 204;
  },
  "GET /moved": (context) => context.redirect(`${context.protocol}://${context.host}/items`),
  "POST /form": (context) => {
    context.body = context.request.body;
  },
  "POST /json": (context) => {
    context.body = context.request.body;
    context.status = 201;
  },
  "GET /uploads": (context) => {
    context.body = uploads;
  },
  "GET /download": (context) => {
    context.body = createReadStream(`${folder}/download`);
  },
  "GET /events": (context) => {
    context.type = "text/event-stream";
    context.body = Readable.from(ticks()).pipe(new PassThrough());
  },
  "GET /slow": async (context) => {
    context.body = await setTimeout(800, { slow: true });
  },
  "GET /error": (context) => {
    context.status = 500;
    context.body = { error: "on purpose" };
  },
};

async function upload(context) {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const part of context.req) {
    hash.update(part);
    bytes += part.length;
  }
  uploads.push({ url: context.url, type: context.get("content-type"), bytes, sha256: hash.digest("hex") });
  context.status = 201;
  context.body = uploads.at(-1);
}

const app = new Koa();
app.silent = true;
app.use(compress()).use(conditional()).use(etag()).use(range).use(bodyParser());
app.use(async (context, next) => {
  if (context.method === "PUT") return upload(context);
  const route = ROUTES[`${context.method} ${context.path}`];
  return route === undefined ? next() : route(context);
});
app.use(serve(folder));
app.listen(Number(port), "127.0.0.1");
