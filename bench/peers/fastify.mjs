// Plain proxying on one port, Gatehouse's job on the other, as a hook of Fastify with @fastify/http-proxy.
import proxy from "@fastify/http-proxy";
import fastify from "fastify";
import { openGate } from "./weigh.mjs";

const [plain, gate, upstream, directory] = process.argv.slice(2);

async function serve(port, options) {
  const app = fastify();
  await app.register(proxy, { upstream: `http://127.0.0.1:${upstream}`, ...options });
  await app.listen({ port: Number(port), host: "127.0.0.1" });
}

const weigh = openGate(directory);
await serve(plain, {});
await serve(gate, {
  preHandler: async (request, reply) => {
    const { status, identity } = weigh(request);
    if (status !== undefined) return reply.code(status).send();
    request.identity = identity;
  },
  replyOptions: {
    rewriteRequestHeaders: ({ identity }, { authorization: _, ...headers }) => ({
      ...headers,
      "gatehouse-identity": identity,
    }),
  },
});
