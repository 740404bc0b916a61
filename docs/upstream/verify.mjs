// Checks the identity that Gatehouse signs for each request. Node 20 or later; npm install jose.
import { createServer } from "node:http";
import { createRemoteJWKSet, jwtVerify } from "jose";

const { GATEHOUSE_URL, AUDIENCE, ISSUER, PORT } = process.env;
if (!GATEHOUSE_URL || !AUDIENCE || !PORT) throw new Error("GATEHOUSE_URL, AUDIENCE and PORT must be set");

const keys = createRemoteJWKSet(new URL("/.well-known/gatehouse/jwks.json", GATEHOUSE_URL), {
  cacheMaxAge: 300_000,
  cooldownDuration: 10_000,
  timeoutDuration: 3_000,
});

/** @returns the claims of the caller @throws unless Gatehouse has signed them for exactly this request */
async function identify(request) {
  const tokens = request.headersDistinct["gatehouse-identity"] ?? [];
  if (tokens.length !== 1) throw new Error("not one identity");
  const { payload } = await jwtVerify(tokens[0], keys, {
    algorithms: ["EdDSA"],
    typ: "gatehouse-identity+jwt",
    issuer: ISSUER || "gatehouse",
    audience: AUDIENCE,
    requiredClaims: ["exp", "sub", "acc", "role"],
    maxTokenAge: 60,
    clockTolerance: 5,
  });
  // The path as it arrived, neither decoded nor normalized.
  const [path] = request.url.split("?", 1);
  if (payload.method !== request.method || payload.path !== path) throw new Error("signed for another request");
  return payload;
}

const server = createServer(async (request, response) => {
  const caller = await identify(request).catch(() => null);
  if (caller === null) return response.writeHead(401).end();
  response.end(`${caller.sub} ${caller.acc} ${caller.role}\n`);
});
server.listen(Number(PORT), "127.0.0.1");
