// Fastify with its plugins for static files, forms and compression. Usage: fastify.mjs PORT FOLDER
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import compress from "@fastify/compress";
import form from "@fastify/formbody";
import files from "@fastify/static";
import fastify from "fastify";

const [port, folder] = process.argv.slice(2);
const app = fastify({ bodyLimit: 10_000_000 });
const uploads = [];

async function* ticks() {
  for (const id of [1, 2, 3]) {
    yield `id: ${id}\ndata: tick\n\n`;
    await setTimeout(300);
  }
}

await app.register(compress);
await app.register(form);
await app.register(files, { root: folder });
app.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (_, body, done) => done(null, body));
app.get("/items", (request, reply) => {
  reply.header("link", `<${request.protocol}://${request.host}/items?page=2>; rel="next"`);
  return reply.send([{ id: 1 }, { id: 2 }]);
});
app.delete("/items/:id", (_, reply) => reply.code(204).send());
app.get("/moved", (request, reply) => reply.redirect(`${request.protocol}://${request.host}/items`));
app.post("/form", (request, reply) => reply.send(request.body));
app.post("/json", (request, reply) => reply.code(201).send(request.body));
app.put("/uploads/:name", ({ body, url, headers }, reply) => {
  const sha256 = createHash("sha256").update(body).digest("hex");
  uploads.push({ url, type: headers["content-type"], bytes: body.length, sha256 });
  return reply.code(201).send(uploads.at(-1));
});
app.get("/uploads", (_, reply) => reply.send(uploads));
app.get("/events", (_, reply) => reply.type("text/event-stream").send(Readable.from(ticks())));
app.get("/slow", async () => await setTimeout(800, { slow: true }));
app.get("/error", (_, reply) => reply.code(500).send({ error: "on purpose" }));
await app.listen({ port: Number(port), host: "127.0.0.1" });
