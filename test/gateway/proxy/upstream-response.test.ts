// Which headers pass in each direction, and when a response is left untouched.
import { describe, expect, it } from "vitest";
import { toIncomingRequest } from "../../../src/gateway/incoming-request.ts";
import { mayForward } from "../../../src/gateway/proxy/request-headers.ts";
import { filterUpstreamResponse } from "../../../src/gateway/proxy/upstream-response.ts";
import { aRequest, openGateway } from "../gateway-harness.ts";

const { upstream } = openGateway().gateway;
const pass = (headers: Record<string, string>, asked: Record<string, string> = {}, cf?: object) => {
  const request = aRequest("/a", { headers: asked });
  if (cf !== undefined) Object.defineProperty(request, "cf", { value: cf });
  const answer = new Response("text", { status: 202, headers });
  return { answer, out: filterUpstreamResponse(toIncomingRequest(request), answer, upstream) };
};

/** Kept here a second time, on purpose. */
const NOT_OUT = [
  ...["set-cookie", "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authentication-info"],
  ...["te", "trailer", "upgrade", "alt-svc", "clear-site-data", "server", "x-powered-by"],
  ...["access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods"],
  ...["access-control-allow-headers", "access-control-expose-headers", "access-control-max-age"],
  ...["access-control-allow-private-network", "gatehouse-identity", "gatehouse-operation", "gatehouse-request-id"],
];
const NOT_IN = [
  ...["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings", "expect", "host"],
  ...["authorization", "cookie", "x-api-key", "x-http-method", "x-http-method-override", "x-method"],
  ...["x-method-override", "x-override-url", "x-forwarded", "forwarded", "forwarded-for", "via", "client-ip"],
  ...["x-client-ip", "x-cluster-client-ip", "x-real-ip", "x-real-port", "x-real-host", "x-originating-ip", "x-host"],
  ...["x-proxyuser-ip", "x-appengine-user-ip", "x-azure-clientip", "x-azure-socketip", "x-true-client-ip"],
  ...["true-client-ip", "fastly-client-ip", "fly-client-ip", "wl-proxy-client-ip", "cdn-loop", "remote-user"],
  ...["remote-addr", "gatehouse-x", "x-gatehouse-x", "x-forwarded-x", "x-original-x", "x-rewrite-x", "x-remote-x"],
  ...["x-auth-request-x", "cf-x", "x-middleware-x", "x-envoy-x", "proxy-x", "x_real", "", "a:b", "a b", "a\u00e9"],
];

describe("response headers", () => {
  it.each(NOT_OUT)("drop %s", (name) => {
    const { out } = pass({ [name]: "evil", "x-kept": "b" });
    expect(out.headers.has(name)).toBe(false);
    expect(out.headers.get("x-kept")).toBe("b");
  });

  it("return a response without stripped headers uncopied", () => {
    for (const headers of [{ "x-kept": "b" }, { connection: "Keep-Alive" }, { location: "/b" }]) {
      const { answer, out } = pass(headers as Record<string, string>);
      expect(out).toBe(answer);
    }
    for (const headers of [{ connection: "close" }, { "keep-alive": "keep-alive" }]) {
      const { answer, out } = pass(headers as unknown as Record<string, string>);
      expect(out).not.toBe(answer);
    }
  });

  it("keep status and body when a header is dropped", async () => {
    const { answer, out } = pass({ server: "nginx" });
    expect(out).not.toBe(answer);
    expect([out.status, await out.text()]).toEqual([202, "text"]);
  });
});

describe("request headers", () => {
  it.each(NOT_IN)("drop %j", (name) => {
    expect(mayForward(name)).toBe(false);
  });

  it.each(["accept", "x-cf", "my-host", "x-proxy-", "cookies", "x-forwarder", "!#$%&'*+.^`|~-9", "z"])(
    "forward %j",
    (name) => {
      expect(mayForward(name)).toBe(true);
    },
  );
});

describe("a response with a content coding", () => {
  const coding = (encoding: string, accepted: string | null) =>
    pass({ "content-encoding": encoding }, accepted === null ? {} : { "accept-encoding": accepted }).out.headers.get(
      "content-encoding",
    );

  it.each([
    ["gzip", "gzip"],
    ["gzip", "br, GZIP;q=0.5"],
    ["gzip", "*"],
    ["br", "deflate,br"],
    ["gzip", "gzip;q=0.001"],
    ["gzip", "gzip;q=1.0"],
    ["gzip", "gzip; q=0.01"],
    ["br", " br "],
    // The runtime does not decode it.
    ["zstd", "gzip"],
  ])("stays %s for a client that accepts %j", (encoding, accepted) => {
    expect(coding(encoding, accepted)).toBe(encoding);
  });

  it.each([
    ["gzip", null],
    ["GZIP", "br"],
    ["br", "gzip"],
    ["gzip", "gzip;q=0"],
    ["gzip", "gzip; q=0.000"],
    ["gzip", "gzip ;q=0.0 "],
    ["gzip", "xgzip"],
    ["br", "*;q=0"],
  ])("is decoded from %s for a client that accepts %j", (encoding, accepted) => {
    expect(coding(encoding, accepted)).toBeNull();
  });

  it("uses the client's own Accept-Encoding when the platform provides it", () => {
    const out = (cf: object, asked: Record<string, string>) => pass({ "content-encoding": "gzip" }, asked, cf).out;
    expect(out({ clientAcceptEncoding: "gzip" }, {}).headers.get("content-encoding")).toBe("gzip");
    expect(out({ clientAcceptEncoding: "br" }, { "accept-encoding": "gzip" }).headers.has("content-encoding")).toBe(
      false,
    );
    expect(out({}, { "accept-encoding": "gzip" }).headers.has("content-encoding")).toBe(false);
  });
});

describe("the Location header", () => {
  const sends = (location: string) => pass({ location }).out.headers.get("location");

  it.each([
    ["https://upstream.example/b?c=d#e", "/b?c=d#e"],
    ["HTTPS://Upstream.Example:443/b", "/b"],
    ["//upstream.example/b", "/b"],
    ["\\\\upstream.example/b", "/b"],
    ["/\\upstream.example/b", "/b"],
  ])("is made relative when it points to the upstream: %j", (location, within) => {
    expect(sends(location)).toBe(within);
  });

  it.each([
    "https://another.example/b",
    "http://upstream.example/b",
    "https://upstream.example:8443/b",
    "/b",
    "b/https://upstream.example/",
    "b//upstream.example",
    "?next=https://upstream.example/",
    "https://[broken/",
    "",
  ])("is left as it is: %j", (location) => {
    expect(sends(location)).toBe(location);
  });
});
