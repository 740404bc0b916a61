// Plain proxying on one port, the same job as Gatehouse's on the other, as a hook of Fastify with @fastify/http-proxy.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { BlockList } from "node:net";
import proxy from "@fastify/http-proxy";
import fastify from "fastify";

const [plain, gate, upstream, directory] = process.argv.slice(2);
const lines = readFileSync(`${directory}/keys.map`, "utf8").trim().split("\n");
const keys = new Map(lines.map((line) => line.split(" ", 2)));
const allowed = new BlockList();
allowed.addSubnet("203.0.113.0", 24);

async function serve(port, preHandler) {
  const app = fastify();
  const rewriteRequestHeaders = (request, { authorization: _, ...headers }) =>
    request.identity === undefined ? headers : { ...headers, "gatehouse-identity": request.identity };
  await app.register(proxy, {
    upstream: `http://127.0.0.1:${upstream}`,
    preHandler,
    replyOptions: { rewriteRequestHeaders },
  });
  await app.listen({ port: Number(port), host: "127.0.0.1" });
}

await serve(plain);
await serve(gate, async (request, reply) => {
  const hash = createHash("sha256")
    .update((request.headers.authorization ?? "").slice(7))
    .digest("hex");
  request.identity = keys.get(hash);
  if (request.identity === undefined) return reply.code(401).send();
  if (!allowed.check(request.headers["cf-connecting-ip"] ?? "")) return reply.code(403).send();
});
