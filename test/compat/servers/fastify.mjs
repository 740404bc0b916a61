// Fastify with its plugins for static files, forms and compression. Usage: fastify.mjs PORT FOLDER
import { Readable } from "node:stream";
import compress from "@fastify/compress";
import form from "@fastify/formbody";
import files from "@fastify/static";
import fastify from "fastify";
import { ERROR, folder, ITEMS, keep, port, slow, ticks, uploads, urlOf } from "./application.mjs";

const app = fastify({ bodyLimit: 10_000_000 });
await app.register(compress);
await app.register(form);
await app.register(files, { root: folder });
app.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (_, body, done) => done(null, body));
app.get("/items", (request, reply) =>
  reply.header("link", `<${urlOf(request, "/items?page=2")}>; rel="next"`).send(ITEMS),
);
app.delete("/items/:id", (_, reply) => reply.code(204).send());
app.get("/moved", (request, reply) => reply.redirect(urlOf(request, "/items")));
app.post("/form", (request, reply) => reply.send(request.body));
app.post("/json", (request, reply) => reply.code(201).send(request.body));
app.put("/uploads/:name", (request, reply) => reply.code(201).send(keep(request, request.body)));
app.get("/uploads", (_, reply) => reply.send(uploads));
app.get("/events", (_, reply) => reply.type("text/event-stream").send(Readable.from(ticks())));
app.get("/slow", slow);
app.get("/error", (_, reply) => reply.code(500).send(ERROR));
await app.listen({ port: Number(port), host: "127.0.0.1" });
