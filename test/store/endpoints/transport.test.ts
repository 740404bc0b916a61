// What is sent where: redirects, hosts that stand for inward addresses, receivers that do not answer.
import { expect, it } from "vitest";
import { createTransport, SEND_TIMEOUT_MS } from "../../../src/store/endpoints/transport.ts";
import { fakeClock } from "../../support/fake-clock.ts";

const PAYLOAD = { contentType: "application/json", body: "{}" };
const RESOLVER = "https://resolver.example.net/dns-query";

type Answer = (url: URL, init: RequestInit) => Promise<Response> | Response;

function transport(answer: Answer, records: Readonly<Record<string, readonly string[]>> | null = null) {
  const clock = fakeClock();
  const reached: string[] = [];
  const fetch = async (text: string, init: RequestInit): Promise<Response> => {
    const url = new URL(text);
    expect(init.redirect).toBe("manual");
    if (url.host !== "resolver.example.net") {
      reached.push(url.href);
      return answer(url, init);
    }
    const data = records?.[`${url.searchParams.get("name")} ${url.searchParams.get("type")}`] ?? [];
    const Answer = data.map((each) => ({ type: each.includes(":") ? 28 : 1, data: each }));
    return Response.json({ Status: 0, Answer: [{ type: 5, data: "alias.example.net." }, ...Answer] });
  };
  const resolverUrl = records === null ? null : RESOLVER;
  const send = createTransport({ fetch, clock, resolverUrl, allowLoopback: false });
  return { clock, reached, send: (url: string) => send(url, PAYLOAD, {}) };
}

it.each([301, 302, 303, 307, 308])("follows no %i, also of the receiver's own host", async (status) => {
  const location = "https://hooks.example.com/elsewhere";
  const { send, reached } = transport(() => new Response(null, { status, headers: { location } }));
  expect(await send("https://hooks.example.com/")).toEqual({ ok: false, status, error: "redirect" });
  expect(reached).toEqual(["https://hooks.example.com/"]);
});

it.each([
  ["of IPv4", { "x.example.com A": ["192.168.0.1"] }],
  ["among public ones", { "x.example.com A": ["8.8.8.8", "169.254.169.254"] }],
  ["of IPv6", { "x.example.com A": ["8.8.8.8"], "x.example.com AAAA": ["fd00::1"] }],
  ["mapped into IPv6", { "x.example.com AAAA": ["::ffff:127.0.0.1"] }],
  ["without an address", { "x.example.com A": ["nonsense"] }],
])("sends nothing to a name with an inward address %s", async (_, records) => {
  const { send, reached } = transport(() => new Response(), records);
  expect(await send("https://x.example.com/")).toEqual({ ok: false, status: null, error: "inward_address" });
  expect(reached).toEqual([]);
});

it("sends to a name whose addresses are all public, and not to one without an address", async () => {
  const records = { "x.example.com A": ["8.8.8.8"], "x.example.com AAAA": ["2606:4700::1111"] };
  const { send } = transport(() => new Response(null, { status: 204 }), records);
  expect(await send("https://x.example.com/")).toEqual({ ok: true, status: 204, error: null });
  expect(await send("https://other.example.com/")).toEqual({ ok: false, status: null, error: "unresolved" });
});

it("sends nothing while the resolver does not answer", async () => {
  const { send, reached } = transport(() => new Response(), {});
  const broken = createTransport({
    fetch: async () => new Response(null, { status: 500 }),
    ...{ clock: fakeClock(), resolverUrl: RESOLVER, allowLoopback: false },
  });
  expect((await broken("https://x.example.com/", PAYLOAD, {})).error).toBe("unresolved");
  expect((await send("https://x.example.com/")).error).toBe("unresolved");
  expect(reached).toEqual([]);
});

it("checks the address again when it sends, whatever was stored", async () => {
  const { send, reached } = transport(() => new Response());
  for (const url of ["https://127.0.0.1/", "http://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/"]) {
    expect((await send(url)).error).toBe("inward_address");
  }
  expect(reached).toEqual([]);
});

it("gives up a receiver that does not answer in time, and one that is not there", async () => {
  const { send, clock } = transport(
    (_, init) =>
      new Promise((_resume, reject) => {
        init.signal?.addEventListener("abort", () => reject(new Error("aborted")));
      }),
  );
  const sending = send("https://hooks.example.com/");
  await clock.advance(SEND_TIMEOUT_MS);
  expect(await sending).toEqual({ ok: false, status: null, error: "timeout" });
  const absent = transport(() => Promise.reject(new TypeError("no connection")));
  expect((await absent.send("https://hooks.example.com/")).error).toBe("unreachable");
});
