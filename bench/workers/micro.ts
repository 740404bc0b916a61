// The pieces of a call, each in a loop inside workerd. The clock of a Worker stands still while it computes, so the loop
// is timed from outside: one request runs one piece some number of times.
import { parseKeyRing } from "../../scripts/secrets.ts";
import { decide } from "../../src/core/access/decide.ts";
import { compileStoredRules } from "../../src/core/ip/cidr.ts";
import { parseAddress } from "../../src/core/ip/ip-address.ts";
import { createCounters } from "../../src/core/metrics/counters.ts";
import { canonicalPath } from "../../src/core/routing/canonical-path.ts";
import { compileRoutes } from "../../src/core/routing/compile-routes.ts";
import { matchOperation } from "../../src/core/routing/match-operation.ts";
import { compileTable } from "../../src/core/routing/operation-table.ts";
import { OPERATIONS, type Operation } from "../../src/core/routing/operations.ts";
import { matchRoute, type RouteMatch } from "../../src/core/routing/route-matcher.ts";
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
import {
  createHeaderFilter,
  createHeaderReuse,
  upstreamRequestHeaders,
} from "../../src/gateway/proxy/request-headers.ts";
import { filterUpstreamResponse } from "../../src/gateway/proxy/upstream-response.ts";
import { countRequest } from "../../src/gateway/recording/count-request.ts";
import type { RequestContext } from "../../src/gateway/request-context.ts";
import { createMetricsRecorder } from "../../src/store/metrics/recorder.ts";
import { aKey } from "../../test/support/key.ts";

const ACCOUNT = "340af43a-8a7c-4659-9258-4876fd6a207b";
const PATH = `/api/public/v1/accounts/${ACCOUNT}/projects/78d4459c-0f45-47a5-899a-45ddf43eba6e/clusters`;
const URL_TEXT = `http://127.0.0.1:8787${PATH}`;

/** Tables of other sizes: one of Aeon's, one of DigitalOcean's, and one beyond every document that was found. */
const SIZES = [151, 659, 5_000] as const;
/** The operations of one resource: a list and an item below a parent, with what the grammar of templates has. */
const SHAPES = [
  ["GET", ""],
  ["POST", ""],
  ["GET", "/{id}"],
  ["PUT", "/{id}"],
  ["DELETE", "/{id}"],
  ["POST", "/{id}:cancel"],
  ["GET", "/{id}/files/{path...}"],
] as const;

function tableOf(size: number): Operation[] {
  return Array.from({ length: size }, (_, i): Operation => {
    const [method, end] = SHAPES[i % SHAPES.length] ?? SHAPES[0];
    const resource = Math.floor(i / SHAPES.length);
    const path = `/v1/areas/{areaId}/group-${resource % 12}/{groupId}/resource-${resource}${end}`;
    const effect = method === "GET" ? "safe" : "mutating";
    const formats: Operation["formats"] = { areaId: "uuid", ...(end.startsWith("/{id}") ? { id: "integer" } : {}) };
    return { operationId: `op-${i}`, method, path, permission: null, effect, handledBy: "upstream", formats };
  });
}

/** The pieces of a table of a size: it is compiled, a plain path and an encoded one are matched, and one that it does not have. */
function tablePieces(size: number): Readonly<Record<string, () => unknown>> {
  const table = tableOf(size);
  const compiled = compileTable(table);
  const { routes } = compiled;
  const resource = Math.floor(size / SHAPES.length) - 1;
  const base = `/v1/areas/${ACCOUNT}/group-${resource % 12}`;
  const [plain, encoded] = ["g", "caf%C3%A9"].map((group) => `${base}/${group}/resource-${resource}/7`) as [
    string,
    string,
  ];
  const of = (name: string) => `${name}, ${size.toLocaleString("en")} operations`;
  return {
    [of("table: compiled")]: () => compileRoutes(table),
    [of("route: hit with formats")]: () => matchRoute(routes, "GET", plain),
    [of("route: hit, encoded")]: () => matchOperation("GET", encoded, "", compiled),
    [of("route: miss")]: () => matchRoute(routes, "GET", `${base}/g/other/7`),
  };
}

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
    ...{ forwardsHeader, reuseHeaders: createHeaderReuse(), servesPages: false },
  };
  const open = () => ({
    now: () => 0,
    decide: () => Promise.reject(new Error("nobody asks")),
    isAllowed: async () => true,
    firstAfterMs: 5_000,
    identityOf: () => "",
  });
  const clock = { now: () => Date.now(), after: () => () => undefined, pause: async () => undefined };
  const state = () => ({ unwrittenUses: 0, feedReadAt: 0 });
  const metrics = createMetricsRecorder({} as D1Database, createCounters(), clock, state, () => undefined);
  const counted = {
    ...{ now: 1, decidedAt: 1, forwardedAt: 0, error: null, denial: null, credential: { keyHash: "h" } },
    found: { source: "memory", degraded: false },
  } as unknown as RequestContext;
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
    "path: canonical, encoded": () => canonicalPath(`${URL_TEXT}/caf%c3%a9`),
    "route: hit": () => matchRoute(routes, "GET", PATH),
    "route: miss": () => matchRoute(routes, "GET", `${PATH}/a/b/c/d`),
    "table: compiled, Aeon's": () => compileRoutes(OPERATIONS),
    ...Object.assign({}, ...SIZES.map(tablePieces)),
    "address: parse IPv4": () => parseAddress(v4),
    "address: parse IPv6": () => parseAddress(v6),
    "decide: 2 rules": () => decide(one, facts, 1),
    "decide: 10,001 rules": () => decide(many, facts, 1),
    "forward: a call is read": () => toIncomingRequest(call),
    "forward: headers inward": () =>
      upstreamRequestHeaders(readFields(toIncomingRequest(call)), call.url, v4, forwardsHeader),
    // With the reading of the clock and the note of the answer that metrics add to a request.
    "metrics: a forwarded read is counted": () => {
      counted.forwardedAt = counted.decidedAt;
      counted.answered = { at: clock.now(), with: 200 };
      countRequest(counted, metrics, () => undefined);
    },
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
