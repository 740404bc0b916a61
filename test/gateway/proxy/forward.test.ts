// The request as the upstream gets it, its time limits, and its cancellation.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toIncomingRequest } from "../../../src/gateway/incoming-request.ts";
import { type ForwardOptions, forward, startForward } from "../../../src/gateway/proxy/forward.ts";
import type { OpenRequest } from "../../../src/gateway/proxy/reauthorize.ts";
import { aKey } from "../../support/key.ts";
import { anIncomingRequest, aRequest, openGateway, type Sent, TOKEN } from "../gateway-harness.ts";

const ONWARD: ForwardOptions = {
  path: "/a/b",
  query: "?c=%2f",
  identity: "identity-token",
  operation: "listClusters",
  requestId: "request-1",
  address: "192.0.2.1",
};

const OPEN: OpenRequest = () => ({
  now: () => Date.now(),
  firstAfterMs: 5_000,
  decide: async () => ({ allow: true, principal: aKey() }),
  isAllowed: async () => true,
  identityOf: () => "identity of now",
});

const lengths: (number | null)[] = [];

/** As the runtime's streams of this name, which Node does not have. */
class Identity extends TransformStream {
  constructor(length: number | null = null) {
    super();
    lengths.push(length);
  }
}

beforeEach(() => {
  lengths.length = 0;
  vi.useFakeTimers();
  vi.stubGlobal("IdentityTransformStream", Identity);
  vi.stubGlobal("FixedLengthStream", Identity);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function upstream(answer: (sent: Sent) => Response | Promise<Response>, authorization: string | null = null) {
  const { gateway, sent } = openGateway({ answer });
  return { to: { ...gateway.upstream, authorization }, sent };
}
const silent = () => new Promise<Response>(() => undefined);
const untilAborted = ({ call }: Sent) =>
  new Promise<Response>((_, reject) => call.signal?.addEventListener("abort", () => reject(new Error("aborted"))));

describe("a forwarded request", () => {
  it("has the gateway's headers, and only those of the client that may be forwarded", async () => {
    const { to, sent } = upstream(() => new Response("ok"));
    const headers = {
      authorization: `Bearer ${TOKEN}`,
      "gatehouse-identity": "forged",
      "x-forwarded-for": "forged",
      "x-copy": `of ${TOKEN}`,
      accept: "a/b",
    };
    await forward(anIncomingRequest("/a/b?c=%2f", { headers }), ONWARD, to, OPEN);
    await startForward(anIncomingRequest("/a/b?c=%2f", { headers }), ONWARD, to).response;
    expect(sent.map(({ url }) => url)).toEqual(Array(2).fill("https://upstream.example/a/b?c=%2f"));
    for (const { call } of sent) {
      expect({ ...call, signal: null }).toEqual({
        method: "GET",
        headers: {
          accept: "a/b",
          "gatehouse-identity": "identity-token",
          "gatehouse-operation": "listClusters",
          "gatehouse-request-id": "request-1",
          "x-forwarded-for": "192.0.2.1",
          "x-forwarded-host": "gateway.example",
          "x-forwarded-proto": "https",
          forwarded: 'for=192.0.2.1;host="gateway.example";proto=https',
        },
        body: null,
        redirect: "manual",
        cf: { cacheTtl: -1, cacheLevel: "bypass" },
        encodeResponseBody: "manual",
        signal: null,
      });
    }
    expect([sent[0]?.call.signal, sent[1]?.call.signal instanceof AbortSignal]).toEqual([undefined, true]);
  });

  it("has the gateway's own credential, no unknown address and no Upgrade", async () => {
    const { to, sent } = upstream(() => new Response("ok"), "Basic x");
    await forward(
      anIncomingRequest("/a", { headers: { upgrade: "websocket", authorization: `Bearer ${TOKEN}` } }),
      { ...ONWARD, address: null },
      to,
      OPEN,
    );
    expect(sent[0]?.call.headers).toEqual({
      authorization: "Basic x",
      "gatehouse-identity": "identity-token",
      "gatehouse-operation": "listClusters",
      "gatehouse-request-id": "request-1",
      "x-forwarded-host": "gateway.example",
      "x-forwarded-proto": "https",
      forwarded: 'host="gateway.example";proto=https',
    });
    await startForward(anIncomingRequest("/a"), ONWARD, to, "websocket").response;
    expect(sent[1]?.call.headers.upgrade).toBe("websocket");
  });

  it("drops the headers that Connection lists", async () => {
    const { to, sent } = upstream(() => new Response("ok"));
    const kept = async (connection: string) => {
      await forward(anIncomingRequest("/a", { headers: { connection, accept: "a/b", range: "r" } }), ONWARD, to, OPEN);
      return Object.keys(sent.at(-1)?.call.headers ?? {}).filter((name) => name === "accept" || name === "range");
    };
    expect(await kept("keep-alive")).toEqual(["accept", "range"]);
    expect(await kept("Keep-Alive")).toEqual(["accept", "range"]);
    expect(await kept("close, Range")).toEqual(["accept"]);
    expect(await kept(" accept ,RANGE")).toEqual([]);
  });

  it("streams its body, with the length that the client declared", async () => {
    const bodies: string[] = [];
    const { to, sent } = upstream(async ({ call }) => {
      bodies.push(await new Response(call.body as ReadableStream).text());
      return new Response("ok");
    });
    await forward(anIncomingRequest("/a", { method: "POST", body: "text" }), ONWARD, to, OPEN);
    await forward(
      anIncomingRequest("/a", { method: "PUT", body: "text", headers: { "content-length": "4" } }),
      ONWARD,
      to,
      OPEN,
    );
    await forward(anIncomingRequest("/a", { method: "DELETE" }), ONWARD, to, OPEN);
    expect(bodies).toEqual(["text", "text", ""]);
    // A short body of known length is sent as its bytes.
    expect(lengths).toEqual([null]);
    expect(sent[2]?.call.body).toBeNull();
  });

  it("tells the upstream who the client is when a slow body is complete", async () => {
    const { to, sent } = upstream(() => new Response("ok"));
    const now = vi.fn(() => 2_000).mockReturnValueOnce(0);
    const headers = { "content-length": "4" };
    const slow = () => ({ ...OPEN(), now });
    await forward(anIncomingRequest("/a", { method: "POST", body: "text", headers }), ONWARD, to, slow);
    await forward(anIncomingRequest("/a", { method: "POST", body: "text", headers }), ONWARD, to, OPEN);
    expect(sent.map(({ call }) => call.headers["gatehouse-identity"])).toEqual(["identity of now", ONWARD.identity]);
  });

  it.each(["GET", "HEAD"])("sends no body for the empty stream of a %s", async (method) => {
    const { to, sent } = upstream(() => new Response("ok"));
    const request = aRequest("/a", { method });
    Object.defineProperty(request, "body", { value: new ReadableStream() });
    await forward(toIncomingRequest(request), ONWARD, to, OPEN);
    await startForward(toIncomingRequest(request), ONWARD, to).response;
    expect(sent.map(({ call }) => call.body)).toEqual([null, null]);
    expect(lengths).toEqual([]);
  });
});

describe("an upstream failure", () => {
  it("is a timeout when the time limit has passed", async () => {
    const plain = forward(anIncomingRequest("/a"), ONWARD, upstream(silent).to, OPEN);
    const { to, sent } = upstream(untilAborted);
    const pending = startForward(anIncomingRequest("/a"), ONWARD, to);
    const settled: unknown[] = [];
    void plain.then((answer) => settled.push(answer));
    void pending.response.then((answer) => settled.push(answer));
    await vi.advanceTimersByTimeAsync(999);
    expect(settled).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(settled).toEqual([
      { failure: "timeout", cause: null },
      { failure: "timeout", cause: new Error("aborted") },
    ]);
    expect(sent[0]?.call.signal?.aborted).toBe(true);
  });

  it("is unreachable when the connection fails, with its cause", async () => {
    const cause = new Error("refused");
    const { to } = upstream(() => Promise.reject(cause));
    expect(await forward(anIncomingRequest("/a"), ONWARD, to, OPEN)).toEqual({ failure: "unreachable", cause });
    expect(await startForward(anIncomingRequest("/a"), ONWARD, to).response).toEqual({ failure: "unreachable", cause });
    expect(vi.getTimerCount()).toBe(1);
  });

  it("is measured from when the upstream has taken the whole body", async () => {
    let client: ReadableByteStreamController | undefined;
    const body = new ReadableStream({
      type: "bytes",
      start(controller) {
        client = controller;
      },
    });
    const { to } = upstream(async (sent) => {
      void new Response(sent.call.body as ReadableStream).text();
      return await untilAborted(sent);
    });
    const request = aRequest("/a", { method: "POST", body, duplex: "half" } as RequestInit);
    let answer: unknown = null;
    void forward(toIncomingRequest(request), ONWARD, to, OPEN).then((each) => {
      answer = each;
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(answer).toBeNull();
    client?.close();
    client?.byobRequest?.respond(0);
    await vi.advanceTimersByTimeAsync(999);
    expect(answer).toBeNull();
    await vi.advanceTimersByTimeAsync(1);
    expect(answer).toMatchObject({ failure: "timeout" });
  });

  it("is a timeout when sending takes more than fifteen minutes", async () => {
    const body = new ReadableStream({ type: "bytes" });
    const { to } = upstream(untilAborted);
    const request = aRequest("/a", { method: "POST", body, duplex: "half" } as RequestInit);
    let answer: unknown = null;
    void forward(toIncomingRequest(request), ONWARD, to, OPEN).then((each) => {
      answer = each;
    });
    await vi.advanceTimersByTimeAsync(899_999);
    expect(answer).toBeNull();
    await vi.advanceTimersByTimeAsync(1);
    expect(answer).toMatchObject({ failure: "timeout" });
  });
});

describe("a pending forward", () => {
  it("leaves no timer running after its response", async () => {
    const { to } = upstream(() => new Response("ok"));
    await startForward(anIncomingRequest("/a"), ONWARD, to).response;
    expect(vi.getTimerCount()).toBe(0);
    await startForward(anIncomingRequest("/a", { method: "POST", body: "text" }), ONWARD, to).response;
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends when it is canceled, and does not become a timeout", async () => {
    const { to, sent } = upstream(untilAborted);
    const pending = startForward(anIncomingRequest("/a"), ONWARD, to);
    pending.cancel();
    expect(sent[0]?.call.signal?.aborted).toBe(true);
    expect(await pending.response).toEqual({ failure: "canceled", cause: new Error("aborted") });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("drops a response that arrives after it was canceled", async () => {
    let dropped = false;
    const late = new Response(
      new ReadableStream({
        cancel() {
          dropped = true;
        },
      }),
    );
    const pending = startForward(anIncomingRequest("/a"), ONWARD, upstream(() => late).to);
    pending.cancel();
    await vi.advanceTimersByTimeAsync(0);
    expect(dropped).toBe(true);
    const none = startForward(anIncomingRequest("/a"), ONWARD, upstream(() => new Response(null)).to);
    none.cancel();
    expect((await none.response) instanceof Response).toBe(true);
  });
});
