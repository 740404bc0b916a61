// The pieces of a call, each in a loop inside workerd. The clock of a Worker stands still while it computes, so the loop
// is timed from outside: one request runs one piece some number of times.
import { parseKeyRing } from "../../scripts/secrets.ts";
import { decide } from "../../src/core/access/decide.ts";
import { compileStoredRules } from "../../src/core/ip/cidr.ts";
import { parseAddress } from "../../src/core/ip/ip-address.ts";
import { canonicalPath } from "../../src/core/routing/canonical-path.ts";
import { OPERATIONS } from "../../src/core/routing/operations.ts";
import { compileRoutes, matchRoute, type RouteMatch } from "../../src/core/routing/route-matcher.ts";
import {
  hashIfKeyShaped,
  hashToken,
  type ParsedToken,
  parseToken,
  verifyToken,
} from "../../src/core/token/api-key-token.ts";
import { isBearer } from "../../src/gateway/authentication/api-key.ts";
import { BEARER_LENGTH, readBearerToken } from "../../src/gateway/authentication/bearer-token.ts";
import { readFields, toIncomingRequest } from "../../src/gateway/incoming-request.ts";
import { createHeaderFilter, upstreamRequestHeaders } from "../../src/gateway/proxy/request-headers.ts";
import { filterUpstreamResponse } from "../../src/gateway/proxy/upstream-response.ts";
import { aKey } from "../../test/support/key.ts";

const ACCOUNT = "340af43a-8a7c-4659-9258-4876fd6a207b";
const PATH = `/api/public/v1/accounts/${ACCOUNT}/projects/78d4459c-0f45-47a5-899a-45ddf43eba6e/clusters`;
const URL_TEXT = `http://127.0.0.1:8787${PATH}`;

async function piecesOf(ringText: string, token: string): Promise<Readonly<Record<string, () => unknown>>> {
  const ring = parseKeyRing(ringText);
  const secret = [...ring.secrets.values()][0]?.bytes as BufferSource;
  const hmac = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  const routes = compileRoutes(OPERATIONS);
  const tokenRead = parseToken(ring, token) as ParsedToken;
  const { operation, params } = matchRoute(routes, "GET", PATH) as Extract<RouteMatch, { kind: "operation" }>;
  const rules = (count: number) => Array.from({ length: count }, (_, i) => `10.${i >> 8}.${i & 255}.0/25`);
  const keyWith = (count: number) => {
    return aKey({ accountId: ACCOUNT, addresses: compileStoredRules([...rules(count), "203.0.113.9/32"]) });
  };
  const [one, many] = [keyWith(1), keyWith(10_000)];
  const facts = { address: parseAddress("203.0.113.9"), accountId: ACCOUNT, operation, params };
  const [v4, v6] = ["203.0.113.9", "2001:db8::5"];
  const authorization = `Bearer ${token}`;
  const call = new Request(URL_TEXT, {
    headers: { accept: "*/*", authorization, "cf-connecting-ip": v4, "user-agent": "b" },
  });
  const answer = new Response("{}", {
    headers: { "content-type": "application/json", "content-length": "2", date: "today" },
  });
  const forwardsHeader = createHeaderFilter(null);
  const upstream = {
    ...{ origin: "https://upstream.example", fetch: async () => answer, authorization: null, timeoutMs: 1 },
    ...{ forwardsHeader, servesPages: false },
  };
  const open = () => ({
    now: () => 0,
    decide: () => Promise.reject(new Error("nobody asks")),
    isAllowed: async () => true,
    firstAfterMs: 5_000,
    identityOf: () => "",
  });
  return {
    nothing: () => null,
    "hash: of a key": () => hashToken(authorization, BEARER_LENGTH),
    "hash: of a key, by WebCrypto": () => digestHex(authorization.slice(BEARER_LENGTH)),
    "token: looked at, and hashed": () => hashIfKeyShaped(ring, authorization, BEARER_LENGTH),
    "token: shape": () => parseToken(ring, token),
    "token: signature": () => verifyToken(ring, tokenRead),
    "token: signature, by WebCrypto": () => verifyHmac(hmac, tokenRead),
    "credential: its scheme": () => isBearer(authorization),
    "credential: all that may be wrong": () => readBearerToken(authorization),
    "path: canonical": () => canonicalPath(URL_TEXT),
    "route: hit": () => matchRoute(routes, "GET", PATH),
    "route: miss": () => matchRoute(routes, "GET", `${PATH}/a/b/c/d`),
    "address: parse IPv4": () => parseAddress(v4),
    "address: parse IPv6": () => parseAddress(v6),
    "decide: 2 rules": () => decide(one, facts, 1),
    "decide: 10,001 rules": () => decide(many, facts, 1),
    "forward: a call is read": () => toIncomingRequest(call),
    "forward: headers inward": () =>
      upstreamRequestHeaders(readFields(toIncomingRequest(call)), call.url, v4, forwardsHeader),
    "forward: response headers": () => filterUpstreamResponse(toIncomingRequest(call), answer, upstream, open),
  };
}

async function digestHex(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}

function verifyHmac(key: CryptoKey, { signed, signature }: ParsedToken): Promise<boolean> {
  const bytes = Uint8Array.fromBase64(signature, { alphabet: "base64url" });
  return crypto.subtle.verify("HMAC", key, bytes, new TextEncoder().encode(signed));
}

let pieces: Readonly<Record<string, () => unknown>> | null = null;
let sink: unknown = null;

export default {
  async fetch(request: Request, env: { readonly KEY_RING: string; readonly TOKEN: string }): Promise<Response> {
    pieces ??= await piecesOf(env.KEY_RING, env.TOKEN);
    const { searchParams } = new URL(request.url);
    const piece = pieces[searchParams.get("piece") ?? ""];
    if (piece === undefined) return Response.json(Object.keys(pieces));
    const count = Number(searchParams.get("count"));
    const isAsync = piece() instanceof Promise;
    for (let i = 0; i < count; i++) sink = isAsync ? await piece() : piece();
    return Response.json(sink === undefined);
  },
};
