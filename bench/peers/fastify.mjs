// Plain proxying on one port, Gatehouse's job on the other, as a hook of Fastify with @fastify/http-proxy: hash, table of
// keys, expiry, addresses, roles, identity header. Not here: addresses and permissions of each key; one list and one rule
// stand for all.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { BlockList, isIPv6 } from "node:net";
import proxy from "@fastify/http-proxy";
import fastify from "fastify";

const [plain, gate, upstream, directory] = process.argv.slice(2);
const linesOf = (name) => readFileSync(`${directory}/${name}`, "utf8").trim().split("\n");
const allowed = new BlockList();
for (const rule of linesOf("rules.txt")) {
  const [network, bits] = rule.split("/");
  allowed.addSubnet(network, Number(bits), isIPv6(network) ? "ipv6" : "ipv4");
}
const keys = new Map(
  linesOf("keys.map").map((line) => {
    const [hash, row] = line.split(" ", 2);
    const [role, expires, identity] = row.split("|");
    return [hash, { role, expiresAt: Number(expires) * 1000, identity }];
  }),
);

/** @returns the status of a denial, or the identity of the request's key */
function authorize({ method, headers }) {
  const token = (headers.authorization ?? "").slice(7);
  const key = keys.get(createHash("sha256").update(token).digest("hex"));
  if (key === undefined || key.expiresAt <= Date.now()) return { status: 401 };
  const address = headers["cf-connecting-ip"] ?? "";
  if (!allowed.check(address, isIPv6(address) ? "ipv6" : "ipv4")) return { status: 403 };
  if (key.role === "Viewer" && method !== "GET" && method !== "HEAD") return { status: 403 };
  return { identity: key.identity };
}

async function serve(port, options) {
  const app = fastify();
  await app.register(proxy, { upstream: `http://127.0.0.1:${upstream}`, ...options });
  await app.listen({ port: Number(port), host: "127.0.0.1" });
}

await serve(plain, {});
await serve(gate, {
  preHandler: async (request, reply) => {
    const { status, identity } = authorize(request);
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
