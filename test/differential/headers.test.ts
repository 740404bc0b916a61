// Random request headers: the client can forge none of the gateway's, no credential is forwarded, and all others are kept.
import { describe, expect, it } from "vitest";
import { createHeaderFilter, reuseHeaders, upstreamRequestHeaders } from "../../src/gateway/proxy/request-headers.ts";
import { type Random, seededRandom } from "../support/random.ts";

const ROUNDS = Number(process.env.HEADER_ROUNDS ?? 20_000);
const TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJrIn0.c2lnbmF0dXJl";

/** Headers that a client may not set (docs/threats.md): a second list, on purpose. */
const RESERVED = [
  ...[
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "Host",
    "X-API-Key",
    "Gatehouse-Identity",
    "Gatehouse-Operation",
  ],
  ...["Gatehouse-Request-Id", "Gatehouse-Anything", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"],
  ...["X-Real-IP", "True-Client-IP", "X-Client-IP", "Forwarded", "CF-Connecting-IP", "Cf-Access-Jwt-Assertion"],
  ...["X-Auth-Yw-Api-Token", "Impersonate-User", "X-WebAuth-User", "X-Consumer-Username", "X-Goog-Iap-Jwt-Assertion"],
  ...["X-Ms-Client-Principal", "X-Scope-OrgID", "Tailscale-User-Login", "Client-Cert", "Ssl-Client-Verify"],
  ...["X-Vault-Token", "Api-Key", "Private-Token", "Cookie2", "X-Accel-Redirect", "Remote-Groups", "X-User-Id"],
  ...["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL", "Via"],
  ...[
    "Connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Proxy-Connection",
    "X-Middleware-Next",
  ],
];
/** A request with a second Authorization header is rejected before its headers are filtered. */
const OTHERS = RESERVED.filter((name) => name !== "Authorization");
const FREE = ["Accept", "Content-Type", "If-Match", "Range", "X-Custom", "Idempotency-Key", "X-Trace!", "User-Agent"];

function spelled(random: Random, name: string): string {
  const cased = random.pick([name, name.toLowerCase(), name.toUpperCase()]);
  return random.below(6) === 0 ? cased.replaceAll("-", "_") : cased;
}

type RequestHeaders = (client: Headers) => Record<string, string>;

const mayForward = createHeaderFilter(null);
const forwarded: RequestHeaders = (client) =>
  upstreamRequestHeaders(new Map(client), "https://a.example/", null, mayForward).kept;

/** Describes the first random set of headers that is filtered wrongly, or returns `null`. */
function firstError(filter: RequestHeaders, rounds: number): string | null {
  const random = seededRandom(77);
  for (let round = 0; round < rounds; round++) {
    const client = new Headers({ authorization: `Bearer ${TOKEN}` });
    const listed = random.below(3) === 0 ? [random.pick(FREE), random.pick(RESERVED)] : [];
    if (listed.length > 0) client.append("connection", listed.join(random.pick([",", ", ", " , "])));
    for (let i = random.below(8); i > 0; i--) client.append(spelled(random, random.pick(OTHERS)), "evil");
    const own = new Map<string, string>();
    for (let i = random.below(5); i > 0; i--)
      own.set(random.pick(FREE).toLowerCase(), random.pick(["a", "b, c", `x${TOKEN}`]));
    for (const [name, value] of own) client.set(name, value);
    const kept = filter(client);
    for (const [name, value] of Object.entries(kept)) {
      if (value.includes("evil") || value.includes(TOKEN) || name.includes("_"))
        return `${name}: ${value} was forwarded`;
    }
    for (const [name, value] of own) {
      const hop = listed.some((each) => each.toLowerCase() === name);
      const should = hop || value.includes(TOKEN) ? null : value;
      if ((kept[name] ?? null) !== should) return `${name}: ${value} should be ${should}`;
    }
  }
  return null;
}

describe("upstreamRequestHeaders", () => {
  it(`forwards the client's own headers and no others in ${ROUNDS} random sets`, () => {
    expect(firstError(forwarded, ROUNDS)).toBeNull();
  });

  it.each(RESERVED.filter((name) => name !== "Host" && name !== "Connection"))(
    "fails the random comparison when %s is not stripped",
    (missing) => {
      const incomplete: RequestHeaders = (client) => {
        const kept = forwarded(client);
        const value = client.get(missing);
        if (value !== null) kept[missing.toLowerCase()] = value;
        return kept;
      };
      expect(firstError(incomplete, 5_000)).not.toBeNull();
    },
  );
});

describe("reuseHeaders", () => {
  it("gives each of 10,000 random requests its own headers and nothing of the one before", () => {
    const random = seededRandom(78);
    const names = [
      "accept",
      "constructor",
      "gatehouse-identity",
      "if-match",
      "to-string",
      "tostring",
      "valueof",
      "x-custom",
    ];
    for (let round = 0; round < 10_000; round++) {
      const wanted: Record<string, string> = {};
      for (let i = random.below(5); i > 0; i--) wanted[random.pick(names)] = random.pick(["", "a", "b, c", "ä", "a"]);
      expect([...reuseHeaders(wanted)]).toEqual([...new Headers(wanted)]);
    }
  });

  it("keeps nothing of a request whose headers were invalid", () => {
    reuseHeaders({ accept: "a", "x-custom": "secret" });
    expect(() => reuseHeaders({ accept: "b", "x-custom": "not\na value" })).toThrow();
    expect([...reuseHeaders({ accept: "a", "x-custom": "mine" })]).toEqual([
      ["accept", "a"],
      ["x-custom", "mine"],
    ]);
  });
});
