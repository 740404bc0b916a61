// Express with its static files, its parsers and compression. Usage: express.mjs PORT FOLDER
import { createReadStream } from "node:fs";
import compression from "compression";
import express from "express";
import { ERROR, folder, ITEMS, keep, port, slow, ticks, uploads, urlOf } from "./application.mjs";

const app = express();
app.use(compression());
app.use("/files", express.static(`${folder}/files`));
app.get("/items", (request, response) => response.links({ next: urlOf(request, "/items?page=2") }).json(ITEMS));
app.delete("/items/:id", (_, response) => response.sendStatus(204));
app.get("/moved", (request, response) => response.redirect(urlOf(request, "/items")));
app.post("/form", express.urlencoded(), (request, response) => response.json(request.body));
app.post("/json", express.json(), (request, response) => response.status(201).json(request.body));
app.put("/uploads/:name", express.raw({ type: () => true, limit: "10mb" }), (request, response) =>
  response.status(201).json(keep(request, request.body)),
);
app.get("/uploads", (_, response) => response.json(uploads));
app.get("/download", (_, response) => createReadStream(`${folder}/download`).pipe(response));
app.get("/events", async (_, response) => {
  response.type("text/event-stream");
  for await (const tick of ticks()) {
    response.write(tick);
    response.flush();
  }
  response.end();
});
app.get("/slow", async (_, response) => response.json(await slow()));
app.get("/error", (_, response) => response.status(500).json(ERROR));
app.listen(Number(port), "127.0.0.1");
