// express-gateway: plain proxying, or Gatehouse's job by its own key-auth and scopes, with a policy of ours for addresses
// and the identity header. Its database is the one in memory that it brings. One port a process: it cannot have two.
// Not here: hashes, its database has the secrets as they are; expiry, its keys have none; addresses and permissions of each
// key. Its keys have two parts: so the token is cut in an id and a secret.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readRules } from "./weigh.mjs";

const [job, port, upstream, directory] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const library = dirname(require.resolve("express-gateway"));
const SECRET_LENGTH = 43;

const endpoints = {
  read: { host: "*", methods: "GET,HEAD", scopes: ["read"] },
  change: { host: "*", methods: "POST,PUT,PATCH,DELETE,OPTIONS", scopes: ["change"] },
};
const proxy = { proxy: { action: { serviceEndpoint: "api" } } };
const keyAuth = { "key-auth": { action: { apiKeyHeaderScheme: "Bearer", disableQueryParam: true } } };
const steps = job === "gate" ? [keyAuth, { identity: {} }, proxy] : [proxy];
const gateway = {
  http: { port: Number(port), hostname: "127.0.0.1" },
  apiEndpoints: endpoints,
  serviceEndpoints: { api: { url: `http://127.0.0.1:${upstream}` } },
  policies: steps.flatMap(Object.keys),
  pipelines: { all: { apiEndpoints: ["read", "change"], policies: steps } },
};
const system = {
  db: { redis: { emulate: true, namespace: "EG" } },
  crypto: { cipherKey: "none", algorithm: "aes256", saltRounds: 10 },
  accessTokens: { timeToExpiry: 7_200_000 },
  refreshTokens: { timeToExpiry: 7_200_000 },
  authorizationCodes: { timeToExpiry: 300_000 },
};

/** Refuses what comes from elsewhere; the key goes, the identity of its owner comes in its place. */
function identityPolicy() {
  const isAllowed = readRules(directory);
  const policy = () => (request, response, next) => {
    if (!isAllowed(request.headers["cf-connecting-ip"])) return response.sendStatus(403);
    delete request.headers.authorization;
    request.headers["gatehouse-identity"] = request.user.identity;
    next();
  };
  return { name: "identity", schema: { $id: "http://express-gateway.io/schemas/policies/identity.json" }, policy };
}

/** By the rows themselves: its services keep a list of each scope's keys as well, which grows with the square of them. */
async function insertKeys() {
  const users = require(join(library, "services/consumers/user.dao.js"));
  const credentials = require(join(library, "services/credentials/credential.dao.js"));
  for (const line of readFileSync(join(directory, "keys.txt"), "utf8").trim().split("\n")) {
    const [token, role, identity] = line.split(" ");
    const [keyId, keySecret] = [token.slice(0, -SECRET_LENGTH), token.slice(-SECRET_LENGTH)];
    const [consumerId, isActive] = [`user ${keyId}`, "true"];
    const scopes = JSON.stringify(role === "Viewer" ? ["read"] : ["read", "change"]);
    await users.insert({ id: consumerId, username: consumerId, isActive, identity });
    await credentials.insertCredential(keyId, "key-auth", { keyId, keySecret, consumerId, isActive, scopes });
  }
}

const place = join(directory, `express-gateway-${job}`);
mkdirSync(place, { recursive: true });
cpSync(join(library, "config/models"), join(place, "models"), { recursive: true });
writeFileSync(join(place, "gateway.config.json"), JSON.stringify(gateway));
writeFileSync(join(place, "system.config.json"), JSON.stringify(system));
Object.assign(process.env, { EG_CONFIG_DIR: place, EG_DISABLE_CONFIG_WATCH: "1", LOG_LEVEL: "error" });
// It would send its calls there.
for (const name of ["http_proxy", "HTTP_PROXY"]) delete process.env[name];

if (job === "gate") {
  require(join(library, "policies")).register(identityPolicy());
  await insertKeys();
}
await require("express-gateway")().load(place).run();
