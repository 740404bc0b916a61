// Which headers pass in each direction, and what becomes of coded responses and of the upstream's URLs.
import { describe, expect, it, vi } from "vitest";
import { toIncomingRequest } from "../../../src/gateway/incoming-request.ts";
import { acceptsCoding } from "../../../src/gateway/proxy/content-coding.ts";
import type { OpenRequest } from "../../../src/gateway/proxy/reauthorize.ts";
import { createHeaderFilter, withRawBytes } from "../../../src/gateway/proxy/request-headers.ts";
import { rewriteLinks } from "../../../src/gateway/proxy/upstream-links.ts";
import { filterUpstreamResponse } from "../../../src/gateway/proxy/upstream-response.ts";
import { aRequest, HOST, openGateway } from "../gateway-harness.ts";

const { upstream } = openGateway().gateway;
const gzip = (text: string) =>
  new Response(new Response(text).body?.pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
const CODED = await gzip("text");
const mayForward = createHeaderFilter(null);
const open: OpenRequest = () => ({
  now: () => 0,
  firstAfterMs: 5_000,
  decide: () => Promise.reject(new Error("nobody asks")),
  isAllowed: async () => true,
  identityOf: () => "identity of now",
});

interface Asked {
  readonly headers?: Record<string, string>;
  readonly method?: string;
  readonly cf?: object;
  readonly servesPages?: boolean;
}

/** The response that a client gets of one with some headers. */
async function pass(headers: HeadersInit, asked: Asked = {}, body: BodyInit | null = "text", status = 202) {
  const request = aRequest("/a", { headers: asked.headers ?? {}, method: asked.method ?? "GET" });
  if (asked.cf !== undefined) Object.defineProperty(request, "cf", { value: asked.cf });
  const to = { ...upstream, servesPages: asked.servesPages ?? false };
  const answer = new Response(body, { status, headers: { "content-length": "4", ...headers } });
  const out = await filterUpstreamResponse(toIncomingRequest(request), answer, to, open);
  if ("failure" in out) throw new Error(out.failure);
  return out;
}

describe("a response that the client does not get", () => {
  const failing = (status: number, authorization: string | null) => {
    const answer = Object.defineProperty(new Response(null), "status", { value: status });
    return filterUpstreamResponse(toIncomingRequest(aRequest("/a")), answer, { ...upstream, authorization }, open);
  };

  it.each([101, 199, 600, 999])("is invalid with status %i", (status) => {
    expect(failing(status, null)).toEqual({
      failure: "invalid",
      cause: new Error(`the upstream's status is ${status}`),
    });
  });

  it("is the gateway's own failure when the upstream denies the gateway's credential", () => {
    expect(failing(401, "Basic x")).toMatchObject({ failure: "unauthorized" });
    expect(failing(403, "Basic x")).toBeInstanceOf(Response);
    expect(failing(401, null)).toBeInstanceOf(Response);
  });
});

/** Kept here a second time, on purpose. */
const NOT_OUT = [
  ...["set-cookie", "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authentication-info"],
  ...["te", "trailer", "upgrade", "alt-svc", "clear-site-data", "server", "x-powered-by"],
  ...["access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods"],
  ...["access-control-allow-headers", "access-control-expose-headers", "access-control-max-age"],
  ...["strict-transport-security", "nel", "report-to", "reporting-endpoints", "service-worker-allowed"],
  ...["x-accel-redirect", "x-sendfile", "set-cookie2", "accept-ch", "critical-ch", "cdn-cache-control"],
  ...["surrogate-control", "timing-allow-origin", "public-key-pins", "speculation-rules"],
  ...["access-control-allow-private-network", "gatehouse-identity", "gatehouse-operation", "gatehouse-request-id"],
];
const NOT_IN = [
  ...["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings", "expect", "host"],
  ...["authorization", "cookie", "x-api-key", "x-http-method", "x-http-method-override", "x-method"],
  ...["x-http-verb", "override-method", "method-override", "script-name", "path-info"],
  ...["x-method-override", "x-override-url", "x-forwarded", "forwarded", "forwarded-for", "via", "client-ip"],
  ...["x-client-ip", "x-cluster-client-ip", "x-real-ip", "x-real-port", "x-real-host", "x-originating-ip", "x-host"],
  ...["x-proxyuser-ip", "x-appengine-user-ip", "x-azure-clientip", "x-azure-socketip", "x-true-client-ip"],
  ...["true-client-ip", "fastly-client-ip", "fly-client-ip", "wl-proxy-client-ip", "cdn-loop", "remote-user"],
  ...["remote-addr", "gatehouse-x", "x-gatehouse-x", "x-forwarded-x", "x-original-x", "x-rewrite-x", "x-remote-x"],
  ...["x-auth-yw-api-token", "impersonate-user", "x-webauth-user", "x-consumer-username", "x-goog-iap-jwt-assertion"],
  ...["x-ms-client-principal", "x-ms-client-principal-id", "x-scope-orgid", "tailscale-user-login", "client-cert"],
  ...["ssl-client-verify", "x-ssl-client-s-dn", "x-vault-token", "x-vault-namespace", "api-key", "private-token"],
  ...["cookie2", "x-amzn-oidc-data", "x-pomerium-jwt-assertion", "x-authentik-username", "remote-groups", "l5d-x"],
  ...[
    "proxy",
    "x-user-id",
    "x-email",
    "x-groups",
    "x-roles",
    "x-tenant-id",
    "x-jwt-payload",
    "x-accel-redirect",
    "x-arr-x",
  ],
  ...["x-auth-request-x", "cf-x", "x-middleware-x", "x-envoy-x", "proxy-x", "x_real", "", "a:b", "a b", "a\u00e9"],
];

describe("response headers", () => {
  it.each(NOT_OUT)("drop %s", async (name) => {
    const out = await pass({ [name]: "evil", "x-kept": "b" });
    expect(out.headers.has(name)).toBe(false);
    expect(out.headers.get("x-kept")).toBe("b");
  });

  it("drop those that Connection lists", async () => {
    const out = await pass({ connection: "close, X-Hop", "x-hop": "1", "x-kept": "b" });
    expect([out.headers.has("x-hop"), out.headers.has("connection"), out.headers.get("x-kept")]).toEqual([
      false,
      false,
      "b",
    ]);
  });

  it.each(["keep-alive,", "foo bar", ",,", "a:b, x-hop"])(
    "survive a Connection that is no list: %j",
    async (connection) => {
      const out = await pass({ connection, "x-hop": "1", "x-kept": "b" });
      expect([out.headers.has("connection"), out.headers.get("x-kept"), await out.text()]).toEqual([
        false,
        "b",
        "text",
      ]);
    },
  );

  it("drop Cache-Control when Connection lists it, however it would be changed", async () => {
    const out = await pass({ connection: "cache-control", "cache-control": "public" });
    expect(out.headers.has("cache-control")).toBe(false);
  });

  it("keep status and body when a header is dropped", async () => {
    const out = await pass({ server: "nginx" });
    expect([out.status, await out.text()]).toEqual([202, "text"]);
  });

  it.each([
    ["public", "private"],
    ["public, max-age=60", "private, max-age=60"],
    ["Public,S-MaxAge=9 , max-age=60", "private, max-age=60"],
    ["s-maxage=60", "private"],
    ["must-revalidate, max-age=0", "private, must-revalidate, max-age=0"],
    ["private, must-revalidate", "private, must-revalidate"],
    ["no-store, public", "no-store"],
    ["max-age=60", "max-age=60"],
    ["no-cache", "no-cache"],
  ])("let no shared cache store a response with Cache-Control: %s", async (value, corrected) => {
    expect((await pass({ "cache-control": value })).headers.get("cache-control")).toBe(corrected);
  });

  it("keep a response from acting as a page of the gateway's origin, unless the upstream serves pages", async () => {
    const policies = async (headers: Record<string, string>, servesPages: boolean) => {
      const out = await pass(headers, { servesPages });
      return [out.headers.get("content-security-policy"), out.headers.get("x-content-type-options")];
    };
    expect(await policies({}, false)).toEqual(["sandbox", "nosniff"]);
    expect(await policies({ "content-security-policy": "default-src 'self'" }, false)).toEqual([
      "default-src 'self', sandbox",
      "nosniff",
    ]);
    expect(await policies({}, true)).toEqual([null, null]);
    expect(await policies({ "content-security-policy": "default-src 'self'" }, true)).toEqual([
      "default-src 'self'",
      null,
    ]);
  });
});

describe("request headers", () => {
  it.each(NOT_IN)("drop %j", (name) => {
    expect(mayForward(name)).toBe(false);
    expect(mayForward(name)).toBe(false);
  });

  it.each([
    ...["accept", "x-cf", "my-host", "x-proxy-", "cookies", "x-forwarder", "!#$%&'*+.^`|~-9", "z"],
    ...["x-request-id", "x-requested-with", "x-user-agent", "idempotency-key", "traceparent", "x-csrf-token", "dpop"],
    ...["x-amz-date", "x-amz-content-sha256", "x-ms-version", "x-goog-api-client", "x-github-api-version", "depth"],
  ])("forward %j", (name) => {
    expect(mayForward(name)).toBe(true);
  });

  it("forward nothing but registered and named ones in the allow-list mode", () => {
    const filter = createHeaderFilter(new Set(["x-own", "x-user-id", "authorization", "gatehouse-identity", "x_own"]));
    const names = ["accept", "content-type", "if-match", "x-own", "x-user-id"];
    expect(names.filter(filter)).toEqual(names);
    const others = ["x-other", "authorization", "gatehouse-identity", "x_own", "x-request-id", "cookie", "connection"];
    expect(others.filter(filter)).toEqual([]);
  });

  it.each(["gatehouse.identity", "x.forwarded.for", "proxy!authorization", "x-auth~request", "x+user+id", "cf.ray"])(
    "drop %j, which a server may read with hyphens",
    (name) => {
      expect(mayForward(name)).toBe(false);
    },
  );

  it("with raw bytes are only the kept ones, whatever properties an object has", () => {
    const client = new Headers({ constructor: "a secret", "to-string": "b", "x-own": "c" });
    expect([...withRawBytes(client, { "x-own": "c" })]).toEqual([["x-own", "c"]]);
  });

  it("are filtered alike however many names there are", () => {
    for (let i = 0; i < 2_500; i++) expect(mayForward(`x-made-up-${i}`)).toBe(true);
    expect([mayForward("cookie"), mayForward("accept")]).toEqual([false, true]);
  });
});

describe("a coded response", () => {
  const coding = async (encoding: string, accepted: string | null, cf?: object) => {
    const headers: Record<string, string> = accepted === null ? {} : { "accept-encoding": accepted };
    const asked = cf === undefined ? { headers } : { headers, cf };
    return (await pass({ "content-encoding": encoding }, asked, CODED)).headers.get("content-encoding");
  };

  it.each([
    ["gzip", "gzip"],
    ["gzip", "br, GZIP;q=0.5"],
    ["gzip", "*"],
    ["br", "deflate,br"],
    ["gzip", "gzip;q=0.001"],
    ["gzip", "gzip;q=1.0"],
    ["gzip", "gzip; q=0.01"],
    ["br", " br "],
    ["gzip", "x-gzip"],
    // Nobody here can undo these.
    ["zstd", "gzip"],
    ["gzip, br", "identity"],
  ])("stays %s for a client that accepts %j", async (encoding, accepted) => {
    expect(await coding(encoding, accepted)).toBe(encoding);
  });

  it.each([
    ["gzip", null],
    ["GZIP", "br"],
    ["x-gzip", "br"],
    ["gzip", "gzip;q=0"],
    ["gzip", "gzip; q=0.000"],
    ["gzip", "gzip ;q=0.0 "],
    ["gzip", "gzip;q=0, *"],
    ["gzip", "*, gzip;q=0"],
    ["gzip", "xgzip"],
  ])("is decoded from %s for a client that accepts %j", async (encoding, accepted) => {
    expect(await coding(encoding, accepted)).toBeNull();
  });

  it.each([
    ["br", "gzip", false],
    ["br", "*;q=0", false],
    ["br", "", false],
    ["br", "gzip, br;q=1", true],
    ["gzip", "gzip;q=0;x=1", false],
    ["gzip", "gzip;x=1;q=0", false],
    ["gzip", "gzip;q=0.1;q2=0", true],
  ] as const)("in %s is acceptable to %j: %s", (encoding, accepted, acceptable) => {
    expect(acceptsCoding(accepted, encoding)).toBe(acceptable);
  });

  it("uses the client's own Accept-Encoding when the platform provides it", async () => {
    expect(await coding("gzip", null, { clientAcceptEncoding: "gzip" })).toBe("gzip");
    expect(await coding("gzip", "gzip", { clientAcceptEncoding: "br" })).toBeNull();
    expect(await coding("gzip", "gzip", {})).toBeNull();
  });

  it("loses what is true of its coded bytes only, when it is decoded", async () => {
    const digests = {
      "content-digest": "a",
      "repr-digest": "a",
      digest: "a",
      "content-md5": "a",
      "accept-ranges": "a",
    };
    const headers = { ...digests, "content-encoding": "gzip", etag: '"1"', vary: "Accept", "content-length": "24" };
    const out = await pass(headers, {}, CODED);
    for (const name of [...Object.keys(digests), "content-encoding", "content-length"])
      expect(out.headers.has(name)).toBe(false);
    expect([out.headers.get("etag"), out.headers.get("vary")]).toEqual(['W/"1"', "Accept, Accept-Encoding"]);
    expect(await out.text()).toBe("text");
    expect((await pass({ ...headers, etag: 'W/"1"' }, {}, CODED)).headers.get("etag")).toBe('W/"1"');
  });

  it.each<[what: string, headers: Record<string, string>, asked: Asked, status: number]>([
    ["a part of it", { "content-range": "bytes 0-3/9" }, {}, 206],
    ["without content", { "content-length": "0" }, {}, 200],
    ["under no-transform", { "cache-control": "max-age=1, No-Transform" }, {}, 200],
  ])("is never decoded as %s", async (_, headers, asked, status) => {
    const out = await pass({ "content-encoding": "gzip", etag: '"1"', ...headers }, asked, "text", status);
    expect([out.headers.get("content-encoding"), out.headers.get("etag")]).toEqual(["gzip", '"1"']);
    expect(await out.text()).toBe("text");
  });

  it("is described to a HEAD as it is to a GET", async () => {
    const out = await pass({ "content-encoding": "gzip", etag: '"1"' }, { method: "HEAD" }, null, 200);
    expect([out.headers.get("content-encoding"), out.headers.get("content-length")]).toEqual([null, null]);
    expect([out.headers.get("etag"), out.headers.get("vary")]).toEqual(['W/"1"', "Accept-Encoding"]);
    const accepted = await pass(
      { "content-encoding": "gzip", etag: '"1"' },
      { method: "HEAD", headers: { "accept-encoding": "gzip" } },
      null,
      200,
    );
    expect([accepted.headers.get("content-encoding"), accepted.headers.get("etag")]).toEqual(["gzip", '"1"']);
  });

  it("may have several members in gzip", async () => {
    const two = new Blob([await gzip("first "), await gzip("second")]);
    expect(await (await pass({ "content-encoding": "gzip" }, {}, two)).text()).toBe("first second");
  });

  it("is rejected before anything goes out when its beginning cannot be decoded", async () => {
    await expect(pass({ "content-encoding": "gzip" }, {}, "this is no gzip")).rejects.toThrow();
  });

  it("is empty when its bytes decode to nothing", async () => {
    const out = await pass({ "content-encoding": "gzip", "content-length": "20" }, {}, await gzip(""));
    expect([await out.text(), out.headers.has("content-encoding")]).toEqual(["", false]);
  });
});

describe("a URL of the upstream", () => {
  const sends = async (name: string, value: string) => (await pass({ [name]: value })).headers.get(name);

  it.each([
    ["https://upstream.example/b?c=d#e", "/b?c=d#e"],
    ["HTTPS://Upstream.Example:443/b", "/b"],
    ["//upstream.example/b", "/b"],
    ["\\\\upstream.example/b", "/b"],
    ["/\\upstream.example/b", "/b"],
    ["https://upstream.example", "/"],
    ["https://upstream.example//evil.example/x", "//evil.example/x"],
    ["https://upstream.example/\\evil.example", "//evil.example"],
    ["https://user:pass@upstream.example/b", "/b"],
    // The upstream itself, as it calls itself behind a proxy that ends TLS.
    ["http://upstream.example/b", "/b"],
    ["http://upstream.example:80/b", "/b"],
    ["http://upstream.example:443/b", "/b"],
    ["https://upstream.example:80/b", "/b"],
    ["https://upstream.example./b", "/b"],
    ["https://upstream.example/b?c=1, 2", "/b?c=1,%202"],
    ["https://upstream.example/caf\u00e9", "/caf%C3%A9"],
  ])("leads through the gateway, under its own origin: %j", async (location, within) => {
    for (const name of ["location", "content-location", "operation-location", "azure-asyncoperation"])
      expect(await sends(name, location)).toBe(HOST + within);
  });

  it.each([
    "https://another.example/b",
    "ws://upstream.example/b",
    "http://upstream.example:8080/b",
    "https://upstream.example:8443/b",
    "http://upstream.example.evil.example/b",
    "https://upstream.example.evil.example/b",
    "https://upstream.example@evil.example/b",
    "/b",
    "b/https://upstream.example/",
    "b//upstream.example",
    "?next=https://upstream.example/",
    "?x=1, 2",
    "/b, c",
    "https://another.example/b?x=1, 2:30",
    "https://[broken/",
    "",
  ])("is none in %j, which stays as it is", async (location) => {
    expect(await sends("location", location)).toBe(location);
  });

  it("leads through the gateway in each target of a Link, and in a Refresh", async () => {
    const link = '<https://upstream.example/a,b?page=2>; rel="next", </c>; rel=prev, <https://other.example/>; rel="x"';
    expect(await sends("link", link)).toBe(
      `<${HOST}/a,b?page=2>; rel="next", </c>; rel=prev, <https://other.example/>; rel="x"`,
    );
    expect(await sends("refresh", "5; url=https://upstream.example/x?a=1")).toBe(`5; url=${HOST}/x?a=1`);
    expect(await sends("refresh", "5;URL='https://upstream.example/x'")).toBe(`5;URL='${HOST}/x'`);
    expect(await sends("refresh", "5")).toBe("5");
    expect(await sends("refresh", "0; url=https://other.example/")).toBe("0; url=https://other.example/");
    expect(await sends("refresh", "0,url=https://upstream.example/x")).toBe(`0,url=${HOST}/x`);
    expect(await sends("refresh", "0 https://upstream.example/x")).toBe(`0 ${HOST}/x`);
    expect(await sends("refresh", "0; url='https://upstream.example/x")).toBe(`0; url='${HOST}/x'`);
  });

  it("takes time in proportion to the length of a Refresh, whatever the upstream sends", async () => {
    const begun = performance.now();
    await sends("refresh", `0;${" ".repeat(50_000)}"x'`);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  it("leads through the gateway with a tab in it, which a URL parser ignores", async () => {
    expect(await sends("location", "/\t/upstream.example/b")).toBe(`${HOST}/b`);
  });

  it("is not a blob: URL, whose origin is that of its path", async () => {
    expect(await sends("location", "blob:https://upstream.example/b")).toBe("blob:https://upstream.example/b");
  });

  it.each(["https://evil.example/", "//evil.example/", "\\\\evil.example", "/b", "mailto:a@evil.example"])(
    "is dropped with a second one in the same field, so that two never become one: %j",
    async (second) => {
      for (const first of ["https://upstream.example/a", "/a", ""]) {
        const headers = new Headers({ location: first });
        headers.append("location", second);
        expect((await pass(Object.fromEntries(headers))).headers.has("location")).toBe(false);
      }
    },
  );

  it("is dropped with bytes that are no UTF-8, which the runtime has replaced", () => {
    const rewrite = { from: "https://upstream.example", to: HOST };
    expect(rewriteLinks("location", "https://upstream.example/caf\ufffd", rewrite)).toBeNull();
    expect(rewriteLinks("link", '<https://upstream.example/a>; title="\ufffd"', rewrite)).toBeNull();
    expect(rewriteLinks("location", "/caf\ufffd", rewrite)).toBe("/caf\ufffd");
    expect(rewriteLinks("location", "https://another.example/\ufffd", rewrite)).toBe("https://another.example/\ufffd");
  });

  it("may be called by either scheme where the upstream has a port of its own", () => {
    const rewrite = { from: "http://127.0.0.1:8080", to: HOST };
    expect(rewriteLinks("location", "https://127.0.0.1:8080/b", rewrite)).toBe(`${HOST}/b`);
    expect(rewriteLinks("location", "http://127.0.0.1/b", rewrite)).toBe("http://127.0.0.1/b");
  });
});

describe("a response of unknown length", () => {
  it("is authorized again for the first time when its record is five seconds old, then every five seconds", async () => {
    vi.useFakeTimers();
    const at: number[] = [];
    const isAllowed = async () => at.push(Date.now()) < 3;
    const startedAt = Date.now();
    const soon: OpenRequest = () => ({ ...open(), firstAfterMs: 300, isAllowed });
    const never = new Response(new ReadableStream());
    const out = await filterUpstreamResponse(toIncomingRequest(aRequest("/a")), never, upstream, soon);
    const read = expect((out as Response).text()).rejects.toThrow("the key no longer allows this");
    await vi.advanceTimersByTimeAsync(60_000);
    await read;
    expect(at.map((time) => time - startedAt)).toEqual([300, 5_300, 10_300]);
    vi.useRealTimers();
  });
});
