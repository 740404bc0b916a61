// Plain proxying on one port, Gatehouse's job on the other, as a middleware of fast-gateway.
import gateway from "fast-gateway";
import { openGate } from "./weigh.mjs";

const [plain, gate, upstream, directory] = process.argv.slice(2);

async function serve(port, route) {
  const target = `http://127.0.0.1:${upstream}`;
  await gateway({ routes: [{ prefix: "", target, ...route }] }).start(Number(port), "127.0.0.1");
}

const weigh = openGate(directory);
await serve(plain, {});
await serve(gate, {
  middlewares: [
    (request, response, next) => {
      const { status, identity } = weigh(request);
      if (status !== undefined) return response.send("", status);
      request.identity = identity;
      return next();
    },
  ],
  hooks: {
    rewriteRequestHeaders: ({ identity }, { authorization: _, ...headers }) => ({
      ...headers,
      "gatehouse-identity": identity,
    }),
  },
});
