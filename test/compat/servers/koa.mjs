// Koa with its middleware for static files, parsers, validators and compression. Usage: koa.mjs PORT FOLDER
import { createReadStream } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { bodyParser } from "@koa/bodyparser";
import Koa from "koa";
import compress from "koa-compress";
import conditional from "koa-conditional-get";
import etag from "koa-etag";
import range from "koa-range";
import serve from "koa-static";
import { ERROR, folder, ITEMS, keep, port, slow, ticks, uploads, urlOf } from "./application.mjs";

const ROUTES = {
  "GET /items": [200, () => ITEMS],
  "DELETE /items/1": [204, () => null],
  "POST /form": [200, ({ request }) => request.body],
  "POST /json": [201, ({ request }) => request.body],
  "GET /uploads": [200, () => uploads],
  "GET /download": [200, () => createReadStream(`${folder}/download`)],
  "GET /events": [200, () => Readable.from(ticks()).pipe(new PassThrough())],
  "GET /slow": [200, slow],
  "GET /error": [500, () => ERROR],
};

async function upload({ req }) {
  return keep(req, Buffer.concat(await Array.fromAsync(req)));
}

const app = new Koa();
app.silent = true;
app.use(compress()).use(conditional()).use(etag()).use(range).use(bodyParser());
app.use(async (context, next) => {
  const { method, path } = context;
  if (path === "/moved") return context.redirect(urlOf(context, "/items"));
  const [status, make] = method === "PUT" ? [201, upload] : (ROUTES[`${method} ${path}`] ?? []);
  if (make === undefined) return next();
  if (path === "/items") context.set("Link", `<${urlOf(context, "/items?page=2")}>; rel="next"`);
  if (path === "/events") context.type = "text/event-stream";
  context.body = await make(context);
  context.status = status;
});
app.use(serve(folder));
app.listen(Number(port), "127.0.0.1");
