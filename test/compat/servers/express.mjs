// Express with its static files, its parsers and compression. Usage: express.mjs PORT FOLDER
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { setTimeout } from "node:timers/promises";
import compression from "compression";
import express from "express";

const [port, folder] = process.argv.slice(2);
const app = express();
const uploads = [];

app.use(compression());
app.use("/files", express.static(`${folder}/files`));
app.get("/items", (request, response) => {
  response.links({ next: `${request.protocol}://${request.host}/items?page=2` }).json([{ id: 1 }, { id: 2 }]);
});
app.delete("/items/:id", (_, response) => response.sendStatus(204));
app.get("/moved", (request, response) => response.redirect(`${request.protocol}://${request.host}/items`));
app.post("/form", express.urlencoded(), (request, response) => response.json(request.body));
app.post("/json", express.json(), (request, response) => response.status(201).json(request.body));
app.put("/uploads/:name", express.raw({ type: () => true, limit: "10mb" }), ({ body, url, headers }, response) => {
  const sha256 = createHash("sha256").update(body).digest("hex");
  uploads.push({ url, type: headers["content-type"], bytes: body.length, sha256 });
  response.status(201).json(uploads.at(-1));
});
app.get("/uploads", (_, response) => response.json(uploads));
app.get("/download", (_, response) => createReadStream(`${folder}/download`).pipe(response));
app.get("/events", async (_, response) => {
  response.type("text/event-stream");
  for (const id of [1, 2, 3]) {
    response.write(`id: ${id}\ndata: tick\n\n`);
    response.flush();
    await setTimeout(300);
  }
  response.end();
});
app.get("/slow", async (_, response) => response.json(await setTimeout(800, { slow: true })));
app.get("/error", (_, response) => response.status(500).json({ error: "on purpose" }));
app.listen(Number(port), "127.0.0.1");
