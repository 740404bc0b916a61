// The parts of a request, each in a loop inside workerd. The clock of a Worker stands still while it computes, so the loop
// is timed from outside: one request runs one part some number of times.

import { decide } from "../../src/core/access/decide.ts";
import type { KeyRecord } from "../../src/core/access/principal.ts";
import { compileRules } from "../../src/core/ip/cidr.ts";
import { parseAddress } from "../../src/core/ip/ip-address.ts";
import { canonicalPath } from "../../src/core/routing/canonical-path.ts";
import { OPERATIONS } from "../../src/core/routing/operations.ts";
import { compileRoutes, matchRoute } from "../../src/core/routing/route-matcher.ts";
import {
  hashIfKeyShaped,
  hashToken,
  parseToken,
  readKeyRing,
  verifyToken,
} from "../../src/core/token/api-key-token.ts";
import { BEARER_LENGTH, isBearer, readCredential } from "../../src/gateway/authentication/bearer-token.ts";
import { toIncomingRequest } from "../../src/gateway/lazy-request.ts";
import { responseHeaderAction, upstreamRequestHeaders } from "../../src/gateway/proxy/headers.ts";
import { aKey } from "../../test/support/key.ts";

const ACCOUNT = "340af43a-8a7c-4659-9258-4876fd6a207b";
const PATH = `/api/public/v1/accounts/${ACCOUNT}/projects/78d4459c-0f45-47a5-899a-45ddf43eba6e/clusters`;
const URL_TEXT = `http://127.0.0.1:8787${PATH}`;

function piecesOf(ringText: string, token: string): Readonly<Record<string, () => unknown>> {
  const read = readKeyRing(ringText);
  if ("faults" in read) throw new Error(read.faults.join("; "));
  const { ring } = read;
  const routes = compileRoutes(OPERATIONS);
  const tokenRead = parseToken(ring, token);
  if (tokenRead === null) throw new Error("the token is not of this ring");
  const match = matchRoute(routes, "GET", PATH);
  if (match.kind !== "operation") throw new Error("the path is not in the table");
  const rules = (count: number) =>
    compileRules(Array.from({ length: count }, (_, i) => `10.${i >> 8}.${i & 255}.0/25`).concat("203.0.113.9/32"));
  const [one, many] = [1, 10_000].map((count) => aKey({ accountId: ACCOUNT, addresses: rules(count) })) as [
    KeyRecord,
    KeyRecord,
  ];
  const { operation, params } = match;
  const facts = { address: parseAddress("203.0.113.9"), accountId: ACCOUNT, operation, params };
  const [v4, v6] = ["203.0.113.9", "2001:db8::5"];
  const client = new Headers({
    accept: "*/*",
    authorization: `Bearer ${token}`,
    "cf-connecting-ip": v4,
    "user-agent": "b",
  });
  const request = new Request(URL_TEXT, { headers: client });
  const authorization = `Bearer ${token}`;
  const response = new Headers({ "content-type": "application/json", "content-length": "900", date: "today" });
  return {
    nothing: () => null,
    "hash: the whole key": () => hashToken(authorization, BEARER_LENGTH),
    "hash: a slice of a string": () => hashToken(authorization.slice(BEARER_LENGTH)),
    "token: shape checked, and hashed": () => hashIfKeyShaped(ring, authorization, BEARER_LENGTH),
    "token: shape": () => parseToken(ring, token),
    "token: signature": () => verifyToken(ring, tokenRead),
    "credential: scheme": () => isBearer(authorization),
    "credential: all checks": () => readCredential(authorization),
    "path: canonical": () => canonicalPath(URL_TEXT),
    "route: hit": () => matchRoute(routes, "GET", PATH),
    "route: miss": () => matchRoute(routes, "GET", `${PATH}/a/b/c/d`),
    "address: parse IPv4": () => parseAddress(v4),
    "address: parse IPv6": () => parseAddress(v6),
    "decide: 2 rules": () => decide(one, facts, 1),
    "decide: 10,001 rules": () => decide(many, facts, 1),
    "forward: request read": () => toIncomingRequest(request),
    "forward: request headers": () => upstreamRequestHeaders(toIncomingRequest(request).headers),
    "forward: response headers": () => {
      response.forEach((_, name) => {
        responseHeaderAction(name);
      });
    },
  };
}

let pieces: Readonly<Record<string, () => unknown>> | null = null;
let sink: unknown = null;

export default {
  async fetch(incoming: Request, env: { readonly KEY_RING: string; readonly TOKEN: string }): Promise<Response> {
    pieces ??= piecesOf(env.KEY_RING, env.TOKEN);
    const { searchParams } = new URL(incoming.url);
    const piece = pieces[searchParams.get("piece") ?? ""];
    if (piece === undefined) return Response.json(Object.keys(pieces));
    const count = Number(searchParams.get("count"));
    for (let i = 0; i < count; i++) sink = piece();
    return Response.json(sink === undefined);
  },
};
