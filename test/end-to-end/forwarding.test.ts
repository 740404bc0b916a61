// The request that the upstream receives once Gatehouse has allowed it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CLUSTERS } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { FORWARD_ALL, startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

let gateway: WorkerdGateway;
let token: string;
beforeAll(async () => {
  gateway = await startWorkerdGateway({ vars: FORWARD_ALL });
  token = (await gateway.key()).token;
});
afterAll(() => gateway.close());
beforeEach(() => gateway.upstream.reset());

/** Sends a raw request with the key. @returns the request as the upstream received it */
async function reached(requestLine: string, headerLines: readonly string[] = [], body = "") {
  const lines = [`Authorization: Bearer ${token}`, ...headerLines];
  const response = await sendRaw(gateway.port, rawRequest(`${requestLine} HTTP/1.1`, lines, body));
  expect(response.text).toMatch(/^HTTP\/1.1 200/);
  expect(gateway.upstream.reached).toHaveLength(1);
  const [call] = gateway.upstream.reached;
  if (call === undefined) throw new Error("nothing reached the upstream");
  return call;
}

describe("forwarded request", () => {
  it.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])(
    "forwards the method unchanged: %s",
    async (method) => {
      expect((await reached(`${method} /anything`)).method).toBe(method);
    },
  );

  it.each([
    "/x",
    "/x/",
    "/",
    "/x?",
    "/x?a=1&a=2&a[]=3",
    "/x?a=%41&b=%2e%2e%2f&c=%zz&d=+",
    "/x?q=/../admin&r=//evil.example",
    "/x?a=b?c=d",
    "/x?(round)&*&;semi;colon&|pipe&{curly}&[square]&back\\slash&^caret&`tick`",
    `/x?${Array.from({ length: 101 }, (_, i) => `p${i}=${i}`).join("&")}`,
    "/a-b._~!$&'()*+,=:@c/d",
  ])("forwards path and query byte for byte: %s", async (target) => {
    expect((await reached(`GET ${target}`)).url).toBe(target);
  });

  // The URL standard percent-encodes this one character in every query; the meaning stays the same.
  it("forwards the query unchanged but for the apostrophe, which becomes %27", async () => {
    expect((await reached("GET /x'y?a='b'")).url).toBe("/x'y?a=%27b%27");
  });

  it("forwards a body with a length or in chunks", async () => {
    expect((await reached("POST /x", ["Content-Length: 7"], '{"a":1}')).body).toBe('{"a":1}');
    gateway.upstream.reset();
    const chunks = "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n";
    const call = await reached("POST /x", ["Transfer-Encoding: chunked"], chunks);
    expect(call.body).toBe("abcdefg");
    expect(call.headers["x-trailer"]).toBeUndefined();
  });

  it("forwards the Content-Length of the client", async () => {
    expect((await reached("PUT /x", ["Content-Length: 2"], "{}")).headers["content-length"]).toBe("2");
  });

  it("allows a GET request with Content-Length 0", async () => {
    expect((await reached("GET /x", ["Content-Length: 0"])).body).toBe("");
  });

  it("forwards the client's own headers", async () => {
    const own = ["Accept: text/csv", "X-Custom: a, b", 'If-None-Match: W/"1"', "Range: bytes=0-9", "User-Agent: cli/1"];
    const { headers } = await reached("GET /x", [...own, "Content-Type: text/plain", "Idempotency-Key: k"]);
    expect(headers).toMatchObject({
      accept: "text/csv",
      "x-custom": "a, b",
      "if-none-match": 'W/"1"',
      range: "bytes=0-9",
      "user-agent": "cli/1",
      "content-type": "text/plain",
      "idempotency-key": "k",
    });
  });

  it("removes the credential from every header", async () => {
    const { rawHeaders } = await reached("GET /x", [
      `X-Auth-Token: ${token}`,
      `Referer: https://a.example/?key=${token}`,
      `X-Whatever: "Bearer ${token}"`,
      "Cookie: session=1",
    ]);
    expect(rawHeaders.join("\n")).not.toContain(token);
    expect(rawHeaders.map((text) => text.toLowerCase())).not.toEqual(expect.arrayContaining(["cookie"]));
  });

  it("rejects a request whose address contains the key", async () => {
    for (const target of [`/x?access_token=${token}`, `/x/${token}`]) {
      const lines = [`Authorization: Bearer ${token}`];
      expect((await sendRaw(gateway.port, rawRequest(`GET ${target} HTTP/1.1`, lines))).status).toBe(400);
    }
    expect(gateway.upstream.reached).toEqual([]);
  });

  it("forwards the client address of CF-Connecting-IP only", async () => {
    const spoofed = ["X-Forwarded-For: 10.0.0.1", "X-Real-IP: 10.0.0.2", "Forwarded: for=10.0.0.3"];
    const { headers } = await reached("GET /x", [...spoofed, "CF-Connecting-IP: 203.0.113.7"]);
    expect(headers["x-forwarded-for"]).toBe("203.0.113.7");
    expect(JSON.stringify(headers)).not.toContain("10.0.0.");
  });

  it.each(["evil", "10.0.0.1, 10.0.0.2", "010.0.0.1", "fe80::1%eth0", "10.0.0.1:80"])(
    "forwards no client address when CF-Connecting-IP is not one address: %s",
    async (address) => {
      const { headers } = await reached("GET /x", [`CF-Connecting-IP: ${address}`]);
      expect(headers["x-forwarded-for"]).toBeUndefined();
    },
  );

  it("forwards the operation id and the request id that the log has", async () => {
    const known = await reached(`GET ${CLUSTERS}`);
    expect(known.headers["gatehouse-operation"]).toBe("listClusters");
    gateway.upstream.reset();
    const unknown = await reached("GET /x");
    expect(unknown.headers["gatehouse-operation"]).toBe("unknown");
    expect(unknown.headers["gatehouse-request-id"]).not.toBe(known.headers["gatehouse-request-id"]);
    const logged = (await gateway.logs()).findLast(({ operation }) => operation === "unknown");
    expect(logged?.request_id).toBe(unknown.headers["gatehouse-request-id"]);
  });
});

describe("changes at the same time", () => {
  it.each(["one key", "fifty keys"])(
    "are all forwarded, a hundred of %s, and so are those after them",
    async (whose) => {
      const keys = await Promise.all(Array.from({ length: whose === "one key" ? 1 : 50 }, () => gateway.key()));
      for (let round = 0; round < 3; round += 1) {
        const calls = Array.from({ length: 100 }, (_, i) => {
          const { token } = keys[i % keys.length] as { token: string };
          return gateway.call(token, CLUSTERS, { method: "POST", body: "{}" }).then(async (response) => {
            await response.arrayBuffer();
            return response.status;
          });
        });
        expect(new Set(await Promise.all(calls))).toEqual(new Set([200]));
      }
    },
  );
});
